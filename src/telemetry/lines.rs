//! JSON lines with the ids of the trace and the span in which they were written, so that one leads to the other.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt};
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Puts the ids in front of what another format writes.
pub(super) struct WithIds<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for WithIds<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let ids = Context::map_current(|now| now.span().span_context().clone());
        if !ids.is_valid() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&with(&ids, &line))
    }
}

/// A line that is a JSON object gets the ids as its first members.
fn with(ids: &SpanContext, line: &str) -> String {
    match line.strip_prefix('{') {
        Some(rest) => format!(r#"{{"trace_id":"{}","span_id":"{}",{rest}"#, ids.trace_id(), ids.span_id()),
        None => line.to_owned(),
    }
}
