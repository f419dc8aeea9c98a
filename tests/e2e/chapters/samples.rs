//! The samples of deploy/samples, as their readers apply them.

use crate::cluster::{is_ready, until};
use crate::report::Done;
use crate::stage::{SAMPLES, Stage};
use anyhow::{Result, ensure};
use serde_json::Value;

/// Applies all of them and waits.
pub async fn ready(stage: &Stage) -> Result<Done> {
    let apply = |file| ["apply", "--server-side", "--namespace", SAMPLES, "--filename", file];
    stage.cluster.kubectl(&apply("deploy/samples/policy.yaml")).await?;
    stage.cluster.kubectl(&apply("deploy/samples")).await?;
    until_ready(stage, 120).await?;
    println!("{}", stage.cluster.kubectl(&["get", "ecs-all", "--namespace", SAMPLES]).await?);
    Ok(Done::Passed)
}

/// Waits until every object there is Ready as it is declared now.
pub async fn until_ready(stage: &Stage, seconds: u64) -> Result<Vec<Value>> {
    until("every sample is Ready", seconds, async || -> Result<Vec<Value>> {
        let all = stage.samples().await?;
        let waiting: Vec<&Value> = all.iter().filter(|it| !is_ready(it)).map(|it| &it["metadata"]["name"]).collect();
        ensure!(!all.is_empty() && waiting.is_empty(), "these are not: {waiting:?}");
        Ok(all)
    })
    .await
}
