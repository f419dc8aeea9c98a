//! What stays and what goes.

use super::samples::until_ready;
use crate::cluster::until;
use crate::report::Done;
use crate::simulator::between;
use crate::stage::{OPERATOR, SAMPLES, Stage};
use anyhow::{Result, ensure};
use serde_json::json;

/// As docs/install.md says: objects first, then what grants them things.
pub async fn deleted(stage: &Stage) -> Result<Done> {
    for (kind, limit) in [("ecs-all", "3m"), ("ecspol", "30s")] {
        stage.cluster.kubectl(&["delete", kind, "--all", "--namespace", SAMPLES, "--timeout", limit]).await?;
    }
    let left = stage.samples().await?;
    ensure!(left.is_empty(), "{left:?} is left");
    until("AWS is empty", 60, async || stage.cluster.is_empty(OPERATOR).await).await?;
    Ok(Done::Passed)
}

/// The release goes, and a service of it stays in AWS; a new release takes it up.
pub async fn uninstalled(stage: &Stage) -> Result<Done> {
    for file in ["deploy/samples/policy.yaml", "deploy/samples/service.yaml"] {
        stage.cluster.kubectl(&["apply", "--server-side", "--namespace", SAMPLES, "--filename", file]).await?;
    }
    until_ready(stage, 60).await?;
    let definitions = ["get", "crd", "--selector", "app.kubernetes.io/part-of=ecs-operator", "--output", "name"];
    let (there, before) = (stage.cluster.kubectl(&definitions).await?, stage.cluster.writes(OPERATOR).await?);
    stage.uninstall().await?;
    until("the pods are gone", 60, async || {
        let pods = stage.pods().await?;
        ensure!(pods.is_empty(), "{pods:?}");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    ensure!(stage.cluster.kubectl(&definitions).await? == there, "definitions went with the release");
    let web = stage.cluster.get("EcsService", SAMPLES, "web").await?;
    ensure!(web["metadata"]["deletionTimestamp"].is_null(), "the object was deleted with the release");
    let in_ecs = stage.cluster.in_ecs(OPERATOR, "web").await?;
    ensure!(in_ecs == json!("ACTIVE"), "in ECS the service is {in_ecs}");
    stage.install().await?;
    until("the new operator looked at it", 60, async || {
        until_ready(stage, 30).await?;
        let now = stage.leader().await?;
        ensure!(stage.pods().await?.contains(&now), "{now} led before");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    let after = stage.cluster.writes(OPERATOR).await?;
    ensure!(between(&before, &after, "CreateService") == 0, "the service was made again");
    ensure!(before == after, "writes to AWS before and after: {before:?}, {after:?}");
    Ok(Done::Passed)
}
