//! A blocking HTTP client that hides nothing: every header, every broken connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET, DEFAULT_TENANT, Simulator};

/// One connection.
pub struct Client<S = TcpStream> {
    stream: S,
}

/// A response with its body not decompressed.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON, decompressed if need be.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.content().unwrap()).unwrap()
    }

    /// Returns the body, decompressed if need be.
    pub fn content(&self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        if self.header("content-encoding") == Some("gzip") {
            flate2::read::GzDecoder::new(self.body.as_slice()).read_to_end(&mut content)?;
        } else {
            content.clone_from(&self.body);
        }
        Ok(content)
    }

    /// Returns the ids of a page's items.
    pub fn ids(&self) -> Vec<String> {
        let page = self.json();
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Returns the key of the next page.
    pub fn next_key(&self) -> Option<String> {
        self.json()["pages"]["nextKey"].as_str().map(str::to_owned)
    }
}

impl Client {
    pub fn of(simulator: &Simulator) -> Client {
        Client::at(simulator.port())
    }

    /// Returns a connection to this port of 127.0.0.1.
    pub fn at(port: u16) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        // A simulator that never answers must fail the test, not hang it.
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Client { stream }
    }
}

impl<S: Read + Write> Client<S> {
    pub fn over(stream: S) -> Client<S> {
        Client { stream }
    }

    /// Sends a request and reads no answer.
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<()> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat())?;
        self.stream.flush()
    }

    /// Reads an answer; `UnexpectedEof` when the connection ends before it does.
    pub fn receive(&mut self) -> io::Result<Reply> {
        let mut bytes = Vec::new();
        let (mut reply, length, head) = loop {
            self.more(&mut bytes)?;
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut parsed = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(head) =
                parsed.parse(&bytes).map_err(io::Error::other)?
            {
                let headers: Vec<_> = parsed
                    .headers
                    .iter()
                    .map(|header| {
                        (
                            header.name.to_owned(),
                            String::from_utf8(header.value.to_vec()).unwrap(),
                        )
                    })
                    .collect();
                let reply = Reply {
                    status: parsed.code.unwrap(),
                    headers,
                    body: Vec::new(),
                };
                let length: usize = reply.header("content-length").unwrap().parse().unwrap();
                break (reply, length, head);
            }
        };
        while bytes.len() < head + length {
            self.more(&mut bytes)?;
        }
        reply.body = bytes.split_off(head);
        Ok(reply)
    }

    /// Everything until the connection ends.
    pub fn receive_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads until this many bytes have arrived.
    pub fn receive_some(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }

    pub fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> io::Result<Reply> {
        self.send("GET", target, headers, b"")?;
        self.receive()
    }

    /// Asks for a token with these form fields.
    pub fn token_with(&mut self, fields: &[(&str, &str)]) -> io::Result<Reply> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send("POST", "/api/v2/oauth2/token", &[kind], form.as_bytes())?;
        self.receive()
    }

    /// Returns a good `Authorization` header.
    pub fn authorization(&mut self) -> String {
        let reply = self
            .token_with(&good_form(CLIENT_ID, CLIENT_SECRET))
            .unwrap();
        assert_eq!(reply.status, 200);
        format!("Bearer {}", reply.json()["access_token"].as_str().unwrap())
    }
}

/// Returns the form of a good token request.
pub fn good_form<'a>(id: &'a str, secret: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", secret),
        ("scope", "token"),
    ]
}

/// A connection with a token, for the endpoints of [`DEFAULT_TENANT`].
pub struct Session {
    pub client: Client,
    pub authorization: String,
}

impl Session {
    pub fn of(simulator: &Simulator) -> Session {
        let mut client = Client::of(simulator);
        let authorization = client.authorization();
        Session {
            client,
            authorization,
        }
    }

    /// `GET` with the token and these further headers.
    pub fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> io::Result<Reply> {
        let authorization = [("authorization", self.authorization.as_str())];
        self.client.get(target, &[&authorization, headers].concat())
    }

    /// Returns the endpoints page with this query beside `sort=id`.
    pub fn endpoints(&mut self, query: &[(&str, &str)]) -> io::Result<Reply> {
        self.get(&endpoints_target(query), &[("x-tenant-id", DEFAULT_TENANT)])
    }

    /// Returns every page of a walk with this query beside `sort=id` and the key.
    pub fn walk(&mut self, query: &[(&str, &str)]) -> Vec<Reply> {
        let mut pages = vec![self.endpoints(query).unwrap()];
        while let Some(key) = pages.last().unwrap().next_key() {
            pages.push(
                self.endpoints(&[query, &[("pageFromKey", key.as_str())]].concat())
                    .unwrap(),
            );
        }
        pages
    }

    /// Returns the ids that a walk with this query shows, in its order.
    pub fn walk_ids(&mut self, query: &[(&str, &str)]) -> Vec<String> {
        self.walk(query).iter().flat_map(Reply::ids).collect()
    }
}

/// Returns the path and query of an endpoints request with `sort=id`.
pub fn endpoints_target(query: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("sort", "id")
        .extend_pairs(query)
        .finish();
    format!("/endpoint/v1/endpoints?{query}")
}

/// Asserts the API's standard error object.
pub fn assert_error(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status);
    let body = reply.json();
    for field in [
        "error",
        "message",
        "correlationId",
        "requestId",
        "code",
        "createdAt",
        "docUrl",
    ] {
        assert!(
            body[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field} of {body}"
        );
    }
    assert_ne!(body["correlationId"], body["requestId"]);
}
