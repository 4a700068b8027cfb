//! The component as an HTTP server, composed with `examples/adapters/`, behind `wasmtime serve`, and its client. `make
//! test-hosts` builds wasmtime's command line, and compiles the component for it.

use std::path::PathBuf;
use std::process::Command;

use other_hosts::{Call, Host, built, root};

fn serve() -> Host {
    Host { command }
}

/// Returns the file of the call's component with the adapters.
fn composed(call: &Call) -> PathBuf {
    let name = call.component.trim_end_matches(".wasm");
    built(&format!("adapters/{name}-http.cwasm"))
}

fn command(call: &Call) -> Command {
    let program = std::env::var_os("WASMTIME");
    let mut command = Command::new("python3");
    command
        .arg(root("tests/hosts/serve.py"))
        .arg(program.unwrap_or_else(|| "wasmtime".into()))
        .arg(composed(call))
        .arg(call.name)
        .args(&call.arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("ALLOW", call.allow.as_deref().unwrap_or_default())
        .env("PATIENCE", call.patience.to_string())
        .env("TIMEOUT", call.timeout.to_string())
        .envs(call.secrets.iter().map(|(name, value)| (name, value)));
    if let Some(file) = &call.cursors {
        command.arg("--cursors").arg(file);
    }
    command
}

other_hosts::tests!(serve: all);

other_hosts::tests!(serve: a_list_of_assets_is_collected);

mod statuses {
    //! What a client of HTTP sees, without our client.
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test may stop at the first surprise, in its helpers too"
    )]

    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
    use std::process::{Child, Command, Stdio};
    use std::sync::{Arc, Mutex};

    use other_hosts::built;
    use sophos_central_simulator::{
        CLIENT_ID, CLIENT_SECRET, Fault, Fleet, Options, Route, Simulator,
    };

    /// A server that never waits, and the API that it asks.
    struct Server {
        process: Child,
        address: String,
        simulator: Simulator,
        /// What it has printed.
        log: Arc<Mutex<Vec<String>>>,
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    impl Server {
        fn start(endpoints: u64) -> Self {
            let simulator = Simulator::start(Options::new(Fleet::new(1, endpoints)));
            let program = std::env::var_os("WASMTIME").unwrap_or_else(|| "wasmtime".into());
            let mut process = Command::new(&program)
                .args([
                    "serve",
                    "--allow-precompiled",
                    "-S",
                    "cli",
                    "-O",
                    "pooling-allocator=n",
                    "--max-concurrent-requests",
                    "1",
                    "--max-instance-reuse-count",
                    "1000",
                ])
                .args([
                    "--addr",
                    "127.0.0.1:0",
                    "--env",
                    "PATIENCE=0",
                    "--env",
                    "SECRET_CLIENT_SECRET",
                ])
                .args(["--env", &format!("ALLOW={}", simulator.url())])
                .arg(built("adapters/sophos-assets-http.cwasm"))
                .env("SECRET_CLIENT_SECRET", CLIENT_SECRET)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap_or_else(|error| panic!("{program:?}: {error}"));
            let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
            let line = lines.next().unwrap().unwrap();
            let address = line
                .split_once("http://")
                .unwrap()
                .1
                .trim_end_matches('/')
                .to_owned();
            // The rest is read, so that the server never waits for it.
            let log = Arc::new(Mutex::new(Vec::new()));
            let printed = Arc::clone(&log);
            std::thread::spawn(move || {
                lines
                    .map_while(Result::ok)
                    .for_each(|line| printed.lock().unwrap().push(line));
            });
            Self {
                process,
                address,
                simulator,
                log,
            }
        }

        /// Sends a request, and returns where its answer is read.
        fn begin(&self, request: &str, headers: &str, body: &str) -> TcpStream {
            let mut stream = TcpStream::connect(&self.address).unwrap();
            let (address, length) = (&self.address, body.len());
            write!(
                stream,
                "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n\
                 content-length: {length}\r\n\r\n{body}"
            )
            .unwrap();
            stream
        }

        /// Returns the answer's head and body.
        fn send(&self, request: &str, kind: &str, body: &str) -> (String, String) {
            let mut stream = self.begin(request, &format!("content-type: {kind}"), body);
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            (head.to_ascii_lowercase(), body.to_owned())
        }

        fn config(&self, origin: &str) -> String {
            format!(
                "{{\"config\":{{\"client_id\":\"{CLIENT_ID}\",\"api_host\":\"{origin}\",\
                 \"token_url\":\"{origin}/api/v2/oauth2/token\"}}}}"
            )
        }
    }

    #[test]
    fn errors_have_the_status_of_their_meaning() {
        let server = Server::start(2);
        let simulator = &server.simulator;
        let config = server.config(simulator.url());
        for (fault, path, status, name) in [
            (
                Fault::rate_limited(Some(7)),
                "/collect",
                "429",
                "rate-limited",
            ),
            (Fault::status(503), "/collect", "503", "unavailable"),
            (Fault::status(403), "/collect", "502", "forbidden"),
            (Fault::html(), "/collect", "502", "protocol"),
        ] {
            simulator.clear_faults();
            simulator.fault_always(Route::Endpoints, fault);
            let (head, body) = server.send(&format!("POST {path}"), "application/json", &config);
            assert!(
                head.starts_with(&format!("http/1.1 {status} ")),
                "{name}: {head}\n{body}"
            );
            assert!(body.contains(&format!("\"error\":\"{name}\"")), "{body}");
            assert_eq!(
                head.contains("retry-after: 7\r\n") || head.ends_with("retry-after: 7"),
                status == "429",
                "{head}"
            );
        }
    }

    #[test]
    fn a_client_that_leaves_costs_no_instance() {
        let server = Server::start(5_000);
        let config = server.config(server.simulator.url());
        let mut leaving = server.begin("POST /collect", "content-type: application/json", &config);
        leaving.read_exact(&mut [0; 1_000]).unwrap();
        drop(leaving);
        // The instance notices when it sends; meanwhile another one answers.
        for _ in 0..100 {
            let (head, _) = server.send("GET /describe", "application/json", "");
            assert!(head.starts_with("http/1.1 200 "), "{head}");
        }
        let log = server.log.lock().unwrap().join("\n");
        assert!(!log.contains("worker failed"), "{log}");
        let pages = server.simulator.requests_of(Route::Endpoints);
        assert!(pages.len() < 10, "the walk has ended with its client");
    }

    #[test]
    fn a_page_in_a_browser_is_not_served() {
        let server = Server::start(2);
        let config = server.config(server.simulator.url());
        let headers = "content-type: application/json\r\norigin: http://example.com";
        let mut answer = String::new();
        let mut stream = server.begin("POST /check", headers, &config);
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert_eq!(server.simulator.requests().len(), 0);
    }

    #[test]
    fn what_is_not_a_request_of_the_server_is_refused() {
        let server = Server::start(2);
        let config = server.config(server.simulator.url());
        let elsewhere = server.config("https://127.0.0.1:1");
        for (request, kind, body, status) in [
            ("GET /describe", "application/json", "", "200"),
            ("POST /check", "application/json", config.as_str(), "200"),
            ("POST /check", "text/plain", config.as_str(), "415"),
            ("POST /check", "application/json", "{}", "400"),
            ("POST /check", "application/json", "{\"config\":{}}", "400"),
            ("POST /check", "application/json", "{\"configs\":{}}", "400"),
            ("POST /check", "application/json", elsewhere.as_str(), "403"),
            ("POST /map", "application/json", "{\"record\":{}}", "422"),
            ("GET /check", "application/json", "", "404"),
            ("GET /", "application/json", "", "404"),
        ] {
            let (head, answer) = server.send(request, kind, body);
            assert!(
                head.starts_with(&format!("http/1.1 {status} ")),
                "{request} {body}: {head}\n{answer}"
            );
        }
    }
}
