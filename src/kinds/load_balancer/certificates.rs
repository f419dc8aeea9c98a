//! Which certificates serve the hosts of a listener, and which hosts none serves. Pure.

use super::listener::Wanted;
use super::observed::{Certificates, Observed};
use crate::aws::acm::Certificate;
use std::collections::BTreeSet;

/// The certificates of a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The default one, where it is declared or has to be chosen.
    pub default: Option<String>,
    /// The others that it shall have.
    pub others: BTreeSet<String>,
    /// Those of them that were found and not declared.
    pub found: BTreeSet<String>,
    /// Hosts that no certificate covers.
    pub uncovered: BTreeSet<String>,
}

/// The certificates that a listener shall have: those that are declared, and the best for each host that these do not cover,
/// if it looks for them.
pub fn chosen(want: &Wanted, seen: &Observed) -> Chosen {
    let mut chosen = Chosen { default: want.certificate.clone(), others: want.others.clone(), ..Chosen::default() };
    let Certificates::Known(known) = &seen.certificates else { return chosen };
    if !want.is_secure() {
        return chosen;
    }
    let Some(serving) = serving(want, seen) else { return chosen };
    let serves = |certificate: &&Certificate| serving.contains(&certificate.arn);
    // What a certificate covers that is not of Certificate Manager, or not issued yet, is not known.
    let is_all_known = serving.iter().all(|arn| known.iter().any(|certificate| certificate.arn == *arn));
    for host in want.hosts.iter().filter(|host| is_coverable(host)) {
        if known.iter().filter(serves).any(|certificate| certificate.covers(host)) {
            continue;
        }
        match Certificate::best_for(host, known).filter(|_| want.discovers) {
            Some(best) => drop(chosen.found.insert(best.arn.clone())),
            None if is_all_known => drop(chosen.uncovered.insert(host.clone())),
            None => {}
        }
    }
    if chosen.default.is_none() {
        chosen.default = chosen.found.first().cloned();
    }
    chosen.others.extend(chosen.found.iter().cloned());
    chosen
}

/// The certificates that a listener has before any is looked for: those that are declared and, where none is looked for, those that
/// others added. `None`: these were not read yet.
fn serving(want: &Wanted, seen: &Observed) -> Option<BTreeSet<String>> {
    let mut all: BTreeSet<String> = want.certificate.iter().chain(&want.others).cloned().collect();
    if !want.discovers {
        let listeners = seen.view().into_iter().flat_map(|view| &view.listeners);
        for live in listeners.filter(|it| it.listener.port == Some(want.port)) {
            all.extend(live.certificates.clone()?);
        }
    }
    Some(all)
}

/// Whether there can be a certificate for a host: AWS's `*` and `?` stand for any text, a certificate's `*` for one label.
fn is_coverable(host: &str) -> bool {
    !host.strip_prefix("*.").unwrap_or(host).contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::is_coverable;

    #[test]
    fn patterns_that_no_certificate_can_have_are_not_asked_for() {
        for (host, coverable) in [("a.b", true), ("*.b.c", true), ("*", false), ("a?.b", false), ("*a.b", false)] {
            assert_eq!(is_coverable(host), coverable, "{host}");
        }
    }
}
