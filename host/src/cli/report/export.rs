//! Where `--metrics` sends the metrics: a file after each run, or a server for as long as the process lives.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::cli::report::metrics::Metrics;
use crate::cli::report::server::Server;
use crate::cli::report::target::Target;
use crate::cli::report::whole_file::{WholeFile, WriteError};
use crate::run::report::Report;

/// The metrics and the place where they go.
#[derive(Debug)]
pub(crate) struct Exporter {
    metrics: Arc<Metrics>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File(WholeFile),
    Server(Server),
}

/// Why metrics do not get there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// The file cannot be written.
    #[error("--metrics {0}")]
    File(#[from] WriteError),
    /// The address cannot be listened at.
    #[error(
        "--metrics {address}: cannot listen there ({source}); choose another port, or 0 for any"
    )]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system reports.
        source: io::Error,
    },
    /// The metrics cannot be made or written down.
    #[error("--metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl Exporter {
    /// Makes the place ready, before any work is done: the file is tried, not written, and keeps what an earlier
    /// process wrote until the first run has ended; the server answers from now on. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the file cannot be written or the address not listened at.
    pub(crate) async fn start(target: &Target) -> Result<Self, ExportError> {
        let metrics = Arc::new(Metrics::new()?);
        let place = match target {
            Target::File(path) => Place::File(WholeFile::new(path)?),
            Target::Address(address) => Place::Server(
                Server::start(*address, metrics.clone())
                    .await
                    .map_err(|source| ExportError::Address {
                        address: *address,
                        source,
                    })?,
            ),
        };
        Ok(Self { metrics, place })
    }

    /// Takes over what the state knows of a source: [`Metrics::remember`]. To be called before the first run is
    /// recorded.
    ///
    /// # Errors
    ///
    /// None that is known.
    pub(crate) fn remember(
        &self,
        account: &str,
        source: &str,
        last_success: Option<OffsetDateTime>,
        mark: Option<&str>,
    ) -> Result<(), ExportError> {
        Ok(self.metrics.remember(account, source, last_success, mark)?)
    }

    /// Records a run that has ended, and replaces the file. A dry run leaves both alone.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; it is then as it was.
    pub(crate) fn record(&self, report: &Report) -> Result<(), ExportError> {
        if report.dry_run {
            return Ok(());
        }
        self.metrics.record(report)?;
        self.publish()
    }

    /// Records a run that could not begin, and replaces the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; it is then as it was.
    pub(crate) fn record_could_not_run(&self, at: OffsetDateTime) -> Result<(), ExportError> {
        self.metrics.record_could_not_run(at)?;
        self.publish()
    }

    /// Where the metrics are served; none for a file.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        match &self.place {
            Place::File(_) => None,
            Place::Server(server) => Some(server.address()),
        }
    }

    fn publish(&self) -> Result<(), ExportError> {
        if let Place::File(file) = &self.place {
            file.write(&self.metrics.encode()?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{ended_at, every_outcome};
    use super::*;

    #[tokio::test]
    async fn the_file_is_replaced_after_each_run_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("asset-host.prom");
        std::fs::write(&path, "of an earlier process").unwrap();
        let exporter = Exporter::start(&Target::File(path.clone())).await.unwrap();
        let read = || std::fs::read_to_string(&path).unwrap();
        assert_eq!(exporter.address(), None);
        exporter
            .remember("acme", "two", Some(ended_at()), None)
            .unwrap();
        let dry_run = Report {
            dry_run: true,
            ..every_outcome()
        };
        exporter.record(&dry_run).unwrap();
        assert_eq!(read(), "of an earlier process");
        exporter.record(&every_outcome()).unwrap();
        let success = "last_success_timestamp_seconds{account=\"acme\",source=\"two\"}";
        assert!(read().contains(success), "{}", read());
        assert!(read().contains("runs_total{exit_code=\"2\"} 0"));
        exporter.record_could_not_run(ended_at()).unwrap();
        assert!(read().contains("runs_total{exit_code=\"2\"} 1"));
    }

    #[tokio::test]
    async fn a_place_that_is_none_is_told_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Target::File(folder.path().join("missing/a.prom"));
        let message = Exporter::start(&missing).await.unwrap_err().to_string();
        assert!(message.starts_with("--metrics "), "{message}");
        assert!(message.contains("missing/a.prom"), "{message}");

        let any = Target::parse("127.0.0.1:0").unwrap();
        let first = Exporter::start(&any).await.unwrap();
        let taken = Target::Address(first.address().unwrap());
        let message = Exporter::start(&taken).await.unwrap_err().to_string();
        assert!(message.contains("cannot listen there"), "{message}");
    }
}
