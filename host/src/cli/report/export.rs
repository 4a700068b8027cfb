//! Publishes metrics as `--metrics` says: in a file after each run, or by a server while the process runs.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio_util::task::AbortOnDropHandle;

use crate::cli::report::file::ReportFile;
use crate::cli::report::metrics::Metrics;
use crate::cli::report::server;
use crate::cli::report::target::Target;

/// The metrics of the process and where they go.
#[derive(Debug)]
pub(crate) struct Exporter {
    /// Public so that the sources in the state can be added before the first run is recorded.
    pub metrics: Arc<Metrics>,
    file: Option<ReportFile>,
    server: Option<(SocketAddr, AbortOnDropHandle<()>)>,
}

impl Exporter {
    /// Starts the server, or checks that the file can be written. The file keeps what an earlier process wrote until the
    /// first run has ended.
    ///
    /// # Errors
    ///
    /// When the file cannot be written or the address not listened on.
    pub(crate) async fn start(target: &Target) -> anyhow::Result<Self> {
        let mut exporter = Self {
            metrics: Arc::new(Metrics::new()?),
            file: None,
            server: None,
        };
        match target {
            Target::File(path) => exporter.file = Some(ReportFile::new(path)?),
            Target::Address(address) => {
                let started = server::start(*address, Arc::clone(&exporter.metrics)).await;
                exporter.server = Some(started.with_context(|| {
                    format!(
                        "cannot listen on {address}; choose another port, or 0 for any free one"
                    )
                })?);
            }
        }
        Ok(exporter)
    }

    /// Replaces the file, if the metrics go to one.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; it is then unchanged.
    pub(crate) fn publish(&self) -> anyhow::Result<()> {
        match &self.file {
            Some(file) => file.write(&self.metrics.encode()?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::report::tests::{ended_at, every_outcome};

    #[tokio::test]
    async fn the_file_is_replaced_when_it_is_published_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("asset-host.prom");
        std::fs::write(&path, "of an earlier process").unwrap();
        let exporter = Exporter::start(&Target::File(path.clone())).await.unwrap();
        let read = || std::fs::read_to_string(&path).unwrap();
        assert!(exporter.server.is_none());
        exporter
            .metrics
            .remember("acme", "two", Some(ended_at()), None);
        assert_eq!(read(), "of an earlier process");
        exporter.publish().unwrap();
        let success = "last_success_timestamp_seconds{account=\"acme\",source=\"two\"}";
        assert!(read().contains(success), "{}", read());
        let [acme, _] = &every_outcome().accounts[..] else {
            panic!("not two accounts");
        };
        exporter.metrics.record(acme);
        assert!(!read().contains("runs_total"));
        exporter.publish().unwrap();
        let runs = "runs_total{account=\"acme\",exit_code=\"1\"} 1";
        assert!(read().contains(runs), "{}", read());
    }

    #[tokio::test]
    async fn a_file_or_address_that_cannot_be_used_is_reported_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Target::File(folder.path().join("missing/a.prom"));
        let message = Exporter::start(&missing).await.unwrap_err().to_string();
        assert!(message.contains("missing/a.prom"), "{message}");

        let any = Target::parse("127.0.0.1:0").unwrap();
        let first = Exporter::start(&any).await.unwrap();
        let taken = Target::Address(first.server.as_ref().unwrap().0);
        let message = Exporter::start(&taken).await.unwrap_err().to_string();
        assert!(message.contains("cannot listen on"), "{message}");
    }
}
