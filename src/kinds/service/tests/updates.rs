//! What is sent by `UpdateService`, `TagResource` and `UntagResource`.

use super::declared::{Declared, arn_of, service};
use super::world::in_force;
use super::{forced, refusal, steps, update};
use crate::engine::Plan;
use crate::kinds::service::Step;
use serde_json::{Value, json};

/// What is sent when a service is declared otherwise than before.
fn edit(before: Declared, after: Declared) -> Value {
    let mut world = in_force(before);
    world.declared = after;
    update(world.plan())
}

fn force_and_deploys(before: Declared, after: Declared) -> (bool, bool) {
    let mut world = in_force(before);
    world.declared = after;
    match steps(world.plan()).as_slice() {
        [Step::Update { force, deploys, .. }] => (*force, *deploys),
        other => panic!("{other:?}"),
    }
}

#[test]
fn many_changes_are_one_update_with_only_what_changed() {
    let before = service("web").count(1).network(&["a"]);
    let after = service("web").count(3).runs("web:2").network(&["a"]).breaker();
    assert_eq!(
        edit(before, after),
        json!({
            "taskDefinition": arn_of("web:2"), "desiredCount": 3,
            "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}},
        })
    );
}

#[test]
fn count_is_left_alone_when_the_declaration_leaves_it_unset() {
    let mut world = in_force(service("web"));
    assert_eq!(world.live().desired, 1);
    world.live().fields["desiredCount"] = json!(40);
    assert_eq!(world.plan(), Plan::InSync);
    let mut world = in_force(service("web").count(4));
    world.declared = service("web");
    assert_eq!(world.plan(), Plan::InSync, "handing the count to an autoscaler changes nothing");
    world.declared = service("web").runs("web:2");
    assert_eq!(update(world.plan()), json!({"taskDefinition": arn_of("web:2")}));
}

#[test]
fn the_count_of_a_daemon_is_never_sent() {
    let mut world = in_force(service("web").daemon());
    world.live().fields["desiredCount"] = json!(40);
    assert_eq!(world.plan(), Plan::InSync);
    assert!(service("web").daemon().count(3).present().declared["desiredCount"].is_null());
}

#[test]
fn a_field_that_leaves_the_declaration_is_set_to_its_default_once() {
    let filled = || {
        service("web")
            .with("healthCheckGracePeriodSeconds", json!(60))
            .with("enableExecuteCommand", json!(true))
            .with("enableECSManagedTags", json!(true))
            .with("propagateTags", json!("SERVICE"))
            .with("placementStrategy", json!([{"type": "random"}]))
            .with("placementConstraints", json!([{"type": "distinctInstance"}]))
            .with("platformVersion", json!("1.4.0"))
            .with("loadBalancers", json!([{"targetGroupArn": "a", "containerName": "app", "containerPort": 80}]))
            .with("serviceConnectConfiguration", json!({"enabled": true}))
    };
    let mut world = in_force(filled());
    world.declared = service("web");
    assert_eq!(
        update(world.plan()),
        json!({
            "healthCheckGracePeriodSeconds": 0, "enableExecuteCommand": false, "enableECSManagedTags": false,
            "propagateTags": "NONE", "placementStrategy": [], "placementConstraints": [], "platformVersion": "LATEST",
            "loadBalancers": [], "serviceConnectConfiguration": {"enabled": false},
        })
    );
    world.settle();
    world.live().fields["enableExecuteCommand"] = json!(true);
    assert_eq!(world.plan(), Plan::InSync, "from now on it is somebody else's");
}

#[test]
fn parts_of_the_deployment_configuration_are_set_back_one_by_one() {
    let parts = json!({
        "maximumPercent": 150, "minimumHealthyPercent": 50, "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5,
        "deploymentCircuitBreaker": {"enable": true, "rollback": true},
        "alarms": {"alarmNames": ["errors"], "enable": true, "rollback": true},
    });
    let sent = edit(
        service("web").with("deploymentConfiguration", parts),
        service("web").with("deploymentConfiguration", json!({"maximumPercent": 150})),
    );
    assert_eq!(
        sent,
        json!({"deploymentConfiguration": {
            "minimumHealthyPercent": 100, "strategy": "ROLLING", "bakeTimeInMinutes": 0,
            "deploymentCircuitBreaker": {"enable": false, "rollback": false},
            "alarms": {"alarmNames": [], "enable": false, "rollback": false},
        }})
    );
}

#[test]
fn a_setting_that_leaves_a_nested_declaration_is_noticed() {
    let vpc = |more: Value| {
        let mut vpc = json!({"subnets": ["a"]});
        vpc.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        service("web").with("networkConfiguration", json!({"awsvpcConfiguration": vpc}))
    };
    let bare = json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["a"]}}});
    assert_eq!(edit(vpc(json!({"assignPublicIp": "ENABLED"})), vpc(json!({}))), bare);
    assert_eq!(edit(vpc(json!({"securityGroups": ["x"]})), vpc(json!({}))), bare);
    let balanced = |more: Value| {
        let mut target = json!({"targetGroupArn": "a", "containerName": "app", "containerPort": 80});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        service("web").with("loadBalancers", json!([target]))
    };
    let advanced =
        json!({"advancedConfiguration": {"alternateTargetGroupArn": "b", "productionListenerRule": "r", "roleArn": "x"}});
    assert_eq!(edit(balanced(advanced), balanced(json!({})))["loadBalancers"][0]["advancedConfiguration"], json!(null));
    let connect = |options: Value| {
        service("web").with(
            "serviceConnectConfiguration",
            json!({"enabled": true, "logConfiguration": {"logDriver": "awslogs", "options": options}}),
        )
    };
    let sent = edit(connect(json!({"mode": "blocking", "awslogs-group": "g"})), connect(json!({"awslogs-group": "g"})));
    assert_eq!(sent["serviceConnectConfiguration"]["logConfiguration"]["options"], json!({"awslogs-group": "g"}));
    let breaker = |more: Value| {
        let mut breaker = json!({"enable": true, "rollback": true});
        breaker.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        service("web").with("deploymentConfiguration", json!({"deploymentCircuitBreaker": breaker}))
    };
    let sent = edit(breaker(json!({"thresholdConfiguration": {"type": "COUNT", "value": 5}})), breaker(json!({})));
    assert_eq!(sent, json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}}));
}

#[test]
fn a_platform_version_is_unpinned_by_saying_latest() {
    let pinned = service("web").with("platformVersion", json!("1.4.0"));
    let mut world = in_force(pinned);
    world.declared = service("web").with("platformVersion", json!("LATEST"));
    assert_eq!(update(world.plan()), json!({"platformVersion": "LATEST"}));
    world.settle();
    world.live().fields["platformVersion"] = json!("1.5.0");
    assert_eq!(world.plan(), Plan::InSync, "what LATEST came to");
}

#[test]
fn what_latest_came_to_is_left_alone_by_later_edits() {
    let latest = || service("web").with("platformVersion", json!("LATEST"));
    let mut world = in_force(service("web").with("platformVersion", json!("1.3.0")));
    world.declared = latest();
    world.settle();
    world.live().fields["platformVersion"] = json!("1.4.0");
    world.declared = latest().count(2);
    assert_eq!(update(world.plan()), json!({"desiredCount": 2}), "LATEST was said already");
    world.settle();
    world.live().fields["platformVersion"] = json!("1.4.0");
    world.declared = service("web").count(2);
    assert_eq!(world.pass(), Plan::InSync, "unset means LATEST");
}

#[test]
fn leaving_out_a_nested_default_sends_nothing() {
    let mut world = in_force(
        service("web")
            .with("networkConfiguration", json!({"awsvpcConfiguration": {"subnets": ["a"], "assignPublicIp": "DISABLED"}})),
    );
    world.declared = service("web").network(&["a"]);
    assert_eq!(world.plan(), Plan::InSync);
}

#[test]
fn what_no_description_shows_is_sent_when_it_changes() {
    let monitored = |period: i32| {
        service("web").with(
            "monitoring",
            json!({"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": period}]}),
        )
    };
    let mut world = in_force(monitored(60));
    assert_eq!(world.plan(), Plan::InSync);
    world.declared = monitored(20);
    assert_eq!(update(world.plan())["monitoring"]["metricConfigurations"][0]["resolutionSeconds"], json!(20));
    world.settle();
    assert_eq!(world.plan(), Plan::InSync);
}

#[test]
fn a_change_of_the_capacity_provider_forces_a_deployment() {
    let on =
        |provider: &str| service("web").with("capacityProviderStrategy", json!([{"capacityProvider": provider, "weight": 1}]));
    assert_eq!(force_and_deploys(on("FARGATE"), on("FARGATE_SPOT")), (true, true));
    let fargate = service("web").with("launchType", json!("FARGATE"));
    assert_eq!(force_and_deploys(fargate.clone(), on("FARGATE_SPOT")), (true, true));
    assert_eq!(force_and_deploys(service("web").count(1), service("web").count(2)), (false, false));
    assert_eq!(force_and_deploys(service("web"), service("web").runs("web:2")), (false, true));
    let mut world = in_force(fargate.clone());
    world.declared = on("FARGATE_SPOT");
    world.settle();
    world.declared = fargate.clone().with("capacityProviderStrategy", json!([]));
    assert_eq!(update(world.plan()), json!({"capacityProviderStrategy": []}));
    // Server-side apply drops an empty list, so that taking the strategy out has to do as well.
    world.declared = fargate;
    assert_eq!(update(world.plan()), json!({"capacityProviderStrategy": []}));
}

#[test]
fn what_ecs_cannot_change_is_refused_with_a_sentence() {
    let mut world = in_force(service("web").with("launchType", json!("FARGATE")));
    world.declared = service("web").with("launchType", json!("EC2"));
    assert!(refusal(world.plan()).message().contains("launchType FARGATE"));
    world.declared = service("web").with("launchType", json!("FARGATE")).daemon();
    let stop = refusal(world.plan());
    assert_eq!((stop.reason(), stop.is_waiting()), ("Immutable", false));
    assert!(stop.message().contains("schedulingStrategy REPLICA"));
}

#[test]
fn a_restart_is_asked_for_once_per_value() {
    let mut world = in_force(service("web"));
    world.declared = service("web").annotated("restarted-at", "monday");
    assert_eq!(forced(world.plan()), json!({}));
    world.settle();
    assert_eq!(world.plan(), Plan::InSync);
    world.declared = service("web").annotated("restarted-at", "tuesday").count(5);
    assert_eq!(forced(world.plan()), json!({"desiredCount": 5}));
    world.settle();
    world.declared = service("web");
    assert_eq!(world.plan(), Plan::InSync, "taking the annotation off restarts nothing");
}

#[test]
fn a_service_made_with_the_annotation_is_not_restarted() {
    let world = in_force(service("web").annotated("restarted-at", "monday"));
    assert_eq!(world.plan(), Plan::InSync);
}

#[test]
fn tags_are_set_and_removed_and_those_of_others_stay() {
    let mut world = in_force(service("web").tagged("team", "shop").tagged("stage", "test"));
    world.live().tags.insert("cost".to_owned(), "42".to_owned());
    world.declared = service("web").tagged("team", "ops").tagged("new", "x");
    world.settle();
    let tags = world.live().tags.clone();
    let shown: Vec<(&str, &str)> = tags
        .iter()
        .filter(|(key, _)| !key.starts_with("ecs-operator.io/"))
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(shown, [("cost", "42"), ("new", "x"), ("team", "ops")]);
    assert!(world.sent.iter().all(|step| !matches!(step, Step::Update { .. })), "UpdateService takes no tags");
    world.declared = service("web");
    world.settle();
    assert_eq!(world.live().tags.get("cost").unwrap(), "42");
    assert!(!world.live().tags.contains_key("team"));
}

#[test]
fn other_controllers_get_only_what_they_take() {
    let swapped =
        |controller: &str| service("web").with("deploymentController", json!({"type": controller})).network(&["a"]).count(1);
    for controller in ["CODE_DEPLOY", "EXTERNAL"] {
        let mut world = in_force(swapped(controller));
        world.declared = swapped(controller).runs("web:2").network(&["b"]).with("platformVersion", json!("1.4.0"));
        assert_eq!(world.plan(), Plan::InSync, "{controller}");
        world.declared = swapped(controller).runs("web:2").count(2).with("propagateTags", json!("SERVICE"));
        assert_eq!(update(world.plan()), json!({"desiredCount": 2, "propagateTags": "SERVICE"}), "{controller}");
    }
}

#[test]
fn the_controller_that_the_service_has_counts_where_none_is_declared() {
    let mut world = in_force(service("web"));
    world.live().fields["deploymentController"] = json!({"type": "CODE_DEPLOY"});
    world.declared = service("web").runs("web:2");
    assert_eq!(world.plan(), Plan::InSync);
    world.declared = service("web").runs("web:2").with("deploymentController", json!({"type": "ECS"}));
    assert_eq!(update(world.plan())["deploymentController"], json!({"type": "ECS"}));
}
