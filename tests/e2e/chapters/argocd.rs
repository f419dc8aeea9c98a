//! Argo CD: everything from a repository, in both ways to apply, through rollouts, failures, and out again.

use super::samples::until_ready;
use crate::applications::{NAMESPACE, health_of, standing};
use crate::cluster::{condition, until};
use crate::report::{Done, Report};
use crate::repository::Repository;
use crate::settings::{Settings, variable};
use crate::stage::{OPERATOR, SAMPLES, Stage};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

const SERVICES: &str = "ecs-services";
const WAVES: &str = "deploy/argocd/sync-waves/shop.yaml";
const SHOP: &str = "deploy/samples/service-ref.yaml";
const SERVER_SIDE: &[&str] = &["ServerSideApply=true"];

/// Tells them all.
pub async fn all(stage: &Stage, settings: &Settings, report: &mut Report) -> Result<()> {
    let url = variable("E2E_REPOSITORY").context("E2E_REPOSITORY names no Git repository that Argo CD can read")?;
    stage.cluster.strike_applications().await?;
    let repository = Repository::new(&url, SAMPLES).await?;
    super::set(stage, settings, report).await?;
    report.essential("Argo CD takes the health checks and actions", told(stage)).await?;
    report.step("sync waves: policy, task definition, service", waves(stage, &repository)).await;
    report.step("a refused task definition ends the sync, and the service stays as it was", refused(stage, &repository)).await;
    report.step("deleting the Application ends well", gone(stage, "ecs-waves")).await;
    report.essential("app of apps: every sample is Synced and Healthy", app_of_apps(stage, &repository)).await?;
    for (how, options) in [("client-side", &[][..]), ("server-side", SERVER_SIDE)] {
        report.step(&format!("twenty syncs change nothing, {how}"), synced(stage, options)).await;
        report.step(&format!("what is changed by hand is put back, and nothing differs, {how}"), healed(stage, options)).await;
    }
    report.step("an edit in Git is Progressing, then Healthy", rolled_out(stage, &repository)).await;
    report.step("a paused service is Suspended and Synced", paused(stage)).await;
    report.step("a failed rollout is Degraded with its reason; a revert is Healthy", failed(stage, &repository)).await;
    report.step("what is taken out of Git is pruned, in AWS too", pruned(stage, &repository)).await;
    report.step("deleting the app of apps ends well, policies and all", gone(stage, "ecs")).await;
    Ok(())
}

/// As docs/how-to/argocd.md says.
async fn told(stage: &Stage) -> Result<Done> {
    let patch = ["patch", "configmap", "argocd-cm", "--namespace", NAMESPACE, "--patch-file", "deploy/argocd/argocd-cm.yaml"];
    stage.cluster.kubectl(&patch).await?;
    Ok(Done::Passed)
}

async fn waves(stage: &Stage, repository: &Repository) -> Result<Done> {
    repository.take(WAVES)?;
    let commit = repository.push("A policy, a task definition, a service").await?;
    let application = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": "ecs-waves", "namespace": NAMESPACE, "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "default",
            "source": {"repoURL": repository.url, "targetRevision": "main", "path": "deploy/argocd/sync-waves"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": SAMPLES},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": true}, "retry": {"limit": 0}},
        },
    });
    stage.cluster.kubectl_with(&["apply", "--filename", "-"], &application.to_string()).await?;
    stage.cluster.until_application("ecs-waves", &commit, "Healthy").await?;
    let [policy, definition, service] = [
        stage.cluster.get("EcsNamespacePolicy", SAMPLES, "default").await?,
        stage.cluster.get("EcsTaskDefinition", SAMPLES, "shop").await?,
        stage.cluster.get("EcsService", SAMPLES, "shop").await?,
    ];
    for (before, after) in [(&policy, &definition), (&definition, &service)] {
        let (ready, made) = (&condition(before, "Ready")["lastTransitionTime"], &after["metadata"]["creationTimestamp"]);
        let in_order = ready.as_str().zip(made.as_str()).is_some_and(|(ready, made)| ready <= made);
        ensure!(in_order, "{} was made at {made}, and {} was Ready at {ready}", after["kind"], before["kind"]);
    }
    Ok(Done::Passed)
}

/// A role that the policy does not grant, and a change of the service behind it.
async fn refused(stage: &Stage, repository: &Repository) -> Result<Done> {
    repository.edit(
        WAVES,
        "  memory: \"1024\"\n",
        "  memory: \"1024\"\n  executionRoleArn: arn:aws:iam::111122223333:role/other\n",
    )?;
    repository.edit(WAVES, "desiredCount: 2", "desiredCount: 3")?;
    repository.push("A role that is not granted").await?;
    stage.cluster.refresh("ecs-waves").await?;
    let application = until("the sync has failed", 90, async || {
        let found = stage.cluster.application("ecs-waves").await?;
        let phase = &found["status"]["operationState"]["phase"];
        ensure!(phase == "Failed", "it is {phase}");
        Ok::<_, anyhow::Error>(found)
    })
    .await?;
    ensure!(application["status"]["health"]["status"] == "Degraded", "the Application is {}", application["status"]["health"]);
    let of_sync = application["status"]["operationState"]["syncResult"]["resources"].to_string();
    println!("   {}: {of_sync}", application["status"]["operationState"]["message"]);
    let service = stage.cluster.get("EcsService", SAMPLES, "shop").await?;
    ensure!(service["spec"]["desiredCount"] == 2, "the service was changed in spite of it");
    let commit = repository.revert().await?;
    stage.cluster.until_application("ecs-waves", &commit, "Healthy").await?;
    Ok(Done::Passed)
}

/// Deletes an Application with all that is of it, in whatever order Argo CD likes.
async fn gone(stage: &Stage, name: &str) -> Result<Done> {
    stage.cluster.delete_application(name).await?;
    until("no object is left", 120, async || {
        let mut left = stage.samples().await?;
        let policies = stage.cluster.json(&["ecspol", "--namespace", SAMPLES]).await?;
        left.extend(policies["items"].as_array().into_iter().flatten().cloned());
        let names: Vec<&Value> = left.iter().map(|it| &it["metadata"]["name"]).collect();
        ensure!(left.is_empty(), "these are: {names:?}");
        stage.cluster.is_empty(OPERATOR).await
    })
    .await?;
    Ok(Done::Passed)
}

async fn app_of_apps(stage: &Stage, repository: &Repository) -> Result<Done> {
    for path in ["deploy/argocd/app-of-apps", "deploy/samples"] {
        repository.take(path)?;
    }
    let commit = repository.push("Everything").await?;
    let root = repository.of_this_run(&std::fs::read_to_string("deploy/argocd/app-of-apps/root.yaml")?);
    stage.cluster.kubectl_with(&["apply", "--filename", "-"], &root).await?;
    stage.cluster.until_application("ecs", &commit, "Healthy").await?;
    for name in ["ecs-policies", SERVICES] {
        let application = stage.cluster.until_application(name, &commit, "Healthy").await?;
        for it in application["status"]["resources"].as_array().into_iter().flatten() {
            println!("   {name}: {} {} {} {}", it["kind"], it["name"], it["status"], it["health"]["status"]);
        }
    }
    // From here on the Application is steered by this program.
    stage
        .cluster
        .kubectl(&[
            "patch",
            "applications.argoproj.io",
            "ecs",
            "--namespace",
            NAMESPACE,
            "--type",
            "merge",
            "--patch",
            r#"{"spec":{"syncPolicy":{"automated":{"selfHeal":false}}}}"#,
        ])
        .await?;
    Ok(Done::Passed)
}

async fn synced(stage: &Stage, options: &[&str]) -> Result<Done> {
    stage.cluster.set_sync_options(SERVICES, options).await?;
    // The first in another way may take over fields, and nothing more.
    stage.cluster.sync(SERVICES, options).await?;
    let (objects, writes) = (standing(&until_ready(stage, 60).await?)?, stage.cluster.writes(OPERATOR).await?);
    for _ in 0..20 {
        stage.cluster.sync(SERVICES, options).await?;
    }
    ensure!(standing(&until_ready(stage, 60).await?)? == objects, "a sync changed a generation");
    let after = stage.cluster.writes(OPERATOR).await?;
    ensure!(after == writes, "writes to AWS before and after: {writes:?}, {after:?}");
    Ok(Done::Passed)
}

/// Three edits by hand: a count, an image, a list that is left out.
async fn healed(stage: &Stage, options: &[&str]) -> Result<Done> {
    stage.cluster.set_sync_options(SERVICES, options).await?;
    let image = json!([{"op": "replace", "path": "/spec/containerDefinitions/0/environment/0/value", "value": "debug"}]);
    let edits: [(&str, &str, Value); 3] = [
        ("ecssvc", "web", json!([{"op": "replace", "path": "/spec/desiredCount", "value": 5}])),
        ("ecstd", "shop", image),
        ("ecssvc", "shop", json!([{"op": "remove", "path": "/spec/tags"}])),
    ];
    for (kind, name, edit) in edits {
        let before = stage.cluster.json(&[kind, name, "--namespace", SAMPLES]).await?;
        let edit = edit.to_string();
        stage.cluster.kubectl(&["patch", kind, name, "--namespace", SAMPLES, "--type", "json", "--patch", &edit]).await?;
        until("it is put back", 60, async || {
            let now = stage.cluster.json(&[kind, name, "--namespace", SAMPLES]).await?;
            ensure!(now["spec"] == before["spec"], "it is {}", now["spec"]);
            Ok::<_, anyhow::Error>(())
        })
        .await?;
        let commit = stage.cluster.application(SERVICES).await?["status"]["sync"]["revision"].clone();
        stage.cluster.until_application(SERVICES, commit.as_str().unwrap_or_default(), "Healthy").await?;
    }
    Ok(Done::Passed)
}

async fn rolled_out(stage: &Stage, repository: &Repository) -> Result<Done> {
    repository.edit(SHOP, "nginx:1.27", "nginx:1.28")?;
    let commit = repository.push("A new image").await?;
    stage.cluster.refresh(SERVICES).await?;
    let seen = until("the rollout is Progressing", 60, async || {
        let found = stage.cluster.application(SERVICES).await?;
        let (is, of_shop) = (&found["status"]["health"]["status"], health_of(&found, "EcsService", "shop"));
        let tells =
            of_shop.as_ref().is_none_or(|(status, message)| status == "Progressing" && message.starts_with("RolloutInProgress"));
        ensure!(is == "Progressing" && tells, "it is {is}: {of_shop:?}");
        Ok::<_, anyhow::Error>(of_shop)
    })
    .await?;
    println!("   {}", seen.map(|(status, message)| format!("{status}: {message}")).unwrap_or_default());
    stage.cluster.until_application(SERVICES, &commit, "Healthy").await?;
    let shop = stage.cluster.get("EcsTaskDefinition", SAMPLES, "shop").await?;
    ensure!(shop["spec"]["containerDefinitions"][0]["image"].to_string().contains("nginx:1.28"), "the image is the old one");
    Ok(Done::Passed)
}

async fn paused(stage: &Stage) -> Result<Done> {
    let annotate = ["annotate", "ecssvc", "web", "--namespace", SAMPLES];
    stage.cluster.kubectl(&[&annotate[..], &["ecs-operator.io/paused=true"]].concat()).await?;
    let seen = stage.cluster.until_health(SERVICES, "Suspended").await?;
    ensure!(seen["status"]["sync"]["status"] == "Synced", "the annotation counts as a difference");
    stage.cluster.kubectl(&[&annotate[..], &["ecs-operator.io/paused-"]].concat()).await?;
    stage.cluster.until_health(SERVICES, "Healthy").await?;
    Ok(Done::Passed)
}

async fn failed(stage: &Stage, repository: &Repository) -> Result<Done> {
    repository.edit(SHOP, "public.ecr.aws/nginx/nginx:1.28", "registry.example.com/crash:1")?;
    let commit = repository.push("An image that crashes").await?;
    let seen = stage.cluster.until_application(SERVICES, &commit, "Degraded").await?;
    match health_of(&seen, "EcsService", "shop") {
        Some((status, message)) => {
            println!("   {status}: {message}");
            ensure!(status == "Degraded" && message.starts_with("RolledBack: "), "the service is {status}: {message}");
        }
        None => println!(
            "   this Argo CD keeps no health of single objects: set controller.resource.health.persist to see the reason"
        ),
    }
    let commit = repository.revert().await?;
    stage.cluster.until_application(SERVICES, &commit, "Healthy").await?;
    Ok(Done::Passed)
}

/// A load balancer with its service, and a task definition with its own, go in one commit.
async fn pruned(stage: &Stage, repository: &Repository) -> Result<Done> {
    repository.remove("deploy/samples/exposed.yaml")?;
    repository.remove(SHOP)?;
    let commit = repository.push("Without the load balancer and the shop").await?;
    stage.cluster.until_application(SERVICES, &commit, "Healthy").await?;
    let left = stage.samples().await?;
    if let Some(it) = left.iter().find(|it| ["edge", "site", "shop"].iter().any(|name| it["metadata"]["name"] == *name)) {
        bail!("{} {} is left", it["kind"], it["metadata"]["name"]);
    }
    for operation in ["DescribeLoadBalancers", "DescribeTargetGroups"] {
        let found = stage.cluster.elb(OPERATOR, operation).await?;
        ensure!(!found.contains("<member>"), "{operation} finds some: {found}");
    }
    Ok(Done::Passed)
}
