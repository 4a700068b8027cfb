//! Whom TLS trusts.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate authority and the file that names it.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
}

/// What a certificate is like.
#[derive(Default)]
struct Odd {
    expired: bool,
    self_signed: bool,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = TempDir::new().unwrap();
        // A name that no other authority has.
        let name = folder.path().to_string_lossy();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            folder,
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// TLS of a server whose certificate is for this name or address.
    pub(super) fn acceptor(&self, name: &str) -> TlsAcceptor {
        self.odd(name, &Odd::default())
    }

    fn odd(&self, name: &str, odd: &Odd) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if odd.expired {
            params.not_before = date_time_ymd(2000, 1, 1);
            params.not_after = date_time_ymd(2001, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate: Certificate = if odd.self_signed {
            params.self_signed(&key).unwrap()
        } else {
            params.signed_by(&key, &self.issuer).unwrap()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    pub(super) fn options(&self) -> ClientOptions {
        ClientOptions {
            ca_file: Some(self.file()),
            https: true,
            ..options()
        }
    }
}

/// Answers each request over TLS.
async fn server(acceptor: TlsAcceptor) -> Server {
    Server::start(move |stream, _, seen| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            while let Some(request) = request(&mut stream).await {
                seen.lock().unwrap().push(request);
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await
}

fn url(server: &Server) -> String {
    format!("https://{}/", server.place)
}

#[tokio::test]
async fn a_server_with_a_certificate_of_an_authority_in_the_file_is_trusted() {
    let authority = Authority::new();
    let client = client(authority.options());
    for name in ["127.0.0.1", "localhost"] {
        let server = server(authority.acceptor(name)).await;
        let url = url(&server).replace("127.0.0.1", name);
        for _ in 0..2 {
            assert_eq!(body(&client, get(&url)).await.unwrap(), "ok");
        }
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn a_server_with_an_invalid_certificate_receives_nothing() {
    let authority = Authority::new();
    let odd = |expired, self_signed| Odd {
        expired,
        self_signed,
    };
    let address = "127.0.0.1";
    for (acceptor, part) in [
        (
            authority.acceptor("other.example.com"),
            "not valid for name",
        ),
        (authority.odd(address, &odd(true, false)), "expired"),
        (authority.odd(address, &odd(false, true)), "UnknownIssuer"),
        (Authority::new().acceptor(address), "UnknownIssuer"),
    ] {
        let server = server(acceptor).await;
        let fault = body(&client(authority.options()), get(&url(&server))).await;
        let fault = fault.unwrap_err();
        assert!(
            matches!(fault, HttpError::Untrusted(_)),
            "{part}: {fault:?}"
        );
        assert!(fault.to_string().contains(part), "{part}: {fault}");
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn without_https_no_server_is_trusted() {
    let server = server(Authority::new().acceptor("127.0.0.1")).await;
    let fault = body(&client(options()), get(&url(&server))).await;
    assert!(matches!(fault, Err(HttpError::Untrusted(_))), "{fault:?}");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_reported_as_such() {
    let is_tls = |fault: &HttpError| matches!(fault, HttpError::Tls(_));
    let is_broken = |fault: &HttpError| matches!(fault, HttpError::Broken(_));
    // The last is TLS's own word that the server does not go on: a fatal alert, handshake_failure.
    for (answer, is_right) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            &is_tls as &dyn Fn(&HttpError) -> bool,
        ),
        (b"", &is_broken),
        (&[21, 3, 3, 0, 2, 2, 40], &is_broken),
    ] {
        let server = Server::start(move |mut stream, _, _| async move {
            let mut bytes = [0; 4096];
            assert_ne!(stream.read(&mut bytes).await.unwrap(), 0);
            stream.write_all(answer).await.unwrap();
        })
        .await;
        let fault = body(&client(options()), get(&url(&server))).await;
        let fault = fault.unwrap_err();
        assert!(is_right(&fault), "{answer:?}: {fault:?}");
    }
}

#[test]
fn an_unusable_file_of_authorities_is_reported_with_its_path() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("authorities.pem");
    let key = KeyPair::generate().unwrap().serialize_pem();
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (text, part) in [
        (None, "No such file"),
        (Some(""), "contains no certificate"),
        (Some("authorities"), "contains no certificate"),
        (Some(key.as_str()), "contains no certificate"),
        (Some("-----BEGIN CERTIFICATE-----\nAAAA\n"), "PEM"),
        (
            Some("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
            "",
        ),
        (Some(no_certificate), "certificate"),
    ] {
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let options = ClientOptions {
            ca_file: Some(path.clone()),
            https: true,
            ..options()
        };
        let error = HttpClient::with_proxies(options, proxies(&[]).unwrap())
            .err()
            .unwrap();
        let message = error.to_string();
        assert!(matches!(error, ClientError::AuthorityFile { .. }));
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(message.contains(part), "{part}: {message}");
    }
}
