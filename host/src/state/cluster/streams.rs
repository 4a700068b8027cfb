//! The streams: created where they are missing, and checked.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::context::CreateStreamErrorKind;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType,
};

use serde_json::Value;

use crate::config::cluster::ClusterConfig;
use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::Tries;
use crate::state::cluster::names;

/// The smallest `max_payload` that has room for cursors and fingerprints.
const MIN_PAYLOAD: usize = 64 * 1024;

/// A tick that is published again within this time is stored once.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// Creates the streams and the consumer where they are missing, and returns the consumer.
///
/// # Errors
///
/// When a server or a stream lacks what is needed. Whether a server writes to its disk before it confirms
/// (`sync_interval: always`) cannot be checked: only its operator can ask for it.
pub(super) async fn prepare(
    context: &Context,
    config: &ClusterConfig,
) -> Result<PullConsumer, ClusterError> {
    check_server(context)?;
    let mut tries = Tries::lasting(2 * config.lease);
    for wanted in wanted(config) {
        let found = loop {
            match create(context, &wanted).await {
                Ok(found) => break found,
                Err(error) => tries.again(error).await?,
            }
        };
        check_stream(&wanted, &found)?;
    }
    let consumer = pull::Config {
        durable_name: Some(names::CONSUMER.to_owned()),
        ack_wait: config.lease,
        max_ack_pending: -1,
        max_deliver: -1,
        ..pull::Config::default()
    };
    let stream = names::work(&config.prefix);
    Ok(context.create_consumer_on_stream(consumer, stream).await?)
}

async fn create(context: &Context, wanted: &Config) -> Result<Config, ClusterError> {
    match context.get_or_create_stream(wanted.clone()).await {
        Ok(stream) => Ok(stream.cached_info().config.clone()),
        Err(error) => match error.kind() {
            CreateStreamErrorKind::JetStream(error) => Err(ClusterError::refused(&error)),
            _ => Err(error.into()),
        },
    }
}

/// Returns the streams of the state and of the ticks.
fn wanted(config: &ClusterConfig) -> [Config; 2] {
    let prefix = &config.prefix;
    let common = Config {
        storage: StorageType::File,
        num_replicas: config.replicas,
        max_consumers: -1,
        max_messages: -1,
        max_bytes: -1,
        ..Config::default()
    };
    let state = Config {
        name: names::state(prefix),
        subjects: vec![format!("{prefix}.state.>")],
        max_messages_per_subject: -1,
        allow_direct: true,
        allow_rollup: true,
        allow_atomic_publish: true,
        ..common.clone()
    };
    let work = Config {
        name: names::work(prefix),
        subjects: vec![format!("{prefix}.work.*")],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        duplicate_window: DUPLICATE_WINDOW,
        ..common
    };
    [state, work]
}

fn check_server(context: &Context) -> Result<(), ClusterError> {
    let server = context.client().server_info();
    let version = &server.version;
    let mut numbers = version
        .split('.')
        .map_while(|number| number.parse::<u32>().ok());
    let why = if (numbers.next(), numbers.next()) < (Some(2), Some(12)) {
        format!("nats-server {version} cannot store batches: install 2.12 or newer on every server")
    } else if server.max_payload < MIN_PAYLOAD {
        format!(
            "max_payload is {}: raise it to at least {MIN_PAYLOAD} on every server",
            server.max_payload
        )
    } else {
        return Ok(());
    };
    Err(ClusterError::Refused(why))
}

/// Checks a stream that may exist since another configuration, or was changed.
fn check_stream(wanted: &Config, found: &Config) -> Result<(), ClusterError> {
    let name = &wanted.name;
    let refused = |why| Err(ClusterError::Refused(format!("the stream {name} {why}")));
    if found.num_replicas < wanted.num_replicas {
        return refused(format!(
            "keeps {} copies, and cluster.replicas is {}: set its num_replicas with `nats stream edit`",
            found.num_replicas, wanted.num_replicas
        ));
    }
    if found.persist_mode == Some(PersistenceMode::Async) {
        return refused("confirms before it writes: create it without persist_mode".to_owned());
    }
    let (wanted, found) = (serde_json::to_value(wanted)?, serde_json::to_value(found)?);
    for (setting, wanted) in wanted.as_object().into_iter().flatten() {
        let found = found.get(setting).unwrap_or(&Value::Bool(false));
        if found != wanted && setting != "num_replicas" {
            return refused(format!(
                "has {setting} = {found} in the place of {wanted}: change it with `nats stream edit`, or choose another \
                 cluster.prefix"
            ));
        }
    }
    Ok(())
}
