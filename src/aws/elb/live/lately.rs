//! What our own writes do to readings of lists. Pure: time is an argument.
//!
//! Of a list that was read some members were written by us since, or so lately that AWS may not show it yet. A reading is not
//! thrown away as a whole for that: for each member that we wrote, ours counts.

use super::followed::WRITE_LAG;
use std::collections::HashMap;
use tokio::time::Instant;

/// What we wrote lately, by what it is part of and by its own ARN.
#[derive(Debug)]
pub(super) struct Lately<T>(HashMap<String, HashMap<String, Write<T>>>);

#[derive(Debug)]
struct Write<T> {
    at: Instant,
    /// What was made or changed. `None`: it was deleted.
    value: Option<T>,
}

impl<T> Default for Lately<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Lately<T> {
    pub(super) fn note(&mut self, of: &str, arn: &str, written: Option<T>, now: Instant) {
        let all = self.0.entry(of.to_owned()).or_default();
        all.insert(arn.to_owned(), Write { at: now, value: written });
    }

    /// Nothing is known of a write any more: it was followed by one whose end is not known.
    pub(super) fn forget(&mut self, arn: &str) {
        self.0.values_mut().for_each(|all| drop(all.remove(arn)));
        self.0.retain(|_, all| !all.is_empty());
    }

    /// What was read from `started` on, with our own writes where these are newer or AWS may lag behind them.
    pub(super) fn merged(
        &mut self,
        of: &str,
        read: &[T],
        (started, now): (Instant, Instant),
        arn: impl Fn(&T) -> &str,
    ) -> Vec<T> {
        let mut all = read.to_vec();
        let Some(writes) = self.0.get_mut(of) else { return all };
        writes.retain(|_, write| started <= write.at || now < write.at + WRITE_LAG);
        for (written, write) in writes.iter() {
            let is_older = started <= write.at;
            let at = all.iter().position(|one| arn(one) == written);
            match (at, &write.value) {
                // AWS may lag: what we deleted is gone, and what we made is there.
                (Some(at), None) => drop(all.swap_remove(at)),
                (None, Some(value)) => all.push(value.clone()),
                (Some(at), Some(value)) if is_older => all[at].clone_from(value),
                _ => {}
            }
        }
        if writes.is_empty() {
            self.0.remove(of);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// What is shown of `read` some seconds after a write, where the read began so many seconds before or after it.
    fn shown(read: &[&str], written: Option<&str>, began: i64, ended: u64) -> Vec<String> {
        let (at, second) = (Instant::now() + Duration::from_mins(1), Duration::from_secs(1));
        let started =
            if began < 0 { at - second * u32::try_from(-began).unwrap() } else { at + second * u32::try_from(began).unwrap() };
        let mut lately = Lately::<String>::default();
        lately.note("all", "a1", written.map(str::to_owned), at);
        let read: Vec<String> = read.iter().map(|one| (*one).to_owned()).collect();
        lately.merged("all", &read, (started, at + Duration::from_secs(ended)), |one| &one[..2])
    }

    #[test]
    fn what_we_made_or_deleted_counts_while_aws_may_lag_behind() {
        assert_eq!(shown(&["b1"], Some("a1"), 1, 5), ["b1", "a1"]);
        assert_eq!(shown(&["a1", "b1"], None, 1, 5), ["b1"]);
        assert_eq!(shown(&["b1"], Some("a1"), 1, 60), ["b1"], "by then AWS is right");
        assert_eq!(shown(&["a1"], None, 1, 60), ["a1"]);
    }

    #[test]
    fn a_write_whose_end_is_not_known_makes_us_believe_what_is_read() {
        let (mut lately, now) = (Lately::<String>::default(), Instant::now());
        lately.note("all", "a1", Some("a1".to_owned()), now);
        lately.forget("a1");
        assert!(lately.merged("all", &[], (now, now), |one| one).is_empty() && lately.0.is_empty());
    }

    #[test]
    fn what_we_changed_counts_only_against_a_read_that_began_before() {
        assert_eq!(shown(&["a1 old"], Some("a1 new"), -1, 5), ["a1 new"]);
        assert_eq!(shown(&["a1 theirs"], Some("a1 new"), 1, 5), ["a1 theirs"]);
    }
}
