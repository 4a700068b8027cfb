//! The state in a cluster, opened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;

use crate::config::cluster::ClusterConfig;
use crate::state::change::Stored;
use crate::state::cluster::connect::connect;
use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::Exchange;
use crate::state::cluster::names::{Subjects, state_stream, token};
use crate::state::cluster::record::{Contents, gather};
use crate::state::cluster::streams;

/// The state in a cluster. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(super) exchange: Exchange,
    pub(super) consumer: Arc<PullConsumer>,
    pub(super) prefix: Arc<str>,
    pub(super) lease: Duration,
    config: Arc<ClusterConfig>,
}

impl Cluster {
    /// Connects to the servers, creates the streams where they are missing, and checks them.
    pub(crate) async fn connect(config: &ClusterConfig) -> Result<Self, ClusterError> {
        // An answer is slow where servers write to slow disks; half of the lease leaves time for another try.
        let timeout = (config.lease / 2).max(Duration::from_secs(1));
        let mut context = async_nats::jetstream::new(connect(config, timeout).await?);
        context.set_timeout(timeout);
        let (state, consumer) = streams::prepare(&context, config).await?;
        let name = state_stream(&config.prefix);
        Ok(Self {
            exchange: Exchange::new(context, (state, &name), timeout, 2 * config.lease),
            consumer: Arc::new(consumer),
            prefix: config.prefix.as_str().into(),
            lease: config.lease,
            config: Arc::new(config.clone()),
        })
    }

    /// Returns what a person calls the cluster.
    pub(crate) fn place(&self) -> String {
        let ClusterConfig {
            servers, prefix, ..
        } = &*self.config;
        format!("the streams {prefix} on {}", servers.join(", "))
    }

    /// Returns the file of what this replica could not deliver.
    pub(crate) fn rejects(&self) -> PathBuf {
        self.config.rejects.clone()
    }

    /// Returns what is stored of an account, without claiming it. It may be a little old.
    pub(crate) async fn read(&self, account: &str) -> Result<Stored, ClusterError> {
        let subjects = Subjects::of(&self.prefix, account);
        let mut messages = self.exchange.read(&subjects.record()).await?;
        messages.extend(self.exchange.read(&subjects.sources()).await?);
        let mut accounts = gather(&self.prefix, &messages)?;
        Ok(stored(accounts.remove(&token(account)).unwrap_or_default()))
    }

    /// Returns what is stored of each account, by its name. It may be a little old.
    pub(crate) async fn read_all(&self) -> Result<BTreeMap<String, Stored>, ClusterError> {
        let filter = |kind| format!("{}.state.*.{kind}", self.prefix);
        let mut messages = self.exchange.read(&filter("acc")).await?;
        messages.extend(self.exchange.read(&filter("cur.*")).await?);
        let accounts = gather(&self.prefix, &messages)?.into_values();
        let named = accounts.filter_map(|mut contents| {
            let name = std::mem::take(&mut contents.account.as_mut()?.account);
            Some((name, stored(contents)))
        });
        Ok(named
            .filter(|(_, stored)| *stored != Stored::default())
            .collect())
    }
}

fn stored(contents: Contents) -> Stored {
    Stored {
        account: contents
            .account
            .map(|message| message.record)
            .unwrap_or_default(),
        sources: contents.sources,
    }
}
