//! Names that callers give as a name or as an ARN. ecs-semantics §5, §9.

/// The resource part of an ECS ARN, or the text itself when it is a plain name.
fn resource(text: &str) -> &str {
    if text.starts_with("arn:") { text.splitn(6, ':').nth(5).unwrap_or(text) } else { text }
}

/// The cluster that `text`, a name or an ARN, means. Absent is `default` (ecs-semantics §2.1).
pub(crate) fn cluster_name(text: Option<&str>) -> &str {
    let resource = resource(text.unwrap_or("default"));
    resource.strip_prefix("cluster/").unwrap_or(resource)
}

/// The last part of a name or ARN: a service's, task's or instance's own name.
pub(crate) fn last_part(text: &str) -> &str {
    resource(text).rsplit('/').next().unwrap_or(text)
}

/// The cluster that a long ARN such as `…:service/prod/web` names.
pub(crate) fn cluster_in(text: &str) -> Option<&str> {
    let mut parts = resource(text).split('/');
    let (_, cluster, name) = (parts.next()?, parts.next()?, parts.next());
    name.filter(|_| text.starts_with("arn:")).map(|_| cluster)
}

/// Family and revision of `family`, `family:7` or an ARN of a task definition.
pub(crate) fn family_and_revision(text: &str) -> (&str, Option<&str>) {
    let resource = resource(text);
    let name = resource.strip_prefix("task-definition/").unwrap_or(resource);
    name.split_once(':').map_or((name, None), |(family, revision)| (family, Some(revision)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_arns_mean_the_same() {
        assert_eq!(cluster_name(Some("arn:aws:ecs:eu-central-1:111122223333:cluster/prod")), "prod");
        assert_eq!(cluster_name(None), "default");
        assert_eq!(last_part("arn:aws:ecs:eu-central-1:111122223333:service/prod/web"), "web");
        assert_eq!(cluster_in("arn:aws:ecs:eu-central-1:111122223333:service/prod/web"), Some("prod"));
        assert_eq!(cluster_in("arn:aws:ecs:eu-central-1:111122223333:service/web"), None);
        assert_eq!(family_and_revision("arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7"), ("web", Some("7")));
        assert_eq!(family_and_revision("web"), ("web", None));
    }
}
