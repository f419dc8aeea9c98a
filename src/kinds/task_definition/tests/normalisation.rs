//! Two forms of a task definition: what means the same and what does not, rule by rule of the notes on normalisation
//! (parts 1 and 2).
//!
//! Not here: 9, second half (keys pasted in `PascalCase`), which the schema refuses; 15 (INACTIVE is gone), which the calls
//! decide; 16 (a family without revision), which is the service's: see its tests.

#![expect(clippy::needless_pass_by_value, reason = "literals of JSON read best as they are")]

use crate::kinds::task_definition::canonical::{canonical, hash};
use serde_json::{Value, json};

fn same(a: &Value, b: &Value) -> bool {
    hash(&canonical(a)) == hash(&canonical(b))
}

fn assert_same(cases: &[(Value, Value)]) {
    for (a, b) in cases {
        assert!(same(a, b), "{a} is taken for different from {b}");
    }
}

fn assert_different(cases: &[(Value, Value)]) {
    for (a, b) in cases {
        assert!(!same(a, b), "{a} is taken for the same as {b}");
    }
}

/// A definition with one container of these members.
fn container(members: Value) -> Value {
    let mut container = json!({"name": "app", "image": "nginx:1"});
    container.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({"containerDefinitions": [container]})
}

fn in_mode(mode: &str, members: Value) -> Value {
    let mut definition = container(members);
    definition["networkMode"] = json!(mode);
    definition
}

fn containers(cases: &[(Value, Value)]) -> Vec<(Value, Value)> {
    cases.iter().map(|(a, b)| (container(a.clone()), container(b.clone()))).collect()
}

/// A pair that is equal in any order, and the same with one item less and with one item changed.
fn assert_set(list: &str, a: Value, b: Value, changed: Value) {
    assert_same(&containers(&[(json!({list: [a, b]}), json!({list: [b, a]}))]));
    assert_different(&containers(&[
        (json!({list: [a, b]}), json!({list: [a]})),
        (json!({list: [a, b]}), json!({list: [b, a, b]})),
        (json!({list: [a, b]}), json!({list: [a, changed]})),
    ]));
}

#[test]
fn the_order_of_containers_does_not_count() {
    let named = |names: &[&str]| json!({"containerDefinitions": names.iter().map(|name| json!({"name": name, "image": *name})).collect::<Value>()});
    assert_same(&[(named(&["app", "logger", "sidecar"]), named(&["logger", "sidecar", "app"]))]);
    assert_different(&[(named(&["app", "logger"]), named(&["app"])), (named(&["app"]), named(&["web"]))]);
}

#[test]
fn the_order_of_sets_does_not_count() {
    let item = |a: &str, b: &str| json!({"name": a, "value": b});
    assert_set("environment", item("A", "1"), item("B", "2"), item("B", "3"));
    let item = |a: &str, b: &str| json!({"name": a, "valueFrom": b});
    assert_set("secrets", item("A", "arn:1"), item("B", "arn:2"), item("B", "arn:3"));
    let port = |port: i32, host: i32| json!({"containerPort": port, "hostPort": host});
    assert_set("portMappings", port(80, 8080), port(80, 8081), port(80, 8082));
    let mount = |path: &str, volume: &str| json!({"containerPath": path, "sourceVolume": volume});
    assert_set("mountPoints", mount("/a", "data"), mount("/b", "data"), mount("/b", "other"));
    assert_set(
        "volumesFrom",
        json!({"sourceContainer": "a"}),
        json!({"sourceContainer": "b"}),
        json!({"sourceContainer": "b", "readOnly": true}),
    );
    assert_set("links", json!("a:a"), json!("b:b"), json!("b:c"));
    let limit = |name: &str, soft: i32| json!({"name": name, "softLimit": soft, "hardLimit": 9});
    assert_set("ulimits", limit("nofile", 1), limit("core", 1), limit("core", 2));
    assert_set(
        "systemControls",
        json!({"namespace": "a", "value": "1"}),
        json!({"namespace": "b", "value": "1"}),
        json!({"namespace": "b", "value": "2"}),
    );
    assert_set(
        "resourceRequirements",
        json!({"type": "GPU", "value": "1"}),
        json!({"type": "NeuronDevice", "value": "1"}),
        json!({"type": "NeuronDevice", "value": "2"}),
    );
    assert_set(
        "environmentFiles",
        json!({"type": "s3", "value": "a"}),
        json!({"type": "s3", "value": "b"}),
        json!({"type": "s3", "value": "c"}),
    );
    assert_set(
        "dependsOn",
        json!({"containerName": "a", "condition": "START"}),
        json!({"containerName": "b", "condition": "START"}),
        json!({"containerName": "b", "condition": "HEALTHY"}),
    );
}

#[test]
fn the_order_of_sequences_counts() {
    for list in ["command", "entryPoint", "dnsServers", "dnsSearchDomains", "dockerSecurityOptions"] {
        assert_different(&containers(&[(json!({list: ["a", "b"]}), json!({list: ["b", "a"]}))]));
    }
    assert_different(&containers(&[(
        json!({"healthCheck": {"command": ["CMD", "a", "b"]}}),
        json!({"healthCheck": {"command": ["CMD", "b", "a"]}}),
    )]));
}

#[test]
fn an_empty_list_is_none_but_an_empty_word_is_kept() {
    let lists = [
        "command",
        "credentialSpecs",
        "dependsOn",
        "dnsSearchDomains",
        "dnsServers",
        "dockerSecurityOptions",
        "entryPoint",
        "environment",
        "environmentFiles",
        "extraHosts",
        "links",
        "mountPoints",
        "portMappings",
        "resourceRequirements",
        "secrets",
        "systemControls",
        "ulimits",
        "volumesFrom",
    ];
    let all: serde_json::Map<String, Value> = lists.iter().map(|list| ((*list).to_owned(), json!([]))).collect();
    assert_same(&containers(&[
        (json!({}), Value::Object(all)),
        (
            json!({}),
            json!({"dockerLabels": {}, "linuxParameters": {"tmpfs": [], "devices": [], "capabilities": {"add": [], "drop": []}}}),
        ),
        (
            json!({"linuxParameters": {"initProcessEnabled": true}}),
            json!({"linuxParameters": {"initProcessEnabled": true, "tmpfs": [], "devices": []}}),
        ),
        (json!({"environment": [{"name": "A", "value": "1"}]}), json!({"environment": [{"name": "A", "value": "1"}, {}, null]})),
    ]));
    assert_different(&containers(&[
        (json!({"command": [""]}), json!({})),
        (json!({"environment": [{"name": "A", "value": ""}]}), json!({})),
        (json!({"linuxParameters": {"tmpfs": [{"containerPath": "/a", "size": 1}]}}), json!({})),
        (json!({"linuxParameters": {"initProcessEnabled": true}}), json!({})),
    ]));
}

#[test]
fn what_a_container_is_by_default_need_not_be_said() {
    assert_same(&containers(&[
        (json!({}), json!({"essential": true})),
        (json!({}), json!({"cpu": 0})),
        (
            json!({}),
            json!({"privileged": false, "interactive": false, "pseudoTerminal": false, "readonlyRootFilesystem": false, "disableNetworking": false}),
        ),
        (json!({"mountPoints": [{"containerPath": "/a"}]}), json!({"mountPoints": [{"containerPath": "/a", "readOnly": false}]})),
    ]));
    assert_different(&containers(&[
        (json!({}), json!({"essential": false})),
        (json!({}), json!({"cpu": 10})),
        (json!({}), json!({"privileged": true})),
        (json!({}), json!({"readonlyRootFilesystem": true})),
        (json!({}), json!({"memory": 0})),
        (json!({"image": "nginx:1"}), json!({"image": "nginx:2"})),
        (json!({"mountPoints": [{"containerPath": "/a"}]}), json!({"mountPoints": [{"containerPath": "/a", "readOnly": true}]})),
    ]));
}

#[test]
fn a_health_check_has_defaults_except_for_its_start() {
    let check = |more: Value| {
        let mut check = json!({"command": ["CMD-SHELL", "true"]});
        check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"healthCheck": check})
    };
    assert_same(&containers(&[(check(json!({})), check(json!({"interval": 30, "timeout": 5, "retries": 3})))]));
    assert_different(&containers(&[
        (check(json!({})), check(json!({"interval": 10}))),
        (check(json!({})), check(json!({"timeout": 6}))),
        (check(json!({})), check(json!({"retries": 2}))),
        (check(json!({})), check(json!({"startPeriod": 10}))),
        (check(json!({})), json!({})),
    ]));
}

#[test]
fn host_ports_follow_the_network_mode() {
    let port = |members: Value| {
        let mut port = json!({"containerPort": 80});
        port.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"portMappings": [port]})
    };
    let pair = |mode: &str, a: Value, b: Value| (in_mode(mode, port(a)), in_mode(mode, port(b)));
    assert_same(&[
        pair("awsvpc", json!({}), json!({"hostPort": 80, "protocol": "tcp"})),
        pair("awsvpc", json!({}), json!({"hostPort": 0})),
        pair("bridge", json!({}), json!({"hostPort": 0})),
        pair("host", json!({}), json!({"protocol": "tcp"})),
    ]);
    assert_different(&[
        pair("bridge", json!({}), json!({"hostPort": 80})),
        pair("awsvpc", json!({}), json!({"protocol": "udp"})),
        pair("awsvpc", json!({}), json!({"appProtocol": "http"})),
        pair("awsvpc", json!({}), json!({"name": "http"})),
        pair("bridge", json!({"hostPort": 81}), json!({"hostPort": 80})),
    ]);
}

#[test]
fn keys_of_labels_and_options_keep_their_case() {
    assert_different(&containers(&[
        (json!({"dockerLabels": {"Team": "a"}}), json!({"dockerLabels": {"team": "a"}})),
        (
            json!({"logConfiguration": {"logDriver": "x", "options": {"A": "1"}}}),
            json!({"logConfiguration": {"logDriver": "x", "options": {"a": "1"}}}),
        ),
    ]));
    assert_same(&containers(&[
        (json!({"dockerLabels": {"a": "1", "b": "2"}}), json!({"dockerLabels": {"b": "2", "a": "1"}})),
        (
            json!({"logConfiguration": {"logDriver": "x"}}),
            json!({"logConfiguration": {"logDriver": "x", "options": {}, "secretOptions": []}}),
        ),
        (
            json!({"logConfiguration": {"logDriver": "x", "secretOptions": [{"name": "a", "valueFrom": "1"}, {"name": "b", "valueFrom": "2"}]}}),
            json!({"logConfiguration": {"logDriver": "x", "secretOptions": [{"name": "b", "valueFrom": "2"}, {"name": "a", "valueFrom": "1"}]}}),
        ),
    ]));
}

#[test]
fn a_task_size_may_be_written_in_any_form() {
    let size = |cpu: &str, memory: &str| json!({"cpu": cpu, "memory": memory});
    assert_same(&[
        (size("256", "512"), size("0.25 vCPU", "0.5 GB")),
        (size("256", "512"), size(".25vcpu", ".5gb")),
        (size("1024", "2048"), size("1 vCPU", "2GB")),
        (size("4096", "30720"), size("4 VCPU", "30 gb")),
    ]);
    assert_different(&[
        (size("256", "512"), size("512", "512")),
        (size("256", "512"), size("256", "1024")),
        (size("1 vCPU", "2GB"), size("2 vCPU", "2GB")),
        (size("256", "512"), json!({"cpu": "256"})),
        (size("256", "512"), size("256 vCPU", "512")),
    ]);
}

#[test]
fn lists_of_the_task_are_sets() {
    for (list, a, b, other) in [
        ("requiresCompatibilities", json!("EC2"), json!("FARGATE"), json!("EXTERNAL")),
        ("volumes", json!({"name": "a"}), json!({"name": "b"}), json!({"name": "b", "host": {"sourcePath": "/x"}})),
        (
            "placementConstraints",
            json!({"type": "memberOf", "expression": "a"}),
            json!({"type": "memberOf", "expression": "b"}),
            json!({"type": "memberOf", "expression": "c"}),
        ),
        (
            "inferenceAccelerators",
            json!({"deviceName": "a", "deviceType": "x"}),
            json!({"deviceName": "b", "deviceType": "x"}),
            json!({"deviceName": "b", "deviceType": "y"}),
        ),
    ] {
        assert_same(&[(json!({list: [a, b]}), json!({list: [b, a]})), (json!({list: []}), json!({}))]);
        assert_different(&[(json!({list: [a, b]}), json!({list: [a]})), (json!({list: [a, b]}), json!({list: [a, other]}))]);
    }
}

fn volume(members: Value) -> Value {
    let mut volume = json!({"name": "data"});
    volume.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({"volumes": [volume]})
}

#[test]
fn volumes_have_defaults() {
    let docker = |members: Value| volume(json!({"dockerVolumeConfiguration": members}));
    let efs = |members: Value| {
        let mut efs = json!({"fileSystemId": "fs-1"});
        efs.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        volume(json!({"efsVolumeConfiguration": efs}))
    };
    assert_same(&[
        (volume(json!({})), volume(json!({"host": {}}))),
        (volume(json!({})), volume(json!({"configuredAtLaunch": false}))),
        (
            docker(json!({"labels": {"a": "1"}})),
            docker(json!({"labels": {"a": "1"}, "driver": "local", "scope": "task", "autoprovision": false, "driverOpts": {}})),
        ),
        (
            efs(json!({})),
            efs(
                json!({"rootDirectory": "/", "transitEncryption": "DISABLED", "transitEncryptionPort": 0, "authorizationConfig": {"iam": "DISABLED"}}),
            ),
        ),
        (efs(json!({})), efs(json!({"authorizationConfig": {}}))),
    ]);
    assert_different(&[
        (volume(json!({})), volume(json!({"host": {"sourcePath": "/x"}}))),
        (volume(json!({})), volume(json!({"configuredAtLaunch": true}))),
        (docker(json!({})), docker(json!({"scope": "shared"}))),
        (docker(json!({})), docker(json!({"driver": "rexray"}))),
        (docker(json!({"scope": "shared"})), docker(json!({"scope": "shared", "autoprovision": true}))),
        (efs(json!({})), efs(json!({"rootDirectory": "/a"}))),
        (efs(json!({})), efs(json!({"transitEncryption": "ENABLED"}))),
        (efs(json!({})), efs(json!({"authorizationConfig": {"iam": "ENABLED"}}))),
        (efs(json!({})), efs(json!({"authorizationConfig": {"accessPointId": "fsap-1"}}))),
    ]);
}

#[test]
fn a_docker_volume_of_defaults_is_not_a_host_volume() {
    assert_different(&[
        (volume(json!({"dockerVolumeConfiguration": {"scope": "task", "driver": "local"}})), volume(json!({}))),
        (volume(json!({"fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs-1"}})), volume(json!({}))),
    ]);
}

#[test]
fn what_the_task_is_by_default_need_not_be_said() {
    let proxy = |members: Value| {
        let mut proxy = json!({"containerName": "envoy"});
        proxy.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"proxyConfiguration": proxy})
    };
    let (a, b) = (json!({"name": "a", "value": "1"}), json!({"name": "b", "value": "2"}));
    assert_same(&[
        (json!({}), json!({"networkMode": "bridge"})),
        (json!({}), json!({"enableFaultInjection": false})),
        (json!({}), json!({"runtimePlatform": {}})),
        (json!({}), json!({"runtimePlatform": {"cpuArchitecture": "", "operatingSystemFamily": ""}})),
        (proxy(json!({})), proxy(json!({"type": "APPMESH"}))),
        (proxy(json!({"properties": [a, b]})), proxy(json!({"properties": [b, a]}))),
    ]);
    assert_different(&[
        (json!({}), json!({"networkMode": "host"})),
        (json!({}), json!({"enableFaultInjection": true})),
        (json!({}), json!({"runtimePlatform": {"cpuArchitecture": "ARM64"}})),
        (json!({}), json!({"pidMode": "task"})),
        (json!({}), json!({"ephemeralStorage": {"sizeInGiB": 21}})),
        (proxy(json!({})), json!({})),
        (proxy(json!({"properties": [a]})), proxy(json!({"properties": [b]}))),
    ]);
}

#[test]
fn what_only_aws_says_is_no_part_of_it() {
    let described = json!({
        "taskDefinitionArn": "arn", "family": "web", "revision": 7, "status": "ACTIVE", "registeredAt": 1.5, "registeredBy": "me",
        "requiresAttributes": [{"name": "x"}], "compatibilities": ["EC2"], "deregisteredAt": 2.0, "deleteRequestedAt": 3.0,
        "containerDefinitions": [{"name": "app", "image": "nginx:1"}],
    });
    assert_same(&[(container(json!({})), described.clone())]);
    assert_eq!(canonical(&canonical(&described)), canonical(&described), "canonical form of a canonical form");
}
