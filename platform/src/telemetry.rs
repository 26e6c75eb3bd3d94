//! Logs, and traces from the HTTP request through Kafka's headers to the projector's commit (W3C Trace Context).
//!
//! Spans always have trace ids, so that a trace that began outside goes on through the log; they are sent somewhere only
//! where an OTLP endpoint is set.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::settings::{LogFormat, TelemetrySettings};

/// The header of W3C Trace Context.
pub const TRACEPARENT: &str = "traceparent";

/// Sends what is left of logs and traces when it is dropped: keep it until the end of `main`.
#[must_use]
pub struct TelemetryGuard(Option<SdkTracerProvider>);

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take() {
            let _ = provider.shutdown_with_timeout(Duration::from_secs(2));
        }
    }
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter of the log level.
    #[error("log level: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The endpoint of traces.
    #[error("OTLP endpoint: {0}")]
    Exporter(String),
}

/// Starts logs and traces for this process. When they are started already (tests), this does nothing.
pub fn init(settings: &TelemetrySettings, service: &str) -> Result<TelemetryGuard, TelemetryError> {
    let filter = EnvFilter::try_new(&settings.log_level)?;
    let provider = provider(settings, service)?;
    let traces = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("chatlog"))
        // Each costs time per span, and none of them helps to read a trace.
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false);
    // Traces go on whatever is logged.
    let started = tracing_subscriber::registry()
        .with(traces.with_filter(LevelFilter::INFO))
        .with(log_layer(settings.log_format).with_filter(filter))
        .try_init();
    if started.is_err() {
        tracing::debug!("telemetry is started already");
    }
    Ok(TelemetryGuard(Some(provider)))
}

fn log_layer<S: Subscriber + for<'a> LookupSpan<'a>>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync> {
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Json => layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        LogFormat::Text => layer.boxed(),
    }
}

fn provider(settings: &TelemetrySettings, service: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    let builder = SdkTracerProvider::builder().with_resource(resource);
    let Some(endpoint) = settings.otlp_endpoint.clone() else {
        // Ids without keeping: the caller's own word on keeping is passed on.
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
        return Ok(builder.with_sampler(sampler).build());
    };
    // The exporter's HTTP client blocks and must not be made on an async thread.
    let exporter = std::thread::spawn(move || {
        SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(Duration::from_secs(2))
            .build()
    });
    let exporter = exporter
        .join()
        .map_err(|_| TelemetryError::Exporter("the client could not be made".to_owned()))?
        .map_err(|error| TelemetryError::Exporter(error.to_string()))?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.trace_ratio)));
    Ok(builder.with_sampler(sampler).with_batch_exporter(exporter).build())
}

/// The current span as a `traceparent`, for a header of HTTP or Kafka; `None` outside of any trace.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    traceparent_of(&Span::current())
}

/// A span as a `traceparent`.
#[must_use]
pub fn traceparent_of(span: &Span) -> Option<String> {
    let context = span.context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes a span the child of what a `traceparent` names; one that cannot be read is ignored.
pub fn set_parent(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carrier);
    if context.span().span_context().is_valid() {
        // Fails where the span is not recorded at this log level.
        let _ = span.set_parent(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_through_a_header() {
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)));
        let layer = tracing_opentelemetry::layer().with_tracer(provider.build().tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("request");
            set_parent(&span, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            let _entered = span.enter();
            let onward = current_traceparent().expect("a trace");
            assert!(onward.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{onward}");
            assert!(onward.ends_with("-01") && !onward.contains("b7ad6b7169203331"), "{onward}");
        });
    }

    #[test]
    fn nonsense_is_not_a_parent() {
        let layer = tracing_opentelemetry::layer().with_tracer(SdkTracerProvider::builder().build().tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("request");
            set_parent(&span, "00-zz-1");
            assert!(traceparent_of(&span).is_some());
        });
        assert_eq!(current_traceparent(), None);
    }
}
