//! The state in a cluster, opened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use tracing::warn;

use crate::config::cluster::ClusterConfig;
use crate::state::change::Stored;
use crate::state::cluster::connect::connect;
use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::Exchange;
use crate::state::cluster::names;
use crate::state::cluster::record::gather;
use crate::state::cluster::streams;

/// The state in a cluster. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(super) exchange: Arc<Exchange>,
    pub(super) consumer: Arc<PullConsumer>,
    pub(super) prefix: Arc<str>,
    pub(super) lease: Duration,
    config: Arc<ClusterConfig>,
}

impl Cluster {
    /// Connects to the servers, creates the streams where they are missing, and checks them.
    pub(crate) async fn connect(config: &ClusterConfig) -> Result<Self, ClusterError> {
        // Servers with slow disks answer late; half of the lease leaves time for another try.
        let timeout = (config.lease / 2).max(Duration::from_secs(1));
        let mut context = async_nats::jetstream::new(connect(config, timeout).await?);
        context.set_timeout(timeout);
        let consumer = streams::prepare(&context, config).await?;
        Ok(Self {
            exchange: Arc::new(Exchange {
                client: context.client(),
                stream: names::state(&config.prefix),
                patience: 2 * config.lease,
            }),
            consumer: Arc::new(consumer),
            prefix: config.prefix.as_str().into(),
            lease: config.lease,
            config: Arc::new(config.clone()),
        })
    }

    /// Returns what a person calls the cluster.
    pub(crate) fn place(&self) -> String {
        self.config.place()
    }

    /// Returns the file of what this replica could not deliver.
    pub(crate) fn rejects(&self) -> PathBuf {
        self.config.rejects.clone()
    }

    /// Returns what is stored of an account, without claiming it. It may be a little old.
    pub(crate) async fn read(&self, account: &str) -> Result<Stored, ClusterError> {
        let accounts = self.records(&names::account(&self.prefix, account)).await?;
        let stored = accounts.into_iter().next();
        Ok(stored.transpose()?.unwrap_or_default().1)
    }

    /// Returns what is stored of each account, by its name. It may be a little old.
    pub(crate) async fn read_all(&self) -> Result<BTreeMap<String, Stored>, ClusterError> {
        let mut stored = BTreeMap::new();
        for account in self.records(&format!("{}.state.*", self.prefix)).await? {
            match account {
                Ok((name, contents)) if contents != Stored::default() => {
                    stored.insert(name, contents);
                }
                Ok(_) => {}
                // The other accounts are not affected.
                Err(error) => warn!("the state of an account in the cluster {error}"),
            }
        }
        Ok(stored)
    }

    async fn records(
        &self,
        accounts: &str,
    ) -> Result<Vec<Result<(String, Stored), ClusterError>>, ClusterError> {
        let mut messages = self.exchange.read(&format!("{accounts}.acc")).await?;
        messages.extend(self.exchange.read(&format!("{accounts}.cur.*")).await?);
        let contents = gather(&self.prefix, &messages).into_values();
        Ok(contents
            .map(|contents| Ok(contents.checked()?.split()))
            .collect())
    }
}
