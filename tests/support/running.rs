//! A host that runs while the test continues, and can be signalled.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Workplace;

/// A running host, its log read line by line.
pub struct Running {
    /// The process.
    pub host: Child,
    log: BufReader<ChildStderr>,
    /// The part of its log that has been read.
    pub read: String,
}

impl Running {
    /// Starts the host with these arguments; its standard output is dropped.
    pub fn start(work: &Workplace, args: &[&str]) -> Self {
        let mut host = work.command(args).stdout(Stdio::null()).spawn().unwrap();
        let log = BufReader::new(host.stderr.take().unwrap());
        Self {
            host,
            log,
            read: String::new(),
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.host), signal).unwrap();
    }

    /// Reads the log until a line holds this text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        loop {
            let start = self.read.len();
            let count = self.log.read_line(&mut self.read).unwrap();
            assert!(count > 0, "{text:?} is not in the log:\n{}", self.read);
            if self.read[start..].contains(text) {
                return;
            }
        }
    }

    /// Returns the port at which it serves its metrics.
    #[track_caller]
    pub fn port_of_metrics(&self) -> String {
        let (_, rest) = self
            .read
            .split_once("metrics are served at http://127.0.0.1:")
            .unwrap_or_else(|| panic!("no address in\n{}", self.read));
        let (port, _) = rest.split_once('/').unwrap();
        port.to_owned()
    }

    /// Waits for the end, and returns the exit code and the whole log.
    pub fn end(mut self) -> (Option<i32>, String) {
        self.log.read_to_string(&mut self.read).unwrap();
        (self.host.wait().unwrap().code(), self.read)
    }
}

/// Returns the whole answer to a request for the metrics with this `Host`.
pub fn ask_for_metrics(port: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
