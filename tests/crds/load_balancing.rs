//! The kinds of load balancing, and what a service exposes: tables of what is refused, and of what passes.

use crate::{good_but_of, messages, schema};
use ecs_operator::api::{EcsListenerRuleSpec, EcsLoadBalancerSpec, EcsServiceSpec, EcsTargetGroupSpec};
use kube::core::cel::Validator;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

#[derive(Deserialize)]
struct Refused {
    when: String,
    spec: Value,
    was: Option<Value>,
    says: String,
}

/// A part of an API with a table of its own: the file, the schema, an object around a spec, and a spec that passes.
struct Table {
    file: &'static str,
    schema: Value,
    kind: Option<&'static str>,
    good: Value,
}

impl Table {
    fn of_kind(file: &'static str, kind: &'static str, good: Value) -> Self {
        Self { file, schema: schema(kind), kind: Some(kind), good }
    }

    fn cases(&self) -> Vec<Refused> {
        serde_yaml_ng::from_str(&fs::read_to_string(format!("tests/refused/{}.yaml", self.file)).unwrap()).unwrap()
    }

    fn object(&self, changes: &Value) -> Value {
        let spec = good_but_of(&self.good, changes);
        match self.kind {
            None => spec,
            Some(kind) => {
                json!({"apiVersion": "ecs-operator.io/v1alpha1", "kind": kind, "metadata": {"name": "shared"}, "spec": spec})
            }
        }
    }

    /// What the rules say of these changes of what is good, where `was` stood before.
    fn complaints(&self, changes: &Value, was: Option<&Value>) -> String {
        let old = was.map(|was| self.object(was));
        match Validator::new().validate(&self.schema, &self.object(changes), old.as_ref()) {
            Ok(()) => String::new(),
            Err(errors) => errors.to_string(),
        }
    }

    fn said(&self) -> impl Iterator<Item = String> {
        self.cases().into_iter().map(|case| self.complaints(&case.spec, case.was.as_ref()))
    }
}

fn target_groups() -> Table {
    let good = json!({"listener": {"ref": {"name": "shared"}, "port": 443}});
    Table::of_kind("target-groups", "EcsTargetGroup", good)
}

fn listener_rules() -> Table {
    let good = json!({
        "listener": {"selector": {"tags": [{"key": "edge", "value": "public"}]}, "port": 443},
        "match": {"hosts": ["shop.example.com"]}, "forward": [{"targetGroupRef": {"name": "web"}}],
    });
    Table::of_kind("listener-rules", "EcsListenerRule", good)
}

fn load_balancers() -> Table {
    let good = json!({"subnets": ["subnet-a", "subnet-b"], "listeners": [{"port": 80, "protocol": "HTTP"}]});
    Table::of_kind("load-balancers", "EcsLoadBalancer", good)
}

fn exposures() -> Table {
    let schema = schema("EcsService")["properties"]["spec"]["properties"]["expose"]["items"].take();
    let good = json!({
        "name": "web", "port": "http", "match": {"paths": ["/*"]}, "listener": {"ref": {"name": "shared"}, "port": 443},
    });
    Table { file: "exposures", schema, kind: None, good }
}

fn tables() -> [Table; 4] {
    [target_groups(), listener_rules(), load_balancers(), exposures()]
}

#[test]
fn what_is_wrong_is_refused_with_a_sentence() {
    for table in tables() {
        for case in table.cases() {
            let said = table.complaints(&case.spec, case.was.as_ref());
            assert!(said.contains(&case.says), "{}: when {}: said `{said}`, not `{}`", table.file, case.when, case.says);
        }
    }
}

#[test]
fn each_rule_has_a_case_that_breaks_it() {
    let (mut rules, mut said) = (BTreeSet::new(), vec![]);
    for table in tables() {
        messages(&table.schema, &mut rules);
        said.extend(table.said());
    }
    assert!(rules.len() > 90, "found only {} rules", rules.len());
    for rule in &rules {
        assert!(said.iter().any(|said| said.contains(rule.as_str())), "tests/refused has no case for: {rule}");
    }
}

fn pass(table: &Table, changes: &[Value]) {
    for changes in changes {
        assert_eq!(table.complaints(changes, None), "", "{}: {changes}", table.file);
    }
}

#[test]
fn good_target_groups_pass() {
    let listener = "arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:listener/net/edge/0123456789abcdef/0123456789abcdef";
    pass(
        &target_groups(),
        &[
            json!({}),
            json!({"listener": null, "vpcId": "vpc-1", "protocol": "TCP_UDP", "stickiness": {"type": "source_ip"}}),
            json!({"listener": {"arn": listener}, "protocol": "TLS", "healthCheck": {"protocol": "HTTPS", "path": "/", "matcher": {"httpCode": "200-599"}}}),
            json!({"protocolVersion": "GRPC", "healthCheck": {"path": "/shop.Cart/Check", "matcher": {"grpcCode": "0,5-12"}}}),
            json!({"slowStartSeconds": 30, "loadBalancingAlgorithmType": "round_robin", "deregistrationDelaySeconds": 0}),
            json!({"stickiness": {"enabled": false}, "attributes": [{"key": "load_balancing.cross_zone.enabled", "value": "true"}]}),
            json!({"stickiness": {"type": "app_cookie", "cookieName": "session", "durationSeconds": 60}, "slowStartSeconds": 0}),
            json!({"healthCheck": {"enabled": true, "intervalSeconds": 5, "timeoutSeconds": 2, "port": "8080"}}),
            json!({"managementPolicy": "Observe", "name": "web", "listener": null}),
        ],
    );
    assert_eq!(target_groups().complaints(&json!({"name": "web"}), Some(&json!({}))), "", "a name may be chosen later");
    let other = json!({"protocol": "HTTPS", "port": 8443, "targetType": "ip", "vpcId": "vpc-2"});
    assert_eq!(target_groups().complaints(&other, Some(&json!({"protocol": "HTTP"}))), "", "what AWS cannot change is replaced");
}

#[test]
fn good_listener_rules_pass() {
    let group = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/0123456789abcdef";
    let to_https = json!({"statusCode": "HTTP_301", "protocol": "HTTPS", "port": "443"});
    pass(
        &listener_rules(),
        &[
            json!({}),
            json!({"forward": [{"targetGroupArn": group, "weight": 0}, {"targetGroupRef": {"name": "web"}, "weight": 999}], "stickiness": {"durationSeconds": 60}}),
            json!({"forward": null, "redirect": to_https}),
            json!({"forward": null, "fixedResponse": {"statusCode": "503", "contentType": "text/plain", "messageBody": "back at noon"}}),
            json!({"match": {"hosts": ["*.example.com", "shop-?.example.co.uk"], "paths": ["/cart/*", "/~a/$b/@c:d+e", "*.png"]}}),
            json!({"match": {"hostRegexes": ["^shop-[0-9]+\\.example\\.com$"], "pathRegexes": ["^/v[12]/"], "methods": ["GET", "M-SEARCH"]}}),
            json!({"match": {"headers": [{"name": "X-Tenant", "values": ["a*"]}, {"name": "User-Agent", "regexes": ["curl.*"]}]}}),
            json!({"match": {"query": [{"key": "version", "value": "2"}, {"value": "beta"}], "sourceCidrs": ["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "::/0"]}}),
            json!({"rewrite": {"url": {"regex": "^/api/(.*)$", "replace": "/$1"}, "host": {"regex": ".*", "replace": "internal.example.com"}}, "priority": 1}),
            json!({"managementPolicy": "Observe", "priority": 7}),
        ],
    );
}

#[test]
fn good_load_balancers_pass() {
    let certificate = json!([{"certificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/0123"}]);
    let network = json!({
        "type": "network", "scheme": "internal", "subnets": null, "securityGroups": ["sg-1"],
        "subnetMappings": [{"subnetId": "subnet-a", "privateIPv4Address": "10.0.0.7"}], "allowedRoutes": [{"namespaces": ["*"]}],
        "listeners": [{"port": 443, "protocol": "TLS", "certificates": certificate, "alpnPolicy": ["HTTP2Optional"]}, {"port": 53, "protocol": "TCP_UDP"}],
    });
    let application = json!({
        "name": "edge", "idleTimeoutSeconds": 60, "deletionProtection": true, "priorityBand": {"from": 1, "to": 50000},
        "allowedRoutes": [{"namespaces": ["shop", "team-*"], "hosts": ["*.example.com"]}],
        "attributes": [{"key": "routing.http2.enabled", "value": "false"}],
        "listeners": [
            {"port": 80, "protocol": "HTTP", "defaultAction": {"redirect": {"statusCode": "HTTP_301", "protocol": "HTTPS", "port": "443"}}},
            {"port": 443, "protocol": "HTTPS", "discoverCertificates": true, "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
             "mutualAuthentication": {"mode": "verify", "trustStoreArn": "arn:aws:x", "advertiseTrustStoreCaNames": "on"}},
        ],
    });
    let observed =
        json!({"managementPolicy": "Observe", "subnets": null, "selector": {"tags": [{"key": "edge"}]}, "listeners": null});
    pass(&load_balancers(), &[json!({}), network, application, observed]);
    let written_out = json!({"type": "application", "scheme": "internet-facing"});
    assert_eq!(load_balancers().complaints(&written_out, Some(&json!({}))), "", "a default that is written out is no change");
    assert_eq!(load_balancers().complaints(&json!({}), Some(&written_out)), "");
}

#[test]
fn good_exposures_pass() {
    pass(
        &exposures(),
        &[
            json!({}),
            json!({"port": null, "containerName": "app", "containerPort": 80, "priority": 7, "protocolVersion": "GRPC", "slowStartSeconds": 30}),
            json!({"match": null, "protocol": "TCP", "stickiness": {"type": "source_ip"}, "deregistrationDelaySeconds": 5}),
            json!({"match": null, "listener": null, "targetGroup": {"ref": {"name": "web", "namespace": "edge"}}}),
        ],
    );
}

/// Reads a spec as its type and writes it again.
fn comes_back<T: Serialize + DeserializeOwned>(spec: &Value) {
    let read: T = serde_json::from_value(spec.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&read).unwrap(), spec);
}

#[test]
fn a_spec_comes_back_as_it_was_written() {
    let settings = json!({"name": "web", "protocol": "SCTP", "attributes": [], "healthCheck": {"matcher": {"httpCode": "200"}}});
    comes_back::<EcsTargetGroupSpec>(&good_but_of(&target_groups().good, &settings));
    let action =
        json!({"match": {"hosts": [], "headers": [{"name": "a", "regexes": ["b"]}]}, "stickiness": {"durationSeconds": 1}});
    comes_back::<EcsListenerRuleSpec>(&good_but_of(&listener_rules().good, &action));
    let listener = json!({"port": 80, "protocol": "SCTP", "alpnPolicy": [], "defaultAction": {"forward": [{"weight": 0}]}});
    let mapping = json!({"subnetId": "subnet-a", "privateIPv4Address": "10.0.0.7", "ipv6Address": "::7", "sourceNatIpv6Prefix": "auto_assigned"});
    let members = json!({"listeners": [listener], "subnetMappings": [mapping], "ipamPools": {"ipv4IpamPoolId": "ipam-1"},
        "customerOwnedIpv4Pool": "a", "enablePrefixForIpv6SourceNat": "on", "allowedRoutes": []});
    comes_back::<EcsLoadBalancerSpec>(&good_but_of(&load_balancers().good, &members));
    let exposed = good_but_of(&exposures().good, &json!({"slowStartSeconds": 0, "targetGroup": {"ref": {"name": "web"}}}));
    comes_back::<EcsServiceSpec>(&json!({"cluster": "demo", "expose": [exposed]}));
}

fn samples() -> Vec<Value> {
    let files = fs::read_dir("deploy/samples-load-balancing").unwrap().map(|it| it.unwrap().path());
    let texts = files.map(|file| fs::read_to_string(file).unwrap());
    let documents = |text: String| -> Vec<Value> {
        serde_yaml_ng::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap()).collect()
    };
    texts.flat_map(documents).collect()
}

#[test]
fn samples_of_each_kind_pass_every_rule_and_lose_nothing() {
    let mut kinds = BTreeSet::new();
    for object in samples() {
        let kind = object["kind"].as_str().unwrap();
        kinds.insert(kind.to_owned());
        let said = Validator::new().validate(&schema(kind), &object, None);
        assert!(said.is_ok(), "{kind} {}: {}", object["metadata"]["name"], said.unwrap_err());
        match kind {
            "EcsTargetGroup" => comes_back::<EcsTargetGroupSpec>(&object["spec"]),
            "EcsListenerRule" => comes_back::<EcsListenerRuleSpec>(&object["spec"]),
            "EcsLoadBalancer" => comes_back::<EcsLoadBalancerSpec>(&object["spec"]),
            _ => comes_back::<EcsServiceSpec>(&object["spec"]),
        }
    }
    assert_eq!(kinds.len(), 4, "{kinds:?}");
}
