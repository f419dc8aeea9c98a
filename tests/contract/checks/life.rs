//! How a service comes, goes and comes again.

use crate::check::{Check, Seen, check, claim, holds, refused, same};
use crate::target::Aws;
use serde_json::{Value, json};
use std::time::Duration;

/// The table of section 2.9.
pub fn checks() -> Vec<Check> {
    vec![
        check("the same token with the same parameters gives the service back", "2.9 M", same_token),
        check("a service that is scaled above 0 is not deleted without force", "0.3 TF obs", scaled),
        check("a service scaled to 0 is deleted without force", "2.9 M", scaled_down),
        check("a service with running tasks is DRAINING after its deletion", "2.9 M", draining),
        check("when its tasks are gone it is INACTIVE, and still described", "2.9 M", inactive),
        check("a service that is INACTIVE is not in the list", "2.9 M", hidden),
        check("a service of that name cannot be created while it drains", "0.3 TF", blocked),
        check("a service of that name can be created once it is INACTIVE, as another one", "2.9 M ACK", again),
        check("a service that was never there cannot be deleted", "0.2 M", never_there),
    ]
}

async fn same_token(aws: Aws) -> Seen {
    let first = aws.create(json!({"clientToken": "token"})).await?;
    let second = aws.call("CreateService", aws.service(&json!({"clientToken": "token"}))).await?;
    same("the ARN", &second["service"]["serviceArn"], &first["serviceArn"])
}

async fn scaled(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    let answer = aws.call("DeleteService", json!({"cluster": aws.id, "service": "web"})).await;
    refused(answer, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0")
}

async fn scaled_down(aws: Aws) -> Seen {
    aws.create(json!({"desiredCount": 0})).await?;
    aws.call("DeleteService", json!({"cluster": aws.id, "service": "web"})).await?;
    Ok(())
}

/// A service whose task runs.
async fn running(aws: &Aws) -> Result<Value, String> {
    aws.create(json!({})).await?;
    aws.until("a task runs", async |aws| {
        let service = aws.describe().await?;
        Ok((service["runningCount"] == 1).then_some(service))
    })
    .await
}

async fn until_inactive(aws: &Aws) -> Result<Value, String> {
    aws.until("the service is INACTIVE", async |aws| {
        let service = aws.describe().await?;
        Ok((service["status"] == "INACTIVE").then_some(service))
    })
    .await
}

async fn draining(aws: Aws) -> Seen {
    running(&aws).await?;
    holds("", &aws.delete().await?, &json!({"status": "DRAINING", "desiredCount": 0}))
}

async fn inactive(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    aws.delete().await?;
    holds("", &until_inactive(&aws).await?, &json!({"runningCount": 0}))
}

async fn hidden(aws: Aws) -> Seen {
    aws.create(json!({})).await?;
    aws.delete().await?;
    until_inactive(&aws).await?;
    let listed = aws.call("ListServices", json!({"cluster": aws.id})).await?;
    same("the list", &listed["serviceArns"], &json!([]))
}

async fn blocked(aws: Aws) -> Seen {
    running(&aws).await?;
    aws.delete().await?;
    let answer = aws.call("CreateService", aws.service(&json!({}))).await;
    refused(answer, "InvalidParameterException", "Unable to Start a service that is still Draining")
}

async fn again(aws: Aws) -> Seen {
    let first = aws.create(json!({})).await?;
    aws.delete().await?;
    until_inactive(&aws).await?;
    // Some tell times in whole seconds.
    aws.pass(Duration::from_millis(1100)).await;
    let second = aws.call("CreateService", aws.service(&json!({}))).await?;
    holds("", &second["service"], &json!({"status": "ACTIVE", "serviceArn": first["serviceArn"]}))?;
    let service = aws.describe().await?;
    claim(service["status"] == "ACTIVE" && service["createdAt"] != first["createdAt"], "the old one is described")
}

async fn never_there(aws: Aws) -> Seen {
    let answer = aws.call("DeleteService", json!({"cluster": aws.id, "service": "web"})).await;
    refused(answer, "ServiceNotFoundException", "")
}
