//! Task definitions that ECS does not take.

use crate::check::{Check, refused, with};
use serde_json::{Value, json};

/// Refusals of `RegisterTaskDefinition`. Whether as `ClientException` or `InvalidParameterException` is not documented for most.
pub fn checks() -> Vec<Check> {
    let container = json!({"name": "app", "image": "nginx:1", "memory": 64});
    let second = with(container.clone(), &json!({"name": "second"}));
    let many: Vec<Value> = (0..11).map(|number| with(container.clone(), &json!({"name": format!("c{number}")}))).collect();
    let long = json!([{"name": "LONG", "value": "x".repeat(70_000)}]);
    let ports = json!([{"containerPort": 80, "hostPort": 81}]);
    let bare = json!({"name": "app", "image": "nginx:1"});
    vec![
        definition("a size that Fargate does not have", "1.4 DG", "No Fargate configuration", json!({"memory": "8192"})),
        definition("a cpu that is no number", "0.3 DG", "Invalid 'cpu' setting", json!({"cpu": "much"})),
        definition("Fargate without a task memory", "1.1 M", "memory", json!({"memory": null})),
        definition("Fargate with another network mode than awsvpc", "1.1 M", "awsvpc", json!({"networkMode": "bridge"})),
        definition("an empty list of tags", "0.3 obs", "Tags can not be empty", json!({"tags": []})),
        definition("a reserved tag", "2.1 M", "aws:", json!({"tags": [{"key": "aws:mine", "value": "x"}]})),
        definition("eleven containers", "6.2 GR", "", json!({"containerDefinitions": many})),
        definition("no container", "1.1 M", "", json!({"containerDefinitions": []})),
        definition("a container name twice", "1.1 M", "", json!({"containerDefinitions": [container, container]})),
        definition(
            "no essential container",
            "1.1 M",
            "essential",
            json!({"containerDefinitions": [with(container.clone(), &json!({"essential": false}))]}),
        ),
        definition("a family with a blank", "1.1 M", "", json!({"family": "two words"})),
        definition(
            "more than 64 KiB",
            "6.2 GR",
            "",
            json!({"containerDefinitions": [with(container.clone(), &json!({"environment": long}))]}),
        ),
        definition(
            "a host port that is not the container port, with awsvpc",
            "1.3 M",
            "match",
            json!({"containerDefinitions": [with(container.clone(), &json!({"portMappings": ports}))]}),
        ),
        definition(
            "a container without memory in a task without memory",
            "1.4 M",
            "memory",
            json!({"requiresCompatibilities": ["EC2"], "cpu": null, "memory": null, "containerDefinitions": [bare]}),
        ),
        definition(
            "a privileged container on Fargate",
            "1.1 DG",
            "privileged",
            json!({"containerDefinitions": [with(container.clone(), &json!({"privileged": true}))]}),
        ),
        definition(
            "a dependency on a container that is not there",
            "1.1 M",
            "",
            json!({"containerDefinitions": [container, with(second, &json!({"dependsOn": [{"containerName": "nobody", "condition": "START"}]}))]}),
        ),
        definition("ephemeral storage of 20 GiB", "1.1 M", "", json!({"ephemeralStorage": {"sizeInGiB": 20}})),
    ]
}

/// A change of the usual definition with which it is refused.
fn definition(sentence: &'static str, source: &'static str, words: &'static str, patch: Value) -> Check {
    let run = move |aws: crate::target::Aws| {
        let input = with(aws.fargate("nginx:1"), &patch);
        let answer = async move {
            match aws.register(input).await {
                Err(refusal) if refusal.code == "InvalidParameterException" => {
                    refused(Err(refusal), "InvalidParameterException", words)
                }
                answer => refused(answer, "ClientException", words),
            }
        };
        Box::pin(answer) as futures::future::LocalBoxFuture<'static, _>
    };
    Check { area: "", sentence, source, run: Box::new(run) }
}
