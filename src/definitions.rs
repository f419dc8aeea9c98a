//! Whether the custom resources that the API server serves have every field that this program knows. With definitions from before
//! an upgrade Kubernetes drops what they do not name, silently: a declaration would be half carried out, and nobody would know why.

use crate::api::crds;
use crate::clock::Clock;
use crate::health::Readiness;
use axum::http::Request;
use kube::Client;
use serde_json::Value;
use std::time::Duration;

const DOCUMENT: &str = "/openapi/v3/apis/ecs-operator.io/v1alpha1";
/// How long before it is looked at first, and again. The API server describes new definitions some seconds after it serves them.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// So many missing fields are named.
const NAMED: usize = 3;

/// Tells in `/readyz` and in the log which fields are missing, until none is. The operator works meanwhile.
pub async fn watch_age(client: Client, clock: Clock, readiness: Readiness) {
    const ABOUT: &str = "definitions";
    let mut told = None;
    loop {
        // Not beside the first lists: the document is large, and nobody waits for it.
        clock.sleep(LOOK_AGAIN).await;
        match missing(&client).await {
            Ok(none) if none.is_empty() => return readiness.forget(ABOUT),
            Ok(some) => {
                let why = sentence(&some);
                // The first look may have been too early.
                if told.as_ref() == Some(&why) {
                    tracing::warn!(why, "the custom resource definitions are older than this program");
                    readiness.note(ABOUT, why.clone());
                }
                told = Some(why);
            }
            Err(error) => tracing::debug!(%error, "read how the API server describes the custom resources"),
        }
    }
}

fn sentence(missing: &[String]) -> String {
    let more = missing.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "the definitions in the cluster are older than this program and drop {}{more}; `kubectl apply -f crds/` or an upgrade of the \
         chart renews them",
        missing.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ")
    )
}

/// Fields of ours that the API server does not know, such as `EcsService.spec.expose`.
async fn missing(client: &Client) -> anyhow::Result<Vec<String>> {
    let document: Value = client.request(Request::get(DOCUMENT).body(Vec::new())?).await?;
    let mut missing = Vec::new();
    for crd in crds() {
        let kind = &crd.spec.names.kind;
        let Some(ours) = crd.spec.versions.first().and_then(|version| version.schema.as_ref()) else { continue };
        let ours = serde_json::to_value(&ours.open_api_v3_schema)?;
        let theirs = served(&document, kind);
        for part in ["spec", "status"] {
            compare(&ours["properties"][part], &theirs["properties"][part], &format!("{kind}.{part}"), &mut missing);
        }
    }
    Ok(missing)
}

fn served<'a>(document: &'a Value, kind: &str) -> &'a Value {
    let schemas = document["components"]["schemas"].as_object();
    let is_meant = |schema: &&Value| schema["x-kubernetes-group-version-kind"][0]["kind"] == kind;
    schemas.into_iter().flat_map(serde_json::Map::values).find(is_meant).unwrap_or(&Value::Null)
}

/// Names the first field on each way down that is missing.
fn compare(ours: &Value, theirs: &Value, path: &str, missing: &mut Vec<String>) {
    if ours.is_null() || theirs["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    if theirs.is_null() {
        return missing.push(path.to_owned());
    }
    for (name, ours) in ours["properties"].as_object().into_iter().flatten() {
        compare(ours, &theirs["properties"][name], &format!("{path}.{name}"), missing);
    }
    compare(&ours["items"], &theirs["items"], &format!("{path}[]"), missing);
    if ours["additionalProperties"].is_object() {
        compare(&ours["additionalProperties"], &theirs["additionalProperties"], &format!("{path}{{}}"), missing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_that_the_cluster_does_not_know_is_named_where_it_stands() {
        let ours = json!({"properties": {
            "cluster": {"type": "string"},
            "expose": {"items": {"properties": {"name": {}, "slowStart": {}}}},
            "tags": {"additionalProperties": {"properties": {"value": {}}}},
        }});
        let mut theirs = ours.clone();
        let missing = |theirs: &Value| {
            let mut missing = Vec::new();
            compare(&ours, theirs, "EcsService.spec", &mut missing);
            missing
        };
        assert!(missing(&theirs).is_empty());
        theirs["properties"]["expose"]["items"]["properties"].as_object_mut().unwrap().remove("slowStart");
        theirs["properties"]["tags"]["additionalProperties"] = json!({"type": "string"});
        theirs["properties"]["theirs"] = json!({});
        assert_eq!(missing(&theirs), ["EcsService.spec.expose[].slowStart", "EcsService.spec.tags{}.value"]);
        assert_eq!(missing(&Value::Null), ["EcsService.spec"], "a kind that is not described at all");
        assert!(missing(&json!({"x-kubernetes-preserve-unknown-fields": true})).is_empty());
    }

    #[test]
    fn the_sentence_names_some_and_says_what_to_do() {
        let all: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        assert!(sentence(&all).contains("drop a, b, c and 2 more; `kubectl apply"), "{}", sentence(&all));
        assert!(sentence(&all[..1]).contains("drop a; "), "{}", sentence(&all[..1]));
    }
}
