//! A child process that cannot outlive us.
//!
//! The program runs under a small shell script that waits for the end of a pipe whose other end we hold.
//! Closing it is the only way in which a program is stopped here, so stopping, dropping, a panic and a SIGKILL
//! of the test process all take the same path.
//!
//! `std::process` rather than tokio's: a control plane kept in a static is used from many test runtimes, and
//! a tokio child belongs to the one that started it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

/// A command that runs `program` for as long as its (piped) standard input is open, and that removes `folder`
/// when it closes: whoever spawns it keeps the child, and drops the child's `stdin` to end it.
///
/// It gets a process group of its own, so that Ctrl-C reaches us alone and we stop things in order.
#[must_use]
pub fn command(program: &Path, folder: Option<&Path>) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", include_str!("guarded.sh"), "envtest-guard"])
        .arg(folder.map_or(OsStr::new(""), Path::as_os_str))
        .arg(program)
        .stdin(Stdio::piped())
        .process_group(0);
    command
}

/// A running program and its log.
pub(crate) struct Guarded {
    name: String,
    shell: Child,
    log: PathBuf,
}

impl Guarded {
    /// Start `program`; what it prints is appended to `NAME.log` in `logs`. `folder` holds its data and is
    /// removed when it is stopped.
    pub(crate) fn start(program: &Path, flags: &[String], logs: &Path, folder: Option<&Path>) -> anyhow::Result<Self> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let log = logs.join(format!("{name}.log"));
        let out =
            File::options().create(true).append(true).open(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let shell = command(program, folder)
            .args(flags)
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("cannot start {name} under /bin/sh"))?;
        Ok(Self { name, shell, log })
    }

    /// Whether it ended by itself.
    pub(crate) fn ended(&mut self) -> bool {
        matches!(self.shell.try_wait(), Ok(Some(_)))
    }

    /// An error that shows the end of the log, where the reason usually is.
    pub(crate) fn failure(&self, what: &str) -> anyhow::Error {
        anyhow::anyhow!("{} {what}; the end of {}:\n{}", self.name, self.log.display(), last_lines(&self.log_text(), 20))
    }

    /// Everything it printed so far.
    pub(crate) fn log_text(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Guarded {
    /// Returns when the program is gone, some milliseconds later.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Fails only where somebody else waited for the child; there is nothing left to stop then.
        let _ = self.shell.wait();
    }
}

/// The last `count` lines of `text`.
pub(crate) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path, script: &str) -> Guarded {
        let data = folder.join("data");
        fs::create_dir_all(&data).unwrap();
        let flags = ["-c".to_owned(), script.to_owned()];
        Guarded::start(Path::new("/bin/sh"), &flags, folder, Some(&data)).unwrap()
    }

    fn wait_for(claim: impl Fn() -> bool) -> bool {
        (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            claim()
        })
    }

    /// The script prints its process id first.
    fn pid_of(program: &Guarded) -> String {
        assert!(wait_for(|| program.log_text().contains('\n')));
        program.log_text().trim().to_owned()
    }

    fn is_running(pid: &str) -> bool {
        Command::new("/bin/sh").args(["-c", "kill -0 \"$1\" 2>/dev/null", "sh", pid]).status().unwrap().success()
    }

    #[test]
    fn dropping_ends_the_program_and_removes_its_data() {
        let folder = tempfile::tempdir().unwrap();
        let program = sleeper(folder.path(), "echo $$; exec sleep 600");
        let pid = pid_of(&program);
        assert!(is_running(&pid));
        drop(program);
        assert!(!is_running(&pid));
        assert!(!folder.path().join("data").exists());
    }

    #[test]
    fn a_program_that_fails_keeps_its_data_and_tells_how_it_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut program = sleeper(folder.path(), "echo no disk; exit 3");
        assert!(wait_for(|| program.log_text().contains("no disk")));
        let status = program.shell.wait().unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(program.ended());
        assert!(program.failure("ended").to_string().ends_with("no disk"));
        assert!(folder.path().join("data").exists());
    }
}
