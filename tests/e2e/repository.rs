//! A Git repository that Argo CD reads and this program writes.

use crate::cluster::run;
use anyhow::{Context as _, Result};
use std::path::Path;
use tempfile::TempDir;
use tokio::process::Command;

/// What stands in the samples for the reader's own.
const SAMPLE_URL: &str = "https://git.example.com/ecs.git";
const SAMPLE_NAMESPACE: &str = "namespace: shop";

pub struct Repository {
    folder: TempDir,
    pub url: String,
    namespace: String,
}

impl Repository {
    /// Begins anew, whatever the repository holds.
    pub async fn new(url: &str, namespace: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let repository = Self { folder, url: url.to_owned(), namespace: namespace.to_owned() };
        repository.git(&["init", "--quiet", "--initial-branch", "main"]).await?;
        Ok(repository)
    }

    async fn git(&self, words: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.folder.path()).args(["-c", "user.name=e2e", "-c", "user.email=e2e@example.com"]);
        run(git.args(words), "").await
    }

    /// Takes in a file or a folder of the project, with address and namespace of this run.
    pub fn take(&self, path: &str) -> Result<()> {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        if from.is_dir() {
            for entry in std::fs::read_dir(&from)? {
                let name = entry?.file_name();
                self.take(&format!("{path}/{}", name.to_string_lossy()))?;
            }
            return Ok(());
        }
        let text = std::fs::read_to_string(&from).with_context(|| format!("read {path}"))?;
        self.write(path, &self.of_this_run(&text))
    }

    /// A sample with address and namespace of this run.
    pub fn of_this_run(&self, text: &str) -> String {
        text.replace(SAMPLE_URL, &self.url).replace(SAMPLE_NAMESPACE, &format!("namespace: {}", self.namespace))
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let to = self.folder.path().join(path);
        std::fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
        Ok(std::fs::write(to, text)?)
    }

    /// Puts one text in the place of another.
    pub fn edit(&self, path: &str, old: &str, new: &str) -> Result<()> {
        let text = std::fs::read_to_string(self.folder.path().join(path))?;
        anyhow::ensure!(text.contains(old), "{path} does not hold `{old}`");
        self.write(path, &text.replace(old, new))
    }

    pub fn remove(&self, path: &str) -> Result<()> {
        Ok(std::fs::remove_file(self.folder.path().join(path))?)
    }

    /// Commits and pushes; the commit.
    pub async fn push(&self, message: &str) -> Result<String> {
        self.git(&["add", "--all"]).await?;
        self.git(&["commit", "--quiet", "--message", message]).await?;
        self.send().await
    }

    /// Takes the last commit back, by another one.
    pub async fn revert(&self) -> Result<String> {
        self.git(&["revert", "--no-edit", "HEAD"]).await?;
        self.send().await
    }

    async fn send(&self) -> Result<String> {
        self.git(&["push", "--quiet", "--force", &self.url, "HEAD:main"]).await?;
        Ok(self.git(&["rev-parse", "HEAD"]).await?.trim().to_owned())
    }
}
