//! The server's log, and with the feature `otlp` what is sent to a collector.

use crate::{config::Config, telemetry::ServerTelemetry};
use std::{io::IsTerminal as _, sync::Arc};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// What is to be sent to a collector.
#[derive(Default)]
pub(crate) struct Observing {
    #[cfg(feature = "otlp")]
    export: Option<(lambent_otlp::Endpoint, lambent_otlp::Finished)>,
}

impl Observing {
    /// Begins the log, and the taking of spans where a collector is named.
    pub(crate) fn begin(config: &Config) -> Self {
        let log = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .with_filter(EnvFilter::try_from_env("LAMBENT_LOG").unwrap_or_else(|_| "info".into()));
        let registry = tracing_subscriber::registry().with(log);
        #[cfg(feature = "otlp")]
        if let Some(endpoint) = &config.collector {
            let (spans, finished) = lambent_otlp::Spans::new(clock(), Arc::new(lambent_types::RandomIds));
            // The spans of invocations. Those of libraries are not the operator's affair.
            let own =
                |metadata: &tracing::Metadata<'_>| metadata.is_span() && metadata.target().starts_with("lambent_");
            let spans = spans.with_filter(tracing_subscriber::filter::filter_fn(own));
            registry.with(spans).init();
            return Self {
                export: Some((endpoint.clone(), finished)),
            };
        }
        let _ = config;
        registry.init();
        Self::default()
    }

    /// Sends until told to stop, if there is a collector.
    pub(crate) async fn run(self, telemetry: Arc<ServerTelemetry>, stop: CancellationToken) {
        #[cfg(feature = "otlp")]
        if let Some((endpoint, finished)) = self.export {
            use lambent_http::Telemetry as _;
            let exporter = lambent_otlp::Exporter {
                endpoint,
                version: env!("CARGO_PKG_VERSION"),
                finished,
                families: Box::new(move || {
                    let telemetry = Arc::clone(&telemetry);
                    Box::pin(async move { telemetry.families().await })
                }),
                clock: clock(),
            };
            return exporter.run(stop).await;
        }
        let _ = (telemetry, stop);
    }
}

#[cfg(feature = "otlp")]
fn clock() -> Arc<dyn lambent_types::Clock> {
    Arc::new(lambent_types::SystemClock::default())
}
