//! Tasks, of services and on their own.

use crate::check::{Check, Seen, check, claim, holds, refused, same, shown};
use crate::target::Aws;
use serde_json::{Value, json};

const INVALID: &str = "InvalidParameterException";

/// Section 4.
pub fn checks() -> Vec<Check> {
    vec![
        check("a task of a service is started by its deployment, in the group `service:NAME`", "4.1 M", of_service),
        check("a task of a service that is stopped is replaced", "4.2 M", replaced),
        check("a service scaled to 0 stops its tasks, with the scheduler as the reason", "4.1 M", scaled_down),
        check("a task of its own is PROVISIONING at first, then RUNNING", "4.1 DG", runs),
        check("its group is `family:NAME`", "4.1 M", group),
        check("with awsvpc it has a network interface with an address", "4.1 M", interface),
        check("a stopped task says who stopped it, and why", "4.1 M", stopped),
        check("a stopped task is listed as STOPPED, and no longer as RUNNING", "4.3 M", listed),
        check("a list of PENDING tasks is empty", "4.3 M", pending),
        check("a task that is not there is MISSING among the failures", "4.3 M", missing),
        check("eleven tasks in one call are refused", "4.2 M", eleven),
        check("a definition that is not there is a ClientException", "0.2 M", no_definition),
        check("a definition that is INACTIVE is refused as an invalid parameter", "0.3 obs", inactive),
        check("awsvpc without a network configuration is refused", "4.2 M", no_network),
        check("a task that is not there cannot be stopped", "0.2 M", stop_missing),
        check("the list of a service that is not there is refused", "0.2 M", no_service),
        check("a cluster that is not there is refused", "0.2 M", no_cluster),
    ]
}

/// Waits until the service has a task that runs.
async fn until_task(aws: &Aws, but: &Value) -> Result<Value, String> {
    aws.until("another task runs", async |aws| {
        for arn in aws.tasks("RUNNING").await? {
            let task = aws.task(&arn).await?;
            if task["taskArn"] != *but && task["lastStatus"] == "RUNNING" {
                return Ok(Some(task));
            }
        }
        Ok(None)
    })
    .await
}

async fn of_service(aws: Aws) -> Seen {
    let id = aws.create(json!({})).await?["deployments"][0]["id"].clone();
    let task = until_task(&aws, &Value::Null).await?;
    same("`group`", &task["group"], &json!("service:web"))?;
    claim(task["startedBy"] == id, "`startedBy` is not the id of the deployment")
}

async fn replaced(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let task = until_task(&aws, &Value::Null).await?["taskArn"].clone();
    aws.call("StopTask", json!({"cluster": aws.id, "task": task})).await?;
    until_task(&aws, &task).await?;
    Ok(())
}

async fn scaled_down(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let arn = until_task(&aws, &Value::Null).await?["taskArn"].clone();
    aws.update(json!({"desiredCount": 0})).await?;
    let task = until_stopped(&aws, &arn).await?;
    holds("", &task, &json!({"stopCode": "ServiceSchedulerInitiated"}))?;
    let reason = task["stoppedReason"].as_str().unwrap_or_default();
    claim(reason.starts_with("Scaling activity initiated by (deployment"), format!("`stoppedReason` is `{reason}`"))
}

/// A task of its own.
async fn started(aws: &Aws) -> Result<Value, String> {
    aws.register_image("nginx:1").await?;
    Ok(aws.run(json!({})).await?["tasks"][0].clone())
}

async fn until_stopped(aws: &Aws, arn: &Value) -> Result<Value, String> {
    aws.until("the task is STOPPED", async |aws| {
        let task = aws.task(arn).await?;
        Ok((task["lastStatus"] == "STOPPED").then_some(task))
    })
    .await
}

async fn runs(aws: Aws) -> Seen {
    let task = started(&aws).await?;
    holds("", &task, &json!({"lastStatus": "PROVISIONING", "desiredStatus": "RUNNING"}))?;
    aws.until("the task is RUNNING", async |aws| Ok((aws.task(&task["taskArn"]).await?["lastStatus"] == "RUNNING").then_some(())))
        .await
}

async fn group(aws: Aws) -> Seen {
    holds("", &started(&aws).await?, &json!({"group": format!("family:{}", aws.id)}))
}

async fn interface(aws: Aws) -> Seen {
    let task = started(&aws).await?;
    aws.until("an attachment ElasticNetworkInterface has a privateIPv4Address", async |aws| {
        let task = aws.task(&task["taskArn"]).await?;
        let interface = &task["attachments"][0];
        let mut details = interface["details"].as_array().into_iter().flatten();
        let has_address = details.any(|detail| detail["name"] == "privateIPv4Address");
        Ok((interface["type"] == "ElasticNetworkInterface" && has_address).then_some(()))
    })
    .await
}

async fn stopped(aws: Aws) -> Seen {
    let task = started(&aws).await?["taskArn"].clone();
    aws.call("StopTask", json!({"cluster": aws.id, "task": task, "reason": "enough"})).await?;
    let task = until_stopped(&aws, &task).await?;
    holds("", &task, &json!({"stopCode": "UserInitiated", "stoppedReason": "enough", "desiredStatus": "STOPPED"}))?;
    claim(!task["stoppedAt"].is_null(), "`stoppedAt` is absent")
}

async fn listed(aws: Aws) -> Seen {
    let task = started(&aws).await?["taskArn"].clone();
    let list = async |status: Value| -> Result<Value, String> {
        Ok(aws.call("ListTasks", json!({"cluster": aws.id, "desiredStatus": status})).await?["taskArns"].clone())
    };
    same("the list at first", &list(Value::Null).await?, &json!([task]))?;
    aws.call("StopTask", json!({"cluster": aws.id, "task": task})).await?;
    claim(list(Value::Null).await? == json!([]), "a stopped task is listed as running")?;
    claim(list(json!("STOPPED")).await? == json!([task]), "a stopped task is not listed as stopped")
}

async fn pending(aws: Aws) -> Seen {
    started(&aws).await?;
    let seen = aws.call("ListTasks", json!({"cluster": aws.id, "desiredStatus": "PENDING"})).await?;
    claim(seen["taskArns"] == json!([]), "there are some")
}

async fn missing(aws: Aws) -> Seen {
    let input = json!({"cluster": aws.id, "tasks": ["0123456789abcdef0123456789abcdef"]});
    let seen = aws.call("DescribeTasks", input).await?;
    holds("", &seen["failures"][0], &json!({"reason": "MISSING"}))?;
    same("`tasks`", &seen["tasks"], &json!([]))
}

async fn eleven(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    refused(aws.run(json!({"count": 11})).await, INVALID, "")
}

async fn no_definition(aws: Aws) -> Seen {
    refused(aws.run(json!({"taskDefinition": "nobody:7"})).await, "ClientException", "")
}

async fn inactive(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    aws.call("DeregisterTaskDefinition", json!({"taskDefinition": format!("{}:1", aws.id)})).await?;
    refused(aws.run(json!({})).await, INVALID, "TaskDefinition is inactive")
}

async fn no_network(aws: Aws) -> Seen {
    aws.register_image("nginx:1").await?;
    refused(aws.run(json!({"networkConfiguration": null})).await, INVALID, "Network Configuration")
}

async fn stop_missing(aws: Aws) -> Seen {
    let input = json!({"cluster": aws.id, "task": "0123456789abcdef0123456789abcdef"});
    refused(aws.call("StopTask", input).await, INVALID, "")
}

async fn no_service(aws: Aws) -> Seen {
    let answer = aws.call("ListTasks", json!({"cluster": aws.id, "serviceName": "nobody"})).await;
    match answer {
        Ok(list) => Err(format!("the list is {}", shown(&list["taskArns"]))),
        refusal => refused(refusal, "ServiceNotFoundException", ""),
    }
}

async fn no_cluster(aws: Aws) -> Seen {
    refused(aws.call("ListTasks", json!({"cluster": "nowhere"})).await, "ClusterNotFoundException", "")
}
