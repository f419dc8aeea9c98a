use super::{EXCLUDED, EcsService};
use kube::CustomResourceExt;
use kube::core::cel::Validator;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Generated once: it takes longer than to check an object against it.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let crd = serde_json::to_value(EcsService::crd()).unwrap();
    crd.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap().clone()
});

/// What the user reads when this is applied, over `old` if there is one; `None` if it is accepted.
fn complaints(new: &EcsService, old: Option<&EcsService>) -> Option<String> {
    let [new, old] = [Some(new), old].map(|object| object.map(|object| serde_json::to_value(object).unwrap()));
    Validator::new().validate(&SCHEMA, &new.unwrap(), old.as_ref()).err().map(|errors| errors.to_string())
}

/// A service on Fargate with its task definition inside.
fn web() -> Value {
    json!({
        "cluster": "demo",
        "launchType": "FARGATE",
        "desiredCount": 2,
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}},
        "taskDefinitionTemplate": {
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": "app", "image": "nginx", "portMappings": [{"name": "http", "containerPort": 80}]}],
        },
    })
}

/// A service on instances that names its task definition.
fn on_instances() -> Value {
    json!({"cluster": "demo", "launchType": "EC2", "taskDefinition": "web:7"})
}

/// `spec` with the members of `edit` put in; null takes a member out (RFC 7396).
fn edited(spec: Value, edit: Value) -> Value {
    let Value::Object(edit) = edit else { return edit };
    let mut object = match spec {
        Value::Object(object) => object,
        _ => serde_json::Map::new(),
    };
    for (name, value) in edit {
        if value.is_null() {
            object.remove(&name);
        } else {
            let before = object.remove(&name).unwrap_or(Value::Null);
            object.insert(name, edited(before, value));
        }
    }
    Value::Object(object)
}

fn named(name: &str, spec: Value) -> EcsService {
    EcsService::new(name, serde_json::from_value(spec).unwrap())
}

fn object(spec: Value) -> EcsService {
    named("web", spec)
}

/// Checks that each edit is refused, with a sentence that contains the text beside it.
fn each_is_refused(base: fn() -> Value, table: Vec<(Value, &str)>) {
    for (edit, sentence) in table {
        let spec = edited(base(), edit.clone());
        match complaints(&object(spec), None) {
            None => panic!("accepted: {edit}"),
            Some(said) => assert!(said.contains(sentence), "{edit}: {said}"),
        }
    }
}

fn each_is_accepted(base: fn() -> Value, edits: Vec<Value>) {
    for edit in edits {
        if let Some(said) = complaints(&object(edited(base(), edit.clone())), None) {
            panic!("refused: {edit}: {said}");
        }
    }
}

/// What the user reads when `after` is applied over `before`; `None` if the change is accepted.
fn refusal(before: Value, after: Value) -> Option<String> {
    complaints(&object(after), Some(&object(before)))
}

#[test]
fn plain_services_are_accepted() {
    each_is_accepted(
        web,
        vec![
            json!({}),
            json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 3}, {"capacityProvider": "FARGATE", "base": 1, "weight": 1}]}),
            json!({"capacityProviderStrategy": []}),
            json!({"deploymentConfiguration": {"maximumPercent": 150, "minimumHealthyPercent": 50}}),
            json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}}),
            json!({"deploymentConfiguration": {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 12.5}}}),
            json!({"loadBalancers": [{"targetGroupArn": "arn:aws:x", "containerName": "app", "containerPort": 80}]}),
            json!({"tags": [{"key": "team", "value": "shop"}]}),
            json!({"availabilityZoneRebalancing": "ENABLED"}),
            json!({"revisionHistoryLimit": 3}),
        ],
    );
    each_is_accepted(
        on_instances,
        vec![
            json!({}),
            json!({"schedulingStrategy": "DAEMON"}),
            json!({"schedulingStrategy": "DAEMON", "deploymentConfiguration": {"minimumHealthyPercent": 50}}),
            json!({"launchType": null, "taskDefinition": null, "deploymentController": {"type": "EXTERNAL"}}),
            json!({"placementStrategy": [{"type": "spread", "field": "attribute:ecs.availability-zone"}, {"type": "random"}], "availabilityZoneRebalancing": "ENABLED"}),
            json!({"role": "ecs-lb", "loadBalancers": []}),
            json!({"role": "ecs-lb", "loadBalancers": [{"loadBalancerName": "old", "containerName": "app", "containerPort": 80}]}),
        ],
    );
}

#[test]
fn exactly_one_task_definition_is_asked_for() {
    let one = "exactly one of taskDefinition";
    each_is_refused(
        web,
        vec![
            (json!({"taskDefinitionTemplate": null}), one),
            (json!({"taskDefinition": "web:7"}), one),
            (json!({"taskDefinitionRef": {"name": "web"}}), one),
            (
                json!({"taskDefinitionTemplate": null, "taskDefinition": "web:7", "revisionHistoryLimit": 3}),
                "revisionHistoryLimit goes with",
            ),
            (json!({"deploymentController": {"type": "EXTERNAL"}}), "belong to task sets"),
        ],
    );
}

#[test]
fn template_and_service_must_agree() {
    each_is_refused(
        web,
        vec![
            (json!({"networkConfiguration": null}), "has networkMode awsvpc: set networkConfiguration"),
            (json!({"networkConfiguration": {"awsvpcConfiguration": null}}), "has networkMode awsvpc: set networkConfiguration"),
            (json!({"launchType": null, "taskDefinitionTemplate": {"networkMode": "bridge"}}), "needs networkMode awsvpc"),
            (json!({"launchType": null, "taskDefinitionTemplate": {"networkMode": null}}), "needs networkMode awsvpc"),
            (json!({"launchType": "EC2"}), "must be listed in requiresCompatibilities"),
            (
                json!({"loadBalancers": [{"targetGroupArn": "arn:aws:x", "containerName": "ap", "containerPort": 80}]}),
                "must be a container of taskDefinitionTemplate",
            ),
            (
                json!({"volumeConfigurations": [{"name": "data", "managedEBSVolume": {"roleArn": "arn:aws:x", "sizeInGiB": 10}}]}),
                "must be a volume of taskDefinitionTemplate",
            ),
            (
                json!({"taskDefinitionTemplate": {"volumes": [{"name": "data", "configuredAtLaunch": true}]}}),
                "describe it in volumeConfigurations",
            ),
        ],
    );
}

#[test]
fn capacity_that_ecs_would_refuse_is_refused() {
    let fargate = || json!({"capacityProvider": "FARGATE"});
    each_is_refused(
        web,
        vec![
            (json!({"capacityProviderStrategy": [fargate()]}), "not both"),
            (json!({"launchType": "MANAGED_INSTANCES"}), "through capacityProviderStrategy only"),
            (
                json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "base": 1}]}),
                "only one item",
            ),
            (
                json!({"launchType": null, "capacityProviderStrategy": [fargate(), {"capacityProvider": "FARGATE_SPOT", "weight": 0}]}),
                "needs a weight above 0",
            ),
            (
                json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}, {"capacityProvider": "own"}]}),
                "cannot mix",
            ),
            (json!({"placementConstraints": [{"type": "distinctInstance"}]}), "Fargate has no instances"),
            (json!({"schedulingStrategy": "DAEMON", "desiredCount": null}), "cannot run on Fargate"),
        ],
    );
    let needs_subnets = "Fargate needs networkConfiguration";
    each_is_refused(
        on_instances,
        vec![
            (json!({"launchType": "FARGATE"}), needs_subnets),
            (
                json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}),
                needs_subnets,
            ),
            (json!({"platformVersion": "1.4.0"}), "platformVersion is for Fargate"),
            (
                json!({"launchType": "EXTERNAL", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-a"]}}}),
                "launchType EXTERNAL has no",
            ),
            (json!({"placementConstraints": [{"type": "memberOf"}]}), "needs an expression"),
            (json!({"placementConstraints": [{"type": "distinctInstance", "expression": "x"}]}), "takes none"),
            (json!({"placementStrategy": [{"type": "random", "field": "cpu"}]}), "random takes none"),
            (json!({"placementStrategy": [{"type": "spread"}]}), "need a field"),
            (json!({"placementStrategy": [{"type": "binpack", "field": "disk"}]}), "cpu or memory"),
        ],
    );
}

#[test]
fn daemon_takes_no_count_and_no_choice_of_instances() {
    each_is_refused(
        || edited(on_instances(), json!({"schedulingStrategy": "DAEMON"})),
        vec![
            (json!({"desiredCount": 1}), "remove desiredCount"),
            (json!({"placementStrategy": [{"type": "random"}]}), "remove placementStrategy"),
            (json!({"volumeConfigurations": [{"name": "data"}]}), "cannot have volumeConfigurations"),
            (json!({"availabilityZoneRebalancing": "ENABLED"}), "does not go with DAEMON"),
            (json!({"deploymentController": {"type": "CODE_DEPLOY"}}), "a DAEMON needs deploymentController ECS"),
        ],
    );
}

#[test]
fn zone_rebalancing_is_refused_where_ecs_cannot_do_it() {
    let classic = json!([{"loadBalancerName": "old", "containerName": "app", "containerPort": 80}]);
    each_is_refused(
        || edited(on_instances(), json!({"availabilityZoneRebalancing": "ENABLED"})),
        vec![
            (json!({"launchType": "EXTERNAL"}), "nor launchType EXTERNAL"),
            (json!({"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 0}}), "maximumPercent above 100"),
            (json!({"loadBalancers": classic}), "does not go with a Classic"),
            (
                json!({"placementConstraints": [{"type": "memberOf", "expression": "attribute:ecs.availability-zone == a"}]}),
                "constraint on ecs.availability-zone",
            ),
            (json!({"placementStrategy": [{"type": "spread", "field": "instanceId"}]}), "as first placementStrategy"),
        ],
    );
}

#[test]
fn rollout_that_cannot_work_is_refused() {
    each_is_refused(
        web,
        vec![
            (json!({"deploymentConfiguration": {"maximumPercent": 100}}), "else no task can be replaced"),
            (
                json!({"deploymentConfiguration": {"maximumPercent": 120, "minimumHealthyPercent": 120}}),
                "else no task can be replaced",
            ),
            (json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}), "needs bakeTimeInMinutes"),
            (json!({"deploymentConfiguration": {"linearConfiguration": {}}}), "needs strategy LINEAR"),
            (json!({"deploymentConfiguration": {"strategy": "LINEAR", "canaryConfiguration": {}}}), "needs strategy CANARY"),
            (json!({"deploymentConfiguration": {"earlySuccessCriteria": {"enable": true}}}), "needs healthyPercent and"),
            (
                json!({"deploymentConfiguration": {"strategy": "CANARY", "earlySuccessCriteria": {"enable": true, "healthyPercent": 90, "sourceServiceRevisionCleanup": "DEFERRED"}}}),
                "strategy ROLLING only",
            ),
            (
                json!({"deploymentConfiguration": {"minimumHealthyPercent": 80, "earlySuccessCriteria": {"enable": true, "healthyPercent": 70, "sourceServiceRevisionCleanup": "BLOCKING"}}}),
                "must not be below",
            ),
            (
                json!({"deploymentConfiguration": {"alarms": {"enable": true, "rollback": true, "alarmNames": []}}}),
                "at least one name",
            ),
            (
                json!({"deploymentConfiguration": {"lifecycleHooks": [{"lifecycleStages": ["PRE_SCALE_UP"]}]}}),
                "needs hookTargetArn and roleArn",
            ),
            (
                json!({"deploymentConfiguration": {"lifecycleHooks": [{"targetType": "PAUSE", "roleArn": "arn:aws:x", "lifecycleStages": ["PRE_SCALE_UP"]}]}}),
                "takes neither",
            ),
            (
                json!({"deploymentConfiguration": {"lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["TEST_TRAFFIC_SHIFT"]}]}}),
                "a PAUSE hook cannot stand",
            ),
        ],
    );
}

#[test]
fn other_controllers_refuse_what_only_ecs_can_do() {
    let balancer = || json!({"targetGroupArn": "arn:aws:x", "containerName": "app", "containerPort": 80});
    each_is_refused(
        || edited(web(), json!({"deploymentController": {"type": "CODE_DEPLOY"}})),
        vec![
            (json!({}), "CODE_DEPLOY needs one load balancer"),
            (json!({"loadBalancers": [balancer(), balancer()]}), "more than one load balancer needs"),
            (json!({"deploymentConfiguration": {"strategy": "CANARY"}}), "need deploymentController ECS"),
            (
                json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}}),
                "need deploymentController ECS",
            ),
            (json!({"serviceConnectConfiguration": {"enabled": true}}), "Service Connect and VPC Lattice need"),
        ],
    );
}

#[test]
fn traffic_that_leads_nowhere_is_refused() {
    each_is_refused(
        web,
        vec![
            (json!({"loadBalancers": [{"containerName": "app", "containerPort": 80}]}), "exactly one of targetGroupArn"),
            (
                json!({"loadBalancers": [{"loadBalancerName": "old", "containerName": "app", "containerPort": 80}]}),
                "does not go with awsvpc",
            ),
            (
                json!({"loadBalancers": [{"loadBalancerName": "old", "containerName": "app", "containerPort": 80, "advancedConfiguration": {}}]}),
                "advancedConfiguration needs a target group",
            ),
            (json!({"role": "ecs-lb"}), "role goes with one load balancer"),
            (
                json!({"serviceRegistries": [{"registryArn": "arn:aws:x", "containerName": "app"}]}),
                "containerName and containerPort together",
            ),
            (
                json!({"serviceRegistries": [{"registryArn": "arn:aws:x", "port": 1, "containerName": "app", "containerPort": 80}]}),
                "either port or",
            ),
            (
                json!({"serviceConnectConfiguration": {"enabled": true, "accessLogConfiguration": {"format": "TEXT"}}}),
                "needs logConfiguration beside it",
            ),
        ],
    );
}

#[test]
fn volume_needs_a_size_and_settings_of_its_type() {
    fn with_volume() -> Value {
        let edit = json!({
            "taskDefinitionTemplate": {"volumes": [{"name": "data", "configuredAtLaunch": true}]},
            "volumeConfigurations": [{"name": "data", "managedEBSVolume": {"roleArn": "arn:aws:x", "sizeInGiB": 10}}],
        });
        edited(web(), edit)
    }
    let volume = |settings: Value| json!({"volumeConfigurations": [{"name": "data", "managedEBSVolume": edited(json!({"roleArn": "arn:aws:x"}), settings)}]});
    each_is_accepted(with_volume, vec![json!({}), volume(json!({"snapshotId": "snap-1", "volumeInitializationRate": 100}))]);
    each_is_refused(
        with_volume,
        vec![
            (volume(json!({})), "needs sizeInGiB or snapshotId"),
            (volume(json!({"sizeInGiB": 10, "volumeInitializationRate": 100})), "needs snapshotId"),
            (volume(json!({"sizeInGiB": 10, "volumeType": "io2"})), "need iops"),
            (volume(json!({"sizeInGiB": 10, "volumeType": "gp2", "throughput": 125})), "gp3 only"),
        ],
    );
}

#[test]
fn reserved_tag_keys_are_refused() {
    let reserved = "are reserved";
    each_is_refused(
        web,
        vec![
            (json!({"tags": [{"key": "AWS:x"}]}), reserved),
            (json!({"tags": [{"key": "ecs-operator.io/owner", "value": "me"}]}), reserved),
        ],
    );
}

#[test]
fn what_ecs_cannot_change_is_refused_also_when_a_field_comes_or_goes() {
    let balanced = || {
        edited(
            on_instances(),
            json!({"loadBalancers": [{"targetGroupArn": "arn:aws:x", "containerName": "app", "containerPort": 80}]}),
        )
    };
    let with_role = || edited(balanced(), json!({"role": "ecs-lb"}));
    let code_deploy = || edited(balanced(), json!({"deploymentController": {"type": "CODE_DEPLOY"}}));
    let table = [
        (web(), edited(web(), json!({"cluster": "other"})), "cluster cannot be changed"),
        (on_instances(), edited(on_instances(), json!({"schedulingStrategy": "DAEMON"})), "schedulingStrategy cannot be changed"),
        (balanced(), with_role(), "role cannot be changed"),
        (with_role(), balanced(), "role cannot be changed"),
        (with_role(), edited(with_role(), json!({"role": "other"})), "role cannot be changed"),
        (balanced(), code_deploy(), "cannot be changed to CODE_DEPLOY"),
        (web(), edited(web(), json!({"serviceName": "other"})), "serviceName cannot be changed"),
        (edited(web(), json!({"serviceName": "other"})), web(), "serviceName cannot be changed"),
    ];
    for (before, after, sentence) in table {
        let refusal = refusal(before, after).unwrap_or_else(|| panic!("accepted, though {sentence}"));
        assert!(refusal.contains(sentence), "{sentence}: {refusal}");
    }
}

#[test]
fn default_written_out_is_no_change() {
    let written = edited(
        on_instances(),
        json!({"schedulingStrategy": "REPLICA", "serviceName": "web", "deploymentController": {"type": "ECS"}}),
    );
    assert_eq!(refusal(on_instances(), written.clone()), None);
    assert_eq!(refusal(written, on_instances()), None);
}

#[test]
fn launch_type_gives_way_to_a_strategy_and_comes_back_with_an_empty_one_or_none() {
    let strategy = || json!({"launchType": null, "capacityProviderStrategy": [{"capacityProvider": "own", "weight": 1}]});
    let on_strategy = || edited(on_instances(), strategy());
    let back = || edited(on_instances(), json!({"capacityProviderStrategy": []}));
    assert_eq!(refusal(on_instances(), on_strategy()), None);
    assert_eq!(refusal(on_strategy(), back()), None);
    assert_eq!(refusal(back(), on_instances()), None);
    assert_eq!(refusal(on_strategy(), on_instances()), None);

    let refused = "launchType cannot be changed";
    let without = edited(on_instances(), json!({"launchType": null}));
    assert!(refusal(on_instances(), without.clone()).unwrap().contains(refused));
    assert!(refusal(without, on_instances()).unwrap().contains(refused));
    let external = edited(on_instances(), json!({"launchType": "EXTERNAL"}));
    assert!(refusal(on_instances(), external).unwrap().contains(refused));
}

#[test]
fn controller_changes_that_ecs_allows_are_accepted() {
    let balanced = || {
        edited(
            on_instances(),
            json!({"loadBalancers": [{"targetGroupArn": "arn:aws:x", "containerName": "app", "containerPort": 80}]}),
        )
    };
    let code_deploy = edited(balanced(), json!({"deploymentController": {"type": "CODE_DEPLOY"}}));
    let external = json!({"cluster": "demo", "deploymentController": {"type": "EXTERNAL"}});
    assert_eq!(refusal(code_deploy, balanced()), None);
    assert_eq!(refusal(on_instances(), external.clone()), None);
    assert_eq!(refusal(external, on_instances()), None);
}

#[test]
fn names_with_dots_need_names_for_ecs() {
    let refused = |spec: Value| complaints(&named("web.v2", spec), None).unwrap();
    let named_service = edited(web(), json!({"serviceName": "web-v2"}));
    assert!(refused(web()).contains("no dots in a service's name"));
    assert!(refused(named_service.clone()).contains("no dots in a family"));
    let named_family = edited(named_service, json!({"taskDefinitionTemplate": {"family": "web"}}));
    assert_eq!(complaints(&named("web.v2", named_family), None), None);
}

#[test]
fn family_of_the_template_cannot_be_changed() {
    let family = |name: &str| edited(web(), json!({"taskDefinitionTemplate": {"family": name}}));
    assert_eq!(refusal(web(), family("web")), None);
    assert!(refusal(web(), family("other")).unwrap().contains("family of taskDefinitionTemplate cannot be changed"));
    assert!(refusal(family("other"), web()).unwrap().contains("family of taskDefinitionTemplate cannot be changed"));
}

#[test]
fn empty_lists_and_unknown_words_survive() {
    let spec = json!({
        "cluster": "demo", "launchType": "LUNAR", "loadBalancers": [], "placementStrategy": [], "enableECSManagedTags": true,
        "deploymentConfiguration": {"lifecycleHooks": [{"lifecycleStages": ["LATER"], "hookDetails": {"a": [1, null, "x"]}}]},
    });
    let object = object(spec.clone());
    assert_eq!(serde_json::to_value(&object.spec).unwrap(), spec);
}

#[test]
fn rules_are_spelled_out() {
    let spec = SCHEMA.pointer("/properties/spec").unwrap();
    let rules = spec["x-kubernetes-validations"].as_array().unwrap();
    assert!(rules.len() > 30);
    for rule in rules {
        assert!(!rule["rule"].as_str().unwrap().contains('$'), "{rule}");
    }
    assert!(spec.pointer("/properties/tags/x-kubernetes-validations").is_some());
}

#[test]
fn excluded_members_are_no_fields() {
    let fields = SCHEMA.pointer("/properties/spec/properties").unwrap();
    for (member, _) in EXCLUDED {
        assert!(fields.get(member).is_none(), "{member} is a field and excluded");
    }
}

/// An entry of `expose` behind a listener of an application load balancer.
fn exposure(name: &str) -> Value {
    json!({"name": name, "port": "http", "listener": {"ref": {"name": "shared"}, "port": 443}, "match": {"paths": ["/*"]}})
}

#[test]
fn what_is_exposed_goes_with_the_rest_of_the_service() {
    let by_container = edited(exposure("web"), json!({"port": null, "containerName": "app", "containerPort": 80}));
    each_is_accepted(
        web,
        vec![
            json!({"expose": []}),
            json!({"expose": [exposure("web"), by_container]}),
            json!({"expose": [exposure("web")], "healthCheckGracePeriodSeconds": 60, "deploymentController": {"type": "ECS"}}),
            json!({"expose": [exposure("web")], "deploymentConfiguration": {"strategy": "ROLLING"}}),
        ],
    );
    each_is_accepted(on_instances, vec![json!({"expose": [exposure("web")]})]);
}

#[test]
fn what_is_exposed_in_a_way_that_cannot_work_is_refused() {
    let five = || ["a", "b", "c", "d", "e"].map(exposure);
    let balancer = json!({"targetGroupArn": "arn:aws:x", "containerName": "app", "containerPort": 80});
    each_is_refused(
        web,
        vec![
            (json!({"expose": five(), "loadBalancers": [balancer]}), "together have more than 5 entries"),
            (
                json!({"expose": [exposure("web")], "deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}}),
                "expose needs deploymentController ECS",
            ),
            (json!({"expose": [edited(exposure("web"), json!({"port": "grpc"}))]}), "must be the name of one of portMappings"),
            (
                json!({"expose": [edited(exposure("web"), json!({"port": null, "containerName": "side", "containerPort": 80}))]}),
                "each containerName in expose must be a container",
            ),
        ],
    );
    each_is_refused(
        on_instances,
        vec![
            (
                json!({"expose": [exposure("web")], "deploymentController": {"type": "CODE_DEPLOY"}}),
                "expose needs deploymentController ECS",
            ),
            (json!({"expose": [exposure("web")], "launchType": "EXTERNAL"}), "launchType EXTERNAL has no load balancers"),
            (json!({"expose": [exposure("web")], "role": "ecs-lb"}), "role does not go with expose"),
        ],
    );
}

#[test]
fn names_of_what_is_made_for_an_exposure_must_fit() {
    let spec = |entry: &str| edited(on_instances(), json!({"serviceName": "web", "expose": [exposure(entry)]}));
    let long = "a".repeat(249);
    assert_eq!(complaints(&named(&long, spec("web")), None), None);
    assert!(complaints(&named(&long, spec("webs")), None).unwrap().contains("longer than 252 characters"));
}
