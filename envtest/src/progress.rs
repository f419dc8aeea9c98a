//! Tells a person that a build goes on: a spinner on a terminal, a line now and then elsewhere.
//!
//! Lines go to the stream itself, past the capture of the test harness: a first `cargo test` that is silent
//! for four minutes looks stuck.

use std::io::Write;
use std::time::Duration;
use tokio::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

/// Seconds between two lines where standard error is no terminal.
const QUIET: Duration = Duration::from_secs(30);

/// One build that is going on.
pub(crate) struct Progress {
    what: String,
    bar: ProgressBar,
    started: Instant,
    said: Instant,
    packages: usize,
}

impl Progress {
    /// Begin to tell of `what`; `expected` says how long it will take.
    pub(crate) fn start(what: &str, expected: &str) -> Self {
        // With the time: linking says nothing for a while.
        let style =
            ProgressStyle::with_template("{spinner} {elapsed} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::new_spinner().with_style(style);
        let now = Instant::now();
        let progress = Self { what: what.to_owned(), bar, started: now, said: now, packages: 0 };
        progress.say(&format!("building {what} from Go modules ({expected})"));
        progress.bar.set_message(format!("{what}: starting"));
        progress.bar.enable_steady_tick(Duration::from_millis(120));
        progress
    }

    /// `go build -v` said something: a module being downloaded, or a package being compiled.
    pub(crate) fn heard(&mut self, line: &str) {
        if !line.starts_with("go: ") {
            self.packages += 1;
        }
        let line = line.trim_start_matches("go: ");
        self.bar.set_message(format!("{}: {} packages, {line}", self.what, self.packages));
        if self.bar.is_hidden() && self.said.elapsed() >= QUIET {
            self.said = Instant::now();
            let (elapsed, packages) = (minutes(self.started.elapsed()), self.packages);
            self.say(&format!("building {}: {elapsed}, {packages} packages", self.what));
        }
    }

    /// The build has ended well; returns how long it took.
    pub(crate) fn finish(self) -> Duration {
        let took = self.started.elapsed();
        self.say(&format!("built {} in {}", self.what, minutes(took)));
        took
    }

    fn say(&self, line: &str) {
        if self.bar.is_hidden() {
            tell(line);
        } else {
            self.bar.println(line);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// One line on standard error.
pub(crate) fn tell(line: &str) {
    if cfg!(test) {
        return eprintln!("{line}");
    }
    // Nobody is left to read it if this fails.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A duration as people say it.
pub(crate) fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
