//! The same for Elastic Load Balancing, whose SDK has no schemas: the `Debug` text of an empty builder names its members,
//! and their inner types have builders of their own.

use crate::spec;
use aws_sdk_elasticloadbalancingv2::{operation, types};
use ecs_operator::api::load_balancer::EXCLUDED_OF_LISTENER;
use ecs_operator::api::{listener_rule, load_balancer, target_group};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// Members of a builder, as AWS's documentation writes them but beginning small: `load_balancer_arn` is `loadBalancerArn`.
pub(crate) fn members(builder: &impl Debug) -> BTreeSet<String> {
    let text = format!("{builder:?}");
    let inside = text.split_once(" { ").map_or("", |(_, rest)| rest);
    let names = inside.split(", ").filter_map(|member| member.split_once(": None")).map(|(name, _)| camel_case(name));
    let names: BTreeSet<_> = names.collect();
    assert!(!names.is_empty(), "{text} names no members");
    names
}

fn camel_case(name: &str) -> String {
    let mut words = name.trim_start_matches("r#").split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (head, tail) = word.split_at(1);
        text + &head.to_uppercase() + tail
    })
}

macro_rules! input {
    ($operation:ident :: $input:ident) => {
        members(&operation::$operation::$input::builder())
    };
}

macro_rules! part {
    ($name:ident) => {
        members(&types::$name::builder())
    };
}

macro_rules! values {
    ($name:ident) => {
        types::$name::values().iter().map(|it| (*it).to_owned()).collect::<BTreeSet<String>>()
    };
}

/// Members below `path`, with the path before them.
fn below(path: &str, members: BTreeSet<String>) -> Vec<String> {
    members.into_iter().map(|member| format!("{path}.{member}")).collect()
}

/// One table: what AWS takes, how it is called here where the name differs, and what is left out.
struct Comparison<'a> {
    aws: BTreeSet<String>,
    /// Path in AWS to the path here; what is the same has no entry.
    renamed: BTreeMap<&'a str, &'a str>,
    excluded: Vec<&'a str>,
    /// Our paths, and those of them that AWS does not know.
    ours: BTreeSet<String>,
    added: Vec<&'a str>,
}

impl Comparison<'_> {
    fn differences(&self) -> Vec<String> {
        let mut found = vec![];
        let mut met = BTreeSet::new();
        for member in &self.aws {
            let here = self.renamed.get(member.as_str()).copied().unwrap_or(member);
            let is_excluded = is_below(member, &self.excluded);
            match (self.ours.contains(here), is_excluded) {
                (true, true) => found.push(format!("{member} is a field and excluded")),
                (false, false) => found.push(format!("{member} is missing: it would be {here}")),
                _ => {}
            }
            met.insert(here.to_owned());
        }
        for field in self.ours.iter().filter(|field| !met.contains(*field) && !is_below(field, &self.added)) {
            found.push(format!("{field} is not a member in the SDK"));
        }
        for name in self.excluded.iter().chain(self.renamed.keys()).filter(|name| !self.aws.contains(**name)) {
            found.push(format!("{name} is no longer a member in the SDK"));
        }
        for name in self.added.iter().filter(|name| !self.ours.contains(**name)) {
            found.push(format!("{name} is no longer a field"));
        }
        for name in self.added.iter().filter(|name| self.aws.contains(**name)) {
            found.push(format!("{name} is ours, and AWS now has a member of that name"));
        }
        found
    }
}

fn is_below(path: &str, roots: &[&str]) -> bool {
    roots.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// The fields of a kind, below `root`, with lists written as what they hold.
fn fields(kind: &str, root: &str) -> BTreeSet<String> {
    let paths = spec(kind).members.into_keys().map(|path| path.replace("[]", ""));
    paths.filter_map(|path| path.strip_prefix(root).filter(|rest| !rest.is_empty()).map(str::to_owned)).collect()
}

fn names(excluded: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    assert!(excluded.iter().all(|(_, reason)| reason.len() > 10), "a reason is a sentence");
    excluded.iter().map(|(name, _)| *name).collect()
}

/// Fields of each of these kinds that say how the object is kept.
const KEPT: [&str; 4] = ["connectionRef", "deletionPolicy", "driftPolicy", "managementPolicy"];

fn none() -> Vec<String> {
    vec![]
}

#[test]
fn a_target_group_has_each_member_of_create_target_group_and_modify_target_group() {
    let mut aws = input!(create_target_group::CreateTargetGroupInput);
    aws.extend(input!(modify_target_group::ModifyTargetGroupInput));
    assert!(aws.len() > 15, "{aws:?}");
    aws.extend(below("matcher", part!(Matcher)));
    aws.extend(below("tags", part!(Tag)));
    let mut ours = fields("EcsTargetGroup", "");
    assert!(ours.remove("healthCheck"), "the folder is ours, what stands in it is AWS's");
    let comparison = Comparison {
        aws,
        renamed: BTreeMap::from([
            ("healthCheckEnabled", "healthCheck.enabled"),
            ("healthCheckProtocol", "healthCheck.protocol"),
            ("healthCheckPort", "healthCheck.port"),
            ("healthCheckPath", "healthCheck.path"),
            ("healthCheckIntervalSeconds", "healthCheck.intervalSeconds"),
            ("healthCheckTimeoutSeconds", "healthCheck.timeoutSeconds"),
            ("healthyThresholdCount", "healthCheck.healthyThresholdCount"),
            ("unhealthyThresholdCount", "healthCheck.unhealthyThresholdCount"),
            ("matcher", "healthCheck.matcher"),
            ("matcher.httpCode", "healthCheck.matcher.httpCode"),
            ("matcher.grpcCode", "healthCheck.matcher.grpcCode"),
        ]),
        excluded: names(target_group::EXCLUDED),
        ours,
        added: [
            &KEPT[..],
            &["attributes", "deregistrationDelaySeconds", "listener", "loadBalancingAlgorithmType"],
            &["slowStartSeconds", "stickiness"],
        ]
        .concat(),
    };
    assert_eq!(comparison.differences(), none());
}

fn rule_members() -> BTreeSet<String> {
    let mut aws = input!(create_rule::CreateRuleInput);
    aws.extend(input!(modify_rule::ModifyRuleInput));
    let parts = [
        ("tags", part!(Tag)),
        ("conditions", part!(RuleCondition)),
        ("conditions.hostHeaderConfig", part!(HostHeaderConditionConfig)),
        ("conditions.pathPatternConfig", part!(PathPatternConditionConfig)),
        ("conditions.httpHeaderConfig", part!(HttpHeaderConditionConfig)),
        ("conditions.queryStringConfig", part!(QueryStringConditionConfig)),
        ("conditions.queryStringConfig.values", part!(QueryStringKeyValuePair)),
        ("conditions.httpRequestMethodConfig", part!(HttpRequestMethodConditionConfig)),
        ("conditions.sourceIpConfig", part!(SourceIpConditionConfig)),
        ("transforms", part!(RuleTransform)),
        ("transforms.hostHeaderRewriteConfig", part!(HostHeaderRewriteConfig)),
        ("transforms.hostHeaderRewriteConfig.rewrites", part!(RewriteConfig)),
        ("transforms.urlRewriteConfig", part!(UrlRewriteConfig)),
        ("transforms.urlRewriteConfig.rewrites", part!(RewriteConfig)),
    ];
    aws.extend(parts.into_iter().flat_map(|(path, members)| below(path, members)));
    aws.extend(action_members("actions"));
    aws
}

/// Members of an action of a rule or a listener.
fn action_members(root: &str) -> Vec<String> {
    let parts = [
        ("", part!(Action)),
        (".forwardConfig", part!(ForwardActionConfig)),
        (".forwardConfig.targetGroups", part!(TargetGroupTuple)),
        (".forwardConfig.targetGroupStickinessConfig", part!(TargetGroupStickinessConfig)),
        (".redirectConfig", part!(RedirectActionConfig)),
        (".fixedResponseConfig", part!(FixedResponseActionConfig)),
    ];
    parts.into_iter().flat_map(|(path, members)| below(&format!("{root}{path}"), members)).collect()
}

/// Where the members of an action stand here: AWS's path below the action, and ours.
const ACTION: [(&str, &str); 17] = [
    (".forwardConfig", "forward"),
    (".forwardConfig.targetGroups", "forward"),
    (".forwardConfig.targetGroups.targetGroupArn", "forward.targetGroupArn"),
    (".forwardConfig.targetGroups.weight", "forward.weight"),
    (".forwardConfig.targetGroupStickinessConfig", "stickiness"),
    (".forwardConfig.targetGroupStickinessConfig.durationSeconds", "stickiness.durationSeconds"),
    (".redirectConfig", "redirect"),
    (".redirectConfig.protocol", "redirect.protocol"),
    (".redirectConfig.port", "redirect.port"),
    (".redirectConfig.host", "redirect.host"),
    (".redirectConfig.path", "redirect.path"),
    (".redirectConfig.query", "redirect.query"),
    (".redirectConfig.statusCode", "redirect.statusCode"),
    (".fixedResponseConfig", "fixedResponse"),
    (".fixedResponseConfig.statusCode", "fixedResponse.statusCode"),
    (".fixedResponseConfig.contentType", "fixedResponse.contentType"),
    (".fixedResponseConfig.messageBody", "fixedResponse.messageBody"),
];

/// The same for what a rule matches and rewrites.
const RULE: [(&str, &str); 28] = [
    ("conditions", "match"),
    ("conditions.hostHeaderConfig", "match.hosts"),
    ("conditions.hostHeaderConfig.values", "match.hosts"),
    ("conditions.hostHeaderConfig.regexValues", "match.hostRegexes"),
    ("conditions.pathPatternConfig", "match.paths"),
    ("conditions.pathPatternConfig.values", "match.paths"),
    ("conditions.pathPatternConfig.regexValues", "match.pathRegexes"),
    ("conditions.httpHeaderConfig", "match.headers"),
    ("conditions.httpHeaderConfig.httpHeaderName", "match.headers.name"),
    ("conditions.httpHeaderConfig.values", "match.headers.values"),
    ("conditions.httpHeaderConfig.regexValues", "match.headers.regexes"),
    ("conditions.queryStringConfig", "match.query"),
    ("conditions.queryStringConfig.values", "match.query"),
    ("conditions.queryStringConfig.values.key", "match.query.key"),
    ("conditions.queryStringConfig.values.value", "match.query.value"),
    ("conditions.httpRequestMethodConfig", "match.methods"),
    ("conditions.httpRequestMethodConfig.values", "match.methods"),
    ("conditions.sourceIpConfig", "match.sourceCidrs"),
    ("conditions.sourceIpConfig.values", "match.sourceCidrs"),
    ("transforms", "rewrite"),
    ("transforms.hostHeaderRewriteConfig", "rewrite.host"),
    ("transforms.hostHeaderRewriteConfig.rewrites", "rewrite.host"),
    ("transforms.hostHeaderRewriteConfig.rewrites.regex", "rewrite.host.regex"),
    ("transforms.hostHeaderRewriteConfig.rewrites.replace", "rewrite.host.replace"),
    ("transforms.urlRewriteConfig", "rewrite.url"),
    ("transforms.urlRewriteConfig.rewrites", "rewrite.url"),
    ("transforms.urlRewriteConfig.rewrites.regex", "rewrite.url.regex"),
    ("transforms.urlRewriteConfig.rewrites.replace", "rewrite.url.replace"),
];

#[test]
fn a_listener_rule_has_each_member_of_create_rule_and_modify_rule() {
    let actions: Vec<_> = ACTION.iter().map(|(aws, ours)| (format!("actions{aws}"), *ours)).collect();
    let mut renamed = BTreeMap::from(RULE);
    renamed.extend(actions.iter().map(|(aws, ours)| (aws.as_str(), *ours)));
    let mut aws = rule_members();
    assert!(aws.remove("actions"), "what stands in it stands at the top of the spec");
    let comparison = Comparison {
        aws,
        renamed,
        excluded: names(listener_rule::EXCLUDED),
        ours: fields("EcsListenerRule", ""),
        added: [&KEPT[..], &["forward.targetGroupRef", "listener"]].concat(),
    };
    assert_eq!(comparison.differences(), none());
}

#[test]
fn a_load_balancer_has_each_member_of_create_load_balancer() {
    let mut aws = input!(create_load_balancer::CreateLoadBalancerInput);
    aws.extend(below("subnetMappings", part!(SubnetMapping)));
    aws.extend(below("ipamPools", part!(IpamPools)));
    aws.extend(below("tags", part!(Tag)));
    let comparison = Comparison {
        aws,
        renamed: BTreeMap::from([("subnetMappings.privateIpv4Address", "subnetMappings.privateIPv4Address")]),
        excluded: names(load_balancer::EXCLUDED),
        ours: fields("EcsLoadBalancer", ""),
        added: [
            &KEPT[..],
            &["allowedRoutes", "attributes", "deletionProtection", "idleTimeoutSeconds", "listeners"],
            &["adoption", "loadBalancerArn", "priorityBand", "selector", "takeOverFrom"],
        ]
        .concat(),
    };
    assert_eq!(comparison.differences(), none());
}

#[test]
fn a_listener_has_each_member_of_create_listener_and_modify_listener() {
    let mut aws = input!(create_listener::CreateListenerInput);
    aws.extend(input!(modify_listener::ModifyListenerInput));
    aws.extend(below("certificates", part!(Certificate)));
    aws.extend(below("mutualAuthentication", part!(MutualAuthenticationAttributes)));
    aws.extend(action_members("defaultActions"));
    let actions: Vec<_> = ACTION
        .iter()
        .map(|(aws, ours)| (format!("defaultActions{aws}"), format!("defaultAction.{ours}")))
        .chain([("defaultActions".to_owned(), "defaultAction".to_owned())])
        .collect();
    let left_out_of_actions = left_out_of_actions();
    let mut excluded = names(EXCLUDED_OF_LISTENER);
    excluded.extend(left_out_of_actions.iter().map(String::as_str));
    let comparison = Comparison {
        aws,
        renamed: actions.iter().map(|(aws, ours)| (aws.as_str(), ours.as_str())).collect(),
        excluded,
        ours: fields("EcsLoadBalancer", "listeners."),
        added: vec!["attributes", "defaultAction.forward.targetGroupRef", "discoverCertificates"],
    };
    assert_eq!(comparison.differences(), none());
}

/// What is left out of a rule's actions is left out of a listener's.
fn left_out_of_actions() -> Vec<String> {
    let of_rules = names(listener_rule::EXCLUDED).into_iter();
    of_rules.filter_map(|name| name.strip_prefix("actions.").map(|rest| format!("defaultActions.{rest}"))).collect()
}

/// The values of our enumeration at a path, and those of AWS's that are left out with a reason.
fn ours(kind: &str, path: &str, left_out: &[(&'static str, &'static str)]) -> (BTreeSet<String>, Vec<&'static str>) {
    let values = spec(kind).enumerations.remove(path).unwrap();
    (values, names(left_out))
}

#[test]
fn each_enumeration_has_the_values_of_the_sdk() {
    const ALL: &[(&str, &str)] = &[];
    let health = [
        target_group::EXCLUDED_VALUES,
        &[
            ("TLS", "AWS takes it for target groups, not for health checks"),
            ("UDP", "AWS takes it for target groups, not for health checks"),
            ("TCP_UDP", "AWS takes it for target groups, not for health checks"),
            ("QUIC", "AWS takes it for target groups, not for health checks"),
            ("TCP_QUIC", "AWS takes it for target groups, not for health checks"),
        ],
    ]
    .concat();
    let (group, balancer) = (target_group::EXCLUDED_VALUES, load_balancer::EXCLUDED_VALUES);
    let table = [
        ("EcsTargetGroup", "protocol", values!(ProtocolEnum), group),
        ("EcsTargetGroup", "healthCheck.protocol", values!(ProtocolEnum), &health[..]),
        ("EcsTargetGroup", "ipAddressType", values!(TargetGroupIpAddressTypeEnum), ALL),
        ("EcsTargetGroup", "targetType", values!(TargetTypeEnum), group),
        ("EcsListenerRule", "redirect.statusCode", values!(RedirectActionStatusCodeEnum), ALL),
        ("EcsLoadBalancer", "type", values!(LoadBalancerTypeEnum), balancer),
        ("EcsLoadBalancer", "scheme", values!(LoadBalancerSchemeEnum), ALL),
        ("EcsLoadBalancer", "ipAddressType", values!(IpAddressType), ALL),
        ("EcsLoadBalancer", "enablePrefixForIpv6SourceNat", values!(EnablePrefixForIpv6SourceNatEnum), ALL),
        ("EcsLoadBalancer", "listeners[].protocol", values!(ProtocolEnum), group),
        (
            "EcsLoadBalancer",
            "listeners[].mutualAuthentication.advertiseTrustStoreCaNames",
            values!(AdvertiseTrustStoreCaNamesEnum),
            ALL,
        ),
    ];
    for (kind, path, mut aws, left_out) in table {
        let (have, left_out) = ours(kind, path, left_out);
        aws.retain(|value| !left_out.contains(&value.as_str()));
        assert_eq!(have, aws, "{kind} {path}");
    }
}

#[test]
fn each_condition_action_and_transform_of_the_sdk_is_known() {
    let actions = ["authenticate-cognito", "authenticate-oidc", "fixed-response", "forward", "jwt-validation", "redirect"];
    assert_eq!(values!(ActionTypeEnum), actions.map(str::to_owned).into());
    assert_eq!(values!(TransformTypeEnum), ["host-header-rewrite", "url-rewrite"].map(str::to_owned).into());
}

#[test]
fn a_member_that_appears_or_goes_is_named() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let comparison = |aws: &[&str], ours: &[&str]| Comparison {
        aws: set(aws),
        renamed: BTreeMap::from([("healthCheckPath", "healthCheck.path")]),
        excluded: vec!["ruleArn"],
        ours: set(ours),
        added: vec!["driftPolicy"],
    };
    let (aws, ours) = (["healthCheckPath", "port", "ruleArn"], ["driftPolicy", "healthCheck.path", "port"]);
    assert_eq!(comparison(&aws, &ours).differences(), none());
    for (aws, ours, said) in [
        (&[&aws[..], &["newMember"]].concat()[..], &ours[..], "newMember is missing"),
        (&aws, &ours[..2], "port is missing"),
        (&aws[..2], &ours, "ruleArn is no longer a member"),
        (&aws, &[&ours[..], &["ruleArn"]].concat(), "ruleArn is a field and excluded"),
        (&aws, &[&ours[..], &["invented"]].concat(), "invented is not a member in the SDK"),
        (&[&aws[..], &["driftPolicy"]].concat(), &ours, "driftPolicy is ours, and AWS now has a member of that name"),
    ] {
        let found = comparison(aws, ours).differences();
        assert!(found.iter().any(|it| it.contains(said)), "{said}: {found:?}");
    }
}
