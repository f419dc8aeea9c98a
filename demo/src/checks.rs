//! What the story claims, checked and counted.

use crate::terminal;
use std::process::ExitCode;

/// How many claims held.
#[derive(Debug, Default)]
pub struct Checks {
    passed: usize,
    failed: usize,
}

impl Checks {
    /// Notes whether a claim holds, and shows it.
    pub fn claim(&mut self, claim: &str, holds: bool) {
        if holds {
            self.passed += 1;
            terminal::good(claim);
        } else {
            self.fail(claim);
        }
    }

    /// Notes two things that are to be equal; shows the second where they are not.
    pub fn equal<T: PartialEq + std::fmt::Debug>(&mut self, claim: &str, expected: &T, seen: &T) {
        if expected == seen {
            self.claim(claim, true);
        } else {
            self.fail(&format!("{claim}: expected {expected:?}, seen {seen:?}"));
        }
    }

    /// Notes a failure.
    pub fn fail(&mut self, what: &str) {
        self.failed += 1;
        terminal::bad(what);
    }

    /// Prints the closing line, which scripts read, and says how to exit.
    pub fn close(&self) -> ExitCode {
        println!("\n{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 && self.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_claim_fails_the_run() {
        let mut checks = Checks::default();
        checks.equal("two tasks run", &2, &2);
        assert_eq!(checks.close(), ExitCode::SUCCESS);
        checks.equal("two tasks run", &2, &1);
        assert_eq!((checks.passed, checks.failed), (1, 1));
        assert_eq!(checks.close(), ExitCode::FAILURE);
    }

    #[test]
    fn a_run_without_claims_is_no_success() {
        assert_eq!(Checks::default().close(), ExitCode::FAILURE);
    }
}
