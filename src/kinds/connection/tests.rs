use super::desired::{Desired, desired};
use super::plan::plan;
use super::status::{notices, status};
use super::{AwsConnectionKind, Caller, Hold, Refs};
use crate::api::shared::FINALIZER;
use crate::api::{AwsConnection, AwsConnectionStatus};
use crate::aws::{AwsError, Kind};
use crate::engine::next::Next;
use crate::engine::{Pass, Plan, Stop};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

fn connection(way: &Value) -> AwsConnection {
    let mut spec = json!({"accountId": "111122223333", "region": "eu-central-1"});
    spec.as_object_mut().unwrap().extend(way.as_object().unwrap().clone());
    AwsConnection::new("team-a", serde_json::from_value(spec).unwrap())
}

fn role() -> AwsConnection {
    connection(&json!({"assumeRole": {"roleArn": "arn:aws:iam::111122223333:role/ecs-operator"}}))
}

fn going(mut object: AwsConnection) -> AwsConnection {
    object.metadata.finalizers = Some(vec![FINALIZER.into()]);
    object.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
    object
}

fn used() -> Refs {
    Refs { user: Some("EcsService shop/web".into()), is_used_here: true }
}

fn unused() -> Refs {
    Refs { user: None, is_used_here: true }
}

fn planned(object: &AwsConnection, refs: &Refs) -> Plan<Hold> {
    plan(&desired(object, refs).unwrap())
}

fn said(object: &AwsConnection, end: Result<Next, Stop>) -> (String, String, String) {
    let pass = Pass::<AwsConnectionKind> {
        want: desired(object, &unused()).ok(),
        seen: Some(Caller(Some("arn:aws:sts::111122223333:assumed-role/ecs-operator/ecs-operator".into()))),
        done: Vec::new(),
        end,
    };
    let ready = status(object, &pass, Timestamp::UNIX_EPOCH).conditions.into_iter().find(|one| one.type_ == "Ready").unwrap();
    (ready.status, ready.reason, ready.message)
}

fn refused(kind: Kind, code: &str, message: &str) -> Stop {
    Stop::Aws(AwsError {
        operation: "GetCallerIdentity",
        kind,
        code: Some(code.into()),
        message: message.into(),
        retry_after: None,
        request_id: None,
        is_write: false,
    })
}

#[test]
fn a_connection_is_held_once_an_object_has_something_in_aws_by_way_of_it() {
    let mut object = role();
    assert_eq!(planned(&object, &unused()), Plan::InSync);
    assert_eq!(planned(&object, &used()), Plan::Do(vec![Hold]));
    object.metadata.finalizers = Some(vec![FINALIZER.into()]);
    assert_eq!(planned(&object, &used()), Plan::InSync);
}

#[test]
fn a_connection_goes_after_the_last_object_and_says_for_whom_it_waits() {
    assert!(matches!(planned(&going(role()), &used()), Plan::Wait(why) if why.contains("EcsService shop/web")));
    assert_eq!(planned(&going(role()), &unused()), Plan::Gone);
}

#[test]
fn the_operators_own_credentials_are_used_only_where_that_is_said() {
    let refused = desired(&connection(&json!({})), &unused()).unwrap_err();
    assert_eq!((refused.reason(), refused.is_waiting()), ("CredentialsUnavailable", false));
    assert!(refused.message().contains("ambientCredentials: Allowed"), "{}", refused.message());
    assert!(desired(&connection(&json!({"ambientCredentials": "Sometimes"})), &unused()).is_err());
    assert!(desired(&connection(&json!({"ambientCredentials": "Allowed"})), &unused()).is_ok());
}

#[test]
fn an_operator_for_other_namespaces_leaves_it_alone() {
    let object = going(role());
    let refs = Refs { user: None, is_used_here: false };
    assert_eq!(desired(&object, &refs).unwrap(), Desired::Elsewhere);
    assert_eq!(planned(&object, &refs), Plan::InSync);
}

#[test]
fn what_keeps_the_operator_out_is_told_with_what_to_change() {
    let denied = "AssumeRole failed: AccessDenied: User: x is not authorized to perform: sts:AssumeRole on resource: r";
    let (status, reason, message) = said(&role(), Err(refused(Kind::Credentials, "AccessDenied", denied)));
    assert_eq!((status.as_str(), reason.as_str()), ("False", "CredentialsUnavailable"));
    assert!(message.contains(denied) && message.contains("trust policy"), "{message}");
    let tagging = "AssumeRole failed: AccessDenied: User: x is not authorized to perform: sts:TagSession on resource: r";
    let (_, _, message) = said(&role(), Err(refused(Kind::Credentials, "AccessDenied", tagging)));
    assert!(message.contains("sessionTags: Disabled"), "{message}");
    let late = "Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z";
    let (_, reason, message) = said(&role(), Err(refused(Kind::Credentials, "InvalidSignatureException", late)));
    assert_eq!(reason, "CredentialsUnavailable");
    assert!(message.contains("set the clock of the node"), "{message}");
    let (_, reason, _) = said(&role(), Err(refused(Kind::Credentials, "AccountMismatch", "of another account")));
    assert_eq!(reason, "AccountMismatch");
    let (_, reason, _) = said(&role(), Err(refused(Kind::Unavailable, "InternalFailure", "later")));
    assert_eq!(reason, "AwsUnavailable");
}

#[test]
fn a_connection_that_works_says_where_it_leads() {
    let (status, reason, message) = said(&role(), Ok(Next::Settled));
    assert_eq!((status.as_str(), reason.as_str()), ("True", "Connected"));
    assert!(message.contains("111122223333") && message.contains("eu-central-1"), "{message}");
}

#[test]
fn who_is_kept_out_or_let_in_again_is_told_once() {
    let after = |before: AwsConnectionStatus, end: Result<Next, Stop>| {
        let mut object = role();
        object.status = Some(before);
        let pass = Pass::<AwsConnectionKind> { want: desired(&object, &unused()).ok(), seen: None, done: Vec::new(), end };
        status(&object, &pass, Timestamp::UNIX_EPOCH)
    };
    let told = |before: &AwsConnectionStatus, after: &AwsConnectionStatus| -> Vec<(bool, String)> {
        notices(before, after).into_iter().map(|one| (one.warning, one.reason)).collect()
    };
    let denied = || Err(refused(Kind::Credentials, "AccessDenied", "no"));
    let new = AwsConnectionStatus::default();
    let works = after(new.clone(), Ok(Next::Settled));
    let fails = after(works.clone(), denied());
    assert_eq!(told(&new, &works), []);
    assert_eq!(told(&works, &fails), [(true, "CredentialsUnavailable".to_owned())]);
    assert_eq!(told(&new, &after(new.clone(), denied())), [(true, "CredentialsUnavailable".to_owned())]);
    assert_eq!(told(&fails, &after(fails.clone(), denied())), []);
    assert_eq!(told(&fails, &works), [(false, "Connected".to_owned())]);
    assert_eq!(told(&works, &after(works.clone(), Ok(Next::Progressing("later".to_owned())))), []);
}
