//! Deployments: how they end, and what stays of them.

use crate::check::{Check, Seen, check, claim, holds, same, shown, tail};
use crate::target::Aws;
use serde_json::{Value, json};

/// Section 3.
pub fn checks() -> Vec<Check> {
    vec![
        check("a deployment is COMPLETED when every task runs", "3.1 M", completes),
        check("its reason is told in the words `ECS deployment ecs-svc/N completed.`", "3.1 DG obs", reason),
        check("the id of a deployment is `ecs-svc/` with a number", "3.1 M", id),
        check("after an edit one deployment is left, of the new definition", "3.1 M", edit),
        check("while it rolls, the former one is ACTIVE behind the new PRIMARY", "3.1 M", behind),
        check("an event says that the service is steady", "3.6 DG", steady),
        check("a deployment that ended well is on record as SUCCESSFUL", "3.2 M DG", record),
        check("the record names a service revision, with the definition", "3.2 M", revision),
        check("a deployment that is overtaken is on record as STOPPED", "3.2 M DG", overtaken),
        check("a first deployment that cannot start is FAILED, and nothing is rolled back", "3.5 DG", first_fails),
        check("an image that cannot be pulled is rolled back to the definition before", "3.5 DG obs", rolled_back),
        check("the record tells of the rollback, and why", "3.2 M DG", rollback_record),
        check("a deployment that is told to stop is rolled back", "3.2 M DG", stopped),
        check("a history of a service that is not there is refused", "0.2 M", no_service),
    ]
}

async fn completes(aws: Aws) -> Seen {
    aws.create(json!({"desiredCount": 2})).await?;
    let service = aws.until_rollout("COMPLETED").await?;
    holds("", &service, &json!({"runningCount": 2, "pendingCount": 0}))
}

async fn reason(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let service = aws.until_rollout("COMPLETED").await?;
    let deployment = &service["deployments"][0];
    let wanted = format!("ECS deployment {} completed.", deployment["id"].as_str().unwrap_or_default());
    same("`rolloutStateReason`", &deployment["rolloutStateReason"], &json!(wanted))
}

async fn id(aws: Aws) -> Seen {
    let id = aws.create(json!({})).await?["deployments"][0]["id"].clone();
    let number = id.as_str().and_then(|id| id.strip_prefix("ecs-svc/")).unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    claim(is_number, if number.is_empty() { "it is something else" } else { "what follows is no number" })
}

/// A service that has rolled out, then is given another image.
async fn edited(aws: &Aws, image: &str) -> Result<Value, String> {
    aws.create(json!({})).await?;
    aws.until_rollout("COMPLETED").await?;
    aws.register_image(image).await?;
    Ok(aws.update(json!({"taskDefinition": format!("{}:2", aws.id)})).await?)
}

async fn edit(aws: Aws) -> Seen {
    edited(&aws, "nginx:2").await?;
    let service = aws.until_rollout("COMPLETED").await?;
    holds("", &service, &json!({"runningCount": 1}))?;
    same("the definition", &json!(tail(&service["deployments"][0]["taskDefinition"])), &json!(format!("{}:2", aws.id)))
}

async fn behind(aws: Aws) -> Seen {
    let service = edited(&aws, "nginx:2").await?;
    let statuses: Vec<&Value> = service["deployments"].as_array().into_iter().flatten().map(|one| &one["status"]).collect();
    same("the list", &json!(statuses), &json!(["PRIMARY", "ACTIVE"]))
}

async fn steady(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    aws.until("an event says `has reached a steady state.`", async |aws| {
        let service = aws.describe().await?;
        let events = service["events"].as_array().into_iter().flatten();
        let mut messages = events.filter_map(|event| event["message"].as_str());
        Ok(messages.any(|message| message.ends_with("has reached a steady state.")).then_some(()))
    })
    .await
}

/// The deployments on record, newest first.
async fn records(aws: &Aws) -> Result<Vec<Value>, String> {
    let input = json!({"cluster": aws.id, "service": "web"});
    let listed = aws.call("ListServiceDeployments", input).await?["serviceDeployments"].clone();
    Ok(listed.as_array().cloned().unwrap_or_default())
}

/// Waits until the newest one has a status; gives its description.
async fn until_record(aws: &Aws, status: &str) -> Result<Value, String> {
    let record = aws
        .until(&format!("a record is {status}"), async |aws| {
            Ok(records(aws).await?.into_iter().next().filter(|record| record["status"] == status))
        })
        .await?;
    let input = json!({"serviceDeploymentArns": [record["serviceDeploymentArn"]]});
    Ok(aws.call("DescribeServiceDeployments", input).await?["serviceDeployments"][0].clone())
}

async fn record(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let record = until_record(&aws, "SUCCESSFUL").await?;
    claim(!record["finishedAt"].is_null() && record["rollback"].is_null(), "it has no end, or a rollback")
}

async fn revision(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let record = until_record(&aws, "SUCCESSFUL").await?;
    let input = json!({"serviceRevisionArns": [record["targetServiceRevision"]["arn"]]});
    let revision = aws.call("DescribeServiceRevisions", input).await?["serviceRevisions"][0].clone();
    same("the definition", &json!(tail(&revision["taskDefinition"])), &json!(format!("{}:1", aws.id)))
}

async fn overtaken(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    aws.register_image("nginx:2").await?;
    aws.update(json!({"taskDefinition": format!("{}:2", aws.id)})).await?;
    until_record(&aws, "SUCCESSFUL").await?;
    let statuses: Vec<Value> = records(&aws).await?.iter().map(|record| record["status"].clone()).collect();
    same("the list", &json!(statuses), &json!(["SUCCESSFUL", "STOPPED"]))
}

async fn first_fails(aws: Aws) -> Seen {
    aws.register_image("missing:1").await?;
    aws.call("CreateService", aws.service(&json!({}))).await?;
    let service = aws.until_rollout("FAILED").await?;
    holds("", &service["deployments"][0], &json!({"status": "PRIMARY", "runningCount": 0}))
}

async fn rolled_back(aws: Aws) -> Seen {
    edited(&aws, "missing:2").await?;
    let first = format!("{}:1", aws.id);
    aws.until("the failed deployment is there beside the one before", async |aws| {
        let service = aws.describe().await?;
        let [back, failed] = [&service["deployments"][0], &service["deployments"][1]];
        let is_back = back["status"] == "PRIMARY" && tail(&back["taskDefinition"]) == first;
        Ok((is_back && failed["rolloutState"] == "FAILED").then_some(()))
    })
    .await?;
    let service = aws.until_rollout("COMPLETED").await?;
    same("the definition", &json!(tail(&service["taskDefinition"])), &json!(first))
}

async fn rollback_record(aws: Aws) -> Seen {
    edited(&aws, "missing:2").await?;
    let record = until_record(&aws, "ROLLBACK_SUCCESSFUL").await?;
    same("the circuit breaker", &record["deploymentCircuitBreaker"]["status"], &json!("TRIGGERED"))?;
    let reason = &record["rollback"]["reason"];
    claim(reason.as_str().is_some_and(|reason| !reason.is_empty()), format!("the reason is {}", shown(reason)))
}

async fn stopped(aws: Aws) -> Seen {
    edited(&aws, "slow:2").await?;
    let record = records(&aws).await?.into_iter().next().ok_or("there is no record")?;
    let input = json!({"serviceDeploymentArn": record["serviceDeploymentArn"], "stopType": "ROLLBACK"});
    aws.call("StopServiceDeployment", input).await?;
    until_record(&aws, "ROLLBACK_SUCCESSFUL").await?;
    same("the definition", &json!(tail(&aws.describe().await?["taskDefinition"])), &json!(format!("{}:1", aws.id)))
}

async fn no_service(aws: Aws) -> Seen {
    let answer = aws.call("ListServiceDeployments", json!({"cluster": aws.id, "service": "nobody"})).await;
    crate::check::refused(answer, "ServiceNotFoundException", "")
}
