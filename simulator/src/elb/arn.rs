//! ARNs of load balancers, listeners, rules and target groups, and how one is made from another.

/// The listeners of a load balancer have ARNs that begin so.
pub(super) fn listeners_of(balancer: &str) -> String {
    balancer.replacen(":loadbalancer/", ":listener/", 1) + "/"
}

/// The rules of a listener have ARNs that begin so; given a load balancer's [`listeners_of`], the rules of all its listeners.
pub(super) fn rules_of(listener: &str) -> String {
    let rules = listener.replacen(":listener/", ":listener-rule/", 1);
    if rules.ends_with('/') { rules } else { rules + "/" }
}

/// The listener of a rule.
pub(super) fn listener_of(rule: &str) -> String {
    up(&rule.replacen(":listener-rule/", ":listener/", 1)).to_owned()
}

/// The load balancer of a listener or rule.
pub(super) fn balancer_of(arn: &str) -> String {
    if arn.contains(":listener-rule/") {
        return up(up(&arn.replacen(":listener-rule/", ":loadbalancer/", 1))).to_owned();
    }
    up(&arn.replacen(":listener/", ":loadbalancer/", 1)).to_owned()
}

fn up(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(parent, _)| parent)
}

/// The kind of resource: `loadbalancer`, `listener`, `listener-rule`, `targetgroup`.
pub(super) fn kind(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).and_then(|resource| resource.split('/').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_parents() {
        let rule = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/web/1/2/3";
        let listener = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/web/1/2";
        let balancer = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/web/1";
        assert_eq!(listener_of(rule), listener);
        assert_eq!(balancer_of(rule), balancer);
        assert_eq!(balancer_of(listener), balancer);
        assert!(rule.starts_with(&rules_of(listener)) && listener.starts_with(&listeners_of(balancer)));
        assert_eq!(kind(rule), "listener-rule");
    }
}
