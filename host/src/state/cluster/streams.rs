//! The streams: created where they are missing, and checked.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::context::CreateStreamErrorKind;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType, Stream,
};

use crate::config::cluster::ClusterConfig;
use crate::state::cluster::error::ClusterError;
use crate::state::cluster::exchange::Tries;
use crate::state::cluster::names::{CONSUMER, state_stream, work_stream};

/// The first version that stores batches atomically.
const FIRST_VERSION: (u64, u64) = (2, 12);

/// Below, cursors and fingerprints have no room.
const MIN_PAYLOAD: usize = 64 * 1024;

/// A tick that is published again within this time is stored once.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// Creates the streams and the consumer where they are missing, and returns the stream of the state and the consumer.
///
/// # Errors
///
/// [`ClusterError::Unfit`] where the servers or a stream do not do what is needed. Whether a server writes to its disk
/// before it confirms (`sync_interval: always`), it tells nobody but its operator.
pub(super) async fn prepare(
    context: &Context,
    config: &ClusterConfig,
) -> Result<(Stream<()>, PullConsumer), ClusterError> {
    check_server(context, config)?;
    let (state, work) = wanted(config);
    let name = state.name.clone();
    for wanted in [state, work] {
        let mut tries = Tries::lasting(2 * config.lease);
        let found = loop {
            match create(context, &wanted).await {
                Ok(found) => break found,
                Err(error) => tries.again(error).await?,
            }
        };
        check_stream(&wanted, &found)?;
    }
    let consumer = pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        ack_wait: config.lease,
        max_ack_pending: -1,
        max_deliver: -1,
        ..pull::Config::default()
    };
    let consumer = context
        .create_consumer_on_stream(consumer, work_stream(&config.prefix))
        .await
        .map_err(ClusterError::unreachable)?;
    let state = context
        .get_stream_no_info(name)
        .await
        .map_err(|error| ClusterError::Other(error.to_string()))?;
    Ok((state, consumer))
}

async fn create(context: &Context, wanted: &Config) -> Result<Config, ClusterError> {
    match context.get_or_create_stream(wanted.clone()).await {
        Ok(stream) => Ok(stream.cached_info().config.clone()),
        Err(error) => Err(match error.kind() {
            CreateStreamErrorKind::JetStream(error) => ClusterError::refused(&error),
            CreateStreamErrorKind::EmptyStreamName | CreateStreamErrorKind::InvalidStreamName => {
                ClusterError::Other(format!(
                    "cluster.prefix is not valid in the name of a stream: {error}"
                ))
            }
            _ => ClusterError::unreachable(error),
        }),
    }
}

/// Returns the streams of the state and of the ticks.
fn wanted(config: &ClusterConfig) -> (Config, Config) {
    let common = Config {
        storage: StorageType::File,
        num_replicas: config.replicas,
        max_messages: -1,
        max_bytes: -1,
        ..Config::default()
    };
    let prefix = &config.prefix;
    let state = Config {
        name: state_stream(prefix),
        subjects: vec![format!("{prefix}.state.>")],
        max_messages_per_subject: -1,
        allow_direct: true,
        allow_rollup: true,
        allow_atomic_publish: true,
        ..common.clone()
    };
    let work = Config {
        name: work_stream(prefix),
        subjects: vec![format!("{prefix}.work.*")],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        max_messages_per_subject: 1,
        duplicate_window: DUPLICATE_WINDOW,
        ..common
    };
    (state, work)
}

fn check_server(context: &Context, config: &ClusterConfig) -> Result<(), ClusterError> {
    let unfit = |why: String| Err(ClusterError::Unfit(why));
    if config.replicas < 3 && !config.allow_fewer_replicas {
        return unfit(format!(
            "cluster.replicas = {}: fewer than 3 copies lose the state with one disk; set it to 3, or accept that with \
             cluster.allow_fewer_replicas = true",
            config.replicas
        ));
    }
    let server = context.client().server_info();
    let mut numbers = server.version.split('.').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return unfit(format!(
            "the server's version {:?} cannot be read",
            server.version
        ));
    };
    if (major, minor) < FIRST_VERSION {
        return unfit(format!(
            "nats-server {} cannot store batches atomically: install 2.12 or newer on every server",
            server.version
        ));
    }
    if server.max_payload < MIN_PAYLOAD {
        return unfit(format!(
            "max_payload of the server is {} bytes: raise it to at least {MIN_PAYLOAD}",
            server.max_payload
        ));
    }
    Ok(())
}

/// Checks a stream that exists, perhaps since another configuration.
fn check_stream(wanted: &Config, found: &Config) -> Result<(), ClusterError> {
    let unfit = |why: String| {
        Err(ClusterError::Unfit(format!(
            "the stream {} {why}",
            wanted.name
        )))
    };
    let set = |is_missing, what| {
        if is_missing {
            unfit(format!(
                "must have {what}: set it with `nats stream edit`, or delete the stream and what it stores"
            ))
        } else {
            Ok(())
        }
    };
    if found.num_replicas < wanted.num_replicas {
        return unfit(format!(
            "keeps {} copies, and cluster.replicas = {}: raise its num_replicas with `nats stream edit`",
            found.num_replicas, wanted.num_replicas
        ));
    }
    set(
        wanted.allow_atomic_publish && !found.allow_atomic_publish,
        "allow_atomic",
    )?;
    set(wanted.allow_direct && !found.allow_direct, "allow_direct")?;
    set(
        wanted.allow_rollup && !found.allow_rollup,
        "allow_rollup_hdrs",
    )?;
    set(found.storage != StorageType::File, "storage = file")?;
    set(
        found.persist_mode == Some(PersistenceMode::Async),
        "persist_mode = default",
    )?;
    set(found.retention != wanted.retention, "another retention")?;
    set(found.discard != wanted.discard, "another discard")?;
    set(found.subjects != wanted.subjects, "other subjects")?;
    set(found.max_age != wanted.max_age, "max_age = 0")?;
    set(
        found.max_messages_per_subject != wanted.max_messages_per_subject,
        "another max_msgs_per_subject",
    )
}
