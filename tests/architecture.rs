//! The shape of the source, checked as text: pure files stay pure, imports point one way, only `src/aws` talks to AWS,
//! files stay short enough to read. A rule that nobody breaks by accident needs no test; these have all been broken.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the source has to end")]

use std::{fs, path::Path};

/// Files that take values and return values: no I/O, no clock, no chance.
const PURE: [&str; 17] = [
    "kinds/*/accept.rs",
    "kinds/*/covers.rs",
    "kinds/*/difference.rs",
    "kinds/*/parts.rs",
    "kinds/*/priority.rs",
    "kinds/*/desired.rs",
    "kinds/*/noted.rs",
    "kinds/*/observed.rs",
    "kinds/*/plan.rs",
    "kinds/*/status.rs",
    "engine/next.rs",
    "engine/noted.rs",
    "engine/conditions.rs",
    "aws/error.rs",
    "aws/error/*.rs",
    "aws/codec.rs",
    "aws/guard/*.rs",
];

const IMPURE: [&str; 11] = [
    ".await",
    "async fn",
    "kube::Client",
    "kube::Api",
    "::now()",
    ".now()",
    "rand::",
    "std::fs",
    "std::env",
    "std::net",
    "tokio::",
];

/// Who may import whom: a folder or file of `src`, and the modules of this crate that it must not name.
const ONE_WAY: [(&str, &[&str]); 7] = [
    ("domain", &["api", "aws", "engine", "kinds", "settings", "startup", "health", "metrics"]),
    ("api", &["aws", "engine", "kinds", "settings", "startup", "health", "metrics"]),
    ("aws", &["engine", "kinds", "settings", "startup", "health"]),
    ("engine", &["kinds", "startup"]),
    ("clock.rs", &["api", "aws", "engine", "kinds", "settings", "startup", "health", "metrics"]),
    ("metrics.rs", &["api", "aws", "engine", "kinds", "settings", "startup", "health"]),
    ("trace.rs", &["api", "aws", "engine", "kinds", "settings", "startup", "health", "metrics", "telemetry"]),
];

const LINES: usize = 400;

/// What is wrong with the file at `path` below `src`.
fn faults(path: &str, source: &str) -> Vec<String> {
    let lines = code(source);
    let mut faults = Vec::new();
    if lines.len() > LINES {
        faults.push(format!("{path}: {} lines before its tests, at most {LINES}: split it by step", lines.len()));
    }
    for (i, line) in lines.iter().enumerate() {
        let line = strip_comment(line);
        let mut fault = |what: &str| faults.push(format!("{path}:{}: {what}: {}", i + 1, line.trim()));
        if PURE.iter().any(|pattern| matches(pattern, path)) {
            IMPURE.iter().filter(|word| line.contains(**word)).for_each(|word| fault(&format!("`{word}` in a pure file")));
        }
        if !path.starts_with("aws/") && line.contains("aws_sdk_") {
            fault("only src/aws may name the SDK");
        }
        for (from, banned) in ONE_WAY.iter().filter(|(from, _)| path == *from || path.starts_with(&format!("{from}/"))) {
            banned.iter().filter(|module| imports(line, module)).for_each(|m| fault(&format!("{from} must not import {m}")));
        }
    }
    faults
}

/// The lines before the file's own tests. A file of tests has none.
fn code(source: &str) -> Vec<&str> {
    source.lines().take_while(|line| line.trim() != "#[cfg(test)]").collect()
}

fn strip_comment(line: &str) -> &str {
    line.find("//").map_or(line, |at| &line[..at])
}

/// `crate::module`, also inside `use crate::{…}` on one line or, as rustfmt breaks it, at the start of a line of its own.
fn imports(line: &str, module: &str) -> bool {
    let grouped = line.contains("crate::{") || (line.starts_with("    ") && !line.starts_with("     "));
    let named = |prefix: &str| {
        line.match_indices(&format!("{prefix}{module}")).any(|(at, found)| {
            let rest = &line[at + found.len()..];
            rest.is_empty() || rest.starts_with("::") || (prefix != "    " && rest.starts_with([',', ';', '}']))
        })
    };
    named("crate::") || (grouped && (named("{") || named(", ") || (line.trim_start().starts_with(module) && named("    "))))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(p, name)| *p == "*" || p == name)
}

fn sources(below: &Path, found: &mut Vec<(String, String)>, root: &Path) {
    let mut entries: Vec<_> = fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found, root);
        } else if path.extension().is_some_and(|e| e == "rs") && path.file_name().is_some_and(|n| n != "tests.rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn the_source_keeps_its_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found, &root);
    assert!(found.iter().any(|(path, _)| path == "engine/lease.rs"), "the source was not found below {}", root.display());
    let faults: Vec<_> = found.iter().flat_map(|(path, source)| faults(path, source)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn each_rule_can_be_broken() {
    let long = "fn f() {}\n".repeat(LINES + 1);
    for (path, source, said) in [
        ("kinds/service/plan.rs", "let live = aws.service(name).await;", "`.await` in a pure file"),
        ("kinds/service/status.rs", "let now = clock.now();", "`.now()` in a pure file"),
        ("engine/next.rs", "let jitter = rand::random::<f64>();", "`rand::` in a pure file"),
        ("kinds/service/act.rs", "use aws_sdk_ecs::Client;", "only src/aws may name the SDK"),
        ("engine/write.rs", "use crate::kinds::service;", "engine must not import kinds"),
        ("engine/mod.rs", "use crate::{clock::Clock, kinds::service};", "engine must not import kinds"),
        ("aws/mod.rs", "use crate::{\n    clock::Clock,\n    engine::Next,\n};", "aws must not import engine"),
        ("metrics.rs", "use crate::health;", "metrics.rs must not import health"),
        ("health.rs", long.as_str(), "split it by step"),
    ] {
        let faults = faults(path, source);
        assert!(faults.iter().any(|fault| fault.contains(said)), "{path} `{source}`: {faults:?}");
    }
}

#[test]
fn what_is_allowed_is_not_reported() {
    for (path, source) in [
        ("kinds/service/plan.rs", "// plan never calls .await\nlet delay = next.delay(jitter);"),
        ("kinds/service/plan.rs", "fn f() {}\n#[cfg(test)]\nmod tests { fn t() { clock.now(); } }"),
        ("kinds/service/act.rs", "aws.update(&input).await?;"),
        ("kinds/service/mod.rs", "use crate::{aws::Ecs, engine::Managed};"),
        ("aws/mod.rs", "use aws_sdk_ecs::Client;"),
        ("engine/mod.rs", "    let kinds = vec![1];"),
        ("domain/arn.rs", "    api: String,"),
    ] {
        assert_eq!(faults(path, source), Vec::<String>::new(), "{path} `{source}`");
    }
}
