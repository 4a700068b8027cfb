//! A NATS server of a test.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::config::cluster::ClusterConfig;
use crate::state::cluster::Cluster;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);

/// A server on a free port, with its folder. It ends with the value.
pub(in crate::state) struct TestServer {
    process: Child,
    _folder: TempDir,
    url: String,
}

impl TestServer {
    pub(in crate::state) fn start() -> Self {
        Self::with("", "")
    }

    /// Starts a server with more options of JetStream, and more of its own.
    pub(super) fn with(jetstream: &str, more: &str) -> Self {
        // The path of the program, where it is not one of the system's: `make nats-server` installs it.
        let program = std::env::var_os("NATS_SERVER").unwrap_or_else(|| "nats-server".into());
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let config = path.join("nats.conf");
        let text = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: {path:?}\n\
             jetstream {{ store_dir: {path:?}, sync_interval: always, {jetstream} }}\n{more}\n"
        );
        fs::write(&config, text).expect("a configuration");
        let process = Command::new(program)
            .arg("-c")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(fs::File::create(path.join("log")).expect("a log"))
            .spawn()
            .expect("a server: set NATS_SERVER to what `make nats-server` installs");
        let ports = path.join(format!("nats-server_{}.ports", process.id()));
        let started = Instant::now();
        let url = loop {
            let ports = fs::read_to_string(&ports).unwrap_or_default();
            let is_url = |text: &&str| text.starts_with("nats://") || text.starts_with("tls://");
            if let Some(url) = ports.split('"').find(is_url) {
                break url.to_owned();
            }
            assert!(started.elapsed() < START, "the server did not start");
            std::thread::sleep(Duration::from_millis(20));
        };
        Self {
            process,
            _folder: folder,
            url,
        }
    }

    /// Returns a configuration with this server, one copy and a short lease.
    pub(in crate::state) fn config(&self) -> ClusterConfig {
        config(&self.url)
    }

    pub(super) async fn connect(&self) -> Cluster {
        Cluster::connect(&self.config()).await.expect("a cluster")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) fn config(url: &str) -> ClusterConfig {
    let text =
        format!("servers = [{url:?}]\nreplicas = 1\nallow_fewer_replicas = true\nlease = \"2s\"");
    toml::from_str(&text).expect("a configuration")
}

/// A way to a server on which its answers can be delayed.
pub(super) struct Proxy {
    pub url: String,
    delay: watch::Sender<bool>,
}

impl Proxy {
    pub(super) async fn to(server: &TestServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("nats://{}", listener.local_addr().expect("an address"));
        let server = server.url.trim_start_matches("nats://").to_owned();
        let (delay, delayed) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
                let mut delayed = delayed.clone();
                tokio::spawn(async move {
                    let mut bytes = vec![0; 64 * 1024];
                    while let Ok(read @ 1..) = from_server.read(&mut bytes).await {
                        let _ = delayed.wait_for(|is_delayed| !is_delayed).await;
                        if to_client.write_all(&bytes[..read]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { url, delay }
    }

    /// Holds back what the server answers, or lets it through.
    pub(super) fn hold(&self, answers: bool) {
        self.delay.send_replace(answers);
    }
}
