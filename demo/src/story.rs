//! The story, chapter by chapter: what a person types, what happens, and what must then be true.

use crate::checks::Checks;
use crate::follow::Follower;
use crate::stage::Stage;
use crate::terminal::{aside, heading, output, say};
use anyhow::Result;
use ecs_operator::api::EcsService;
use serde_json::Value;
use std::collections::BTreeMap;

const SAMPLE: &str = "deploy/samples/service.yaml";

/// Tells it all. What is not as it should be is counted in `checks`.
///
/// # Errors
/// When a chapter cannot go on: a command fails, or what it waits for does not come.
pub async fn tell(stage: &Stage, checks: &mut Checks) -> Result<()> {
    let mut story = Story { stage, checks, follower: Follower::new(stage), writes: BTreeMap::new() };
    story.kinds_are_installed().await?;
    story.a_service_rolls_out().await?;
    story.an_edit_rolls_out().await?;
    story.a_bad_image_is_rolled_back().await?;
    story.the_image_is_put_right().await?;
    story.a_service_is_scaled().await?;
    story.a_service_is_deleted().await?;
    story.the_other_samples().await
}

struct Story<'a> {
    stage: &'a Stage,
    checks: &'a mut Checks,
    follower: Follower<'a>,
    writes: BTreeMap<String, u64>,
}

impl Story<'_> {
    async fn kinds_are_installed(&mut self) -> Result<()> {
        heading(1, "Install the kinds");
        self.stage.shell.run("kubectl apply -f crds/").await?;
        let waited = self.stage.shell.run("kubectl wait --for=condition=Established crd --all --timeout=60s").await?;
        self.stage.start_operator().await?;
        self.checks.equal("both kinds are served", &2, &waited.matches("condition met").count());
        Ok(())
    }

    async fn a_service_rolls_out(&mut self) -> Result<()> {
        heading(2, "A service rolls out");
        say("One manifest holds the service and its task definition. The operator registers the task definition, creates the \
             service, and follows the rollout until ECS calls it complete.");
        self.stage.shell.run(&format!("kubectl apply -f {SAMPLE}")).await?;
        let service = self.follower.until("web", "it is Ready", is_ready).await?;
        self.stage.shell.run("kubectl get ecssvc").await?;
        let live = self.stage.in_ecs("web");
        self.checks.equal("Ready, with 2 tasks running", &Some(2), &status(&service).running_count);
        self.checks.equal("ECS runs web:1", &"web:1", &revision(&live));
        self.wrote(&[("CreateService", 1), ("RegisterTaskDefinition", 1)]);
        Ok(())
    }

    async fn an_edit_rolls_out(&mut self) -> Result<()> {
        heading(3, "An edit of the image rolls out");
        say("The edit becomes revision 2, and ECS replaces the tasks: first new ones, then the old ones go.");
        self.stage.shell.run(&format!("sed 's/nginx:1.27/nginx:1.28/' {SAMPLE} | kubectl apply -f -")).await?;
        let service = self.follower.until("web", "web:2 is Ready", |it| is_ready(it) && serves(it, "web:2")).await?;
        self.stage.shell.run("kubectl get ecssvc").await?;
        let live = self.stage.in_ecs("web");
        self.checks.equal("web:2 serves with 2 tasks", &Some(2), &status(&service).running_count);
        self.checks.equal("ECS runs web:2", &"web:2", &revision(&live));
        self.wrote(&[("RegisterTaskDefinition", 1), ("UpdateService", 1)]);
        Ok(())
    }

    async fn a_bad_image_is_rolled_back(&mut self) -> Result<()> {
        heading(4, "A bad image is rolled back");
        say("This image cannot be pulled. Its tasks fail until ECS's circuit breaker trips and puts web:2 back, which went on \
             serving all the while. The object says what failed, why, and what serves.");
        self.stage.shell.run(&format!("sed 's/nginx:1.27/nginx:missing/' {SAMPLE} | kubectl apply -f -")).await?;
        let rolled_back = |it: &EcsService| is_current(it) && condition(it, "RolledBack").is_some_and(|(holds, _)| holds);
        let service = self.follower.until("web", "it is rolled back", rolled_back).await?;
        let table = self.stage.shell.run("kubectl get ecssvc").await?;
        let described = self.stage.shell.run_silently("kubectl describe ecssvc web").await?;
        described.lines().for_each(output);
        self.checks.claim("kubectl get shows the reason: RolledBack", table.contains("RolledBack"));
        self.checks
            .claim("kubectl describe names the cause: CannotPullContainerError", described.contains("CannotPullContainerError"));
        self.checks.claim("web:2 serves, with 2 tasks", serves(&service, "web:2") && status(&service).running_count == Some(2));
        self.checks.equal("ECS runs web:2", &"web:2", &revision(&self.stage.in_ecs("web")));
        self.wrote(&[("RegisterTaskDefinition", 1), ("UpdateService", 1)]);
        Ok(())
    }

    async fn the_image_is_put_right(&mut self) -> Result<()> {
        heading(5, "The image is put right");
        say("What is asked for now is what ECS went back to. Nothing has to be registered or rolled out.");
        self.stage.shell.run(&format!("sed 's/nginx:1.27/nginx:1.28/' {SAMPLE} | kubectl apply -f -")).await?;
        self.follower.until("web", "it is Ready again", is_ready).await?;
        self.stage.shell.run("kubectl get ecssvc").await?;
        self.wrote(&[]);
        Ok(())
    }

    async fn a_service_is_scaled(&mut self) -> Result<()> {
        heading(6, "It is scaled");
        self.stage.shell.run("kubectl scale ecssvc web --replicas=4").await?;
        let four = |it: &EcsService| is_ready(it) && status(it).running_count == Some(4);
        self.follower.until("web", "4 tasks run", four).await?;
        self.stage.shell.run("kubectl get ecssvc").await?;
        self.checks.equal("ECS runs 4 tasks", &Some(4), &self.stage.in_ecs("web")["runningCount"].as_i64());
        self.wrote(&[("UpdateService", 1)]);
        Ok(())
    }

    async fn a_service_is_deleted(&mut self) -> Result<()> {
        heading(7, "It is deleted");
        say("ECS drains the service: tasks stop, then it is gone. The object goes last, so that kubectl waits for AWS.");
        let deletion = self.stage.shell.run("kubectl delete ecssvc web");
        let (deleted, gone) = tokio::join!(deletion, self.follower.until_gone("web"));
        deleted?;
        gone?;
        let live = self.stage.in_ecs("web");
        self.checks.equal("ECS calls the service INACTIVE", &Some("INACTIVE"), &live["status"].as_str());
        self.checks.equal("none of its tasks runs", &Some(0), &live["runningCount"].as_i64());
        self.wrote(&[("DeleteService", 1)]);
        Ok(())
    }

    async fn the_other_samples(&mut self) -> Result<()> {
        heading(8, "The other samples");
        Ok(())
    }

    /// Checks which operations wrote to ECS since the chapter before.
    fn wrote(&mut self, expected: &[(&str, u64)]) {
        let now = self.stage.writes();
        let before = std::mem::replace(&mut self.writes, now.clone());
        let since = |(operation, count): (String, u64)| {
            let new = count - before.get(&operation).copied().unwrap_or_default();
            (new > 0).then_some((operation, new))
        };
        let seen: Vec<(String, u64)> = now.into_iter().filter_map(since).collect();
        let expected: Vec<(String, u64)> = expected.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect();
        self.checks.equal("writes to AWS", &expected, &seen);
        aside("");
    }
}

fn status(service: &EcsService) -> ecs_operator::api::EcsServiceStatus {
    service.status.clone().unwrap_or_default()
}

/// Whether the status speaks of the newest declaration.
fn is_current(service: &EcsService) -> bool {
    status(service).observed_generation == service.metadata.generation
}

fn condition(service: &EcsService, kind: &str) -> Option<(bool, String)> {
    let conditions = status(service).conditions;
    let found = conditions.into_iter().find(|condition| condition.type_ == kind)?;
    Some((found.status == "True", found.message))
}

fn is_ready(service: &EcsService) -> bool {
    is_current(service) && condition(service, "Ready").is_some_and(|(holds, _)| holds)
}

fn serves(service: &EcsService, revision: &str) -> bool {
    status(service).revision.as_deref() == Some(revision)
}

/// `family:number` of the task definition of a service as ECS describes it.
fn revision(live: &Value) -> &str {
    live["taskDefinition"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default()
}
