//! How long it takes from the start of the process to its first request, with compiled code at hand and without.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sophos_central_simulator::SimulatorProcess;
use tempfile::TempDir;

use crate::figure::{Figure, Group};
use crate::place::{Account, Place, token_url};
use crate::samples::Samples;
use crate::sizes::mebibytes;
use crate::tools::Tools;
use crate::unit::Unit;

/// How often the host starts in a round with compiled code at hand; once without, as that takes long.
const WARM_STARTS: usize = 4;

/// How long its first request is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The host's exit code where its credentials are refused.
const SOME_FAILED: i32 = 1;

/// A place whose token comes from this process, which refuses the credentials.
pub struct FirstRequest {
    place: Place,
    requests: mpsc::Receiver<Instant>,
    /// Where a whole run begins without compiled code, for its memory.
    cold_place: Place,
    cold_endpoints: u64,
    _simulator: SimulatorProcess,
    warm: Samples,
    cold: Samples,
    cold_memory: Samples,
}

impl FirstRequest {
    /// Listens, and begins a state, as every run but the first one finds it.
    ///
    /// # Errors
    ///
    /// If there is no socket, or the host does not start.
    pub fn new(tools: &Tools, endpoints: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let (send, requests) = mpsc::channel();
        // Ends with the process.
        thread::spawn(move || serve(&listener, &send));
        let account = Account {
            token_url: token_url(&origin),
            ..Account::of(&origin)
        };
        let simulator = tools.simulator(endpoints, &["--no-gzip"])?;
        let this = Self {
            place: Place::new(tools, &account)?,
            requests,
            cold_place: Place::new(tools, &Account::of(&simulator.url))?,
            cold_endpoints: endpoints,
            _simulator: simulator,
            warm: Samples::default(),
            cold: Samples::default(),
            cold_memory: Samples::default(),
        };
        this.start(tools.cache.path())?;
        Ok(this)
    }

    /// Measures some starts with compiled code, and one without.
    ///
    /// # Errors
    ///
    /// If the host does not ask for a token.
    pub fn round(&mut self, tools: &Tools) -> Result<()> {
        for _ in 0..WARM_STARTS {
            let took = self.start(tools.cache.path())?;
            self.warm.add(took.as_secs_f64() * 1000.0);
        }
        let took = self.start(TempDir::new()?.path())?;
        self.cold.add(took.as_secs_f64() * 1000.0);
        self.cold_place.forget_state()?;
        let empty = TempDir::new()?;
        let usage = self
            .cold_place
            .collect_with(empty.path(), self.cold_endpoints, 0)?;
        self.cold_memory.add(mebibytes(&usage));
        Ok(())
    }

    /// From the start to the first request, in milliseconds, with compiled code at hand.
    pub fn warm(&self) -> &Samples {
        &self.warm
    }

    /// Peak memory of a whole run without compiled code, in MiB.
    pub fn cold_memory(&self) -> &Samples {
        &self.cold_memory
    }

    /// Returns the rows.
    pub fn group(&self) -> Group {
        Group {
            title: "Start",
            about: "From the start of the process until the first byte of its first request, which requests a token, \
                    arrives: with the component's compiled code cached, as in every run but the first one of a \
                    build, and with an empty cache. The state exists. The peak memory of a first run without compiled \
                    code is shown too, since compiling takes memory."
                .to_owned(),
            figures: vec![
                Figure::new(
                    "first request, compiled code cached",
                    Unit::Milliseconds,
                    self.warm.clone(),
                ),
                Figure::new(
                    "first request, to be compiled",
                    Unit::Milliseconds,
                    self.cold.clone(),
                ),
                Figure::new(
                    "peak memory, to be compiled",
                    Unit::Mebibytes,
                    self.cold_memory.clone(),
                ),
            ],
        }
    }

    /// Starts the host, returns the time to its first request, and lets it end.
    fn start(&self, cache: &Path) -> Result<Duration> {
        let mut command = self.place.command(cache);
        command.stderr(Stdio::null());
        let begin = Instant::now();
        let mut child = command.spawn().context("the host does not start")?;
        let arrived = self.requests.recv_timeout(PATIENCE);
        if arrived.is_err() {
            // It may have ended already.
            let _ = child.kill();
        }
        let code = child.wait()?.code();
        let arrived = arrived.context("the host did not ask for a token")?;
        ensure!(
            code == Some(SOME_FAILED),
            "the host ended with {code:?} where its credentials were refused"
        );
        Ok(arrived.duration_since(begin))
    }
}

/// Answers every request with an error, and reports when it began.
fn serve(listener: &TcpListener, arrived: &mpsc::Sender<Instant>) {
    const REFUSAL: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\
        Content-Length: 43\r\nConnection: close\r\n\r\n{\"errorCode\":\"oauth.invalid_client_secret\"}";
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let mut buffer = [0; 4096];
        // A connection without a request is not what is waited for.
        let Ok(1..) = stream.read(&mut buffer) else {
            continue;
        };
        if arrived.send(Instant::now()).is_err() {
            return;
        }
        // The rest of a request that came in parts is read, since a socket that is closed over unread bytes is
        // reset. What goes wrong here, the host's exit code tells.
        let _ = stream.write_all(REFUSAL);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        while let Ok(1..) = stream.read(&mut buffer) {}
    }
}
