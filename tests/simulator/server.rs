//! The HTTP server: connections, and how replies go over them.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderName;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::answer::Answer;
use crate::damage::{Content, Wire};
use crate::gate::Gate;
use crate::request::{Request, Route};

/// The state that decides on a server's responses.
pub(crate) trait Answering: Send + 'static {
    /// Counts a new connection, and returns its number, from 1.
    fn connect(&mut self) -> u64;

    /// Computes the answer: what the request changes is changed when this returns.
    fn reply(&mut self, request: Request) -> Reply;

    /// Returns how many requests it has recorded.
    fn recorded(&self) -> usize;
}

/// A response, and whether to wait for the gate before sending it.
pub(crate) struct Reply {
    pub(crate) wait: bool,
    pub(crate) content: Content,
}

/// The state shared by the server's thread and the test's thread.
pub(crate) struct Shared<S> {
    pub(crate) state: Mutex<S>,
    pub(crate) gate: Gate,
}

impl<S> Shared<S> {
    /// Returns the state. A closure of a test that panicked while it held it leaves it as it was.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts connections until `stop` changes or its sender is gone.
pub(crate) async fn run<S: Answering>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared<S>>,
    mut stop: watch::Receiver<()>,
) {
    loop {
        let accepted = tokio::select! {
            _ = stop.changed() => return,
            accepted = listener.accept() => accepted,
        };
        // Accepting fails for one connection, such as one reset before it was accepted; the next may be good.
        let Ok((stream, _)) = accepted else { continue };
        // Without this an answer may wait for an acknowledgement; a socket that refuses is only slower.
        let _ = stream.set_nodelay(true);
        let number = shared.lock().connect();
        let shared = Arc::clone(&shared);
        match tls.clone() {
            None => drop(tokio::spawn(serve(stream, |stream| stream, number, shared))),
            Some(tls) => drop(tokio::spawn(async move {
                // A client that does not trust the certificate ends the handshake; that is its right.
                if let Ok(stream) = tls.accept(stream).await {
                    serve(
                        stream,
                        |stream: &TlsStream<TcpStream>| stream.get_ref().0,
                        number,
                        shared,
                    )
                    .await;
                }
            })),
        }
    }
}

/// Serves one connection until either side ends it.
async fn serve<T, S>(stream: T, socket: fn(&T) -> &TcpStream, number: u64, shared: Arc<Shared<S>>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Answering,
{
    let (to_wire, mut wires) = mpsc::unbounded_channel();
    let for_service = Arc::clone(&shared);
    let service = service_fn(move |request| {
        let (shared, to_wire) = (Arc::clone(&for_service), to_wire.clone());
        let answer = answer(shared, to_wire, number, request);
        Box::pin(answer)
            as Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>
    });
    let mut connection = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service);
    let wire: Wire = tokio::select! {
        // The client has left or does not speak HTTP; either way there is no reader for an error.
        _ = &mut connection => return,
        Some(wire) = wires.recv() => wire,
    };
    let mut stream = connection.into_parts().io.into_inner();
    // The client may have gone; a test sees that on its own side.
    let _ = write(&mut stream, &wire, &shared.gate).await;
    if wire.reset {
        let _ = socket(&stream).set_zero_linger();
    } else {
        let _ = stream.shutdown().await;
    }
}

async fn write<S>(stream: &mut S, wire: &Wire, gate: &Gate) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&wire.first).await?;
    stream.flush().await?;
    if let Some(later) = &wire.later {
        tokio::select! {
            () = gate.wait() => {}
            () = gone(stream) => return Ok(()),
        }
        stream.write_all(later).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// Ends when the client closes its side.
async fn gone<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut buffer = [0; 1024];
    while matches!(stream.read(&mut buffer).await, Ok(count) if count > 0) {}
}

async fn answer<S: Answering>(
    shared: Arc<Shared<S>>,
    to_wire: mpsc::UnboundedSender<Wire>,
    connection: u64,
    request: hyper::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // A body that breaks off comes from a client that has left, so there is no reader for a response.
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes().to_vec())
        .unwrap_or_default();
    let raw_query = head.uri.query().unwrap_or_default().to_owned();
    let headers = head.headers.iter();
    let request = Request {
        method: head.method.as_str().to_owned(),
        route: Route::at(head.uri.path()),
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(raw_query.as_bytes())
            .into_owned()
            .collect(),
        raw_query,
        headers: headers
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect(),
        body,
        connection,
        received: Instant::now(),
    };
    let reply = shared.lock().reply(request);
    if reply.wait {
        shared.gate.wait().await;
    }
    match reply.content {
        Content::Answer(answer) => Ok(response(answer)),
        Content::Wire(wire) => {
            // The connection is taken away from this future, which never ends on its own.
            let _ = to_wire.send(wire);
            pending().await
        }
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value.try_into()) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
