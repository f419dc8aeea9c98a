//! The story, chapter by chapter: what a person types, what happens, and what must then be true.

use crate::checks::Checks;
use crate::excerpt;
use crate::follow::Follower;
use crate::stage::Stage;
use crate::terminal::{heading, output, output_whole, say};
use crate::visitors::Visitors;
use anyhow::Result;
use ecs_operator::api::{EcsService, EcsServiceStatus, EcsTaskDefinition, crds};
use kube::Api;
use serde_json::Value;
use std::collections::BTreeMap;

const SAMPLE: &str = "deploy/samples/service.yaml";
const POLICY: &str = "deploy/samples/policy.yaml";
const EXPOSED: &str = "deploy/samples/exposed.yaml";
/// The host of that sample.
const HOST: &str = "site.example.com";

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
    story.a_service_is_reached().await?;
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
        heading(1, "The kinds are installed, and a namespace is granted something");
        say("All kinds, by plain client-side apply.");
        self.stage.shell.run("kubectl apply -f crds/").await?;
        let waited = self.stage.shell.run("kubectl wait --for=condition=Established crd --all --timeout=60s").await?;
        self.checks.equal("every kind is served", &crds().len(), &waited.matches("condition met").count());
        say(
            "An administrator grants the namespace what its objects may make AWS do: these clusters, subnets, roles and secrets.",
        );
        self.stage.shell.run(&format!("kubectl apply -f {POLICY}")).await?;
        self.stage.start_operator()?;
        self.stage.shell.run("kubectl wait --for=condition=Ready ecspol/default --timeout=60s").await?;
        Ok(())
    }

    async fn a_service_rolls_out(&mut self) -> Result<()> {
        heading(2, "A service rolls out");
        say("One manifest holds the service and its task definition. The operator registers the task definition, creates the \
             service, and follows the rollout until ECS calls it complete.");
        self.stage.shell.run(&format!("kubectl apply -f {SAMPLE}")).await?;
        let service = self.follower.until("web", "it is Ready", is_ready).await?;
        self.stage.shell.run("kubectl get ecssvc").await?;
        self.checks.equal("it is Ready with 2 tasks", &Some(2), &status(&service).running_count);
        self.checks.equal("ECS runs web:1", &"web:1", &revision(&self.stage.in_ecs("web")));
        self.wrote(&[("CreateService", 1), ("RegisterTaskDefinition", 1)]);
        Ok(())
    }

    async fn an_edit_rolls_out(&mut self) -> Result<()> {
        heading(3, "An edit of the image rolls out");
        say("The edit becomes revision web:2. ECS starts its tasks beside the old ones, and stops those when the new ones are \
             healthy.");
        self.stage.shell.run(&format!("sed s/nginx:1.27/nginx:1.28/ {SAMPLE} | kubectl apply -f -")).await?;
        self.follower.until("web", "web:2 is Ready", |it| is_ready(it) && serves(it, "web:2")).await?;
        self.stage.shell.run("kubectl get ecssvc").await?;
        self.checks.equal("ECS runs web:2", &"web:2", &revision(&self.stage.in_ecs("web")));
        self.stayed_up();
        self.wrote(&[("RegisterTaskDefinition", 1), ("UpdateService", 1)]);
        Ok(())
    }

    async fn a_bad_image_is_rolled_back(&mut self) -> Result<()> {
        heading(4, "A bad image is rolled back");
        say(
            "This image cannot be pulled. The tasks of web:3 fail until ECS's circuit breaker trips and goes back to web:2. The \
             object says what failed, why, and what serves; the operator does not try web:3 again until somebody edits it.",
        );
        self.stage.shell.run(&format!("sed s/nginx:1.27/nginx:missing/ {SAMPLE} | kubectl apply -f -")).await?;
        let rolled_back = |it: &EcsService| is_current(it) && holds(it, "RolledBack") && status(it).deployments.len() == 1;
        self.follower.until("web", "it is rolled back", rolled_back).await?;
        let table = self.stage.shell.run("kubectl get ecssvc").await?;
        let described = self.stage.shell.run_through("kubectl describe ecssvc web", |_| {}).await?;
        for line in excerpt::of_description(&described) {
            if line.trim_start().starts_with("Message:") || line.trim_start().starts_with("Reason:") {
                output_whole(&line);
            } else {
                output(&line);
            }
        }
        self.checks.claim("kubectl get shows the reason, RolledBack", table.contains("RolledBack"));
        self.checks.claim("kubectl describe shows why: CannotPullContainerError", described.contains("CannotPullContainerError"));
        self.checks.equal("ECS runs web:2", &"web:2", &revision(&self.stage.in_ecs("web")));
        self.stayed_up();
        self.wrote(&[("RegisterTaskDefinition", 1), ("UpdateService", 1)]);
        Ok(())
    }

    async fn the_image_is_put_right(&mut self) -> Result<()> {
        heading(5, "The image is put right");
        say("What is asked for now is what ECS went back to, so there is nothing to register and nothing to roll out.");
        self.stage.shell.run(&format!("sed s/nginx:1.27/nginx:1.28/ {SAMPLE} | kubectl apply -f -")).await?;
        self.follower.until("web", "it is Ready again", is_ready).await?;
        self.stage.shell.run("kubectl get ecssvc").await?;
        self.stayed_up();
        self.wrote(&[]);
        Ok(())
    }

    async fn a_service_is_scaled(&mut self) -> Result<()> {
        heading(6, "It is scaled");
        say("kubectl scale sets spec.desiredCount, as a HorizontalPodAutoscaler would. No new rollout begins.");
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
        say("ECS drains the service: its tasks stop, then it is gone, and so are its revisions. The object goes last, so that \
             kubectl waits for AWS.");
        let mut printed = Vec::new();
        let deletion = self.stage.shell.run_through("kubectl delete ecssvc web", |line| printed.push(line.to_owned()));
        tokio::try_join!(deletion, self.follower.until_gone("web"))?;
        for line in &printed {
            output(line);
        }
        self.stage.shell.run("kubectl wait --for=delete ecstd web --timeout=60s").await?;
        let left = Api::<EcsTaskDefinition>::namespaced(self.stage.kube.clone(), "default").get_opt("web").await?;
        self.checks.claim("its task definition is gone too", left.is_none());
        let live = self.stage.in_ecs("web");
        self.checks.equal("ECS calls it INACTIVE", &Some("INACTIVE"), &live["status"].as_str());
        self.checks.equal("none of its tasks runs", &Some(0), &live["runningCount"].as_i64());
        self.wrote(&[("DeleteService", 1), ("DeregisterTaskDefinition", 3)]);
        Ok(())
    }

    async fn a_service_is_reached(&mut self) -> Result<()> {
        heading(8, "A service is reached, and rolls out without losing a request");
        say(
            "A load balancer of its own, and a host on it. Between them the operator keeps a target group and a rule: service -> \
             target group, rule -> listener -> load balancer. The simulated AWS lets requests through, as a proxy.",
        );
        self.stage.shell.run(&format!("kubectl apply -f {EXPOSED}")).await?;
        self.follower.until("site", "it is Ready", is_ready).await?;
        self.stage.shell.run("kubectl get ecslb,ecsrule,ecstg,ecssvc").await?;
        let page = self.stage.shell.run(&format!("curl -s -x {} http://{HOST}/", self.stage.endpoint())).await?;
        self.checks.claim("a task of site:1 answers", page.starts_with("site:1 task "));

        say("Now a new image rolls out, while visitors ask for the page forty times a second.");
        let visitors = Visitors::of(HOST, self.stage.endpoint());
        self.stage.shell.run(&format!("sed s/nginx:1.27/nginx:1.28/ {EXPOSED} | kubectl apply -f -")).await?;
        self.follower.until("site", "site:2 is Ready", |it| is_ready(it) && serves(it, "site:2")).await?;
        let page = self.stage.shell.run(&format!("curl -s -x {} http://{HOST}/", self.stage.endpoint())).await?;
        self.checks.claim("a task of site:2 answers", page.starts_with("site:2 task "));
        let answers = visitors.stop();
        output(&format!("{} requests were answered, by revision: {:?}", answers.good(), answers.by_revision()));
        self.checks.claim("both revisions answered in turn", answers.by_revision().len() == 2);
        self.checks.equal("no request failed", &Vec::<String>::new(), &answers.failed);

        self.stage.shell.run("kubectl delete ecssvc/site ecslb/edge").await?;
        let left = self.stage.shell.run("kubectl get ecsrule,ecstg,ecslb -o name").await?;
        self.checks.claim("rule, target group and load balancer are gone", left.is_empty());
        self.checks.equal("AWS has no load balancer left", &0, &self.stage.load_balancers());
        self.writes = self.stage.writes();
        Ok(())
    }

    async fn the_other_samples(&mut self) -> Result<()> {
        heading(9, "The other samples");
        say(
            "Fargate Spot, Service Connect, a daemon, EC2 instances (the simulated cluster has two), and a service that follows a \
             task definition of its own: they roll out side by side.",
        );
        self.stage.shell.run("for it in deploy/samples/*-*.yaml; do kubectl apply -f $it; done").await?;
        self.stage.shell.run("kubectl wait --for=condition=Ready ecs --all --timeout=300s").await?;
        let table = self.stage.shell.run("kubectl get ecssvc").await?;
        let (services, ready) = (table.lines().skip(1).count(), table.lines().filter(|line| line.contains(" True ")).count());
        self.checks.equal("every service is Ready", &services, &ready);
        Ok(())
    }

    /// Checks that the service had its two tasks all through the last wait.
    fn stayed_up(&mut self) {
        self.checks.equal("2 tasks of a good revision ran all the while", &Some(2), &self.follower.least_running());
    }

    /// Checks which operations wrote to ECS since the chapter before, by the simulator's own count.
    fn wrote(&mut self, expected: &[(&str, u64)]) {
        let now = self.stage.writes();
        let before = std::mem::replace(&mut self.writes, now.clone());
        let since = |(operation, count): (String, u64)| {
            let new = count - before.get(&operation).copied().unwrap_or_default();
            (new > 0).then_some((operation, new))
        };
        let seen = sentence(now.into_iter().filter_map(since));
        let expected = sentence(expected.iter().map(|(operation, count)| ((*operation).to_owned(), *count)));
        let claim = format!("the operator wrote to AWS: {expected}");
        if seen == expected {
            self.checks.claim(&claim, true);
        } else {
            self.checks.fail(&format!("{claim}; seen: {seen}"));
        }
    }
}

/// Operations and how often each, in one line.
fn sentence(writes: impl Iterator<Item = (String, u64)>) -> String {
    let words: Vec<String> =
        writes.map(|(operation, count)| if count == 1 { operation } else { format!("{count} {operation}") }).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

fn status(service: &EcsService) -> EcsServiceStatus {
    service.status.clone().unwrap_or_default()
}

/// Whether the status speaks of the newest declaration.
fn is_current(service: &EcsService) -> bool {
    status(service).observed_generation == service.metadata.generation
}

/// Whether a condition is true.
fn holds(service: &EcsService, kind: &str) -> bool {
    status(service).conditions.iter().any(|condition| condition.type_ == kind && condition.status == "True")
}

fn is_ready(service: &EcsService) -> bool {
    is_current(service) && holds(service, "Ready")
}

fn serves(service: &EcsService, revision: &str) -> bool {
    status(service).revision.as_deref() == Some(revision)
}

/// `family:number` of the task definition of a service as ECS describes it.
fn revision(live: &Value) -> &str {
    live["taskDefinition"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default()
}
