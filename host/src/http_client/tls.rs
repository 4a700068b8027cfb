//! What the host trusts a server by: the certificate authorities of the system, and those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::ClientError;

/// TLS of the host's requests. Without `https` nobody is trusted, and the system needs no authorities.
///
/// # Errors
///
/// When there are no authorities, the file of them cannot be used, or TLS cannot be set up.
pub(super) fn connector(ca_file: Option<&Path>, https: bool) -> Result<TlsConnector, ClientError> {
    // Named here, so that nothing depends on a provider that some other part of the process installs.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let authorities = ca_file.map(authorities).transpose()?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?;
    let builder = if https {
        let verifier = Verifier::new_with_extra_roots(authorities.unwrap_or_default(), provider)
            .map_err(|why| match ca_file {
                // Whatever the system has: with these there are some, so it is one of them that is wrong.
                Some(path) => unusable(path, why),
                None => ClientError::Authorities(why),
            })?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        builder.with_root_certificates(rustls::RootCertStore::empty())
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
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
