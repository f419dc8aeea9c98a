//! The operator as a process of its own, so that its memory, its processor time and a SIGKILL are its own.

use crate::world::World;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// Linux counts processor time for `/proc` in hundredths of a second, on every architecture that Rust runs on here.
const TICK: Duration = Duration::from_millis(10);
/// How soon a program ends that does not like its flags.
const AT_ONCE: Duration = Duration::from_millis(300);
/// More calls than the simulator could answer: the pace of AWS is out of the way.
pub const UNPACED: u32 = 10_000;

/// How the operator is started.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    /// Seconds between two looks at a settled service.
    pub settled: u64,
    /// Seconds between two looks at a rollout.
    pub rolling: u64,
    /// How many times AWS's published rates.
    pub rates: u32,
}

impl Default for Flags {
    /// As users start it.
    fn default() -> Self {
        Self { settled: 60, rolling: 5, rates: 1 }
    }
}

/// A running operator. Dropping it is SIGKILL.
pub struct Operator {
    child: Child,
    pid: u32,
    log: PathBuf,
    /// When it was started.
    pub started: Instant,
}

impl Operator {
    /// Starts it against a world, and returns once it did not end at once.
    ///
    /// # Errors
    /// When the program is not there, or ends at once: then with the end of its log.
    pub async fn start(world: &World, flags: Flags) -> Result<Self> {
        let program = program()?;
        let log = world.plane.dir().join("operator.log");
        let out = std::fs::File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(&program);
        command.args(["--leader-election", "false", "--listen", "127.0.0.1:0", "--installation-id", "bench"]);
        command.args(["--poll-settled-seconds", &flags.settled.to_string()]);
        command.args(["--poll-rolling-seconds", &flags.rolling.to_string()]);
        command.args(["--aws-rate-scale", &flags.rates.to_string(), "--log-format", "text"]);
        command.env_clear();
        command.env("RUST_LOG", "warn").env("KUBECONFIG", &world.operator_kubeconfig);
        // The policies of thousands of namespaces are not what is measured.
        command.env("ECS_OPERATOR_GUARD", "off");
        command.env("AWS_ENDPOINT_URL", &world.aws_url).env("AWS_REGION", "eu-central-1");
        command.env("AWS_ACCESS_KEY_ID", "111122223333").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let pid = child.id().context("the operator ended at once")?;
        let mut started = Self { child, pid, log, started: Instant::now() };
        tokio::time::sleep(AT_ONCE).await;
        started.alive()?;
        Ok(started)
    }

    /// SIGKILL, and waits until it is gone.
    ///
    /// # Errors
    /// When it ended before, which shows the end of its log.
    pub async fn kill(mut self) -> Result<()> {
        self.alive()?;
        Ok(self.child.kill().await?)
    }

    /// Fails with the end of its log if it ended by itself.
    pub fn alive(&mut self) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(10).collect();
        bail!("the operator ended ({status}):\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }

    /// Processor time so far, of all its threads, in user and kernel.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).context("read the operator's /proc")?;
        // The second field, a name in parentheses, may hold anything; utime and stime are the 12th and 13th after it.
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks = after_name.split(' ').skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }

    /// The most memory that it ever held, in MB of a million bytes.
    pub fn peak_memory(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).context("read the operator's /proc")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kib * 1024.0 / 1e6)
    }
}

/// The operator's program, which lies beside ours.
///
/// # Errors
/// When it was not built.
pub fn program() -> Result<PathBuf> {
    let ours = std::env::current_exe()?;
    let program = ours.with_file_name("ecs-operator");
    let build = "build it with `cargo build --release --package ecs-operator --package bench`";
    anyhow::ensure!(program.is_file(), "{} is missing; {build}", program.display());
    Ok(program)
}

/// Size of the program in MB of a million bytes.
///
/// # Errors
/// When it is not there.
pub fn binary_size() -> Result<f64> {
    let bytes = std::fs::metadata(program()?)?.len();
    Ok(crate::table::count(usize::try_from(bytes)?) / 1e6)
}
