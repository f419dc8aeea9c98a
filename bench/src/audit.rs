//! What the operator asks of Kubernetes, counted from the audit log of kube-apiserver, where it has a name of its own.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

/// The name under which the operator appears in the log.
pub const USER: &str = "ecs-operator";

/// Reads the log from where it stopped the last time.
pub struct Audit {
    log: PathBuf,
    read: u64,
}

/// Requests of the operator, by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// `get`: each a look that the cache should have answered.
    pub gets: usize,
    /// Writes to `status`.
    pub status: usize,
    /// Kubernetes Events.
    pub events: usize,
    /// All other writes: finalizers, children.
    pub others: usize,
}

impl Requests {
    /// All writes.
    pub fn writes(self) -> usize {
        self.status + self.events + self.others
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    verb: String,
    impersonated_user: Option<User>,
    object_ref: Option<Object>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
struct Object {
    resource: Option<String>,
    subresource: Option<String>,
}

impl Audit {
    /// Counts from the start of the log.
    pub fn new(log: PathBuf) -> Self {
        Self { log, read: 0 }
    }

    /// What was asked since the last time.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn since_last(&mut self) -> Result<Requests> {
        let mut file = std::fs::File::open(&self.log).with_context(|| format!("read {}", self.log.display()))?;
        file.seek(SeekFrom::Start(self.read))?;
        let mut reader = BufReader::new(file);
        let (mut requests, mut line) = (Requests::default(), String::new());
        loop {
            line.clear();
            let bytes = reader.read_line(&mut line)?;
            if !line.ends_with('\n') {
                return Ok(requests); // the end, or a line that is being written
            }
            self.read += bytes as u64;
            requests.add(&serde_json::from_str(&line)?);
        }
    }
}

impl Requests {
    fn add(&mut self, line: &Line) {
        if line.impersonated_user.as_ref().is_none_or(|user| user.username != USER) {
            return;
        }
        let Some(object) = &line.object_ref else { return };
        match line.verb.as_str() {
            "get" => self.gets += 1,
            "create" | "update" | "patch" | "delete" if object.subresource.as_deref() == Some("status") => self.status += 1,
            "create" | "update" | "patch" | "delete" if object.resource.as_deref() == Some("events") => self.events += 1,
            "create" | "update" | "patch" | "delete" => self.others += 1,
            _ => {}
        }
    }
}
