//! The subcommand `import`: what is asked for, and what is written where.

#![allow(clippy::doc_markdown, reason = "these comments are what `--help` shows")]

use super::read::{Found, ImportError, Reading};
use super::{Options, Policy};
use crate::aws::{Connection, Pacer};
use clap::{ArgAction, Args, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What is imported, how it looks, and where it goes.
#[derive(Clone, Debug, Args)]
pub struct Import {
    /// What is imported.
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    how: How,
}

/// What is imported.
#[derive(Clone, Debug, Subcommand)]
enum What {
    /// A service, or those whose names fit a pattern, with their task definitions.
    Service {
        /// Name or ARN of the cluster.
        cluster: String,
        /// Name of the service; `*` is any text, `?` one character. Quote patterns.
        name: String,
    },
    /// Every service of a cluster, with their task definitions.
    Cluster {
        /// Name or ARN of the cluster.
        cluster: String,
    },
    /// A task definition.
    TaskDefinition {
        /// `family` for the newest ACTIVE revision, `family:revision`, or the ARN of one.
        #[arg(value_name = "FAMILY[:REVISION]")]
        name: String,
    },
    /// A target group. It is observed: target groups cannot be adopted.
    TargetGroup {
        /// ARN or name of the target group.
        #[arg(value_name = "ARN|NAME")]
        name: String,
    },
    /// A rule of a listener. It is observed: rules cannot be adopted.
    Rule {
        /// ARN of the rule.
        arn: String,
    },
    /// A load balancer with its listeners.
    LoadBalancer {
        /// ARN or name of the load balancer.
        #[arg(value_name = "ARN|NAME")]
        name: String,
    },
}

/// How the objects are to look, and where they go.
#[derive(Clone, Debug, Args)]
struct How {
    /// Namespace that is written into the objects. Unset: none, and `kubectl apply -n` chooses.
    #[arg(long, global = true, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// What the objects may do: Observe writes nothing to AWS and reports differences; Adopt takes over what is there if
    /// nothing differs.
    #[arg(long, global = true, value_enum, default_value_t = Policy::Observe, value_name = "POLICY")]
    management_policy: Policy,
    /// Whether a service brings its task definition as an EcsTaskDefinition and refers to it. `false`: it names the revision.
    #[arg(long, global = true, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    with_task_definition: bool,
    /// Whether a service brings its target groups, as EcsTargetGroups that observe them.
    #[arg(long, global = true, default_value_t = false, action = ArgAction::Set, value_name = "BOOL")]
    with_target_groups: bool,
    /// Whether desiredCount is written. `false`: it is left to whatever scales the service.
    #[arg(long, global = true, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    with_desired_count: bool,
    /// Folder for one file for each object. Files that exist stay, and that is an error. Unset: everything goes to stdout.
    #[arg(long, global = true, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Import {
    /// How the objects are to look.
    pub fn options(&self) -> Options {
        Options {
            namespace: self.how.namespace.clone(),
            policy: self.how.management_policy,
            with_task_definition: self.how.with_task_definition,
            with_target_groups: self.how.with_target_groups,
            with_desired_count: self.how.with_desired_count,
        }
    }

    /// Reads what is asked for. What failed as a whole is among the failures.
    pub async fn read(&self, connection: &Connection) -> Found {
        let options = self.options();
        let mut reading = Reading::new(connection, &options);
        let end = match &self.what {
            What::Service { cluster, name } => reading.services(cluster, name).await,
            What::Cluster { cluster } => reading.services(cluster, "*").await,
            What::TaskDefinition { name } => reading.task_definition(name).await,
            What::TargetGroup { name } => reading.target_group(name).await,
            What::Rule { arn } => reading.rule(arn).await,
            What::LoadBalancer { name } => reading.load_balancer(name).await,
        };
        let mut found = reading.end();
        found.failures.extend(end.err());
        found
    }

    /// Imports with the credentials and the region of the environment. Success: all that was asked for was written.
    pub async fn run(self) -> ExitCode {
        let connection = match Connection::ambient(Pacer::new()).await {
            Ok(connection) => connection,
            Err(error) => return told(&[error.to_string()]),
        };
        let found = self.read(&connection).await;
        let mut failures: Vec<String> = found.failures.iter().map(ImportError::to_string).collect();
        for object in &found.objects {
            let notes = object.notes.iter().map(|note| format!("note: {} {}: {note}", object.kind, object.name));
            say(&notes.collect::<Vec<_>>());
        }
        failures.extend(self.write(&found).err());
        told(&failures)
    }

    fn write(&self, found: &Found) -> Result<(), String> {
        let Some(folder) = &self.how.output else {
            let documents: Vec<String> = found.objects.iter().map(super::Imported::yaml).collect();
            let written = std::io::stdout().write_all(documents.join("---\n").as_bytes());
            return written.map_err(|e| format!("write to stdout: {e}"));
        };
        let failed = |path: &Path, e: &std::io::Error| format!("write {}: {e}; choose another --output", path.display());
        std::fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
        for object in &found.objects {
            let path = folder.join(object.file_name());
            let file = std::fs::File::create_new(&path);
            file.and_then(|mut file| file.write_all(object.yaml().as_bytes())).map_err(|e| failed(&path, &e))?;
        }
        Ok(())
    }
}

fn say(sentences: &[String]) {
    let mut stderr = std::io::stderr();
    for sentence in sentences {
        // Nobody is left to be told that stderr is closed.
        let _ = writeln!(stderr, "{}", sentence.replace(['\n', '\r'], " "));
    }
}

fn told(failures: &[String]) -> ExitCode {
    say(&failures.iter().map(|failure| format!("error: {failure}")).collect::<Vec<_>>());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
