//! What is declared to become of a request, as AWS takes it: references become ARNs. Pure.

use crate::api::EcsTargetGroupStatus;
use crate::api::load_balancing::{Action as Declared, FixedResponse as DeclaredResponse, Forward, Redirect as DeclaredRedirect};
use crate::api::shared::Reference;
use crate::aws::elb::model::{Action, FixedResponse, Redirect};
use crate::engine::Stop;
pub use crate::engine::references::TargetGroups;

/// Share of a target group of which none is declared.
const DEFAULT_WEIGHT: i32 = 1;
/// What AWS sends a text as where nothing is said (`FixedResponseActionConfig`).
const PLAIN: &str = "text/plain";

/// A declared action of an object of `namespace`, with the target groups that stand for its references.
///
/// # Errors
/// [`Stop::Waiting`] while a target group that it refers to is not there, [`Stop::Invalid`] where its namespace does not grant it.
pub fn action(declared: &Declared, namespace: &str, target_groups: &TargetGroups) -> Result<Action, Stop> {
    if let Some(response) = &declared.fixed_response {
        return Ok(fixed_response(response));
    }
    if let Some(redirected) = &declared.redirect {
        return Ok(redirect(redirected));
    }
    let mut shares = Vec::new();
    for entry in declared.forward.iter().flatten() {
        shares.extend(shares_of(entry, namespace, target_groups)?);
    }
    if shares.is_empty() {
        return Err(Stop::invalid("InvalidSpec", "an action needs one of forward, redirect and fixedResponse"));
    }
    let seconds = declared.stickiness.as_ref().map(|it| it.duration_seconds);
    Ok(Action::forward(shares.iter().map(|(arn, weight)| (arn.as_str(), *weight)), seconds))
}

fn shares_of(entry: &Forward, namespace: &str, target_groups: &TargetGroups) -> Result<Vec<(String, i32)>, Stop> {
    let weight = entry.weight.unwrap_or(DEFAULT_WEIGHT);
    if let Some(arn) = &entry.target_group_arn {
        return Ok(vec![(arn.clone(), weight)]);
    }
    let Some(Reference { name, namespace: other }) = &entry.target_group_ref else {
        return Err(Stop::invalid("InvalidSpec", "an entry of forward needs one of targetGroupRef and targetGroupArn"));
    };
    let namespace = other.as_deref().unwrap_or(namespace);
    let found = match target_groups.get(&(namespace.to_owned(), name.clone())) {
        Some(found) => found.as_ref().map_err(Stop::clone)?,
        None => return Err(Stop::waiting("TargetGroupNotFound", format!("EcsTargetGroup {namespace}/{name} is not there"))),
    };
    let shares = found.status.as_ref().and_then(|status| shares(status, weight));
    shares.ok_or_else(|| Stop::waiting("TargetGroupNotReady", format!("EcsTargetGroup {namespace}/{name} has no ARN yet")))
}

/// The shares of a target group that is kept here. While it is replaced, the one that has the traffic keeps it, and the new
/// one gets none: that counts as attached, so that ECS registers tasks in it.
pub fn shares(status: &EcsTargetGroupStatus, weight: i32) -> Option<Vec<(String, i32)>> {
    let arn = status.arn.clone()?;
    match status.previous.last() {
        Some(previous) if !status.serving => Some(vec![(previous.arn.clone(), weight), (arn, 0)]),
        _ => Some(vec![(arn, weight)]),
    }
}

fn fixed_response(declared: &DeclaredResponse) -> Action {
    Action::FixedResponse(FixedResponse {
        status_code: declared.status_code.clone(),
        content_type: declared.content_type.as_ref().map(|it| it.as_str().to_owned()),
        message_body: declared.message_body.clone(),
    })
}

fn redirect(declared: &DeclaredRedirect) -> Action {
    let default = Redirect::default();
    let or = |value: &Option<String>, default: String| value.clone().unwrap_or(default);
    Action::Redirect(Redirect {
        protocol: or(&declared.protocol, default.protocol),
        host: or(&declared.host, default.host),
        port: or(&declared.port, default.port),
        path: or(&declared.path, default.path),
        query: or(&declared.query, default.query),
        status_code: declared.status_code.as_str().to_owned(),
    })
}

/// Whether two actions do the same: AWS fills in the kind of a text, and shows an empty one as none.
pub fn is_same(one: &Action, other: &Action) -> bool {
    canonical(one.clone()) == canonical(other.clone())
}

fn canonical(action: Action) -> Action {
    let Action::FixedResponse(response) = action else { return action };
    Action::FixedResponse(FixedResponse {
        content_type: response.content_type.or_else(|| Some(PLAIN.to_owned())),
        message_body: response.message_body.filter(|body| !body.is_empty()),
        ..response
    })
}

/// An action in a few words, for people.
pub fn shown(action: &Action) -> String {
    match action {
        Action::Forward { target_groups, .. } => {
            let name = |arn: &str| arn.rsplit('/').nth(1).unwrap_or(arn).to_owned();
            let all: Vec<String> = target_groups.iter().map(|it| format!("{} ({})", name(&it.arn), it.weight)).collect();
            format!("forward to {}", all.join(", "))
        }
        Action::Redirect(to) => format!("redirect to {}://{}:{}{}", to.protocol, to.host, to.port, to.path),
        Action::FixedResponse(response) => format!("answer {}", response.status_code),
        Action::Other(other) => other.kind().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::load_balancing::RedirectStatusCode;
    use crate::api::target_group::PreviousTargetGroup;
    use crate::api::{EcsTargetGroup, EcsTargetGroupSpec};
    use crate::engine::references::NOT_GRANTED;

    fn group(arn: Option<&str>, previous: &[&str], serving: bool) -> EcsTargetGroup {
        let mut group = EcsTargetGroup::new("web", EcsTargetGroupSpec::default());
        let previous = previous.iter().map(|arn| PreviousTargetGroup { arn: (*arn).to_owned(), ..Default::default() }).collect();
        group.status =
            Some(EcsTargetGroupStatus { arn: arn.map(str::to_owned), previous, serving, ..EcsTargetGroupStatus::default() });
        group
    }

    fn to_web(weight: Option<i32>) -> Declared {
        let reference = Reference { name: "web".to_owned(), namespace: None };
        Declared {
            forward: Some(vec![Forward { target_group_ref: Some(reference), weight, ..Forward::default() }]),
            ..Declared::default()
        }
    }

    fn with(group: EcsTargetGroup) -> TargetGroups {
        TargetGroups::from([(("shop".to_owned(), "web".to_owned()), Ok(group))])
    }

    #[test]
    fn a_reference_becomes_the_target_group_that_serves() {
        let action = |group| action(&to_web(Some(5)), "shop", &with(group)).unwrap();
        assert_eq!(action(group(Some("new"), &[], false)), Action::forward([("new", 5)], None));
        assert_eq!(action(group(Some("new"), &["old"], true)), Action::forward([("new", 5)], None));
        let replaced = group(Some("new"), &["oldest", "old"], false);
        assert_eq!(action(replaced), Action::forward([("old", 5), ("new", 0)], None), "the newest before it serves");
    }

    #[test]
    fn a_target_group_that_is_not_there_yet_is_waited_for() {
        let missing = action(&to_web(None), "shop", &TargetGroups::new()).unwrap_err();
        assert_eq!((missing.reason(), missing.is_waiting()), ("TargetGroupNotFound", true));
        let unmade = action(&to_web(None), "shop", &with(group(None, &[], false))).unwrap_err();
        assert_eq!((unmade.reason(), unmade.is_waiting()), ("TargetGroupNotReady", true));
    }

    #[test]
    fn a_target_group_of_another_namespace_is_used_where_that_grants_it_and_never_mistaken_for_one_of_the_own() {
        let mut declared = to_web(None);
        declared.forward.as_mut().unwrap()[0].target_group_ref.as_mut().unwrap().namespace = Some("other".to_owned());
        let other = ("other".to_owned(), "web".to_owned());
        let mut all = with(group(Some("own"), &[], true));
        assert_eq!(action(&declared, "shop", &all).unwrap_err().reason(), "TargetGroupNotFound");
        all.insert(other.clone(), Err(Stop::invalid(NOT_GRANTED, "not granted")));
        assert_eq!(action(&declared, "shop", &all).unwrap_err().reason(), "ReferenceNotGranted");
        all.insert(other, Ok(group(Some("theirs"), &[], true)));
        assert_eq!(action(&declared, "shop", &all).unwrap(), Action::forward([("theirs", 1)], None));
    }

    #[test]
    fn a_redirect_keeps_what_it_does_not_name() {
        let declared = DeclaredRedirect {
            status_code: RedirectStatusCode::Permanent,
            protocol: Some("HTTPS".to_owned()),
            port: Some("443".to_owned()),
            host: None,
            path: None,
            query: None,
        };
        let wanted = Redirect { protocol: "HTTPS".to_owned(), port: "443".to_owned(), ..Redirect::default() };
        let declared = Declared { redirect: Some(declared), ..Declared::default() };
        assert_eq!(action(&declared, "shop", &TargetGroups::new()).unwrap(), Action::Redirect(wanted));
    }

    #[test]
    fn what_aws_fills_into_an_answer_is_no_difference() {
        let answer = |content_type: Option<&str>, body: Option<&str>| {
            Action::FixedResponse(FixedResponse {
                status_code: "404".to_owned(),
                content_type: content_type.map(str::to_owned),
                message_body: body.map(str::to_owned),
            })
        };
        assert!(is_same(&answer(None, None), &answer(Some("text/plain"), Some(""))));
        assert!(!is_same(&answer(None, None), &answer(Some("text/html"), None)));
        assert!(!is_same(&answer(None, Some("a")), &answer(None, Some("b"))));
    }
}
