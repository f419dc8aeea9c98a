//! Declaration against live service, continued: lists, network, Service Connect, volumes (rules 20 and 23 to 27).

#![expect(clippy::needless_pass_by_value, reason = "literals of JSON read best as they are")]

use super::normalisation::{assert_different, assert_same, differs};
use serde_json::{Value, json};

fn vpc(members: Value) -> Value {
    json!({"awsvpcConfiguration": members})
}

#[test]
fn subnets_and_security_groups_are_sets() {
    let live = vpc(json!({"subnets": ["b", "a"], "securityGroups": ["y", "x"], "assignPublicIp": "DISABLED"}));
    assert_same(&[
        ("networkConfiguration", vpc(json!({"subnets": ["a", "b"], "securityGroups": ["x", "y"]})), live.clone()),
        (
            "networkConfiguration",
            vpc(json!({"subnets": ["a"]})),
            vpc(json!({"subnets": ["a"], "securityGroups": [], "assignPublicIp": "DISABLED"})),
        ),
        ("networkConfiguration", vpc(json!({"subnets": ["a"], "assignPublicIp": "DISABLED"})), vpc(json!({"subnets": ["a"]}))),
    ]);
    assert_different(&[
        ("networkConfiguration", vpc(json!({"subnets": ["a"], "securityGroups": ["x", "y"]})), live.clone()),
        ("networkConfiguration", vpc(json!({"subnets": ["a", "b", "c"], "securityGroups": ["x", "y"]})), live.clone()),
        ("networkConfiguration", vpc(json!({"subnets": ["a", "b"], "securityGroups": ["x"]})), live.clone()),
        ("networkConfiguration", vpc(json!({"subnets": ["a", "b"], "assignPublicIp": "ENABLED"})), live),
        (
            "networkConfiguration",
            vpc(json!({"subnets": ["a"], "assignPublicIp": "DISABLED"})),
            vpc(json!({"subnets": ["a"], "assignPublicIp": "ENABLED"})),
        ),
    ]);
}

#[test]
fn the_order_of_load_balancers_and_strategies_does_not_count() {
    let a = json!({"targetGroupArn": "a", "containerName": "app", "containerPort": 80});
    let b = json!({"targetGroupArn": "b", "containerName": "app", "containerPort": 80});
    let other_port = json!({"targetGroupArn": "b", "containerName": "app", "containerPort": 81});
    let spot = json!({"capacityProvider": "FARGATE_SPOT", "weight": 3});
    let base = json!({"capacityProvider": "FARGATE", "base": 1});
    let full = json!([{"capacityProvider": "FARGATE", "base": 1, "weight": 0}, {"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 3}]);
    assert_same(&[
        ("loadBalancers", json!([a, b]), json!([b, a])),
        ("capacityProviderStrategy", json!([spot, base]), full.clone()),
    ]);
    assert_different(&[
        ("loadBalancers", json!([a, b]), json!([b])),
        ("loadBalancers", json!([a]), json!([b, a])),
        ("loadBalancers", json!([a, b]), json!([other_port, a])),
        ("capacityProviderStrategy", json!([{"capacityProvider": "FARGATE_SPOT", "weight": 2}, base]), full.clone()),
        ("capacityProviderStrategy", json!([spot]), full.clone()),
        ("capacityProviderStrategy", json!([spot, {"capacityProvider": "FARGATE"}]), full),
    ]);
}

#[test]
fn alarms_are_a_set() {
    let alarms = |names: &[&str]| json!({"alarms": {"alarmNames": names, "enable": true, "rollback": true}});
    assert_same(&[("deploymentConfiguration", alarms(&["a", "b"]), alarms(&["b", "a"]))]);
    assert_different(&[
        ("deploymentConfiguration", alarms(&["a"]), alarms(&["b", "a"])),
        ("deploymentConfiguration", alarms(&["a", "b"]), json!({})),
    ]);
}

#[test]
fn the_order_of_a_placement_strategy_counts_but_not_its_case() {
    let spread = json!({"type": "spread", "field": "attribute:ecs.availability-zone"});
    let pack = json!({"type": "binpack", "field": "memory"});
    assert_same(&[
        ("placementStrategy", json!([spread, pack]), json!([spread, {"type": "binpack", "field": "MEMORY"}])),
        ("placementStrategy", json!([{"type": "spread", "field": "host"}]), json!([{"type": "spread", "field": "instanceId"}])),
        ("placementStrategy", json!([{"type": "random"}]), json!([{"type": "random", "field": ""}])),
        ("placementConstraints", json!([{"type": "distinctInstance"}]), json!([{"type": "distinctInstance", "expression": ""}])),
    ]);
    assert_different(&[
        ("placementStrategy", json!([spread, pack]), json!([pack, spread])),
        ("placementStrategy", json!([pack]), json!([{"type": "binpack", "field": "CPU"}])),
        (
            "placementConstraints",
            json!([{"type": "memberOf", "expression": "a"}]),
            json!([{"type": "memberOf", "expression": "b"}]),
        ),
    ]);
    let (one, two) = (json!({"type": "distinctInstance"}), json!({"type": "memberOf", "expression": "a"}));
    assert!(!differs("placementConstraints", json!([one, two]), json!([two, one])), "constraints are a set");
}

#[test]
fn service_connect_is_compared_without_what_ecs_computes() {
    let declared = json!({"enabled": true, "namespace": "internal", "services": [
        {"portName": "http", "clientAliases": [{"port": 80}]}, {"portName": "admin"},
    ]});
    let arn = "arn:aws:servicediscovery:eu-central-1:111122223333:namespace/ns-1";
    let live = json!({"enabled": true, "namespace": arn, "services": [
        {"portName": "admin", "discoveryName": "admin", "ingressPortOverride": 0},
        {"portName": "http", "discoveryName": "http", "clientAliases": [{"port": 80, "dnsName": "http.internal"}]},
    ], "logConfiguration": {"logDriver": "awslogs", "options": {}}});
    assert_same(&[
        ("serviceConnectConfiguration", declared.clone(), live.clone()),
        ("serviceConnectConfiguration", json!({"enabled": true, "namespace": arn}), json!({"enabled": true, "namespace": arn})),
        ("serviceConnectConfiguration", json!({"enabled": false}), json!(null)),
    ]);
    let other = |pointer: &str, value: Value| {
        let mut other = declared.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        ("serviceConnectConfiguration", other, live.clone())
    };
    assert_different(&[
        other("/services/0/clientAliases/0/port", json!(81)),
        other("/services/1/portName", json!("grpc")),
        other("/services", json!([{"portName": "http"}])),
        other("/namespace", json!("arn:aws:servicediscovery:eu-central-1:111122223333:namespace/ns-2")),
        ("serviceConnectConfiguration", json!({"enabled": true}), json!(null)),
    ]);
}

#[test]
fn volumes_are_compared_by_name_and_with_their_defaults() {
    let volume = |more: Value| {
        let mut ebs = json!({"roleArn": "r", "sizeInGiB": 10});
        ebs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([{"name": "data", "managedEBSVolume": ebs}])
    };
    let live = volume(json!({"encrypted": true, "filesystemType": "xfs", "volumeType": "gp3"}));
    assert_same(&[
        ("volumeConfigurations", volume(json!({})), live.clone()),
        ("volumeConfigurations", live.clone(), volume(json!({}))),
        ("volumeConfigurations", json!([{"name": "data"}]), json!(null)),
    ]);
    assert_different(&[
        ("volumeConfigurations", volume(json!({"sizeInGiB": 20})), live.clone()),
        ("volumeConfigurations", volume(json!({"encrypted": false})), live.clone()),
        ("volumeConfigurations", volume(json!({"filesystemType": "ext4"})), live),
        ("volumeConfigurations", volume(json!({})), json!(null)),
    ]);
}

#[test]
fn lattice_targets_are_a_set_by_port() {
    let (a, b) = (
        json!({"roleArn": "r", "targetGroupArn": "a", "portName": "a"}),
        json!({"roleArn": "r", "targetGroupArn": "b", "portName": "b"}),
    );
    assert_same(&[("vpcLatticeConfigurations", json!([a, b]), json!([b, a]))]);
    assert_different(&[
        ("vpcLatticeConfigurations", json!([a]), json!([b])),
        ("vpcLatticeConfigurations", json!([a]), json!(null)),
    ]);
}
