//! Behind a proxy only names are checked, since the proxy resolves them.

use std::io::{BufRead, BufReader, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use sophos_central_simulator::{Authority, Fleet, Options};

use crate::place::Place;
use crate::resolver::{host, lookups};
use crate::support::{QUICK, Workplace};

const NAME: &str = "api.sophos.example";

/// A proxy that connects every request to one port of this machine.
struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&asked);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(stream.unwrap(), to, &log));
            }
        });
        Self { port, asked }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the first line of each request, in order of arrival.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, to: u16, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(client.try_clone().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    log.lock().unwrap().push(line.trim_end().to_owned());
    while line.trim_end() != "" {
        line.clear();
        lines.read_line(&mut line).unwrap();
    }
    let mut server = TcpStream::connect(("127.0.0.1", to)).unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client);
    let back = thread::spawn(move || {
        // Either side may be gone at any time.
        let _ = copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
    let _ = copy(&mut lines, &mut server);
    let _ = server.shutdown(Shutdown::Write);
    let _ = back.join();
}

/// Returns a simulated Sophos Central under a name that only the proxy can resolve.
fn workplace() -> Workplace {
    let authority = Authority::new().unwrap();
    let work = Workplace::new(Options {
        https: true,
        certificate: Some(authority.certificate(&[NAME]).unwrap()),
        host: Some(NAME.to_owned()),
        ..Options::new(Fleet::new(1, 30))
    });
    work.configure("", QUICK);
    work.write("ca.pem", authority.pem());
    work.write("names", "");
    work.edit_config("allow_loopback_http = true", "ca_file = \"ca.pem\"");
    work
}

#[test]
fn requests_go_through_the_proxy_and_only_names_are_checked() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let work = workplace();
        let proxy = Proxy::start(work.simulator.port());
        host(&work, &["collect"], &[(variable, &proxy.url())])
            .expect(0)
            .says(&["proxy", "only names are judged"]);
        assert_eq!(work.ids().len(), 30);
        let connect = format!("CONNECT {NAME}:{} HTTP/1.1", work.simulator.port());
        let asked = proxy.asked();
        assert!(
            !asked.is_empty() && asked.iter().all(|line| *line == connect),
            "{asked:?}"
        );
        assert_eq!(lookups(&work), [""; 0]);
    }
}

#[test]
fn no_proxy_is_honoured() {
    let work = workplace();
    let proxy = Proxy::start(work.simulator.port());
    work.edit_config("ca_file", "allow_addresses = [\"127.0.0.1\"]\nca_file");
    work.write("names", &format!("{NAME} 127.0.0.1"));
    for exception in [NAME, "sophos.example", "*"] {
        work.forget_events();
        let variables = [
            ("HTTPS_PROXY", proxy.url()),
            ("NO_PROXY", exception.to_owned()),
        ];
        let variables = variables
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        host(&work, &["collect", "--full"], &variables).expect(0);
        assert_eq!(work.ids().len(), 30, "{exception}");
    }
    assert_eq!(proxy.asked(), [""; 0]);
}

/// The proxy gets no request for what the guest may not reach.
#[test]
fn a_proxy_allows_no_other_host() {
    for (guest, rule, count) in [("other_host", "host", 6), ("userinfo_trick", "userinfo", 3)] {
        let place = Place::new(guest).config("port = 443");
        let proxy = Proxy::start(place.work.simulator.port());
        let args = ["collect", "--summary", "summary.json"];
        let ran = place.host_with(&args, &[("HTTPS_PROXY", &proxy.url())]);
        place.told(ran.expect(1)).denied(&[(rule, count)]);
        assert_eq!(proxy.asked(), [""; 0]);
    }
}
