//! What answers the component's requests: a server that a command starts, a folder, or nothing.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};
use http::{HeaderMap, Response, StatusCode, header};
use hyper::body::Bytes;

/// Where a folder answers, unless a command starts a server.
const FILES_URL: &str = "https://files.conformance.example";

/// How long a server may take until it prints its URL. It must be far above that of a slow machine.
const MAX_START: Duration = Duration::from_secs(30);

/// Answers requests; ends with the command that it has started.
pub(crate) struct Server {
    url: String,
    files: Option<PathBuf>,
    child: Option<Running>,
}

/// A process that ends with this value.
struct Running(Child);

impl Server {
    /// Starts the command, if there is one.
    pub(crate) fn start(command: Option<&str>, files: Option<PathBuf>) -> Result<Self> {
        let (mut url, mut child) = (FILES_URL.to_owned(), None);
        if let Some(command) = command {
            let mut started = Command::new("sh")
                .args(["-c", &format!("exec {command}")])
                .stdout(Stdio::piped())
                .spawn()
                .context("cannot start the server")?;
            let stdout = started.stdout.take().context("the server has no output")?;
            child = Some(Running(started));
            let (sender, printed) = mpsc::channel();
            // Ends with the server, which `Running` kills.
            std::thread::spawn(move || {
                let mut line = String::new();
                let read = BufReader::new(stdout).read_line(&mut line);
                sender.send(read.map(|_| line))
            });
            let line = printed.recv_timeout(MAX_START);
            let line = line.with_context(|| {
                format!("the server printed no URL within {} s", MAX_START.as_secs())
            })??;
            let first = line.split_whitespace().next();
            url = first.context("the server printed no URL")?.to_owned();
        }
        Ok(Self { url, files, child })
    }

    /// Returns where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether requests are sent to a process.
    pub(crate) fn is_process(&self) -> bool {
        self.child.is_some()
    }

    /// Answers with a file of the folder.
    pub(crate) fn file(&self, path: &str, headers: &HeaderMap) -> Response<Bytes> {
        let path = Path::new(path.trim_start_matches('/'));
        let is_below = path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let file = self.files.as_ref().filter(|_| is_below);
        let Some(content) = file.and_then(|folder| std::fs::read(folder.join(path)).ok()) else {
            return answer(StatusCode::NOT_FOUND, "", Bytes::new());
        };
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        let tag = format!("\"{:x}\"", hasher.finish());
        let known = headers.get(header::IF_NONE_MATCH);
        match known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            true => answer(StatusCode::NOT_MODIFIED, &tag, Bytes::new()),
            false => answer(StatusCode::OK, &tag, content.into()),
        }
    }
}

fn answer(status: StatusCode, tag: &str, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    if let Ok(tag) = tag.parse()
        && status != StatusCode::NOT_FOUND
    {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
