//! Logs: one line per change in AWS, as JSON for machines or as text for people. Traces, where somebody wants them: the spans of
//! [`crate::trace`]. Metrics live in [`crate::metrics`].
//!
//! What is logged are fields, not sentences with values inside; values that may hold secrets are never logged.

mod collector;
mod lines;
mod otlp;

use crate::settings::LogFormat;
use crate::trace;
use collector::Collector;
use lines::WithIds;
use opentelemetry_sdk::trace::SdkTracer;
use otlp::Sending;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, FilterFn, ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Logs and traces of this process. [`Telemetry::end`] sends what is left of them.
pub struct Telemetry {
    sending: Option<Sending>,
}

/// Starts logging to standard error for the whole process, and sends traces if the environment names a collector. `replica` is the
/// name of this process there. Has to be called within the runtime of tokio.
///
/// `filter` has the form of `RUST_LOG`, such as `info,ecs_operator=debug`.
///
/// # Errors
/// When `filter` or a variable of OpenTelemetry cannot be read, or when logging was started before.
pub fn start(format: LogFormat, filter: &str, replica: &str) -> anyhow::Result<Telemetry> {
    let filter = read_filter(filter)
        .map_err(|e| anyhow::anyhow!("log filter `{filter}` cannot be read: {e}; write it as `info,ecs_operator=debug`"))?;
    let collector = Collector::read(|name| std::env::var(name).ok()).map_err(anyhow::Error::msg)?;
    let sending = collector.map(|to| Sending::begin(to, replica)).transpose()?;
    let tracer = sending.as_ref().map(Sending::tracer);
    subscriber(format, filter, std::io::stderr, tracer).try_init()?;
    Ok(Telemetry { sending })
}

impl Telemetry {
    /// Sends the last spans, for two seconds at most.
    pub async fn end(self) {
        if let Some(sending) = self.sending {
            sending.end().await;
        }
    }
}

fn read_filter(filter: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(filter)
}

/// Lines to `out`, and spans to a tracer. Spans are none of the lines', so that without a tracer none is ever made.
fn subscriber<W>(format: LogFormat, filter: EnvFilter, out: W, tracer: Option<SdkTracer>) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer::<Registry>().with_writer(out);
    let lines = match format {
        LogFormat::Json => {
            let json = lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
            if tracer.is_some() { json.map_event_format(WithIds).boxed() } else { json.boxed() }
        }
        LogFormat::Text => lines.boxed(),
    };
    let lines = lines.with_filter(filter.and(filter_fn(|it| !is_span_of_ours(it))));
    let spans = tracer.map(|tracer| {
        let layer = tracing_opentelemetry::layer().with_tracer(tracer);
        // Nothing but what stands in the span itself.
        let layer = layer.with_location(false).with_threads(false).with_target(false).with_tracked_inactivity(false);
        let ours: FilterFn = FilterFn::new(is_span_of_ours as fn(&Metadata<'_>) -> bool);
        layer.with_filter(ours.with_max_level_hint(LevelFilter::INFO))
    });
    tracing_subscriber::registry().with(lines).with(spans)
}

fn is_span_of_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == trace::TARGET
}

#[cfg(test)]
mod tests;
