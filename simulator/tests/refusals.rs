//! What AWS refuses, with its error names and texts. Each row names the section of the ECS semantics it is from.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use serde_json::{Value, json};
use simulator::{Settings, Simulator};

fn simulator() -> Simulator {
    let simulator = Simulator::new(Settings { clusters: vec!["main".to_owned()], ..Settings::default() });
    simulator.call("RegisterTaskDefinition", fargate()).unwrap();
    simulator
        .call(
            "RegisterTaskDefinition",
            json!({"family": "ec2", "containerDefinitions": [{"name": "app", "image": "nginx", "memory": 64}]}),
        )
        .unwrap();
    simulator
}

fn fargate() -> Value {
    json!({
        "family": "web", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "nginx", "portMappings": [{"containerPort": 80}]}],
    })
}

fn service() -> Value {
    json!({
        "cluster": "main", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1, "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
    })
}

/// `base` with members replaced; null takes a member away.
fn with(mut base: Value, changes: &Value) -> Value {
    for (member, value) in changes.as_object().unwrap() {
        if value.is_null() {
            base.as_object_mut().unwrap().remove(member);
        } else {
            base[member] = value.clone();
        }
    }
    base
}

/// Asserts the code and a part of the text for each change of `base`.
fn refused(operation: &str, base: &Value, rows: &[(&str, Value, &str, &str)]) {
    for (rule, changes, code, text) in rows {
        let error = simulator().call(operation, with(base.clone(), changes)).expect_err(rule);
        assert_eq!(error.code, *code, "{rule}: {error}");
        assert!(error.message.contains(text), "{rule}: {error}");
        assert_eq!(error.status, 400, "{rule}");
    }
}

#[test]
fn a_task_definition_that_breaks_a_rule_is_refused() {
    let container = |changes: Value| json!({"containerDefinitions": [with(json!({"name": "app", "image": "nginx"}), &changes)]});
    let many: Vec<Value> = (0..11).map(|number| json!({"name": format!("c{number}"), "image": "nginx"})).collect();
    let client = "ClientException";
    refused(
        "RegisterTaskDefinition",
        &fargate(),
        &[
            ("§1.1 family", json!({"family": "a.b"}), client, "Family contains invalid characters."),
            ("§1.1 no family", json!({"family": null}), client, "Family"),
            ("§1.1 no container", json!({"containerDefinitions": []}), client, "Container list cannot be empty."),
            ("§1.1 ten containers", json!({"containerDefinitions": many}), client, "10"),
            (
                "§1.1 twice",
                json!({"containerDefinitions": [{"name": "a", "image": "x"}, {"name": "a", "image": "y"}]}),
                client,
                "unique",
            ),
            ("§1.1 essential", container(json!({"essential": false})), client, "essential"),
            ("§1.1 no image", container(json!({"image": null})), client, "Container.image"),
            ("§1.1 links", container(json!({"links": ["other"]})), client, "links"),
            ("§1.1 health", container(json!({"healthCheck": {"command": ["CMD", "x"], "interval": 4}})), client, "interval"),
            (
                "§1.1 capability",
                container(json!({"linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}}})),
                client,
                "SYS_PTRACE",
            ),
            ("§1.1 ports", container(json!({"portMappings": [{"containerPort": 80, "hostPort": 81}]})), client, "must match"),
            (
                "§1.1 volume",
                container(json!({"mountPoints": [{"sourceVolume": "x", "containerPath": "/x"}]})),
                client,
                "Unknown volume",
            ),
            ("§1.1 storage", json!({"ephemeralStorage": {"sizeInGiB": 20}}), client, "21"),
            ("§1.4 sizes", json!({"cpu": "256", "memory": "4096"}), client, "No Fargate configuration exists for given values"),
            ("§1.4 no size", json!({"cpu": null}), client, "Fargate requires"),
            ("§1.4 no number", json!({"cpu": "much"}), client, "Invalid 'cpu' setting for task"),
            ("§1.1 network mode", json!({"networkMode": "bridge"}), client, "awsvpc"),
            ("§0.3 no tags", json!({"tags": []}), client, "Tags can not be empty."),
            ("§6.2 64 KiB", container(json!({"environment": [{"name": "A", "value": "x".repeat(66_000)}]})), client, "65536"),
            ("§0 wrong type", json!({"family": 7}), "SerializationException", ""),
        ],
    );
}

#[test]
fn a_service_that_breaks_a_rule_is_refused() {
    let (invalid, client) = ("InvalidParameterException", "ClientException");
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-a"]}});
    refused(
        "CreateService",
        &service(),
        &[
            ("§0.2 no cluster", json!({"cluster": "none"}), "ClusterNotFoundException", "Cluster not found."),
            ("§2.1 default cluster", json!({"cluster": null}), "ClusterNotFoundException", "Cluster not found."),
            ("§0.2 definition", json!({"taskDefinition": "none"}), client, "TaskDefinition not found."),
            ("§2.1 no count", json!({"desiredCount": null}), invalid, "desired count"),
            ("§2.1 no network", json!({"networkConfiguration": null}), invalid, "must be provided when networkMode 'awsvpc'"),
            (
                "§2.1 network",
                json!({"taskDefinition": "ec2", "launchType": "EC2", "networkConfiguration": network}),
                invalid,
                "not valid for the given networkMode",
            ),
            ("§2.1 both", json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}]}), invalid, "both"),
            ("§2.5 compatible", json!({"taskDefinition": "ec2"}), invalid, "does not support launch_type FARGATE"),
            (
                "§2.5 associated",
                json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "mine", "weight": 1}]}),
                invalid,
                "not associated",
            ),
            ("§2.1 token", json!({"clientToken": "x".repeat(37)}), invalid, "36"),
            ("§2.1 reserved tags", json!({"tags": [{"key": "aws:x", "value": "y"}]}), invalid, "reserved"),
            (
                "§2.6 container",
                json!({"loadBalancers": [{"targetGroupArn": "a", "containerName": "b", "containerPort": 80}]}),
                invalid,
                "does not exist",
            ),
            (
                "§2.6 port",
                json!({"loadBalancers": [{"targetGroupArn": "a", "containerName": "app", "containerPort": 81}]}),
                invalid,
                "container port 81",
            ),
            ("§2.1 placement", json!({"placementStrategy": [{"type": "random"}]}), invalid, "Fargate"),
            ("§2.1 daemon", json!({"schedulingStrategy": "DAEMON", "desiredCount": null}), invalid, "Fargate"),
            ("§2.1 daemon count", json!({"schedulingStrategy": "DAEMON"}), invalid, "desired count"),
        ],
    );
}

fn created() -> Simulator {
    let simulator = simulator();
    simulator.call("CreateService", service()).unwrap();
    simulator
}

fn update(simulator: &Simulator, changes: &Value) -> Result<Value, String> {
    let input = with(json!({"cluster": "main", "service": "web"}), changes);
    simulator.call("UpdateService", input).map(|answer| answer["service"].clone()).map_err(|error| error.to_string())
}

fn deployments(service: &Value) -> usize {
    service["deployments"].as_array().unwrap().len()
}

#[test]
fn an_update_keeps_what_it_does_not_say() {
    let simulator = created();
    let before =
        simulator.call("DescribeServices", json!({"cluster": "main", "services": ["web"]})).unwrap()["services"][0].clone();
    let after = update(&simulator, &json!({"desiredCount": 3})).unwrap();
    assert_eq!(after["desiredCount"], 3);
    assert_eq!(deployments(&after), 1);
    for member in ["taskDefinition", "networkConfiguration", "deploymentConfiguration", "launchType", "propagateTags"] {
        assert_eq!(before[member], after[member], "{member}");
    }
}

#[test]
fn an_update_that_says_the_same_again_deploys_nothing() {
    let simulator = created();
    let same = json!({"taskDefinition": "web:1", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}, "platformVersion": "LATEST"});
    assert_eq!(deployments(&update(&simulator, &same).unwrap()), 1);
    let other = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-b"]}}});
    assert_eq!(deployments(&update(&simulator, &other).unwrap()), 2);
    assert_eq!(deployments(&update(&simulator, &json!({"forceNewDeployment": true})).unwrap()), 3);
}

#[test]
fn a_circuit_breaker_is_merged_into_the_deployment_configuration() {
    let simulator = created();
    let breaker = json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let seen = update(&simulator, &breaker).unwrap()["deploymentConfiguration"].clone();
    assert_eq!(seen["maximumPercent"], 200);
    assert_eq!(seen["deploymentCircuitBreaker"]["enable"], true);
    assert_eq!(seen["deploymentCircuitBreaker"]["resetOnHealthyTask"], true);
}

#[test]
fn members_that_update_does_not_know_are_ignored() {
    let simulator = created();
    let seen = update(&simulator, &json!({"launchType": "EC2", "desiredCont": 7, "tags": [{"key": "a", "value": "b"}]})).unwrap();
    assert_eq!(seen["launchType"], "FARGATE");
    assert_eq!(seen["desiredCount"], 1);
    assert_eq!(seen["tags"], json!([]));
}

#[test]
fn a_strategy_needs_force_and_only_goes_back_to_the_launch_type_of_the_creation() {
    let simulator = created();
    simulator
        .call(
            "PutClusterCapacityProviders",
            json!({"cluster": "main", "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": []}),
        )
        .unwrap();
    let spot = json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]});
    assert!(update(&simulator, &spot).unwrap_err().contains("you must force a new deployment"));
    let seen = update(&simulator, &with(spot, &json!({"forceNewDeployment": true}))).unwrap();
    assert!(seen.get("launchType").is_none());
    let back = update(&simulator, &json!({"capacityProviderStrategy": [], "forceNewDeployment": true})).unwrap();
    assert_eq!(back["launchType"], "FARGATE");
    assert!(back.get("capacityProviderStrategy").is_none());
}

#[test]
fn a_taken_name_is_given_back_only_for_the_same_token_and_parameters() {
    let simulator = simulator();
    let first = with(service(), &json!({"clientToken": "one"}));
    simulator.call("CreateService", first.clone()).unwrap();
    assert!(simulator.call("CreateService", first.clone()).is_ok());
    for other in [json!({"clientToken": "two"}), json!({"desiredCount": 2}), json!({"clientToken": null})] {
        let error = simulator.call("CreateService", with(first.clone(), &other)).unwrap_err();
        assert_eq!(error.message, "Creation of service was not idempotent.");
    }
}

#[test]
fn an_inactive_definition_serves_no_new_service_and_no_update() {
    let simulator = created();
    simulator.call("RegisterTaskDefinition", fargate()).unwrap();
    simulator.call("DeregisterTaskDefinition", json!({"taskDefinition": "web:2"})).unwrap();
    assert!(update(&simulator, &json!({"taskDefinition": "web:2"})).unwrap_err().contains("TaskDefinition is inactive"));
    let error =
        simulator.call("CreateService", with(service(), &json!({"serviceName": "b", "taskDefinition": "web:2"}))).unwrap_err();
    assert_eq!((error.code.as_str(), error.message.as_str()), ("ClientException", "TaskDefinition is inactive"));
    let latest = simulator.call("DescribeTaskDefinition", json!({"taskDefinition": "web"})).unwrap();
    assert_eq!(latest["taskDefinition"]["revision"], 1);
    simulator.call("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})).unwrap();
    let error = simulator.call("DescribeTaskDefinition", json!({"taskDefinition": "web"})).unwrap_err();
    assert_eq!(error.message, "Unable to describe task definition.");
    simulator.call("RegisterTaskDefinition", fargate()).unwrap();
    let latest = simulator.call("DescribeTaskDefinition", json!({"taskDefinition": "web"})).unwrap();
    assert_eq!(latest["taskDefinition"]["revision"], 3);
}

#[test]
fn defaults_are_filled_in_as_describe_shows_them() {
    let simulator = created();
    let seen = simulator.call("DescribeServices", json!({"cluster": "main", "services": ["web", "none"]})).unwrap();
    assert_eq!(seen["failures"][0]["reason"], "MISSING");
    let service = &seen["services"][0];
    assert!(service.get("tags").is_none());
    assert_eq!(service["availabilityZoneRebalancing"], "ENABLED");
    assert_eq!(service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"], "DISABLED");
    assert_eq!((&service["platformVersion"], &service["platformFamily"]), (&json!("LATEST"), &json!("Linux")));
    let definition =
        simulator.call("DescribeTaskDefinition", json!({"taskDefinition": "web"})).unwrap()["taskDefinition"].clone();
    let container = &definition["containerDefinitions"][0];
    assert_eq!((&container["cpu"], &container["essential"]), (&json!(0), &json!(true)));
    assert_eq!(container["portMappings"], json!([{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}]));
    assert_eq!(container["environment"], json!([]));
}

#[test]
fn a_role_that_may_not_be_passed_is_refused_in_the_words_of_iam() {
    let simulator = simulator();
    simulator.forbid_role("role/secret");
    let input = with(fargate(), &json!({"taskRoleArn": "arn:aws:iam::111122223333:role/secret"}));
    let error = simulator.call("RegisterTaskDefinition", input).unwrap_err();
    assert_eq!(error.code, "AccessDeniedException");
    assert!(
        error.message.contains("is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/secret")
    );
}

#[test]
fn a_cluster_says_what_is_in_the_way_of_its_deletion() {
    let simulator = created();
    let error = simulator.call("DeleteCluster", json!({"cluster": "main"})).unwrap_err();
    assert_eq!(error.code, "ClusterContainsServicesException");
}

#[test]
fn a_daemon_runs_one_task_on_each_instance() {
    let simulator = simulator();
    let daemon = json!({"cluster": "main", "serviceName": "agent", "taskDefinition": "ec2", "schedulingStrategy": "DAEMON", "launchType": "EC2"});
    simulator.call("CreateService", daemon).unwrap();
    for _ in 0..2 {
        simulator.call("RegisterContainerInstance", json!({"cluster": "main"})).unwrap();
    }
    simulator.advance(std::time::Duration::from_mins(2));
    let seen =
        simulator.call("DescribeServices", json!({"cluster": "main", "services": ["agent"]})).unwrap()["services"][0].clone();
    assert_eq!((&seen["desiredCount"], &seen["runningCount"]), (&json!(2), &json!(2)));
    assert_eq!(seen["deployments"][0]["rolloutState"], "COMPLETED");
}

#[test]
fn tasks_without_room_wait_for_an_instance() {
    let simulator = simulator();
    let service =
        json!({"cluster": "main", "serviceName": "web", "taskDefinition": "ec2", "desiredCount": 1, "launchType": "EC2"});
    simulator.call("CreateService", service).unwrap();
    simulator.advance(std::time::Duration::from_mins(1));
    let describe =
        || simulator.call("DescribeServices", json!({"cluster": "main", "services": ["web"]})).unwrap()["services"][0].clone();
    assert!(describe()["events"][0]["message"].as_str().unwrap().contains("no container instance met all of its requirements"));
    simulator.call("RegisterContainerInstance", json!({"cluster": "main"})).unwrap();
    simulator.advance(std::time::Duration::from_mins(1));
    assert_eq!(describe()["runningCount"], 1);
}

#[test]
fn what_belongs_to_a_deployment_is_not_shown_on_the_service() {
    let simulator = simulator();
    let connect = json!({"enabled": true, "namespace": "internal"});
    simulator.call("CreateService", with(service(), &json!({"serviceConnectConfiguration": connect}))).unwrap();
    let seen =
        simulator.call("DescribeServices", json!({"cluster": "main", "services": ["web"]})).unwrap()["services"][0].clone();
    assert!(seen.get("serviceConnectConfiguration").is_none());
    assert_eq!(seen["deployments"][0]["serviceConnectConfiguration"]["namespace"], "internal");
}

#[test]
fn placement_fields_come_back_in_upper_case() {
    let simulator = simulator();
    let changes = json!({
        "taskDefinition": "ec2", "launchType": "EC2", "networkConfiguration": null,
        "placementStrategy": [{"type": "binpack", "field": "memory"}],
    });
    let seen = simulator.call("CreateService", with(service(), &changes)).unwrap()["service"].clone();
    assert_eq!(seen["placementStrategy"][0]["field"], "MEMORY");
    assert_eq!(seen["availabilityZoneRebalancing"], "DISABLED");
}

#[test]
fn more_than_ten_services_at_once_are_refused() {
    let names: Vec<String> = (0..11).map(|number| format!("s{number}")).collect();
    let error = simulator().call("DescribeServices", json!({"cluster": "main", "services": names})).unwrap_err();
    assert_eq!(error.code, "InvalidParameterException");
}

#[test]
fn a_cluster_of_another_account_is_not_ours() {
    let input = json!({"cluster": "arn:aws:ecs:eu-central-1:444455556666:cluster/main", "services": ["web"]});
    let error = simulator().call("DescribeServices", input).unwrap_err();
    assert!(error.message.contains("444455556666"), "{error}");
}

#[test]
fn lists_come_back_in_another_order_but_whole() {
    let simulator = simulator();
    let environment: Vec<Value> = (0..20).map(|number| json!({"name": format!("V{number:02}"), "value": "x"})).collect();
    let input =
        with(fargate(), &json!({"containerDefinitions": [{"name": "app", "image": "nginx", "environment": environment}]}));
    let seen = simulator.call("RegisterTaskDefinition", input).unwrap()["taskDefinition"].clone();
    let mut read = seen["containerDefinitions"][0]["environment"].as_array().unwrap().clone();
    assert_ne!(read, environment);
    read.sort_by_key(|variable| variable["name"].to_string());
    assert_eq!(read, environment);
}
