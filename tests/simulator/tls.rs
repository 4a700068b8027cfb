//! Certificates: one that no authority has signed, and those of an authority of a test's own.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server's certificate, with its key.
#[derive(Clone)]
pub struct Certificate {
    pub(crate) acceptor: TlsAcceptor,
    pem: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Certificate")
    }
}

impl Certificate {
    /// Returns a new certificate for these names and addresses, which no authority has signed.
    ///
    /// # Errors
    ///
    /// If a name is invalid, or the system has no random numbers.
    pub fn self_signed(names: &[&str]) -> Result<Certificate> {
        let key = KeyPair::generate().context("making a key failed")?;
        let certificate = server(names)?
            .self_signed(&key)
            .context("making a certificate failed")?;
        Certificate::new(&certificate, &key)
    }

    /// Returns the certificate as PEM text.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Result<Certificate> {
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("the TLS library offers no protocol version")?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .context("the TLS library refuses the new certificate")?;
        Ok(Certificate {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            pem: certificate.pem(),
        })
    }
}

/// A certificate authority that only clients with its certificate trust.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// If the system has no random numbers.
    pub fn new() -> Result<Authority> {
        let key = KeyPair::generate().context("making a key failed")?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let name = &mut params.distinguished_name;
        // No two have the same, or one would be taken for the other, with a wrong signature.
        let number = fastrand::u64(..);
        name.push(DnType::CommonName, format!("Authority {number} of a test"));
        let certificate = params
            .self_signed(&key)
            .context("making an authority failed")?;
        Ok(Authority {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Its certificate as PEM text: who trusts it trusts the servers that it signs.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns a certificate for these names and addresses.
    ///
    /// # Errors
    ///
    /// If a name is invalid, or the system has no random numbers.
    pub fn certificate(&self, names: &[&str]) -> Result<Certificate> {
        self.sign(server(names)?)
    }

    /// Returns a certificate for these names and addresses that was good until yesterday.
    ///
    /// # Errors
    ///
    /// If a name is invalid, or the system has no random numbers.
    pub fn expired(&self, names: &[&str]) -> Result<Certificate> {
        let mut params = server(names)?;
        params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
        params.not_after = OffsetDateTime::now_utc() - Duration::days(1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Result<Certificate> {
        let key = KeyPair::generate().context("making a key failed")?;
        let certificate = params
            .signed_by(&key, &self.issuer)
            .context("making a certificate failed")?;
        Certificate::new(&certificate, &key)
    }
}

/// Returns what a certificate for these names and addresses says, whoever signs it.
fn server(names: &[&str]) -> Result<CertificateParams> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).context("a name is none")?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
