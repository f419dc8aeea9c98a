//! What is done with a request, as a declaration. Pure.

use crate::aws::elb::model::{Action, FixedResponse, Redirect};
use crate::kinds::action::{TargetGroups, action, is_same};
use serde_json::{Map, Value, json};

/// The declaration of what a rule or a listener does.
///
/// # Errors
/// When it takes several actions, or one that no field can hold.
pub fn of(actions: &[Action]) -> Result<Map<String, Value>, String> {
    let [only] = actions else {
        let kinds: Vec<&str> = actions.iter().map(kind).collect();
        return Err(format!("it takes {} actions ({}), and one can be declared", actions.len(), kinds.join(", then ")));
    };
    let declared = match only {
        Action::Forward { target_groups, stickiness_seconds } => {
            let entry = |arn: &String, weight: i32| json!({"targetGroupArn": arn, "weight": weight});
            let all: Vec<Value> = target_groups.iter().map(|it| entry(&it.arn, it.weight)).collect();
            let sticky = stickiness_seconds.map(|seconds| json!({"durationSeconds": seconds}));
            json!({"forward": all, "stickiness": sticky})
        }
        Action::Redirect(Redirect { protocol, host, port, path, query, status_code }) => json!({"redirect": {
            "protocol": protocol, "host": host, "port": port, "path": path, "query": query, "statusCode": status_code,
        }}),
        Action::FixedResponse(FixedResponse { status_code, content_type, message_body }) => json!({"fixedResponse": {
            "statusCode": status_code, "contentType": content_type, "messageBody": message_body,
        }}),
        Action::Other(_) => return Err(format!("its action {} cannot be declared", kind(only))),
    };
    let declared = super::prune::without_what_is_understood(declared, |candidate| {
        let written = serde_json::from_value(candidate.clone()).ok();
        written.and_then(|written| action(&written, "", &TargetGroups::new()).ok()).is_some_and(|it| is_same(&it, only))
    });
    match declared {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

fn kind(action: &Action) -> &str {
    match action {
        Action::Forward { .. } => "forward",
        Action::Redirect(_) => "redirect",
        Action::FixedResponse(_) => "fixed-response",
        Action::Other(other) => other.kind(),
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::aws::elb::model::{Action, FixedResponse, Redirect};
    use serde_json::{Value, json};

    fn written(action: Action) -> Value {
        Value::Object(of(&[action]).unwrap())
    }

    #[test]
    fn what_aws_fills_in_is_left_out() {
        assert_eq!(written(Action::forward_to("arn")), json!({"forward": [{"targetGroupArn": "arn"}]}));
        let to_https = Redirect { protocol: "HTTPS".to_owned(), port: "443".to_owned(), ..Redirect::default() };
        assert_eq!(
            written(Action::Redirect(to_https)),
            json!({"redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}})
        );
        let plain = FixedResponse {
            status_code: "404".to_owned(),
            content_type: Some("text/plain".to_owned()),
            message_body: Some(String::new()),
        };
        assert_eq!(written(Action::FixedResponse(plain)), json!({"fixedResponse": {"statusCode": "404"}}));
    }

    #[test]
    fn shares_and_stickiness_stay() {
        assert_eq!(
            written(Action::forward([("blue", 0), ("green", 100)], Some(60))),
            json!({
                "forward": [{"targetGroupArn": "blue", "weight": 0}, {"targetGroupArn": "green", "weight": 100}],
                "stickiness": {"durationSeconds": 60},
            })
        );
    }

    #[test]
    fn several_actions_are_told_by_name() {
        let refused = of(&[Action::forward_to("arn"), Action::Redirect(Redirect::default())]).unwrap_err();
        assert_eq!(refused, "it takes 2 actions (forward, then redirect), and one can be declared");
    }
}
