//! From what AWS shows to what is written.

use super::*;
use crate::aws::elb::model::{Action, FixedResponse, HealthCheck, Listener, LoadBalancer, SubnetMapping, TargetGroup, Zone};
use crate::aws::elb::{LoadBalancerListener, LoadBalancerView, TargetGroupView};
use crate::aws::{LiveService, ServiceState, TaskDefinition};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const CLUSTER: &str = "arn:aws:ecs:eu-central-1:111122223333:cluster/prod";

fn live(fields: Value) -> LiveService {
    LiveService {
        arn: "arn:aws:ecs:eu-central-1:111122223333:service/prod/web".to_owned(),
        name: "web".to_owned(),
        cluster_arn: CLUSTER.to_owned(),
        status: ServiceState::Active,
        created_at: None,
        task_definition: "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7".to_owned(),
        desired: 2,
        running: 2,
        pending: 0,
        launch_type: None,
        deployments: Vec::new(),
        events: Vec::new(),
        current_service_deployment: None,
        tags: BTreeMap::new(),
        managed_by_ecs: false,
        fields,
    }
}

fn spec(imported: &Imported) -> Value {
    serde_yaml_ng::from_str::<Value>(&imported.yaml()).unwrap()["spec"].clone()
}

fn written(fields: Value) -> (Value, Vec<String>) {
    let imported = service(&live(fields), "web", Runs::Object("web".to_owned()), &Value::Null, &Options::default()).unwrap();
    (spec(&imported), imported.notes)
}

/// A service of which nothing was said but what has to be.
fn plain() -> Value {
    json!({
        "cluster": CLUSTER, "serviceName": "web", "taskDefinition": "arn:aws:ecs:eu-central-1:111122223333:task-definition/web:7",
        "desiredCount": 2, "launchType": "FARGATE", "platformVersion": "LATEST", "schedulingStrategy": "REPLICA",
        "role": "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "deploymentController": {"type": "ECS"}, "propagateTags": "NONE", "healthCheckGracePeriodSeconds": 0,
        "enableECSManagedTags": false, "enableExecuteCommand": false, "loadBalancers": [], "serviceRegistries": [],
        "placementConstraints": [], "placementStrategy": [],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"], "securityGroups": [], "assignPublicIp": "DISABLED"}},
        "deploymentConfiguration": {
            "strategy": "ROLLING", "bakeTimeInMinutes": 0, "maximumPercent": 200, "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {
                "enable": false, "rollback": false, "resetOnHealthyTask": true,
                "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
            },
            "alarms": {"alarmNames": [], "enable": false, "rollback": false},
        },
    })
}

#[test]
fn what_aws_fills_in_is_left_out() {
    let (spec, notes) = written(plain());
    assert_eq!(
        spec,
        json!({
            "cluster": "prod", "taskDefinitionRef": {"name": "web"}, "desiredCount": 2, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}, "managementPolicy": "Observe",
        })
    );
    assert_eq!(notes, Vec::<String>::new());
}

#[test]
fn a_role_of_somebody_stays() {
    let mut fields = plain();
    fields["role"] = json!("arn:aws:iam::111122223333:role/elb");
    assert_eq!(written(fields).0["role"], "arn:aws:iam::111122223333:role/elb");
}

#[test]
fn what_belongs_to_task_sets_is_left_out_and_said() {
    let mut fields = plain();
    fields["deploymentController"] = json!({"type": "EXTERNAL"});
    fields["deploymentConfiguration"] = Value::Null;
    let (spec, notes) = written(fields);
    assert_eq!(
        spec,
        json!({"cluster": "prod", "desiredCount": 2, "deploymentController": {"type": "EXTERNAL"}, "managementPolicy": "Observe"})
    );
    assert!(notes.iter().any(|note| note.starts_with("networkConfiguration is left out")), "{notes:?}");
}

#[test]
fn an_express_service_is_refused() {
    let express = LiveService { managed_by_ecs: true, ..live(plain()) };
    let refused = service(&express, "web", Runs::Revision(None), &Value::Null, &Options::default()).unwrap_err();
    assert!(refused.to_string().contains("Express service"), "{refused}");
}

#[test]
fn a_name_that_kubernetes_does_not_take_is_kept_beside_another() {
    let options = Options { namespace: Some("shop".to_owned()), policy: Policy::Adopt, ..Options::default() };
    let upper = LiveService { name: "Web_API".to_owned(), ..live(plain()) };
    let imported = service(&upper, "web-api", Runs::Revision(None), &Value::Null, &options).unwrap();
    let object: Value = serde_yaml_ng::from_str(&imported.yaml()).unwrap();
    assert_eq!(object["metadata"], json!({"name": "web-api", "namespace": "shop"}));
    assert_eq!(object["spec"]["serviceName"], "Web_API");
    assert_eq!((&object["spec"]["taskDefinition"], &object["spec"]["managementPolicy"]), (&json!("web:7"), &json!("Adopt")));
}

#[test]
fn a_revision_that_is_not_the_newest_says_so() {
    let revision = |number: i32, image: &str| TaskDefinition {
        arn: format!("arn:aws:ecs:eu-central-1:111122223333:task-definition/web:{number}"),
        family: "web".to_owned(),
        revision: number,
        active: true,
        registered_at: None,
        fields: json!({
            "family": "web", "revision": number, "status": "ACTIVE", "compatibilities": ["EC2"], "volumes": [],
            "containerDefinitions": [{"name": "app", "image": image, "cpu": 0, "memory": 128, "essential": true, "environment": []}],
        }),
        tags: BTreeMap::new(),
    };
    let (old, newest) = (revision(1, "a"), revision(2, "b"));
    let imported = task_definition(&old, "web", Some(&newest), &Options::default()).unwrap();
    let container = json!([{"name": "app", "image": "a", "memory": 128}]);
    assert_eq!(spec(&imported), json!({"containerDefinitions": container, "managementPolicy": "Observe"}));
    assert_eq!(imported.notes, ["revision 2 is newer and differs: Observe and Adopt compare with that one"]);
    assert!(task_definition(&old, "web", Some(&revision(3, "a")), &Options::default()).unwrap().notes.is_empty());
    assert!(task_definition(&old, "web", None, &Options::default()).unwrap().notes[0].contains("not ACTIVE"));
}

fn group(protocol: &str, check: HealthCheck) -> TargetGroup {
    TargetGroup {
        arn: "arn".to_owned(),
        name: "blue".to_owned(),
        protocol: Some(protocol.to_owned()),
        protocol_version: (protocol == "HTTP").then(|| "HTTP1".to_owned()),
        port: Some(80),
        vpc_id: Some("vpc-0".to_owned()),
        target_type: "ip".to_owned(),
        ip_address_type: "ipv4".to_owned(),
        target_control_port: None,
        health_check: check,
        load_balancer_arns: BTreeSet::new(),
    }
}

#[test]
fn a_target_group_is_written_without_what_its_protocol_implies() {
    let check = HealthCheck {
        enabled: Some(true),
        protocol: Some("TCP".to_owned()),
        port: Some("traffic-port".to_owned()),
        interval_seconds: Some(30),
        timeout_seconds: Some(10),
        healthy_threshold_count: Some(5),
        unhealthy_threshold_count: Some(2),
        ..HealthCheck::default()
    };
    let attributes =
        [("stickiness.enabled", "false"), ("proxy_protocol_v2.enabled", "true"), ("preserve_client_ip.enabled", "false")];
    let attributes = attributes.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let view = TargetGroupView {
        target_group: group("TCP", check),
        tags: BTreeMap::new(),
        attributes: Some(BTreeMap::from(attributes)),
        health: None,
    };
    let imported = target_group(&view, "blue", &Options::default()).unwrap();
    assert_eq!(
        spec(&imported),
        json!({
            "name": "blue", "protocol": "TCP", "vpcId": "vpc-0", "targetType": "ip",
            "attributes": [
                {"key": "preserve_client_ip.enabled", "value": "false"}, {"key": "proxy_protocol_v2.enabled", "value": "true"},
            ],
            "managementPolicy": "Observe",
        })
    );
    let functions =
        TargetGroupView { target_group: TargetGroup { target_type: "lambda".to_owned(), ..view.target_group }, ..view };
    assert!(target_group(&functions, "blue", &Options::default()).unwrap_err().why.contains("lambda"));
}

fn https(certificate: &str) -> LoadBalancerListener {
    LoadBalancerListener {
        listener: Listener {
            arn: "arn:443".to_owned(),
            port: Some(443),
            protocol: Some("HTTPS".to_owned()),
            certificate_arn: Some(certificate.to_owned()),
            ssl_policy: Some("ELBSecurityPolicy-2016-08".to_owned()),
            default_actions: vec![Action::FixedResponse(FixedResponse {
                status_code: "404".to_owned(),
                content_type: Some("text/plain".to_owned()),
                message_body: None,
            })],
            ..Listener::default()
        },
        tags: BTreeMap::new(),
        certificates: Some(vec!["arn:other".to_owned(), certificate.to_owned()]),
    }
}

fn balancer(kind: &str, addresses: Vec<SubnetMapping>) -> LoadBalancer {
    LoadBalancer {
        arn: "arn".to_owned(),
        name: "edge".to_owned(),
        kind: kind.to_owned(),
        scheme: Some("internet-facing".to_owned()),
        zones: vec![Zone { subnet_id: "subnet-a".to_owned(), name: "a".to_owned(), addresses }],
        ip_address_type: Some("ipv4".to_owned()),
        ..LoadBalancer::default()
    }
}

#[test]
fn a_load_balancer_is_written_with_its_listeners_and_certificates() {
    let mut dressed = https("arn:cert");
    dressed.listener.port = Some(8443);
    dressed.listener.default_actions.push(Action::forward_to("arn:tg"));
    let attributes = BTreeMap::from([
        ("idle_timeout.timeout_seconds".to_owned(), "60".to_owned()),
        ("access_logs.s3.bucket".to_owned(), String::new()),
        ("routing.http2.enabled".to_owned(), "false".to_owned()),
    ]);
    let view = LoadBalancerView {
        load_balancer: balancer("application", Vec::new()),
        tags: BTreeMap::new(),
        attributes: Some(attributes),
        listeners: vec![https("arn:cert"), dressed],
    };
    let set = BTreeMap::from([("routing.http.response.server.enabled".to_owned(), "false".to_owned())]);
    let of_listeners = BTreeMap::from([("arn:443".to_owned(), set)]);
    let imported = load_balancer(&view, &of_listeners, "edge", &Options::default()).unwrap();
    assert_eq!(
        spec(&imported),
        json!({
            "name": "edge", "subnets": ["subnet-a"], "attributes": [{"key": "routing.http2.enabled", "value": "false"}],
            "listeners": [{
                "port": 443, "protocol": "HTTPS",
                "certificates": [{"certificateArn": "arn:cert"}, {"certificateArn": "arn:other"}],
            }],
            "managementPolicy": "Observe",
        })
    );
    assert!(imported.notes[0].starts_with("the listener on port 8443 is left out"), "{:?}", imported.notes);
    assert!(imported.notes[1].contains("routing.http.response.server.enabled"), "{:?}", imported.notes);
}

#[test]
fn addresses_that_were_chosen_are_written_as_mappings() {
    let address = SubnetMapping {
        subnet_id: "subnet-a".to_owned(),
        allocation_id: Some("eipalloc-1".to_owned()),
        ..SubnetMapping::default()
    };
    let view = LoadBalancerView {
        load_balancer: balancer("network", vec![address]),
        tags: BTreeMap::new(),
        attributes: None,
        listeners: Vec::new(),
    };
    let imported = load_balancer(&view, &BTreeMap::new(), "edge", &Options::default()).unwrap();
    assert_eq!(
        spec(&imported),
        json!({
            "name": "edge", "type": "network", "subnetMappings": [{"subnetId": "subnet-a", "allocationId": "eipalloc-1"}],
            "managementPolicy": "Observe",
        })
    );
    let gateway = LoadBalancerView { load_balancer: balancer("gateway", Vec::new()), ..view };
    assert!(load_balancer(&gateway, &BTreeMap::new(), "edge", &Options::default()).unwrap_err().why.contains("gateway"));
}
