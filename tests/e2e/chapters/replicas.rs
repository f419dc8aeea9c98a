//! Two replicas: killed, evicted, upgraded.

use super::samples::until_ready;
use crate::cluster::{condition, is_ready, run, until};
use crate::report::Done;
use crate::simulator::between;
use crate::stage::{OPERATOR, RELEASE, SAMPLES, Stage};
use anyhow::{Context as _, Result, bail, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, EvictParams};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::process::Command;
use tokio::time::Instant;

const SHOP: &str = "shop";

/// Ends the leader, and waits until there are two replicas again and another leads.
async fn kill_the_leader(stage: &Stage) -> Result<()> {
    let (old, pod) = (stage.holder().await?, stage.leader().await?);
    if let Some(kill) = &stage.kill {
        run(Command::new("sh").args(["-c", &format!("{kill} \"$0\""), &pod]), "").await.context("kill a pod with E2E_KILL")?;
    } else {
        stage.cluster.kubectl(&["delete", "pod", &pod, "--namespace", OPERATOR, "--grace-period=0", "--force"]).await?;
    }
    let killed = Instant::now();
    until("another leads", 60, async || {
        let new = stage.holder().await?;
        ensure!(new != old, "{new} is still named in the Lease");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    println!("   another leads after {:.1} s", killed.elapsed().as_secs_f64());
    stage.rolled_out(RELEASE).await
}

/// A new image for `shop`, and the leader dies while it rolls out.
pub async fn killed_in_a_rollout(stage: &Stage) -> Result<Done> {
    let before = stage.cluster.writes(OPERATOR).await?;
    let patch =
        json!([{"op": "replace", "path": "/spec/containerDefinitions/0/image", "value": "public.ecr.aws/nginx/nginx:1.28"}]);
    let patch = patch.to_string();
    let words = ["patch", "ecstd", SHOP, "--namespace", SAMPLES, "--type", "json", "--patch", &patch];
    stage.cluster.kubectl(&words).await?;
    until("shop rolls out", 30, async || {
        let shop = stage.cluster.get("EcsService", SAMPLES, SHOP).await?;
        let ready = condition(&shop, "Ready");
        ensure!(ready["reason"] == "RolloutInProgress", "{ready}");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    kill_the_leader(stage).await?;
    until("shop serves the new revision", 90, async || {
        let shop = stage.cluster.get("EcsService", SAMPLES, SHOP).await?;
        ensure!(is_ready(&shop) && shop["status"]["revision"] == "shop:2", "{}", condition(&shop, "Ready"));
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    let after = stage.cluster.writes(OPERATOR).await?;
    let done = ["RegisterTaskDefinition", "UpdateService", "CreateService"].map(|it| between(&before, &after, it));
    ensure!(done == [1, 1, 0], "registered, updated and created {done:?} times instead of [1, 1, 0]");
    Ok(Done::Passed)
}

/// `batch` is made anew, and the leader dies at once.
pub async fn killed_at_a_creation(stage: &Stage) -> Result<Done> {
    const FILE: &str = "deploy/samples/service-spot.yaml";
    stage.cluster.kubectl(&["delete", "--namespace", SAMPLES, "--filename", FILE, "--timeout", "90s"]).await?;
    let before = stage.cluster.writes(OPERATOR).await?;
    stage.cluster.kubectl(&["apply", "--namespace", SAMPLES, "--filename", FILE]).await?;
    kill_the_leader(stage).await?;
    until_ready(stage, 90).await?;
    let after = stage.cluster.writes(OPERATOR).await?;
    let created = between(&before, &after, "CreateService");
    ensure!(created == 1, "CreateService was called {created} times");
    Ok(Done::Passed)
}

/// A drain takes one pod; the second has to wait for the first one's successor.
pub async fn evicted(stage: &Stage) -> Result<Done> {
    until("the budget counts two healthy replicas", 60, async || {
        let budget = stage.cluster.json(&["poddisruptionbudget", RELEASE, "--namespace", OPERATOR]).await?;
        let status = &budget["status"];
        ensure!(status["currentHealthy"] == 2 && status["disruptionsAllowed"] == 1, "{status}");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    let leader = stage.leader().await?;
    let other = stage.pods().await?.into_iter().find(|pod| *pod != leader).context("there is no second pod")?;
    let pods: Api<Pod> = Api::namespaced(stage.cluster.kube.clone(), OPERATOR);
    pods.evict(&leader, &EvictParams::default()).await.context("evict the leader")?;
    match pods.evict(&other, &EvictParams::default()).await {
        Err(kube::Error::Api(refusal)) if refusal.code == 429 => println!("   the second is held: {}", refusal.message),
        Err(error) => bail!("the second eviction fails otherwise: {error}"),
        Ok(_) => bail!("both replicas could be evicted at once"),
    }
    until("the second may be evicted once the first is replaced", 90, async || pods.evict(&other, &EvictParams::default()).await)
        .await?;
    stage.rolled_out(RELEASE).await?;
    until_ready(stage, 60).await?;
    Ok(Done::Passed)
}

/// When each sample became Ready, by kind and name.
async fn since(stage: &Stage) -> Result<BTreeMap<String, Value>> {
    let all = until_ready(stage, 60).await?;
    let name = |it: &Value| format!("{} {}", it["kind"], it["metadata"]["name"]).replace('"', "");
    Ok(all.iter().map(|it| (name(it), condition(it, "Ready")["lastTransitionTime"].clone())).collect())
}

pub async fn upgraded(stage: &Stage) -> Result<Done> {
    let (writes, ready_since) = (stage.cluster.writes(OPERATOR).await?, since(stage).await?);
    stage.upgrade("settings.pollSettledSeconds=4").await?;
    let leader = until("a pod of the new template leads", 60, async || {
        let leader = stage.leader().await?;
        ensure!(stage.pods().await?.contains(&leader), "{leader} does");
        Ok::<_, anyhow::Error>(leader)
    })
    .await?;
    let pod = stage.cluster.json(&["pod", &leader, "--namespace", OPERATOR]).await?;
    let env = pod["spec"]["containers"][0]["env"].to_string();
    ensure!(env.contains(r#"{"name":"ECS_OPERATOR_POLL_SETTLED_SECONDS","value":"4"}"#), "the pod has {env}");
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let mut not_ready_meanwhile = since(stage).await?;
    not_ready_meanwhile.retain(|name, since| ready_since.get(name) != Some(since));
    ensure!(not_ready_meanwhile.is_empty(), "not Ready for a while: before {ready_since:?}, now {not_ready_meanwhile:?}");
    let after = stage.cluster.writes(OPERATOR).await?;
    ensure!(writes == after, "writes to AWS before and after: {writes:?}, {after:?}");
    Ok(Done::Passed)
}

pub async fn tested(stage: &Stage) -> Result<Done> {
    let dns = stage.cluster.json(&["services", "--namespace", "kube-system", "--selector", "k8s-app=kube-dns"]).await?;
    if dns["items"] == json!([]) {
        return Ok(Done::NotRun("the cluster has no DNS by which the test's pod finds the operator".to_owned()));
    }
    println!("{}", stage.cluster.helm(&["test", RELEASE, "--namespace", OPERATOR, "--logs", "--timeout", "2m"]).await?);
    Ok(Done::Passed)
}
