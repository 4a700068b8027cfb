//! The connection to the servers.

use std::fs::File;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::spawn_blocking;
use tracing::{debug, info, warn};

use crate::config::cluster::{ClusterConfig, Credentials};
use crate::config::secret_source::SecretSource;
use crate::state::cluster::error::ClusterError;

/// How long connecting to one server may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A pause between tries to connect again.
const PAUSE: Duration = Duration::from_millis(500);

/// Connects to the first server that answers. The connection moves to another server by itself where that one fails.
pub(super) async fn connect(
    config: &ClusterConfig,
    timeout: Duration,
) -> Result<Client, ClusterError> {
    let mut options = ConnectOptions::new()
        .name("asset-host")
        .connection_timeout(CONNECT_TIMEOUT)
        .request_timeout(Some(timeout))
        // A server that is silent is left after two intervals without an answer.
        .ping_interval(timeout)
        // At once to each server, and then until one is there.
        .reconnect_delay_callback(|tries| if tries > 3 { PAUSE } else { Duration::ZERO })
        .event_callback(async |event| report(&event));
    options = match &config.credentials {
        None => options,
        Some(Credentials::Token(token)) => {
            options.token(resolve(token).await?.expose_secret().to_owned())
        }
        Some(Credentials::User { name, password }) => {
            let password = resolve(password).await?;
            options.user_and_password(name.clone(), password.expose_secret().to_owned())
        }
        Some(Credentials::File(file)) => {
            // Its last line is only found with the line break, which a secret is read without.
            let credentials = Zeroizing::new(format!("{}\n", resolve(file).await?.expose_secret()));
            // The reason is not repeated, as it may quote the file.
            let parsed = options.credentials(&credentials);
            parsed
                .map_err(|_| refused("cluster.credentials.file is not a NATS credentials file"))?
        }
    };
    if let Some(path) = &config.ca_file {
        // The client would not say which file.
        if let Err(error) = File::open(path) {
            let path = path.display();
            return Err(ClusterError::Refused(format!(
                "cluster.ca_file: {path}: {error}"
            )));
        }
        options = options
            .add_root_certificates(path.clone())
            .require_tls(true);
    }
    options
        .connect(&config.servers)
        .await
        .map_err(|error| match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                refused(error.to_string())
            }
            _ => error.into(),
        })
}

/// Logs what happens to the connection.
fn report(event: &Event) {
    match event {
        Event::Connected => info!("connected to the cluster"),
        Event::Disconnected => warn!("the connection to the cluster is lost: connecting again"),
        Event::ServerError(_) => warn!("the cluster: {event}"),
        // Each try to connect again may fail.
        Event::ClientError(_) => debug!("the cluster: {event}"),
        _ => {}
    }
}

async fn resolve(source: &SecretSource) -> Result<SecretString, ClusterError> {
    let source = source.clone();
    match spawn_blocking(move || source.resolve()).await {
        Ok(secret) => secret.map_err(refused),
        Err(error) => Err(ClusterError::Refused(error.to_string())),
    }
}

fn refused(why: impl std::fmt::Display) -> ClusterError {
    ClusterError::Refused(format!(
        "{why}; check cluster.credentials, and that the servers know the user"
    ))
}
