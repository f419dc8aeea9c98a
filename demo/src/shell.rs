//! Runs commands as a person types them: in the project's folder, with kubectl in the path and KUBECONFIG set.

use crate::terminal;
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;

/// Where commands run.
#[derive(Clone, Debug)]
pub struct Shell {
    kubeconfig: PathBuf,
    programs: PathBuf,
    cache: PathBuf,
    path: String,
}

impl Shell {
    /// A shell in which `kubectl` is this program and talks to the cluster of this kubeconfig. `folder` takes kubectl's
    /// cache, which would otherwise go to the home folder.
    ///
    /// # Errors
    /// When nothing can be written in `folder`.
    pub fn new(kubectl: &Path, kubeconfig: &Path, folder: &Path) -> Result<Self> {
        let programs = folder.join("bin");
        std::fs::create_dir_all(&programs).with_context(|| format!("make {}", programs.display()))?;
        std::os::unix::fs::symlink(kubectl, programs.join("kubectl")).context("link kubectl")?;
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        Ok(Self { kubeconfig: kubeconfig.to_owned(), cache: folder.join("kubectl"), programs, path })
    }

    /// The folder that holds kubectl.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Shows a command, runs it, shows each line that it prints as it comes, and returns them all.
    ///
    /// # Errors
    /// When it cannot be run, or exits with anything but 0.
    pub async fn run(&self, command: &str) -> Result<String> {
        self.run_through(command, terminal::output).await
    }

    /// The same; `tell` gets each line that is printed.
    ///
    /// # Errors
    /// As [`Shell::run`].
    pub async fn run_through(&self, command: &str, mut tell: impl FnMut(&str)) -> Result<String> {
        terminal::command(command);
        let mut child = self.command(command).spawn().context("run /bin/sh")?;
        let (stdout, stderr) = child.stdout.take().zip(child.stderr.take()).context("read what a command prints")?;
        let said = tokio::spawn(async move {
            let (mut text, mut stderr) = (String::new(), stderr);
            stderr.read_to_string(&mut text).await.map(|_| text)
        });
        let (mut printed, mut lines) = (String::new(), BufReader::new(stdout).lines());
        while let Some(line) = lines.next_line().await? {
            tell(&line);
            printed.push_str(&line);
            printed.push('\n');
        }
        let status = child.wait().await?;
        ensure!(status.success(), "`{command}` failed: {}", said.await??.trim());
        Ok(printed)
    }

    fn command(&self, command: &str) -> Command {
        // Without the shell in between, so that kubectl itself is ended with us. What is more than one command is over in
        // a moment anyway.
        let exec = if command.contains(['|', ';']) { "" } else { "exec " };
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &format!("{exec}{command}")])
            .current_dir(project())
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", &self.cache)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        shell
    }
}

/// The folder of the project.
pub fn project() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
