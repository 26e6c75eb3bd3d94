//! One span a batch, linked to the requests that caused it; a batch of thousands names a few.

use event_schema::Event;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use read_model::Partition;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::batch::Batch;

const LINKS: usize = 4;

/// The span of a batch's way into the tables.
pub(crate) fn span(partition: Partition, batch: &Batch) -> Span {
    let span = tracing::info_span!(
        "fold batch",
        topic = partition.topic.name(),
        partition = partition.number,
        from = batch.from(),
        to = batch.to()
    );
    if !span.is_disabled() {
        for context in batch.events().iter().filter_map(|(_, event)| context_of(event)).take(LINKS) {
            span.add_link(context);
        }
    }
    span
}

fn context_of(event: &Event) -> Option<SpanContext> {
    parse(event.envelope.traceparent.as_deref()?)
}

/// W3C Trace Context, version 00 and what later versions must keep of it; only sampled ones are worth a link.
fn parse(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    (context.is_valid() && context.is_sampled()).then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sampled_parents_and_nothing_else() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = parse(parent).expect("a parent");
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        for bad in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736",
            "",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
