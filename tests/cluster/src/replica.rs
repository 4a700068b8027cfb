//! One replica: the real host as a service.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sophos_central_simulator::CLIENT_SECRET;
use sophos_central_simulator::nats::memory_of;

use crate::{PATIENCE, built, root};

/// The token or password that the servers want, where they want one.
pub const NATS_SECRET: &str = "secret-of-the-cluster-7731";

/// A replica, killed when dropped.
pub struct Replica {
    /// Its name, which its deliveries carry.
    pub name: String,
    folder: PathBuf,
    /// More variables of its environment.
    pub variables: Vec<(&'static str, String)>,
    child: Option<Child>,
}

impl Replica {
    /// Returns a replica with this configuration, yet to be started. Its files are in a folder of its own.
    pub fn new(folder: &Path, name: &str, config: &str) -> Self {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("asset-host.toml"), config).unwrap();
        Self {
            name: name.to_owned(),
            folder,
            variables: Vec::new(),
            child: None,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(built("asset-host"));
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("TEST_CLIENT_SECRET", CLIENT_SECRET)
            .env("NATS_SECRET", NATS_SECRET)
            .env("REPLICA", &self.name)
            .env("XDG_CACHE_HOME", root("target/tmp"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs the host with these arguments to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts `collect` with these flags; its log goes to a file.
    pub fn start(&mut self, flags: &[&str]) {
        assert!(self.child.is_none(), "{} runs", self.name);
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        let child = self
            .command(&[&["collect"], flags].concat())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().unwrap();
        kill_process(Pid::from_child(child), signal).unwrap();
    }

    /// Kills it, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It has ended already where this fails.
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    /// Waits for its end, and returns its exit code.
    #[track_caller]
    pub fn end(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        let mut child = self.child.take().unwrap();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            if Instant::now() > end {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{} has not ended:\n{}", self.name, self.log());
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Asserts that it has not ended by itself.
    #[track_caller]
    pub fn assert_runs(&mut self) {
        if let Some(child) = &mut self.child {
            let status = child.try_wait().unwrap();
            let (name, log) = (&self.name, self.log());
            assert_eq!(status, None, "{name} has ended:\n{log}");
        }
    }

    /// Returns the memory that it has resident now, and the most that it had, in bytes.
    pub fn memory(&self) -> Option<(u64, u64)> {
        memory_of(self.child.as_ref()?.id())
    }

    /// Returns its log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}
