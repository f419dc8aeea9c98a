//! What a service exposes: the objects that it keeps for it, what it is attached to, and what it says.

use super::declared::{Declared, registered, service};
use super::world::{World, in_force, world};
use super::{refusal, steps, update, waiting};
use crate::api::{EcsListenerRule, EcsTargetGroup};
use crate::engine::{Plan, Stop};
use crate::kinds::service::Step;
use crate::kinds::service::child::Child;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shared/1/2";

fn group(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/{name}/1")
}

/// A service whose container `app` has a port named `http`, and that exposes it under a host.
fn exposed() -> Declared {
    let mut definition = serde_json::to_value(registered("web-1", "web:1", "awsvpc")).unwrap();
    definition["spec"]["containerDefinitions"][0]["portMappings"] = json!([{"name": "http", "containerPort": 8080}]);
    let definition = serde_json::from_value(definition).unwrap();
    service("web").refers_to(definition).network(&["subnet-a"]).exposing(json!([entry("site")]))
}

fn entry(name: &str) -> Value {
    json!({"name": name, "port": "http", "listener": {"arn": LISTENER}, "match": {"hosts": [format!("{name}.example.com")]}})
}

impl Declared {
    fn exposing(self, entries: Value) -> Self {
        self.with("expose", entries)
    }

    /// What the caches have of an entry: a target group that is there, with so many healthy targets, and a rule that
    /// forwards to it.
    fn with_children(mut self, entry: &str, healthy: i32) -> Self {
        self.put_target_group(target_group(entry, &json!({"arn": group(entry), "serving": true, "healthy": healthy})));
        self.put_rule(rule(entry, &[(&group(entry), 1)]));
        self
    }

    fn put_target_group(&mut self, found: EcsTargetGroup) {
        self.refs.balancing.target_groups.insert(found.metadata.name.clone().unwrap(), found);
    }

    fn put_rule(&mut self, found: EcsListenerRule) {
        self.refs.balancing.rules.insert(found.metadata.name.clone().unwrap(), found);
    }

    /// What the service would keep in Kubernetes, as if it had just been applied.
    fn applied(&self) -> Vec<Child> {
        let mut without = self.clone();
        without.refs.balancing = super::super::exposure::Refs::default();
        without.present().exposures.apply
    }

    fn spec_of(&self, kind: &str, entry: &str) -> Value {
        let name = format!("web-{entry}");
        let found = self.applied().into_iter().find_map(|child| match child {
            Child::TargetGroup(it) if kind == "EcsTargetGroup" && it.metadata.name.as_ref() == Some(&name) => {
                Some(serde_json::to_value(it.spec).unwrap())
            }
            Child::Rule(it) if kind == "EcsListenerRule" && it.metadata.name.as_ref() == Some(&name) => {
                Some(serde_json::to_value(it.spec).unwrap())
            }
            _ => None,
        });
        found.unwrap_or_else(|| json!({"listener": {"arn": LISTENER}, "match": {}, "action": {}}))
    }
}

fn child(kind: &str, entry: &str, status: &Value) -> Value {
    let ready = json!({"type": "Ready", "status": "True", "reason": "InSync", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let mut status = status.clone();
    status["observedGeneration"] = json!(1);
    if status["conditions"].is_null() {
        status["conditions"] = json!([ready]);
    }
    json!({
        "apiVersion": "ecs-operator.io/v1alpha1", "kind": kind,
        "metadata": {"name": format!("web-{entry}"), "namespace": "shop", "uid": format!("uid-of-{kind}-{entry}"), "generation": 1,
            "ownerReferences": [{"apiVersion": "v1", "kind": "EcsService", "name": "web", "uid": "uid-of-web", "controller": true}]},
        "spec": exposed().exposing(json!([self::entry(entry)])).spec_of(kind, entry),
        "status": status,
    })
}

fn target_group(entry: &str, status: &Value) -> EcsTargetGroup {
    serde_json::from_value(child("EcsTargetGroup", entry, status)).unwrap()
}

fn rule(entry: &str, forwards: &[(&str, i32)]) -> EcsListenerRule {
    let forwards: Vec<Value> = forwards.iter().map(|(arn, weight)| json!({"arn": arn, "weight": weight})).collect();
    let url = format!("http://{entry}.example.com/");
    serde_json::from_value(child("EcsListenerRule", entry, &json!({"targetGroups": forwards, "url": url}))).unwrap()
}

fn attached(world: &World) -> Vec<String> {
    let live = world.live.as_ref().unwrap().fields["loadBalancers"].as_array().cloned().unwrap_or_default();
    live.iter().map(|it| it["targetGroupArn"].as_str().unwrap().to_owned()).collect()
}

fn exposed_in_force() -> World {
    in_force(exposed().with_children("site", 1))
}

#[test]
fn target_group_and_rule_are_applied_before_anything_is_asked_of_aws() {
    let applied = steps(world(exposed()).plan());
    let [Step::ApplyChild(Child::TargetGroup(group)), Step::ApplyChild(Child::Rule(rule))] = applied.as_slice() else {
        panic!("{applied:?}")
    };
    assert_eq!(group.metadata.name.as_deref(), Some("web-site"));
    assert_eq!(serde_json::to_value(&group.spec).unwrap(), json!({"targetType": "ip", "listener": {"arn": LISTENER}}));
    let spec = serde_json::to_value(&rule.spec).unwrap();
    assert_eq!(spec["forward"], json!([{"targetGroupRef": {"name": "web-site"}}]));
    assert_eq!(spec["match"], json!({"hosts": ["site.example.com"]}));
}

#[test]
fn the_port_is_found_in_the_template_before_its_task_definition_is_there() {
    let template = json!({"networkMode": "awsvpc", "containerDefinitions": [
        {"name": "app", "image": "nginx", "portMappings": [{"name": "http", "containerPort": 8080}]}]});
    let mut declared = exposed().without("taskDefinitionRef").with("taskDefinitionTemplate", template);
    (declared.refs.task_definition, declared.refs.network_mode) = (None, None);
    let entry = &declared.present().exposures.entries[0];
    assert_eq!((entry.container.as_str(), entry.port), ("app", 8080));
    assert!(matches!(steps(world(declared).plan()).as_slice(), [Step::ApplyChild(Child::TaskDefinition(_)), ..]));
}

#[test]
fn tasks_on_a_bridge_are_registered_by_instance() {
    let mut declared = exposed().without("networkConfiguration");
    declared.refs.network_mode = Some("bridge".to_owned());
    declared.refs.task_definition.as_mut().unwrap().spec.task_definition.network_mode = None;
    let applied = declared.applied();
    let Child::TargetGroup(group) = &applied[0] else { panic!("{applied:?}") };
    assert_eq!(group.spec.target_type.as_ref().unwrap().as_str(), "instance");
}

#[test]
fn a_service_is_made_once_its_rule_forwards_to_its_target_group() {
    let mut declared = exposed();
    declared.put_target_group(target_group("site", &json!({"arn": group("site")})));
    declared.put_rule(rule("site", &[]));
    let stop = refusal(world(declared.clone()).plan());
    assert!(stop.is_waiting(), "{stop:?}");
    declared.put_rule(rule("site", &[(&group("site"), 1)]));
    let mut world = world(declared);
    assert_eq!(world.pass(), Plan::Do(vec![Step::Create]));
    let sent = world.live.as_ref().unwrap().fields["loadBalancers"].clone();
    assert_eq!(sent, json!([{"targetGroupArn": group("site"), "containerName": "app", "containerPort": 8080}]));
}

#[test]
fn a_target_group_that_exists_is_attached_without_anything_being_made() {
    let entry = json!({"name": "legacy", "containerName": "app", "containerPort": 8080, "targetGroup": {"arn": group("theirs")}});
    let mut world = world(exposed().exposing(json!([entry])));
    assert_eq!(world.pass(), Plan::Do(vec![Step::Create]));
    assert_eq!(attached(&world), [group("theirs")]);
}

#[test]
fn a_service_is_ready_once_a_target_is_healthy_and_says_where_it_is() {
    let mut world = exposed_in_force();
    assert_eq!(world.condition("Ready"), Some(true), "{:?}", world.ready());
    let said = &world.status.exposures[0];
    assert_eq!((said.url.as_deref(), said.ready, said.healthy), (Some("http://site.example.com/"), true, Some(1)));
    assert_eq!(world.status.exposed.as_deref(), Some("1/1"));

    let sick = json!({"arn": group("site"), "serving": true, "healthy": 0, "unhealthy": 2, "targets": [
        {"state": "unhealthy", "reason": "Target.Timeout", "description": "Request timed out", "count": 2, "hint": "open port 8080"}]});
    world.declared.put_target_group(target_group("site", &sick));
    assert_eq!(world.pass(), Plan::InSync);
    let (reason, message) = world.ready();
    assert_eq!((reason.as_str(), world.condition("Ready")), ("NoHealthyTargets", Some(false)));
    assert!(message.contains("Target.Timeout") && message.contains("open port 8080"), "{message}");
}

#[test]
fn a_rule_that_is_stuck_is_told_by_the_service_and_keeps_no_other_entry_back() {
    let two = json!([entry("site"), entry("api")]);
    let mut world = in_force(exposed().exposing(two).with_children("site", 1).with_children("api", 1));
    let conditions = json!([
        {"type": "Ready", "status": "False", "reason": "Conflict", "message": "shop/older has this match", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        {"type": "Stalled", "status": "True", "reason": "Conflict", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"},
    ]);
    let stuck = child("EcsListenerRule", "api", &json!({"conditions": conditions}));
    world.declared.put_rule(serde_json::from_value(stuck).unwrap());
    assert_eq!(world.pass(), Plan::InSync, "what was attached stays attached");
    let (reason, message) = world.ready();
    assert_eq!((reason.as_str(), world.condition("Stalled")), ("ExposureFailed", Some(true)));
    assert!(message.contains("entry api") && message.contains("shop/older has this match"), "{message}");
    assert_eq!(world.status.exposed.as_deref(), Some("1/2"));
}

#[test]
fn what_is_attached_stays_so_while_its_objects_are_made_anew() {
    let mut world = exposed_in_force();
    world.declared.refs.balancing = super::super::exposure::Refs::default();
    assert!(matches!(steps(world.pass())[0], Step::ApplyChild(_)));
    world.declared.put_target_group(target_group("site", &json!({})));
    world.declared.put_rule(rule("site", &[]));
    assert_eq!(world.pass(), Plan::InSync);
    assert_eq!(attached(&world), [group("site")]);
}

#[test]
fn a_replaced_target_group_is_detached_only_when_requests_go_to_the_new_one() {
    let mut world = exposed_in_force();
    let both = |serving: bool| json!({"arn": group("new"), "previous": [{"arn": group("site"), "name": "old"}], "serving": serving, "healthy": 1});
    world.declared.put_target_group(target_group("site", &both(false)));
    assert_eq!(world.pass(), Plan::InSync, "nothing forwards to the new one yet");
    world.declared.put_rule(rule("site", &[(&group("site"), 1), (&group("new"), 0)]));
    world.settle();
    assert_eq!(attached(&world), [group("new"), group("site")]);
    world.declared.put_target_group(target_group("site", &both(true)));
    assert_eq!(world.pass(), Plan::InSync, "the rule still names the old one");
    world.declared.put_rule(rule("site", &[(&group("new"), 1)]));
    world.settle();
    assert_eq!(attached(&world), [group("new")]);
}

#[test]
fn an_entry_that_is_taken_out_loses_its_rule_then_its_attachment_then_its_target_group() {
    let two = json!([entry("site"), entry("api")]);
    let mut world = in_force(exposed().exposing(two).with_children("site", 1).with_children("api", 1));
    world.declared = world.declared.exposing(json!([entry("site")]));
    assert!(
        matches!(steps(world.plan()).as_slice(), [Step::RemoveChild(Child::Rule(rule))] if rule.metadata.name.as_deref() == Some("web-api"))
    );
    let going = Some(Time("2026-01-01T00:00:00Z".parse().unwrap()));
    world.declared.refs.balancing.rules.get_mut("web-api").unwrap().metadata.deletion_timestamp = going;
    assert_eq!(waiting(world.plan()), "EcsListenerRule web-api is being deleted");
    world.declared.refs.balancing.rules.remove("web-api");
    assert_eq!(update(world.pass())["loadBalancers"].as_array().unwrap().len(), 1);
    world.complete();
    assert!(
        matches!(steps(world.plan()).as_slice(), [Step::RemoveChild(Child::TargetGroup(group))] if group.metadata.name.as_deref() == Some("web-api"))
    );
}

#[test]
fn the_last_entry_that_is_taken_out_detaches_the_service() {
    let mut world = exposed_in_force();
    world.declared = world.declared.without("expose");
    world.declared.refs.balancing.rules.clear();
    assert_eq!(update(world.pass()), json!({"loadBalancers": []}));
}

#[test]
fn a_deleted_service_drains_then_its_rules_go_then_its_target_groups() {
    let mut world = exposed_in_force();
    world.declared = world.declared.deleted();
    assert_eq!(world.pass(), Plan::Do(vec![Step::Delete]));
    assert!(matches!(world.plan(), Plan::Wait(_)), "the rule stays while tasks drain");
    world.live().status = crate::aws::ServiceState::Inactive;
    assert!(matches!(steps(world.plan()).as_slice(), [Step::RemoveChild(Child::Rule(_))]));
    world.declared.refs.balancing.rules.clear();
    assert!(matches!(steps(world.plan()).as_slice(), [Step::RemoveChild(Child::TargetGroup(_))]));
    world.declared.refs.balancing.target_groups.clear();
    assert_eq!(world.plan(), Plan::Gone);
}

#[test]
fn an_object_of_that_name_that_somebody_else_made_is_left_alone() {
    let mut declared = exposed();
    let mut theirs = target_group("site", &json!({"arn": group("theirs")}));
    theirs.metadata.owner_references = None;
    declared.put_target_group(theirs);
    let stop = refusal(world(declared).plan());
    assert_eq!(stop.reason(), "Conflict");
    assert!(stop.message().contains("EcsTargetGroup web-site was not made by this service"), "{}", stop.message());
}

#[test]
fn a_port_that_the_task_definition_does_not_have_leaves_the_service_as_it_is() {
    let mut world = exposed_in_force();
    world.declared = world.declared.exposing(json!([{"name": "site", "port": "grpc", "listener": {"arn": LISTENER}}]));
    let stop = refusal(world.pass());
    assert_eq!(stop.reason(), "PortNotFound");
    assert!(stop.message().contains("no port mapping of the task definition is named grpc"), "{}", stop.message());
    let by_number = json!([{"name": "site", "containerName": "app", "containerPort": 9000, "listener": {"arn": LISTENER}}]);
    world.declared = world.declared.exposing(by_number);
    assert!(refusal(world.pass()).message().contains("container app with a port mapping of 9000"));
    assert_eq!(attached(&world), [group("site")]);
}

#[test]
fn a_target_group_that_cannot_take_the_tasks_is_refused_in_so_many_words() {
    let mut declared =
        exposed().exposing(json!([{"name": "site", "port": "http", "targetGroup": {"ref": {"name": "web-site"}}}]));
    let mut by_instance = target_group("site", &json!({"arn": group("theirs")}));
    by_instance.spec.target_type = None;
    declared.refs.balancing.referred.insert("site".to_owned(), Ok(by_instance));
    let stop = refusal(world(declared).plan());
    assert_eq!(stop.reason(), "TargetTypeMismatch");
    assert!(
        stop.message().contains("EcsTargetGroup web-site has targetType instance and the tasks' network mode needs ip"),
        "{}",
        stop.message()
    );
}

/// A service whose tasks are registered in a target group of another namespace.
fn registered_elsewhere(found: Result<EcsTargetGroup, Stop>) -> Declared {
    let entry = json!({"name": "site", "port": "http", "targetGroup": {"ref": {"name": "theirs", "namespace": "team"}}});
    let mut declared = exposed().exposing(json!([entry]));
    declared.refs.balancing.referred.insert("site".to_owned(), found);
    declared
}

#[test]
fn tasks_are_registered_in_a_target_group_of_another_namespace_while_that_grants_it() {
    let mut theirs = target_group("site", &json!({"arn": group("theirs"), "healthy": 1}));
    theirs.spec.target_type = Some(crate::api::target_group::TargetType::Ip);
    let refused = || Err(Stop::invalid("ReferenceNotGranted", "namespace team does not grant it"));
    let stop = refusal(world(registered_elsewhere(refused())).plan());
    assert_eq!(stop.reason(), "ReferenceNotGranted");
    assert!(stop.message().contains("expose entry site: namespace team does not grant it"), "{}", stop.message());

    let mut world = in_force(registered_elsewhere(Ok(theirs)));
    assert_eq!((attached(&world), world.condition("Ready")), (vec![group("theirs")], Some(true)));
    world.declared = registered_elsewhere(refused());
    assert_eq!(world.pass(), Plan::InSync, "what runs goes on running");
    assert_eq!((attached(&world), world.ready().0.as_str()), (vec![group("theirs")], "ReferenceNotGranted"));
}

#[test]
fn a_task_definition_that_is_not_granted_is_neither_run_nor_looked_into() {
    let mut world = exposed_in_force();
    world.declared.refs.task_definition = None;
    world.declared.refs.network_mode = None;
    world.declared.refs.ungranted = Some(Stop::invalid("ReferenceNotGranted", "namespace team does not grant it"));
    assert_eq!(refusal(world.pass()).reason(), "ReferenceNotGranted");
    assert_eq!(
        (world.holds().as_str(), attached(&world)),
        ("Available Stalled", vec![group("site")]),
        "what runs goes on running"
    );
    world.declared = world.declared.clone().deleted();
    assert!(!matches!(world.plan(), Plan::Refuse(_)), "a deletion asks nobody");
}
