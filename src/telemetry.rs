//! Logs: one line per change in AWS, as JSON for machines or as text for people. Metrics live in [`crate::metrics`].
//!
//! What is logged are fields, not sentences with values inside; values that may hold secrets are never logged.

use crate::settings::LogFormat;
use tracing_subscriber::{EnvFilter, filter::ParseError, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging to standard error for the whole process.
///
/// `filter` has the form of `RUST_LOG`, such as `info,ecs_operator=debug`.
///
/// # Errors
/// When `filter` cannot be read, or when logging was started before.
pub fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = read_filter(filter)
        .map_err(|e| anyhow::anyhow!("log filter `{filter}` cannot be read: {e}; write it as `info,ecs_operator=debug`"))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Json => {
            registry.with(lines.json().flatten_event(true).with_current_span(true).with_span_list(false)).try_init()?;
        }
        LogFormat::Text => registry.with(lines).try_init()?,
    }
    Ok(())
}

fn read_filter(filter: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_of_one_module_is_read() {
        assert_eq!(read_filter("info,ecs_operator=debug").unwrap().to_string(), "ecs_operator=debug,info");
    }

    #[test]
    fn a_filter_that_means_nothing_is_refused() {
        assert!(read_filter("ecs_operator=loud").is_err());
    }
}
