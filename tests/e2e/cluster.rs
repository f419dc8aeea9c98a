//! The cluster: kubectl and helm as people use them, and the API for what is looked at again and again.

use anyhow::{Context as _, Result, bail, ensure};
use envtest::Assets;
use kube::api::{Api, DynamicObject};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Client, Config};
use serde_json::Value;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::Instant;

/// A cluster and the programs that talk to it.
pub struct Cluster {
    pub kube: Client,
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    helm: PathBuf,
}

impl Cluster {
    pub async fn new(kubeconfig: &Path) -> Result<Self> {
        let file = Kubeconfig::read_from(kubeconfig).with_context(|| format!("read {}", kubeconfig.display()))?;
        let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        // A refusal is to be seen, not tried again until it is none.
        config.default_retry = false;
        Ok(Self {
            kube: Client::try_from(config)?,
            kubeconfig: std::fs::canonicalize(kubeconfig)?,
            kubectl: Assets::kubectl().await.context("find a kubectl")?,
            helm: Assets::helm().await.context("find a helm")?,
        })
    }

    /// Runs kubectl; what it prints.
    pub async fn kubectl(&self, words: &[&str]) -> Result<String> {
        run(Command::new(&self.kubectl).args(words).env("KUBECONFIG", &self.kubeconfig), "").await
    }

    /// The same with something on standard input.
    pub async fn kubectl_with(&self, words: &[&str], input: &str) -> Result<String> {
        run(Command::new(&self.kubectl).args(words).env("KUBECONFIG", &self.kubeconfig), input).await
    }

    /// Runs helm; what it prints.
    pub async fn helm(&self, words: &[&str]) -> Result<String> {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("helm");
        let mut command = Command::new(&self.helm);
        for folder in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{folder}_HOME"), home.join(folder.to_lowercase()));
        }
        run(command.args(words).env("KUBECONFIG", &self.kubeconfig), "").await
    }

    /// Objects of a kind of ours in a namespace.
    pub fn ours(&self, kind: &str, namespace: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("ecs-operator.io", "v1alpha1", kind));
        Api::namespaced_with(self.kube.clone(), namespace, &resource)
    }

    /// An object of ours as it stands there.
    pub async fn get(&self, kind: &str, namespace: &str, name: &str) -> Result<Value> {
        Ok(serde_json::to_value(self.ours(kind, namespace).get(name).await?)?)
    }

    /// What `kubectl get -o json` prints. It is asked again and again, so not shown.
    pub async fn json(&self, words: &[&str]) -> Result<Value> {
        let mut kubectl = Command::new(&self.kubectl);
        kubectl.args(["get", "-o", "json"]).args(words).env("KUBECONFIG", &self.kubeconfig);
        Ok(serde_json::from_str(&quietly(&mut kubectl, "").await?)?)
    }
}

/// Shows a command, runs it; what it prints on standard output.
pub async fn run(command: &mut Command, input: &str) -> Result<String> {
    println!("   $ {}", line(command));
    quietly(command, input).await
}

fn line(command: &Command) -> String {
    let words: Vec<String> = command.as_std().get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let program = Path::new(command.as_std().get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    format!("{program} {}", words.join(" "))
}

async fn quietly(command: &mut Command, input: &str) -> Result<String> {
    let line = line(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context(line.clone())?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    stdin.write_all(input.as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{line}` failed: {}", said.trim());
    Ok(String::from_utf8(output.stdout)?)
}

/// Looks again until there is an answer; what stood in the way last is in the error.
pub async fn until<T, E: Display>(what: &str, seconds: u64, mut look: impl AsyncFnMut() -> Result<T, E>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(why) if Instant::now() > deadline => bail!("waited {seconds} s in vain until {what}: {why:#}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
        }
    }
}

/// The condition of an object.
pub fn condition<'a>(object: &'a Value, kind: &str) -> &'a Value {
    const NONE: &Value = &Value::Null;
    let all = object["status"]["conditions"].as_array();
    all.and_then(|all| all.iter().find(|condition| condition["type"] == kind)).unwrap_or(NONE)
}

/// Whether what is declared now is Ready.
pub fn is_ready(object: &Value) -> bool {
    object["status"]["observedGeneration"] == object["metadata"]["generation"] && condition(object, "Ready")["status"] == "True"
}
