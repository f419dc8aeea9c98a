//! Starts, stops and restarts the programs of one control plane.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

use anyhow::{Context, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::assets::Assets;
use crate::credentials::Credentials;
use crate::flags;
use crate::folder::Folder;
use crate::guarded::Guarded;

/// How long programs may take to be ready; generous, for machines that compile at the same time.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often to look whether they are.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// How often to choose other ports when somebody takes them first.
const ATTEMPTS: usize = 5;

/// A running etcd and kube-apiserver.
///
/// Dropping it ends them and removes their data before it returns. If this process ends without a drop (a
/// static, a panic that aborts, SIGKILL), they end and their data goes within a moment all the same: each
/// program runs under a shell that holds one end of a pipe and sees ours close.
pub struct ControlPlane {
    // Programs end in this order, before their folder goes.
    controller_manager: Option<Guarded>,
    apiserver: Option<Guarded>,
    etcd: Guarded,
    program: PathBuf,
    flags: Vec<String>,
    credentials: Credentials,
    kubeconfig: PathBuf,
    audit_log: Option<PathBuf>,
    url: String,
    folder: Folder,
}

/// What is not as usual about a control plane.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    dir: Option<PathBuf>,
    audit: bool,
}

impl Builder {
    /// Keep kubeconfig (`kubeconfig`) and logs (`etcd.log`, `kube-apiserver.log`, ...) in this folder; it is made
    /// if it is not there, and stays. Without this, everything is in the build folder and is removed.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Write an audit log: one JSON line for each request answered, see [`ControlPlane::audit_log`].
    #[must_use]
    pub fn audit(mut self, audit: bool) -> Self {
        self.audit = audit;
        self
    }

    /// Start it and wait until it is ready.
    ///
    /// # Errors
    /// As for [`Assets::locate`]; a program fails or is not ready within two minutes, which the error shows with the
    /// end of its log; the folder cannot be written or another control plane runs in it.
    pub async fn start(self) -> anyhow::Result<ControlPlane> {
        let assets = Assets::locate().await?;
        let mut attempt = 1;
        loop {
            let ports = [free_port()?, free_port()?, free_port()?];
            let mut control_plane = self.spawn(&assets, ports)?;
            match control_plane.ready().await {
                Ok(()) => return Ok(control_plane),
                Err(_) if attempt < ATTEMPTS && control_plane.lost_its_port() => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Start both programs at once: kube-apiserver waits for etcd by itself.
    fn spawn(&self, assets: &Assets, [port, client, peer]: [u16; 3]) -> anyhow::Result<ControlPlane> {
        let folder = match &self.dir {
            Some(dir) => Folder::named(dir)?,
            None => Folder::temporary()?,
        };
        let path = folder.path();
        let client = format!("http://127.0.0.1:{client}");
        let peer = format!("http://127.0.0.1:{peer}");
        let url = format!("https://127.0.0.1:{port}");

        let data = folder.data()?;
        let disposable = folder.disposable(&data);
        let etcd = flags::etcd(&data, &client, &peer);
        let etcd = Guarded::start(&assets.etcd, &etcd, path, Some(&disposable))?;

        let credentials = Credentials::make(path)?;
        let kubeconfig = credentials.kubeconfig(path, &url)?;
        let mut flags = flags::apiserver(&credentials, &client, port);
        let audit_log = self.audit.then(|| path.join("audit.log"));
        if let Some(log) = &audit_log {
            flags.extend(flags::audit(path, log)?);
        }
        let apiserver = Guarded::start(&assets.kube_apiserver, &flags, path, None)?;
        Ok(ControlPlane {
            controller_manager: None,
            apiserver: Some(apiserver),
            etcd,
            program: assets.kube_apiserver.clone(),
            flags,
            credentials,
            kubeconfig,
            audit_log,
            url,
            folder,
        })
    }
}

impl ControlPlane {
    /// Start one with nothing special; see [`Builder::start`].
    ///
    /// # Errors
    /// As for [`Builder::start`].
    pub async fn start() -> anyhow::Result<Self> {
        Self::builder().start().await
    }

    /// Start one with something special.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The kubeconfig file of an administrator (group `system:masters`).
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where kube-apiserver listens, such as `https://127.0.0.1:26443`; the same after a restart.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's bearer token.
    pub fn token(&self) -> &str {
        &self.credentials.token
    }

    /// The folder with the logs.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// The audit log, if the builder asked for one. A request is in it before its reply is sent.
    pub fn audit_log(&self) -> Option<&Path> {
        self.audit_log.as_deref()
    }

    /// A new client with the administrator's rights. It belongs to the runtime that it is made in.
    ///
    /// # Errors
    /// The kubeconfig cannot be read, for it was changed.
    pub async fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::try_from(self.client_config().await?)?)
    }

    async fn client_config(&self) -> anyhow::Result<Config> {
        let kubeconfig = Kubeconfig::read_from(&self.kubeconfig)?;
        Ok(Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
    }

    /// Kill kube-apiserver: connections break, and new ones are refused. Nothing happens if it is stopped.
    ///
    /// # Errors
    /// None yet.
    #[expect(clippy::unused_async, reason = "pairs with start_apiserver")]
    pub async fn stop_apiserver(&mut self) -> anyhow::Result<()> {
        self.apiserver = None;
        Ok(())
    }

    /// Start kube-apiserver again, on the same port and data, and wait until it is ready. Nothing happens if it runs.
    ///
    /// # Errors
    /// It fails or is not ready within two minutes; somebody has taken its port.
    pub async fn start_apiserver(&mut self) -> anyhow::Result<()> {
        if self.apiserver.is_some() {
            return Ok(());
        }
        let path = self.folder.path();
        self.apiserver = Some(Guarded::start(&self.program, &self.flags, path, None)?);
        self.ready().await
    }

    /// Start kube-controller-manager with these controllers, such as `garbage-collector-controller` or
    /// `horizontal-pod-autoscaler-controller`, instead of those that run.
    ///
    /// There are no metrics here, so an autoscaler does no more than keep a count within its bounds.
    ///
    /// # Errors
    /// There is none and it cannot be built; a controller of that name is unknown; it fails to start.
    pub async fn start_controller_manager(&mut self, controllers: &[&str]) -> anyhow::Result<()> {
        let program = Assets::controller_manager().await?;
        self.controller_manager = None;
        let port = free_port()?;
        let flags = flags::controller_manager(&self.credentials, &self.kubeconfig, port, controllers);
        let mut running = Guarded::start(&program, &flags, self.folder.path(), None)?;
        let url = format!("https://127.0.0.1:{port}");
        let client = self.probe(&url).await?;
        // Its list of checks holds `ping` alone until the controllers are made.
        until_ready([&mut running], &client, "/healthz?verbose", |checks| {
            checks.lines().any(|it| it.starts_with("[+]") && it != "[+]ping ok")
        })
        .await?;
        self.controller_manager = Some(running);
        Ok(())
    }

    /// End everything, as dropping does.
    #[expect(clippy::unused_async, reason = "room to end gently")]
    pub async fn stop(self) {
        drop(self);
    }

    /// Wait until kube-apiserver says that it is ready.
    async fn ready(&mut self) -> anyhow::Result<()> {
        let client = self.probe(&self.url).await?;
        let Some(apiserver) = &mut self.apiserver else {
            bail!("kube-apiserver is stopped");
        };
        until_ready([&mut self.etcd, apiserver], &client, "/readyz", |_| true).await
    }

    /// A client with little patience, to ask the program at `url` whether it is ready.
    async fn probe(&self, url: &str) -> anyhow::Result<Client> {
        let mut config = self.client_config().await?;
        config.cluster_url = url.parse()?;
        config.connect_timeout = Some(Duration::from_secs(1));
        config.read_timeout = Some(Duration::from_secs(5));
        Ok(Client::try_from(config)?)
    }

    /// Whether a program found its port in use.
    fn lost_its_port(&self) -> bool {
        std::iter::once(&self.etcd).chain(&self.apiserver).any(|it| it.log_text().contains("address already in use"))
    }
}

/// Wait until the last of `programs` answers well at `path` and the answer satisfies `claim`; none may end.
async fn until_ready<const N: usize>(
    mut programs: [&mut Guarded; N],
    client: &Client,
    path: &str,
    claim: impl Fn(&str) -> bool,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut looks = tokio::time::interval(BETWEEN_LOOKS);
    loop {
        looks.tick().await;
        for program in &mut programs {
            if program.ended() {
                return Err(program.failure("ended"));
            }
        }
        let request = http::Request::get(path).body(Vec::new())?;
        let answer = client.request_text(request).await;
        if answer.as_deref().is_ok_and(&claim) {
            return Ok(());
        }
        if let Some(program) = programs.last().filter(|_| Instant::now() > deadline) {
            let said = answer.unwrap_or_else(|error| error.to_string());
            return Err(program.failure(&format!("is not ready after two minutes ({said})")));
        }
    }
}

/// A port that nobody listens at.
///
/// Below those that Linux gives to outgoing connections (32768 and up): one of these could otherwise take the
/// port while kube-apiserver is stopped, even a client's own attempt to connect to it.
fn free_port() -> anyhow::Result<u16> {
    (0..1000)
        .map(|_| rand::random_range(20_000..32_000))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no port from 20000 to 31999 is free on 127.0.0.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn taken_port_is_told_from_other_failures() {
        let assets = Assets::locate().await.unwrap();
        for taken in 0..3 {
            let ports = [(); 3].map(|()| free_port().unwrap());
            let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[taken])).unwrap();
            let mut control_plane = ControlPlane::builder().spawn(&assets, ports).unwrap();
            let started = Instant::now();
            let error = control_plane.ready().await.unwrap_err();
            assert!(control_plane.lost_its_port(), "port {taken}: {error}");
            assert!(started.elapsed() < PATIENCE / 2);
        }
    }
}
