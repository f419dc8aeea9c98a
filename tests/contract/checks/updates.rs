//! `UpdateService`: what is kept, what starts a deployment, what is refused.

use crate::check::{Check, Seen, check, claim, holds, refused, same, tail};
use crate::target::Aws;
use serde_json::{Value, json};

const INVALID: &str = "InvalidParameterException";

/// Sections 2.1, 2.2 and 2.5.
pub fn checks() -> Vec<Check> {
    vec![
        check("what is left out is kept", "2.2 M", kept),
        check("another count starts no deployment", "2.1 M", count),
        check("the same definition again starts no deployment", "2.1 TF ACK", same_definition),
        check("another definition starts a deployment, and the answer shows it first", "3.1 M", another_definition),
        check("another network starts a deployment", "2.1 M", network),
        check("a forced deployment is started though nothing differs", "2.1 M", forced),
        check("another deployment configuration starts no deployment", "2.1 M", configuration),
        check("one part of the deployment configuration leaves the others alone", "2.2 TF", merged),
        check("an empty list of placement constraints takes them away", "2.2 M", cleared),
        check("a flag for exec starts no deployment", "2.1 M", exec),
        check("another strategy without force is refused", "0.3 DG", unforced_strategy),
        check("with force, a strategy takes the place of the launch type", "2.5 DG", strategy),
        check("an empty strategy with force brings the launch type back", "2.5 CFN", back),
        check("a definition that is INACTIVE is refused", "0.3 obs", inactive),
        check("a definition that is not there is refused", "0.2 M", unknown_definition),
        check("a service that is not there cannot be updated", "0.2 M", unknown),
        check("a service that is INACTIVE cannot be updated", "2.9 M", not_active),
    ]
}

fn deployments(service: &Value) -> usize {
    service["deployments"].as_array().map_or(0, Vec::len)
}

/// Fails unless an update of a service that has rolled out started a deployment, or started none.
async fn starts(aws: &Aws, patch: Value, wanted: bool) -> Seen {
    let before = aws.create(json!({})).await?["deployments"][0]["id"].clone();
    let after = aws.update(patch).await?;
    let started = after["deployments"][0]["id"] != before;
    claim(started == wanted, if started { "it starts one" } else { "it starts none" })
}

async fn kept(aws: Aws) -> Seen {
    let before = aws.create(json!({})).await?;
    let after = aws.update(json!({"desiredCount": 2})).await?;
    let kept = ["taskDefinition", "networkConfiguration", "deploymentConfiguration", "launchType", "schedulingStrategy"];
    holds("", &after, &json!({"desiredCount": 2}))?;
    kept.iter().try_for_each(|member| same(&format!("`{member}`"), &after[member], &before[member]))
}

async fn count(aws: Aws) -> Seen {
    starts(&aws, json!({"desiredCount": 2}), false).await
}

async fn same_definition(aws: Aws) -> Seen {
    let definition = format!("{}:1", aws.id);
    starts(&aws, json!({"taskDefinition": definition}), false).await
}

async fn another_definition(aws: Aws) -> Seen {
    let first = aws.create(json!({})).await?["deployments"][0]["id"].clone();
    aws.register_image("nginx:2").await?;
    let after = aws.update(json!({"taskDefinition": format!("{}:2", aws.id)})).await?;
    let newest = &after["deployments"][0];
    claim(newest["id"] != first, "it starts none")?;
    holds("newest: ", newest, &json!({"status": "PRIMARY", "rolloutState": "IN_PROGRESS"}))?;
    same("its definition", &json!(tail(&newest["taskDefinition"])), &json!(format!("{}:2", aws.id)))
}

async fn network(aws: Aws) -> Seen {
    let network = aws.other_network();
    starts(&aws, json!({"networkConfiguration": network}), true).await
}

async fn forced(aws: Aws) -> Seen {
    starts(&aws, json!({"forceNewDeployment": true}), true).await
}

async fn configuration(aws: Aws) -> Seen {
    starts(&aws, json!({"deploymentConfiguration": {"maximumPercent": 150}}), false).await
}

async fn merged(aws: Aws) -> Seen {
    let breaker = aws.create(json!({})).await?["deploymentConfiguration"]["deploymentCircuitBreaker"].clone();
    let after = aws.update(json!({"deploymentConfiguration": {"maximumPercent": 150}})).await?;
    let configuration = &after["deploymentConfiguration"];
    holds("", configuration, &json!({"maximumPercent": 150, "deploymentCircuitBreaker": breaker}))
}

async fn cleared(aws: Aws) -> Seen {
    aws.create_on_instances(json!({"placementConstraints": [{"type": "distinctInstance"}]})).await?;
    let after = aws.update(json!({"placementConstraints": []})).await?;
    same("`placementConstraints`", &after["placementConstraints"], &json!([]))
}

async fn exec(aws: Aws) -> Seen {
    starts(&aws, json!({"enableExecuteCommand": true}), false).await?;
    holds("", &aws.describe().await?, &json!({"enableExecuteCommand": true}))
}

/// A service by launch type in a cluster that has the Fargate providers.
async fn with_providers(aws: &Aws) -> Seen {
    let providers = json!(["FARGATE", "FARGATE_SPOT"]);
    let input = json!({"cluster": aws.id, "capacityProviders": providers, "defaultCapacityProviderStrategy": []});
    aws.call("PutClusterCapacityProviders", input).await?;
    aws.create(json!({})).await?;
    Ok(())
}

fn spot() -> Value {
    json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1}])
}

async fn unforced_strategy(aws: Aws) -> Seen {
    with_providers(&aws).await?;
    let input = json!({"cluster": aws.id, "service": "web", "capacityProviderStrategy": spot()});
    refused(aws.call("UpdateService", input).await, INVALID, "you must force a new deployment")
}

async fn strategy(aws: Aws) -> Seen {
    with_providers(&aws).await?;
    let after = aws.update(json!({"capacityProviderStrategy": spot(), "forceNewDeployment": true})).await?;
    holds("", &after, &json!({"launchType": null}))?;
    same("the provider", &after["capacityProviderStrategy"][0]["capacityProvider"], &json!("FARGATE_SPOT"))?;
    claim(deployments(&after) == 2, "it starts no deployment")
}

async fn back(aws: Aws) -> Seen {
    with_providers(&aws).await?;
    aws.update(json!({"capacityProviderStrategy": spot(), "forceNewDeployment": true})).await?;
    let after = aws.update(json!({"capacityProviderStrategy": [], "forceNewDeployment": true})).await?;
    holds("", &after, &json!({"launchType": "FARGATE"}))?;
    let strategy = &after["capacityProviderStrategy"];
    claim(strategy.is_null() || *strategy == json!([]), "the strategy stays")
}

async fn inactive(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    aws.register_image("nginx:2").await?;
    let second = format!("{}:2", aws.id);
    aws.call("DeregisterTaskDefinition", json!({"taskDefinition": second})).await?;
    let input = json!({"cluster": aws.id, "service": "web", "taskDefinition": second});
    refused(aws.call("UpdateService", input).await, "ClientException", "TaskDefinition is inactive")
}

async fn unknown_definition(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let input = json!({"cluster": aws.id, "service": "web", "taskDefinition": "nobody:7"});
    refused(aws.call("UpdateService", input).await, "ClientException", "")
}

async fn unknown(aws: Aws) -> Seen {
    let answer = aws.call("UpdateService", json!({"cluster": aws.id, "service": "nobody", "desiredCount": 1})).await;
    refused(answer, "ServiceNotFoundException", "")
}

async fn not_active(aws: Aws) -> Seen {
    aws.create(json!({"desiredCount": 0})).await?;
    aws.delete().await?;
    let answer = aws.call("UpdateService", json!({"cluster": aws.id, "service": "web", "desiredCount": 1})).await;
    refused(answer, "ServiceNotActiveException", "")
}
