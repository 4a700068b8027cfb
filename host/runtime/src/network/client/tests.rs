//! The client against small servers on loopback that do exactly what a test says.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use http::{Method, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::network::addresses::AllowedAddresses;
use crate::network::stream::Io;

mod addresses;
mod answers;
mod authorities;
mod connections;
mod proxies;
mod times;

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);

/// Over before a server that is silent says something.
const SHORT: Duration = Duration::from_millis(50);

const TIMEOUTS: HttpTimeouts = HttpTimeouts {
    connect: LONG,
    tls: LONG,
    first_byte: LONG,
    between_bytes: LONG,
    request: LONG,
};

/// An answer with a body of two bytes.
const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that takes connections and does with each what the test says.
struct Server {
    /// `127.0.0.1:PORT`
    place: String,
    /// The heads and bodies of the requests, as they came.
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    /// `serve` gets each connection, its number from 0, and where to note what comes.
    async fn start<S, F>(serve: S) -> Self
    where
        S: Fn(TcpStream, usize, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            place: listener.local_addr().unwrap().to_string(),
            seen: Arc::default(),
            connections: Arc::default(),
        };
        let (seen, connections) = (Arc::clone(&server.seen), Arc::clone(&server.connections));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = {
                    let mut connections = connections.lock().unwrap();
                    *connections += 1;
                    *connections - 1
                };
                tokio::spawn(serve(stream, number, Arc::clone(&seen)));
            }
        });
        server
    }

    /// Answers each request on each connection with these bytes, in turn, and leaves the connection open.
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut stream, _, seen| {
            let answer = Arc::clone(&answer);
            async move {
                while let Some(request) = request(&mut stream).await {
                    seen.lock().unwrap().push(request);
                    // The client may have read all that it wants.
                    let _ = stream.write_all(&answer).await;
                }
            }
        })
        .await
    }

    /// Answers the first request of each connection with these bytes, and closes it.
    async fn closing(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut stream, _, seen| {
            let answer = Arc::clone(&answer);
            async move {
                if let Some(request) = request(&mut stream).await {
                    seen.lock().unwrap().push(request);
                    let _ = stream.write_all(&answer).await;
                }
            }
        })
        .await
    }

    fn url(&self) -> String {
        format!("http://{}/path?token=canary-7f3a", self.place)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

/// Reads a request, body included; none where the connection ends before its head does.
async fn request(stream: &mut (impl Io + ?Sized)) -> Option<String> {
    let mut read = Vec::new();
    loop {
        if let Some(head) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8(read.clone()).unwrap();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if read.len() >= head + 4 + length {
                return Some(text);
            }
        }
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return None,
            Ok(length) => read.extend_from_slice(&bytes[..length]),
        }
    }
}

fn options() -> ClientOptions {
    ClientOptions {
        addresses: None,
        ca_file: None,
        https: false,
        response_header_bytes: 10_000,
        requests: 100,
    }
}

/// The proxies of an environment with these variables.
fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, ClientError> {
    Proxies::new(|name| {
        let variable = variables.iter().find(|(variable, _)| *variable == name);
        variable.map(|(_, value)| (*value).to_owned())
    })
}

/// A client without a proxy.
fn client(options: ClientOptions) -> HttpClient {
    HttpClient::with_proxies(options, proxies(&[]).unwrap()).unwrap()
}

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}

fn post(url: &str, body: &str) -> Request<Full<Bytes>> {
    Request::post(url)
        .body(Full::from(body.to_owned()))
        .unwrap()
}

/// The whole answer to a request: its status and its body.
async fn asked(
    client: &HttpClient,
    request: Request<Full<Bytes>>,
    timeouts: &HttpTimeouts,
    max_body: u64,
) -> Result<(StatusCode, Bytes), HttpError> {
    let answer = client.open(request, timeouts, max_body).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// The body of the answer to a request, and nothing but what it should be.
async fn body(client: &HttpClient, request: Request<Full<Bytes>>) -> Result<Bytes, HttpError> {
    let (_, body) = asked(client, request, &TIMEOUTS, u64::MAX).await?;
    Ok(body)
}
