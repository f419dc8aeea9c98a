//! Finds the programs of a control plane: in `KUBEBUILDER_ASSETS`, in the cache, or by building them.
//!
//! Variables: `KUBEBUILDER_ASSETS` (a folder that holds etcd and kube-apiserver, as other projects use it),
//! `KUBECTL` and `HELM` (the programs to use), `ECS_OPERATOR_ENVTEST_CACHE` (where built programs are kept; by default
//! `ecs-operator/envtest` in `XDG_CACHE_HOME` or `~/.cache`).

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::go::{self, Program};

/// The two programs without which there is no control plane.
#[derive(Clone, Debug)]
pub struct Assets {
    /// The etcd program.
    pub etcd: PathBuf,
    /// The kube-apiserver program.
    pub kube_apiserver: PathBuf,
}

impl Assets {
    /// Find etcd and kube-apiserver, or build them, which takes minutes the first time on a machine and tells of
    /// its progress on standard error.
    ///
    /// # Errors
    /// `KUBEBUILDER_ASSETS` lacks one of them; there is no Go to build with, or it is too old; the build fails.
    pub async fn locate() -> anyhow::Result<Self> {
        Ok(Self { etcd: located(Program::Etcd).await?, kube_apiserver: located(Program::KubeApiserver).await? })
    }

    /// A kubectl: the one in the variable `KUBECTL`, in `KUBEBUILDER_ASSETS`, in `PATH` if its version is within
    /// one minor of the server's (what Kubernetes supports), else one that is built.
    ///
    /// # Errors
    /// `KUBECTL` names no file; or as for [`Assets::locate`].
    pub async fn kubectl() -> anyhow::Result<PathBuf> {
        located(Program::Kubectl).await
    }

    /// A helm: the one in the variable `HELM`, else one that is built. Not one in `PATH`: what helm says and renders differs
    /// from version to version.
    ///
    /// # Errors
    /// `HELM` names no file; or as for [`Assets::locate`].
    pub async fn helm() -> anyhow::Result<PathBuf> {
        located(Program::Helm).await
    }

    /// A kube-controller-manager: the one in `KUBEBUILDER_ASSETS` if it is there (other projects put none in),
    /// else one that is built.
    ///
    /// # Errors
    /// As for [`Assets::locate`].
    pub async fn controller_manager() -> anyhow::Result<PathBuf> {
        located(Program::KubeControllerManager).await
    }
}

async fn located(program: Program) -> anyhow::Result<PathBuf> {
    tokio::task::spawn_blocking(move || Surroundings::from_env()?.locate(program))
        .await
        .context("the search for a program was cut short")?
}

/// What of the environment decides where programs come from.
struct Surroundings {
    assets: Option<PathBuf>,
    kubectl: Option<PathBuf>,
    helm: Option<PathBuf>,
    cache: PathBuf,
    path: OsString,
}

impl Surroundings {
    fn from_env() -> anyhow::Result<Self> {
        // An empty variable means the same as none.
        let folder = |name: &str| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        let cache = folder("ECS_OPERATOR_ENVTEST_CACHE")
            .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("ecs-operator/envtest")))
            .or_else(|| Some(folder("HOME")?.join(".cache/ecs-operator/envtest")))
            .context("there is no place to keep built programs: set HOME, XDG_CACHE_HOME or ECS_OPERATOR_ENVTEST_CACHE")?;
        Ok(Self {
            assets: folder("KUBEBUILDER_ASSETS"),
            kubectl: folder("KUBECTL"),
            helm: folder("HELM"),
            // A relative path would be taken from each program's own folder.
            cache: std::path::absolute(cache)?,
            path: env::var_os("PATH").unwrap_or_default(),
        })
    }

    fn locate(&self, program: Program) -> anyhow::Result<PathBuf> {
        if let Some(found) = self.given(program)? {
            return Ok(found);
        }
        let cached = self.cache.join(program.home()).join(program.name());
        if cached.is_file() {
            return Ok(cached);
        }
        go::build(program, &self.cache, &self.path)
    }

    /// What the user's variables name.
    fn given(&self, program: Program) -> anyhow::Result<Option<PathBuf>> {
        let named = match program {
            Program::Kubectl => self.kubectl.as_ref().map(|file| ("KUBECTL", file)),
            Program::Helm => self.helm.as_ref().map(|file| ("HELM", file)),
            _ => None,
        };
        if let Some((variable, file)) = named {
            ensure!(
                file.is_file(),
                "{variable} is {}, which is not a file: name a {} program, or unset it",
                file.display(),
                program.name()
            );
            return Ok(Some(file.clone()));
        }
        if let Some(assets) = &self.assets {
            let file = assets.join(program.name());
            if file.is_file() {
                return Ok(Some(file));
            }
            ensure!(
                !matches!(program, Program::Etcd | Program::KubeApiserver),
                "KUBEBUILDER_ASSETS is {}, and there is no {} in it: name a folder that holds etcd and kube-apiserver, or unset it to have them built",
                assets.display(),
                program.name()
            );
        }
        if program == Program::Kubectl {
            return Ok(go::find("kubectl", &self.path).filter(|it| is_near(it)));
        }
        Ok(None)
    }
}

/// Whether this kubectl is within one minor of the pinned Kubernetes.
fn is_near(kubectl: &Path) -> bool {
    let Ok(output) = Command::new(kubectl).args(["version", "--client", "--output=json"]).output() else {
        return false;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text
        .split_once("\"gitVersion\"")
        .and_then(|(_, rest)| rest.split('"').nth(1))
        .and_then(|it| go::version_of(it.trim_start_matches('v')));
    match (version, go::kubernetes_version()) {
        (Some((1, theirs)), Some((1, ours))) => theirs.abs_diff(ours) <= 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn program(&self, name: &str, text: &str) -> PathBuf {
            let file = self.0.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
            file
        }

        /// Nothing but this folder: `assets`, `cache` and `path` lie in it.
        fn surroundings(&self) -> Surroundings {
            Surroundings {
                assets: None,
                kubectl: None,
                helm: None,
                cache: self.0.path().join("cache"),
                path: self.0.path().join("path").into_os_string(),
            }
        }
    }

    fn kubectl_version(minor: u32) -> String {
        format!("echo '{{\"clientVersion\": {{\"gitVersion\": \"v1.{minor}.4\"}}}}'")
    }

    #[test]
    fn assets_folder_that_lacks_a_program_is_named_with_it() {
        let place = Place::new();
        let etcd = place.program("assets/etcd", "");
        let mut here = place.surroundings();
        here.assets = Some(place.0.path().join("assets"));
        assert_eq!(here.locate(Program::Etcd).unwrap(), etcd);
        let text = here.locate(Program::KubeApiserver).unwrap_err().to_string();
        let start = format!("KUBEBUILDER_ASSETS is {}/assets", place.0.path().display());
        assert!(text.starts_with(&start), "{text}");
        assert!(text.contains("there is no kube-apiserver in it"), "{text}");
        assert!(text.contains("unset it"), "{text}");
    }

    #[test]
    fn cached_program_needs_no_go() {
        let place = Place::new();
        let name = format!("cache/{}/kube-apiserver", go::versions());
        let cached = place.program(&name, "");
        let here = place.surroundings();
        assert_eq!(here.locate(Program::KubeApiserver).unwrap(), cached);
        assert!(here.locate(Program::Etcd).is_err());
    }

    #[test]
    fn kubectl_in_path_is_used_only_near_the_version_of_the_server() {
        let place = Place::new();
        let (_, minor) = go::kubernetes_version().unwrap();
        let near = place.program("path/kubectl", &kubectl_version(minor - 1));
        assert_eq!(place.surroundings().locate(Program::Kubectl).unwrap(), near);
        place.program("path/kubectl", &kubectl_version(minor - 2));
        let text = place.surroundings().locate(Program::Kubectl).unwrap_err().to_string();
        assert!(text.starts_with("kubectl has to be built"), "{text}");
    }

    #[test]
    fn helm_variable_wins_and_must_name_a_file() {
        let place = Place::new();
        let mut here = place.surroundings();
        place.program("path/helm", "");
        assert!(here.locate(Program::Helm).is_err(), "one in PATH may be of any version");
        let ours = place.program("mine", "");
        here.helm = Some(ours.clone());
        assert_eq!(here.locate(Program::Helm).unwrap(), ours);
        here.helm = Some(place.0.path().join("nothing"));
        let text = here.locate(Program::Helm).unwrap_err().to_string();
        assert!(text.contains("name a helm program"), "{text}");
    }

    #[test]
    fn kubectl_variable_wins_and_must_name_a_file() {
        let place = Place::new();
        let mut here = place.surroundings();
        let ours = place.program("mine", "");
        here.kubectl = Some(ours.clone());
        assert_eq!(here.locate(Program::Kubectl).unwrap(), ours);
        here.kubectl = Some(place.0.path().join("nothing"));
        let text = here.locate(Program::Kubectl).unwrap_err().to_string();
        assert!(text.contains("which is not a file"), "{text}");
    }
}
