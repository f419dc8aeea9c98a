//! Applications of Argo CD, through the Kubernetes API: no server of Argo CD is asked.

use crate::cluster::{Cluster, until};
use crate::settings::variable;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// Where Argo CD is, and its Applications.
pub const NAMESPACE: &str = "argocd";
/// All that a run makes, the one that makes the others first.
const NAMES: [&str; 4] = ["ecs", "ecs-services", "ecs-policies", "ecs-waves"];

impl Cluster {
    pub async fn application(&self, name: &str) -> Result<Value> {
        self.json(&["applications.argoproj.io", name, "--namespace", NAMESPACE]).await
    }

    async fn patch_application(&self, name: &str, patch: &Value) -> Result<()> {
        let patch = patch.to_string();
        let words = ["patch", "applications.argoproj.io", name, "--namespace", NAMESPACE, "--type", "merge", "--patch", &patch];
        self.kubectl(&words).await.map(drop)
    }

    /// Makes Argo CD look at the repository now, and not when it would anyway.
    pub async fn refresh(&self, name: &str) -> Result<()> {
        self.patch_application(name, &json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})).await
    }

    /// Waits until an Application is at this commit, Synced, and of this health.
    pub async fn until_application(&self, name: &str, commit: &str, health: &str) -> Result<Value> {
        self.refresh(name).await?;
        until(&format!("{name} is Synced and {health}"), 120, async || {
            let found = self.application(name).await?;
            let status = &found["status"];
            let (sync, is) = (&status["sync"], &status["health"]["status"]);
            let operation = &status["operationState"]["message"];
            let differing = out_of_sync(&found);
            ensure!(
                sync["status"] == "Synced" && sync["revision"] == commit && is == health,
                "it is {} at {} and {is}, {operation}, {differing:?}",
                sync["status"],
                sync["revision"]
            );
            Ok(found)
        })
        .await
    }

    /// Waits until an Application has this health, whether it is Synced or not.
    pub async fn until_health(&self, name: &str, health: &str) -> Result<Value> {
        until(&format!("{name} is {health}"), 120, async || {
            let found = self.application(name).await?;
            let is = &found["status"]["health"]["status"];
            ensure!(is == health, "it is {is}");
            Ok(found)
        })
        .await
    }

    /// Syncs as a person does, and waits until that is over.
    pub async fn sync(&self, name: &str, options: &[&str]) -> Result<()> {
        let before = self.application(name).await?["status"]["operationState"]["startedAt"].clone();
        // Times have no fractions: two syncs in one second would look like one.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        let operation = json!({"initiatedBy": {"username": "e2e"}, "sync": {"syncOptions": options}});
        self.patch_application(name, &json!({"operation": operation})).await?;
        until(&format!("the sync of {name} is over"), 60, async || {
            let found = self.application(name).await?;
            let state = &found["status"]["operationState"];
            ensure!(
                found["operation"].is_null() && state["startedAt"] != before && state["phase"] == "Succeeded",
                "{}",
                state["phase"]
            );
            ensure!(found["status"]["sync"]["status"] == "Synced", "it differs in {:?}", out_of_sync(&found));
            Ok::<_, anyhow::Error>(())
        })
        .await
    }

    /// Sets how an Application is synced from now on.
    pub async fn set_sync_options(&self, name: &str, options: &[&str]) -> Result<()> {
        self.patch_application(name, &json!({"spec": {"syncPolicy": {"syncOptions": options}}})).await
    }

    /// Deletes an Application and what it made, and waits.
    pub async fn delete_application(&self, name: &str) -> Result<()> {
        let words =
            ["delete", "applications.argoproj.io", name, "--namespace", NAMESPACE, "--ignore-not-found", "--timeout", "2m"];
        self.kubectl(&words).await.map(drop)
    }

    /// The Applications of a run that are there; with a sentence where one of their names is taken by somebody else's.
    async fn applications_of_runs(&self) -> Result<Vec<&'static str>> {
        let definition = ["get", "crd", "applications.argoproj.io", "--ignore-not-found", "--output", "name"];
        let Some(url) = variable("E2E_REPOSITORY") else { return Ok(Vec::new()) };
        if self.kubectl(&definition).await?.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.json(&["applications.argoproj.io", "--namespace", NAMESPACE]).await?;
        let mut ours = Vec::new();
        for it in all["items"].as_array().into_iter().flatten() {
            let Some(name) = NAMES.into_iter().find(|name| it["metadata"]["name"] == *name) else { continue };
            let source = &it["spec"]["source"]["repoURL"];
            ensure!(*source == *url, "Application {name} is there and comes from {source}: take a cluster without it");
            ours.push(name);
        }
        // The one that makes the others goes first.
        ours.sort_by_key(|name| NAMES.iter().position(|it| it == name));
        Ok(ours)
    }

    /// Takes away what a run that failed left, and nothing that comes from another repository.
    pub async fn strike_applications(&self) -> Result<()> {
        for name in self.applications_of_runs().await? {
            // A sync that is to be tried again holds a deletion up for minutes.
            let _ = self.patch_application(name, &json!({"operation": null})).await;
            if let Err(error) = self.delete_application(name).await {
                println!("   {error:#}");
                self.patch_application(name, &json!({"metadata": {"finalizers": null}})).await?;
            }
        }
        Ok(())
    }
}

fn out_of_sync(application: &Value) -> Vec<String> {
    let all = application["status"]["resources"].as_array().into_iter().flatten();
    let differing = all.filter(|it| it["status"] != "Synced");
    differing.map(|it| format!("{} {}", it["kind"], it["name"])).collect()
}

/// What Argo CD says of one object, if it keeps that (`controller.resource.health.persist`).
pub fn health_of(application: &Value, kind: &str, name: &str) -> Option<(String, String)> {
    let all = application["status"]["resources"].as_array()?;
    let health = &all.iter().find(|it| it["kind"] == kind && it["name"] == name)?["health"];
    Some((health["status"].as_str()?.to_owned(), health["message"].as_str().unwrap_or_default().to_owned()))
}

/// Name and generation of each of these objects: what a sync must not touch.
pub fn standing(objects: &[Value]) -> Result<Vec<(String, i64)>> {
    let of = |it: &Value| {
        let name = format!("{}/{}", it["kind"], it["metadata"]["name"]);
        Ok((name, it["metadata"]["generation"].as_i64().context("an object without a generation")?))
    };
    objects.iter().map(of).collect()
}
