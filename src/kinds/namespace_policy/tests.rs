use super::desired::{Desired, desired};
use super::plan::plan;
use super::status::status;
use super::{EcsNamespacePolicyKind, Hold, Refs, Switch};
use crate::api::shared::FINALIZER;
use crate::api::{EcsNamespacePolicy, EcsNamespacePolicySpec};
use crate::engine::conditions::{Type, is_true};
use crate::engine::ctx::Site;
use crate::engine::next::Next;
use crate::engine::{Pass, Plan};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

fn site() -> Site {
    Site {
        connection: "default".into(),
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        partition: "aws".into(),
        installation: "blue".into(),
    }
}

fn policy() -> EcsNamespacePolicy {
    EcsNamespacePolicy::new("default", EcsNamespacePolicySpec::default())
}

fn used() -> Refs {
    Refs { user: Some("EcsService shop/web".into()) }
}

fn planned(object: &EcsNamespacePolicy, refs: &Refs) -> Plan<Hold> {
    plan(&desired(object, refs, &site()))
}

#[test]
fn a_policy_is_held_once_an_object_of_its_namespace_has_something_in_aws() {
    let mut policy = policy();
    assert_eq!(planned(&policy, &Refs::default()), Plan::InSync);
    assert_eq!(planned(&policy, &used()), Plan::Do(vec![Hold]));
    policy.metadata.finalizers = Some(vec![FINALIZER.into()]);
    assert_eq!(planned(&policy, &used()), Plan::InSync);
}

#[test]
fn a_policy_goes_after_the_last_object_that_has_something_in_aws() {
    let mut policy = policy();
    policy.metadata.finalizers = Some(vec![FINALIZER.into()]);
    policy.metadata.deletion_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
    assert!(matches!(planned(&policy, &used()), Plan::Wait(why) if why.contains("EcsService shop/web")));
    assert_eq!(planned(&policy, &Refs::default()), Plan::Gone);
}

#[test]
fn entries_that_say_nothing_are_told() {
    let mut policy = policy();
    policy.spec.task_roles = Some(vec!["role/web".into(), "arn:aws:iam::*".into()]);
    assert!(matches!(desired(&policy, &used(), &site()), Desired::Present { problems, .. } if problems.len() == 1));
    policy.metadata.finalizers = Some(vec![FINALIZER.into()]);
    assert!(matches!(planned(&policy, &used()), Plan::Refuse(stop) if stop.message().contains("arn:aws:iam::*")));
}

#[test]
fn references_that_grant_nothing_are_told_too() {
    let mut policy = policy();
    policy.spec.references = serde_json::from_value(serde_json::json!([{"from": {}, "kinds": ["EcsTaskDefinition"]}])).unwrap();
    assert!(matches!(planned(&policy, &Refs::default()), Plan::Refuse(stop) if stop.message().contains("references[0]")));
}

#[test]
fn a_policy_that_an_operator_without_guard_does_not_enforce_is_stalled_and_not_under_way() {
    let policy = policy();
    let want = Some(desired(&policy, &Refs::default(), &site()));
    let pass =
        Pass::<EcsNamespacePolicyKind> { want, seen: Some(Switch { is_on: false }), done: Vec::new(), end: Ok(Next::Settled) };
    let said = status(&policy, &pass, Timestamp::UNIX_EPOCH).conditions;
    assert!(is_true(&said, Type::Stalled) && !is_true(&said, Type::Ready) && !is_true(&said, Type::Reconciling));
}
