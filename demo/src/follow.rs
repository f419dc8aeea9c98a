//! Watches one service until something holds, and shows its deployments meanwhile: redrawn in place on a terminal, a line
//! for each change elsewhere. It shows what stands in the object's status, which is what `kubectl` would show.

use crate::stage::Stage;
use crate::terminal;
use anyhow::{Context as _, Result, ensure};
use console::{Term, style};
use ecs_operator::api::EcsService;
use ecs_operator::api::service::status::Deployment;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest wait for anything. A busy machine is slow, so this is not tight.
const PATIENCE: Duration = Duration::from_mins(5);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(150);
/// Most Events shown of one look; the others are told by `kubectl get events`.
const EVENTS: usize = 6;

/// Follows services, and remembers which Events were shown.
pub struct Follower<'a> {
    stage: &'a Stage,
    shown: BTreeSet<String>,
    least: Option<i32>,
}

impl<'a> Follower<'a> {
    /// Has shown nothing yet.
    pub fn new(stage: &'a Stage) -> Self {
        Self { stage, shown: BTreeSet::new(), least: None }
    }

    /// Waits until the service is as `holds` says.
    ///
    /// # Errors
    /// When that takes too long, with what was seen last; when the Kubernetes API does not answer.
    pub async fn until(&mut self, name: &str, what: &str, holds: impl Fn(&EcsService) -> bool) -> Result<EcsService> {
        let found = self.follow(name, what, |seen| seen.is_some_and(&holds)).await?;
        found.with_context(|| format!("{name} is not there"))
    }

    /// Waits until there is no such service.
    ///
    /// # Errors
    /// As [`Follower::until`].
    pub async fn until_gone(&mut self, name: &str) -> Result<()> {
        self.follow(name, "it is gone", |seen| seen.is_none()).await.map(drop)
    }

    /// The least number of running tasks that was seen in the last wait.
    pub fn least_running(&self) -> Option<i32> {
        self.least
    }

    async fn follow(
        &mut self,
        name: &str,
        what: &str,
        holds: impl Fn(Option<&EcsService>) -> bool,
    ) -> Result<Option<EcsService>> {
        let (api, clock) = (self.stage.services(), self.stage.clock);
        let began = clock.instant();
        let mut picture = Picture::new();
        self.least = None;
        loop {
            let seen = api.get_opt(name).await.with_context(|| format!("get ecssvc {name}"))?;
            self.tell_events(name, &picture).await?;
            if let Some(status) = seen.as_ref().and_then(|service| service.status.as_ref()) {
                self.least = self.least.into_iter().chain(status.running_count).min();
                picture.show(&status.deployments);
            }
            if holds(seen.as_ref()) {
                picture.keep();
                return Ok(seen);
            }
            let last = seen.and_then(|service| service.status).map(|status| status.conditions);
            ensure!(began.elapsed() < PATIENCE, "waited in vain until {what}; the last conditions were {last:?}");
            clock.sleep(LOOK).await;
        }
    }

    /// Shows the Events that are new, oldest first.
    async fn tell_events(&mut self, name: &str, picture: &Picture) -> Result<()> {
        let api: Api<Event> = Api::namespaced(self.stage.kube.clone(), "default");
        let about = ListParams::default().fields(&format!("involvedObject.name={name},involvedObject.kind=EcsService"));
        let mut events = api.list(&about).await.context("list Events")?.items;
        events.retain(|event| self.shown.insert(event.metadata.uid.clone().unwrap_or_default()));
        events.sort_by(|a, b| a.event_time.as_ref().map(|at| at.0).cmp(&b.event_time.as_ref().map(|at| at.0)));
        for event in events.iter().take(EVENTS) {
            let reason = event.reason.as_deref().unwrap_or_default();
            let line = terminal::fitted(&format!("  {reason:<20} {}", event.message.as_deref().unwrap_or_default()));
            let warns = event.type_.as_deref() == Some("Warning");
            picture.line(&if warns { style(line).yellow() } else { style(line).dim() }.to_string());
        }
        Ok(())
    }
}

/// The table of deployments, wherever it is drawn.
struct Picture {
    bar: ProgressBar,
    drawn: String,
}

impl Picture {
    fn new() -> Self {
        let bar = if Term::stdout().is_term() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout())
        } else {
            ProgressBar::hidden()
        };
        let plain = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self { bar: bar.with_style(plain), drawn: String::new() }
    }

    /// Prints a line above the table.
    fn line(&self, line: &str) {
        if self.bar.is_hidden() {
            println!("{line}");
        } else {
            self.bar.println(line);
        }
    }

    fn show(&mut self, deployments: &[Deployment]) {
        if deployments.is_empty() {
            return;
        }
        let picture = if self.bar.is_hidden() { sentence(deployments) } else { table(deployments) };
        if picture == self.drawn {
            return;
        }
        if self.bar.is_hidden() {
            println!("{picture}");
        } else {
            self.bar.set_message(picture.clone());
            self.bar.tick();
        }
        self.drawn = picture;
    }

    /// Leaves the last table where it stands. A bar that is left pads its last line, so the table is printed anew.
    fn keep(&self) {
        let drawn = !self.bar.is_hidden() && !self.drawn.is_empty();
        self.bar.finish_and_clear();
        if drawn {
            println!("{}", self.drawn);
        }
    }
}

impl Drop for Picture {
    /// An interrupted wait leaves no half-drawn line.
    fn drop(&mut self) {
        if !self.bar.is_finished() {
            self.bar.abandon();
        }
    }
}

/// `IN_PROGRESS` as people write it.
fn rollout(deployment: &Deployment) -> String {
    deployment.rollout_state.as_deref().unwrap_or("-").to_lowercase().replace('_', " ")
}

fn table(deployments: &[Deployment]) -> String {
    let heads = format!(
        "\n  {:<12} {:<9} {:<12} {:>7} {:>8} {:>8} {:>7}",
        "REVISION", "ROLE", "ROLLOUT", "DESIRED", "RUNNING", "PENDING", "FAILED"
    );
    let rows = deployments.iter().map(|it| {
        let revision = it.revision.as_deref().unwrap_or_default();
        let state = format!("{:<12}", rollout(it));
        let state = match it.rollout_state.as_deref() {
            Some("COMPLETED") => style(state).green(),
            Some("FAILED") => style(state).red(),
            _ => style(state).yellow(),
        };
        format!(
            "  {revision:<12} {:<9} {state} {:>7} {:>8} {:>8} {:>7}",
            it.status, it.desired, it.running, it.pending, it.failed
        )
    });
    std::iter::once(style(heads).bold().to_string()).chain(rows).collect::<Vec<_>>().join("\n")
}

fn sentence(deployments: &[Deployment]) -> String {
    let parts = deployments.iter().map(|it| {
        let count = |number: i32, word: &str| if number == 0 { String::new() } else { format!(", {number} {word}") };
        format!(
            "{} {}: {}/{} running{}{}",
            it.revision.as_deref().unwrap_or_default(),
            rollout(it),
            it.running,
            it.desired,
            count(it.pending, "pending"),
            count(it.failed, "failed")
        )
    });
    format!("  {}", parts.collect::<Vec<_>>().join("  |  "))
}
