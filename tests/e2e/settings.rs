//! What the environment says. Read once.

use anyhow::{Result, bail};
use std::env;
use std::path::PathBuf;

/// Which build goes into the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As it is released.
    Release,
    /// As tests are built: ready at once, and large.
    Dev,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Image, chart and operator.
    Operator,
    /// The samples through Argo CD.
    ArgoCd,
}

/// What a run is told.
#[derive(Debug)]
pub struct Settings {
    pub story: Story,
    pub kubeconfig: PathBuf,
    pub load: Option<String>,
    pub kill: Option<String>,
    pub registry: String,
    pub profile: Profile,
    pub test_image: Option<String>,
    pub audit_log: Option<PathBuf>,
    pub keep: bool,
}

impl Settings {
    /// `None` where no cluster is named.
    pub fn read() -> Result<Option<Self>> {
        let Some(kubeconfig) = variable("E2E_KUBECONFIG") else { return Ok(None) };
        let profile = match variable("E2E_PROFILE").as_deref() {
            None | Some("release") => Profile::Release,
            Some("dev") => Profile::Dev,
            Some(other) => bail!("E2E_PROFILE is `{other}`: use release or dev"),
        };
        let story = match env::args().nth(1).as_deref() {
            None => Story::Operator,
            Some("argocd") => Story::ArgoCd,
            Some(other) => bail!("there is no story `{other}`: name none, or argocd"),
        };
        Ok(Some(Self {
            story,
            kubeconfig: kubeconfig.into(),
            load: variable("E2E_LOAD"),
            kill: variable("E2E_KILL"),
            registry: variable("E2E_REGISTRY").unwrap_or_default(),
            profile,
            test_image: variable("E2E_TEST_IMAGE"),
            audit_log: variable("E2E_AUDIT_LOG").map(PathBuf::from),
            keep: variable("E2E_KEEP").is_some(),
        }))
    }
}

/// An empty variable means the same as none.
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
