//! What the host trusts a server by: the certificate authorities of the system, and those of a file.
//!
//! A system has hundreds of files of them, which take milliseconds to read. So those who need them at the same time,
//! the accounts of a run and their destinations, share what was read once; the next run reads them anew.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use crate::network::client::ClientError;

/// TLS of the host's requests. Without `https` nobody is trusted, and the system needs no authorities.
///
/// # Errors
///
/// When there are no authorities, the file of them cannot be used, or TLS cannot be set up.
pub(super) fn connector(ca_file: Option<&Path>, https: bool) -> Result<TlsConnector, ClientError> {
    // Named here, so that nothing depends on a provider that some other part of the process installs.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?;
    let builder = if https {
        let verifier = match ca_file {
            Some(path) => Verifier::new_with_extra_roots(authorities(path)?, provider)
                .map(Arc::new)
                // Whatever the system has: with these there are some, so it is one of them that is wrong.
                .map_err(|why| unusable(path, why))?,
            None => of_system(provider)?,
        };
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Those of the system alone, read only where nobody has them.
fn of_system(provider: Arc<CryptoProvider>) -> Result<Arc<Verifier>, ClientError> {
    static SHARED: Mutex<Weak<Verifier>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(verifier) = shared.upgrade() {
        return Ok(verifier);
    }
    let verifier = Verifier::new(provider).map_err(ClientError::Authorities)?;
    let verifier = Arc::new(verifier);
    *shared = Arc::downgrade(&verifier);
    Ok(verifier)
}

/// Whether a file of certificate authorities can be used.
///
/// # Errors
///
/// When it cannot be read, or holds no certificate, or one that is no authority's.
pub fn check(path: &Path) -> Result<(), ClientError> {
    let mut store = RootCertStore::empty();
    for authority in authorities(path)? {
        store.add(authority).map_err(|why| unusable(path, why))?;
    }
    Ok(())
}

/// The certificates of a PEM file; what else it holds is passed over.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let text = std::fs::read(path).map_err(|error| unusable(path, error))?;
    let authorities: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(path, error))?;
    if authorities.is_empty() {
        return Err(unusable(path, "it holds no certificate"));
    }
    Ok(authorities)
}

fn unusable(path: &Path, why: impl ToString) -> ClientError {
    ClientError::AuthorityFile {
        path: path.to_owned(),
        why: why.to_string(),
    }
}
