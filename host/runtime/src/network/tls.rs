//! Which certificate authorities the host trusts: the system's, and those in a file.
//!
//! A system has hundreds of them, which take milliseconds to read. So clients that exist at the same time, for the
//! accounts of a run and their destinations, share what was read once; the next run reads them again.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use crate::network::error::ClientError;

/// Sets up TLS. Without `https` no server is trusted, and the system needs no certificate authorities.
///
/// # Errors
///
/// When there are no certificate authorities, their file cannot be used, or TLS cannot be set up.
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
                // A system without authorities does not matter here, so one in the file is invalid.
                .map_err(|why| unusable(path, why))?,
            None => system_verifier(provider)?,
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

/// Returns a verifier with the system's authorities, read only where no client has one.
fn system_verifier(provider: Arc<CryptoProvider>) -> Result<Arc<Verifier>, ClientError> {
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

/// Checks a file of certificate authorities.
///
/// # Errors
///
/// When it cannot be read, holds no certificate, or holds one that is not an authority's.
pub fn check_ca_file(path: &Path) -> Result<(), ClientError> {
    connector(Some(path), true).map(drop)
}

/// Reads the certificates of a PEM file, and ignores what else it holds.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let text = std::fs::read(path).map_err(|error| unusable(path, error))?;
    let authorities: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(path, error))?;
    if authorities.is_empty() {
        return Err(unusable(path, "it contains no certificate"));
    }
    Ok(authorities)
}

fn unusable(path: &Path, why: impl ToString) -> ClientError {
    ClientError::AuthorityFile {
        path: path.to_owned(),
        why: why.to_string(),
    }
}
