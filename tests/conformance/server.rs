//! What answers the component's requests: a server that a command starts, a folder, or nothing.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use http::{HeaderMap, Response, StatusCode, header};
use hyper::body::Bytes;

/// Where a folder answers, unless a command starts a server.
const FILES_URL: &str = "https://files.conformance.example";

/// Answers requests; ends with the command that it has started.
pub(crate) struct Server {
    url: String,
    files: Option<PathBuf>,
    child: Option<Child>,
}

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
            child = Some(started);
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line)?;
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

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
