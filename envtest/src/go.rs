//! Builds the programs from Go modules at the versions that `tools/*/go.mod` pin.
//!
//! The module files are part of this binary, so a build neither depends on where the sources lie nor writes
//! there. Two processes may ask for the same program at once: the second waits and finds it built.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::guarded;
use crate::progress::{self, Progress};

/// A Go module whose requirements pin some programs.
struct Module {
    go_mod: &'static str,
    go_sum: &'static str,
    /// The requirement that carries the version.
    main: &'static str,
}

// A module each, not one: they want different versions of the libraries they share.
static ETCD: Module = Module {
    go_mod: include_str!("../tools/etcd/go.mod"),
    go_sum: include_str!("../tools/etcd/go.sum"),
    main: "go.etcd.io/etcd/server/v3",
};
static KUBERNETES: Module = Module {
    go_mod: include_str!("../tools/kubernetes/go.mod"),
    go_sum: include_str!("../tools/kubernetes/go.sum"),
    main: "k8s.io/kubernetes",
};
static HELM: Module = Module {
    go_mod: include_str!("../tools/helm/go.mod"),
    go_sum: include_str!("../tools/helm/go.sum"),
    main: "helm.sh/helm/v4",
};

impl Module {
    /// The pinned version, such as `v1.37.2`.
    fn version(&self) -> &'static str {
        self.go_mod
            .lines()
            .map(|line| line.trim().trim_start_matches("require "))
            .find_map(|line| line.strip_prefix(self.main)?.strip_prefix(' '))
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or_default()
    }

    /// The oldest Go that the module accepts, such as `1.26.0`.
    fn go(&self) -> &'static str {
        self.go_mod.lines().find_map(|line| line.strip_prefix("go ")).unwrap_or_default()
    }
}

/// A program that can be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Etcd,
    KubeApiserver,
    KubeControllerManager,
    Kubectl,
    Helm,
}

impl Program {
    /// The name of its file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::Helm => "helm",
        }
    }

    /// The folder, below the cache, that holds it.
    pub(crate) fn home(self) -> String {
        match self {
            Self::Helm => format!("helm-{}", HELM.version()),
            _ => versions(),
        }
    }

    fn module(self) -> &'static Module {
        match self {
            Self::Etcd => &ETCD,
            Self::Helm => &HELM,
            _ => &KUBERNETES,
        }
    }

    fn package(self) -> String {
        match self {
            Self::Etcd => ETCD.main.to_owned(),
            Self::Helm => format!("{}/cmd/helm", HELM.main),
            _ => format!("{}/cmd/{}", KUBERNETES.main, self.name()),
        }
    }

    /// What to say before the first build on a machine; measured on two cores.
    fn expected(self) -> &'static str {
        match self {
            Self::KubeApiserver => "once, some 4 minutes on two cores",
            Self::Etcd => "once, less than a minute on two cores",
            Self::Helm => "once, some 3 minutes on two cores",
            _ => "once, some 20 seconds after kube-apiserver",
        }
    }

    /// Kubernetes programs learn their version from the linker; without it `/version` says v0.0.0 and clients
    /// such as helm refuse the server.
    fn linker_flags(self) -> String {
        let Some((major, minor)) = kubernetes_version().filter(|_| !matches!(self, Self::Etcd | Self::Helm)) else {
            return "-s -w".to_owned();
        };
        let at = "k8s.io/component-base/version";
        let version = KUBERNETES.version();
        format!("-s -w -X {at}.gitVersion={version} -X {at}.gitMajor={major} -X {at}.gitMinor={minor}")
    }
}

/// Major and minor number of the pinned Kubernetes.
pub(crate) fn kubernetes_version() -> Option<(u32, u32)> {
    version_of(KUBERNETES.version().strip_prefix('v')?)
}

/// The folder, below the cache, of the pinned control plane.
pub(crate) fn versions() -> String {
    format!("{}-etcd-{}", KUBERNETES.version(), ETCD.version())
}

/// The first executable of this name in `path`, a list as in the variable `PATH`.
pub(crate) fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    std::env::split_paths(path)
        .map(|folder| folder.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0))
}

/// Build `program` into `folder`, unless another process has done so meanwhile.
///
/// # Errors
/// No Go, or one that is too old; the build fails; the folder cannot be written.
pub(crate) fn build(program: Program, folder: &Path, path: &OsStr) -> anyhow::Result<PathBuf> {
    let go = usable_go(program, folder, path)?;
    let home = folder.join(program.home());
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let built = home.join(program.name());
    let _lock = lock(&home.join("lock"))?;
    if built.exists() {
        return Ok(built);
    }
    // Left behind by a build that was killed; nobody else is in here while we hold the lock.
    let workshop = home.join("building");
    let _ = fs::remove_dir_all(&workshop);
    fs::create_dir(&workshop).with_context(|| format!("cannot make {}", workshop.display()))?;
    fs::write(workshop.join("go.mod"), program.module().go_mod)?;
    fs::write(workshop.join("go.sum"), program.module().go_sum)?;

    let memory = folder.join(format!("{}.took", program.name()));
    let expected = fs::read_to_string(&memory)
        .map_or_else(|_| program.expected().to_owned(), |took| format!("took {} last time", took.trim()));
    let what = format!("{} {}", program.name(), program.module().version());
    let mut progress = Progress::start(&what, &expected);
    compile(program, &go, &workshop, &mut progress)?;
    // A name that exists is a program that is whole: it appears in one step.
    fs::rename(workshop.join(program.name()), &built)?;
    let took = progress.finish();
    // For the next version's first line only; its loss does no harm.
    let _ = fs::write(&memory, progress::minutes(took));
    let _ = fs::remove_dir_all(&workshop);
    Ok(built)
}

/// Take the lock, and say so if that means to wait for another build.
fn lock(file: &Path) -> anyhow::Result<File> {
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    if lock.try_lock().is_err() {
        progress::tell("waiting for another process that builds it");
        lock.lock().with_context(|| format!("cannot lock {}", file.display()))?;
    }
    Ok(lock)
}

/// Run `go build` in the folder that holds the module files.
fn compile(program: Program, go: &Path, workshop: &Path, progress: &mut Progress) -> anyhow::Result<()> {
    let mut child = guarded::command(go, None)
        .args(["build", "-v", "-mod=readonly", "-buildvcs=false"])
        .arg(format!("-ldflags={}", program.linker_flags()))
        .args(["-o", program.name(), &program.package()])
        .current_dir(workshop)
        .env("GOWORK", "off")
        // Programs for this machine, whatever the user cross-compiles else.
        .env_remove("GOOS")
        .env_remove("GOARCH")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start go under /bin/sh")?;
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            let line = line?;
            progress.heard(&line);
            said.push_str(&line);
            said.push('\n');
        }
    }
    let status = child.wait()?;
    ensure!(
        status.success(),
        "go build of {} failed with {status}; if it could not download, check `go env GOPROXY`. The end of what it said:\n{}",
        program.name(),
        guarded::last_lines(&said, 20)
    );
    Ok(())
}

/// The `go` to build with.
fn usable_go(program: Program, folder: &Path, path: &OsStr) -> anyhow::Result<PathBuf> {
    let (name, needed) = (program.name(), program.module().go());
    let instead = match program {
        Program::Helm => "or set HELM to a helm 4 program",
        _ => "or set KUBEBUILDER_ASSETS to a folder that holds etcd and kube-apiserver",
    };
    let Some(go) = find("go", path) else {
        bail!("{name} has to be built and there is no `go` in PATH: install Go {needed} or newer (https://go.dev/dl), {instead}");
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let output = Command::new(&go)
        .args(["env", "GOVERSION", "GOTOOLCHAIN"])
        // Outside of any module: one that asks for a newer Go would answer for that one.
        .current_dir(folder)
        .output()
        .with_context(|| format!("cannot run {}", go.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let (version, toolchain) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let number = version.strip_prefix("go").unwrap_or(version);
    // From 1.21 on Go fetches the toolchain that a module asks for, as a module, unless told not to.
    let fetches = version_of(number) >= Some((1, 21)) && toolchain != "local";
    ensure!(
        fetches || version_of(number) >= version_of(needed),
        "{name} has to be built with Go {needed} or newer and {} is {number}: install a newer one (https://go.dev/dl), {instead}",
        go.display()
    );
    Ok(go)
}

/// The first two numbers of a version such as `1.26.8` or `1.27rc1`.
pub(crate) fn version_of(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..end].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A folder with a `go` that says this version and runs `script` when asked to build.
    fn fake_go(version: &str, toolchain: &str, script: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("go");
        let text = format!("#!/bin/sh\n[ $1 = env ] && {{ echo go{version}; echo {toolchain}; exit; }}\n{script}\n");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    /// Writes the file after `-o`, after a while, and counts.
    const BUILDS: &str = r#"PATH=/usr/bin:/bin; echo built >> "$(dirname "$0")/count"; sleep 0.3
        while [ $# -gt 0 ]; do [ "$1" = -o ] && echo program > "$2"; shift; done"#;

    fn built(go: &tempfile::TempDir, cache: &Path) -> anyhow::Result<PathBuf> {
        build(Program::Etcd, cache, go.path().as_os_str())
    }

    #[test]
    fn versions_come_from_the_module_files() {
        for module in [&ETCD, &KUBERNETES, &HELM] {
            assert!(module.version().starts_with('v'), "{}", module.main);
            assert!(version_of(module.go()).is_some(), "{}", module.main);
        }
        let (major, minor) = kubernetes_version().unwrap();
        let flags = Program::Kubectl.linker_flags();
        assert!(flags.contains(&format!("gitVersion=v{major}.{minor}.")));
        assert!(!Program::Etcd.linker_flags().contains("-X"));
    }

    #[test]
    fn missing_go_is_one_sentence_with_what_to_do() {
        let cache = tempfile::tempdir().unwrap();
        let error = build(Program::KubeApiserver, cache.path(), OsStr::new("")).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.starts_with("kube-apiserver has to be built and there is no `go` in PATH: install Go 1."), "{text}");
        assert!(text.contains("KUBEBUILDER_ASSETS"), "{text}");
        assert_eq!(text.lines().count(), 1);
        let text = build(Program::Helm, cache.path(), OsStr::new("")).unwrap_err().to_string();
        assert!(text.starts_with("helm has to be built and there is no `go` in PATH"), "{text}");
        assert!(text.contains("or set HELM"), "{text}");
    }

    #[test]
    fn go_that_is_too_old_is_refused_with_its_version() {
        let cache = tempfile::tempdir().unwrap();
        let go = fake_go("1.25.3", "local", BUILDS);
        let text = format!("{:#}", built(&go, cache.path()).unwrap_err());
        assert!(text.contains("is 1.25.3: install a newer one"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn older_go_that_may_fetch_a_newer_one_is_used() {
        let cache = tempfile::tempdir().unwrap();
        assert!(built(&fake_go("1.25.3", "auto", BUILDS), cache.path()).is_ok());
        assert!(built(&fake_go("1.20", "", BUILDS), cache.path()).is_err());
    }

    #[test]
    fn failed_build_shows_what_go_said_and_leaves_no_program() {
        let cache = tempfile::tempdir().unwrap();
        let go = fake_go("1.99.0", "local", "echo no such proxy >&2; exit 1");
        let text = format!("{:#}", built(&go, cache.path()).unwrap_err());
        assert!(text.ends_with("no such proxy"), "{text}");
        assert!(!cache.path().join(versions()).join("etcd").exists());
    }

    #[test]
    fn two_builds_at_once_build_once() {
        let cache = tempfile::tempdir().unwrap();
        let go = fake_go("1.99.0", "local", BUILDS);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let program = built(&go, cache.path()).unwrap();
                    assert_eq!(fs::read_to_string(program).unwrap(), "program\n");
                });
            }
        });
        let count = fs::read_to_string(go.path().join("count")).unwrap();
        assert_eq!(count, "built\n");
        assert!(!cache.path().join(versions()).join("building").exists());
    }
}
