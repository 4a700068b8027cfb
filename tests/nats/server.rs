//! One NATS server: its files, its process, and what its monitoring port says.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// How long the monitoring port may take to answer.
const MONITOR_TIMEOUT: Duration = Duration::from_secs(5);

/// A NATS server, killed when dropped.
pub(super) struct Server {
    /// The address at which clients reach it.
    pub(super) client: SocketAddr,
    /// The address at which the other servers reach it.
    pub(super) route: SocketAddr,
    monitor: SocketAddr,
    number: usize,
    folder: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Returns a server with free ports, yet to be started. Its files are in a folder of its own within `folder`.
    ///
    /// Its address is one of 127.0.0.0/8 that no other program chooses for its connections, so that its ports are still
    /// free when it is started again.
    pub(super) fn new(folder: &Path, number: usize) -> Result<Self> {
        let mut rng = fastrand::Rng::new();
        let address = Ipv4Addr::new(127, rng.u8(1..), rng.u8(..), rng.u8(1..255));
        // All are held at once, so that they differ.
        let listeners = (0..3)
            .map(|_| TcpListener::bind((address, 0)))
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| format!("{address} cannot be listened on"))?;
        let mut ports = listeners.iter().map(TcpListener::local_addr);
        let mut next = || {
            ports
                .next()
                .context("three ports are needed")?
                .context("no port")
        };
        let folder = folder.join(format!("nats-{number}"));
        fs::create_dir_all(&folder)?;
        Ok(Self {
            client: next()?,
            route: next()?,
            monitor: next()?,
            number,
            folder,
            child: None,
        })
    }

    /// Writes the configuration. The server is one of a cluster with the `others`, if there are any.
    pub(super) fn configure(
        &self,
        jetstream: &str,
        more: &str,
        others: &[SocketAddr],
    ) -> Result<()> {
        let (client, route, monitor) = (self.client, self.route, self.monitor);
        let routes: Vec<_> = others
            .iter()
            .map(|other| format!("nats://{other}"))
            .collect();
        // The servers advertise no addresses, so that clients connect only through the proxies.
        let cluster = match routes.is_empty() {
            true => String::new(),
            false => format!(
                "cluster {{ name: \"test\", listen: \"{route}\", no_advertise: true, routes: {routes:?} }}\n"
            ),
        };
        let (name, store) = (self.number, self.folder.join("store"));
        let text = format!(
            "server_name: \"server-{name}\"\nlisten: \"{client}\"\nhttp: \"{monitor}\"\n\
             jetstream {{ store_dir: {store:?}\n{jetstream}\n}}\n{cluster}{more}\n"
        );
        fs::write(self.folder.join("server.conf"), text)?;
        Ok(())
    }

    /// Starts the process; it may not be listening yet when this returns.
    pub(super) fn start(&mut self, program: &Path) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))?;
        let child = Command::new(program)
            .arg("--config")
            .arg(self.folder.join("server.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Kills the process, as `kill -9` does.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It has ended already where this fails.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Returns whether the process runs.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.as_mut().map(Child::try_wait), Some(Ok(None)))
    }

    /// Returns whether the process has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.is_some() && !self.is_running()
    }

    /// Returns whether it serves clients, and its streams are as current as those of its cluster.
    pub(super) fn is_current(&self) -> bool {
        self.monitor("/healthz").is_ok_and(|health| {
            health
                .pointer("/status")
                .is_some_and(|status| status == "ok")
        })
    }

    /// Returns what the monitoring port answers at a path, such as `/jsz?streams=true`.
    pub(super) fn monitor(&self, path: &str) -> Result<Value> {
        let mut stream = TcpStream::connect_timeout(&self.monitor, MONITOR_TIMEOUT)?;
        stream.set_read_timeout(Some(MONITOR_TIMEOUT))?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((_, body)) => Ok(serde_json::from_str(body)?),
            None => bail!("{} answers no HTTP: {answer:?}", self.monitor),
        }
    }

    /// Returns the name of the server that leads the cluster; `None` where it knows none.
    pub(super) fn leader(&self) -> Option<String> {
        let jetstream = self.monitor("/jsz").ok()?;
        let leader = jetstream.pointer("/meta_cluster/leader")?.as_str()?;
        (!leader.is_empty()).then(|| leader.to_owned())
    }

    /// Returns the memory that the process has resident now, and the most that it had, in bytes.
    pub(super) fn memory(&self) -> Option<(u64, u64)> {
        super::memory_of(self.child.as_ref()?.id())
    }

    /// Returns the end of its log, for the message of a failure.
    pub(super) fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(12).collect();
        let lines: Vec<_> = lines.into_iter().rev().collect();
        format!("server {}:\n{}\n", self.number, lines.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
