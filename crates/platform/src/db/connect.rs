//! How to reach PostgreSQL, as `backend.database.connection` says it.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// How to reach PostgreSQL.
#[derive(Clone)]
pub struct PostgresSettings {
    /// Host, port, user, password, database and SSL mode; boxed for its size.
    pub config: Box<tokio_postgres::Config>,
    /// Schema that holds all tables; created when it is missing.
    pub schema: String,
    /// Connections of the pool; one more listens for notifications.
    pub max_connections: usize,
    /// PEM certificates to trust instead of the system's.
    pub ca_pem: Option<String>,
    /// Whether the server's certificate is checked (`ssl.rejectUnauthorized`).
    pub verify_certificate: bool,
    /// Create the database when it is missing (`ensureExists`).
    pub ensure_exists: bool,
}

impl PostgresSettings {
    /// Settings from a `postgresql://` URL or a `key=value` string, with defaults for the rest.
    pub fn from_url(url: &str) -> Result<Self> {
        let config = url.parse().map_err(|error: tokio_postgres::Error| {
            // The driver's message names the faulty option but never the value.
            Error::input("`backend.database.connection` is not a PostgreSQL connection string")
                .with_source(error)
        })?;
        Ok(Self {
            config: Box::new(config),
            schema: "public".to_owned(),
            max_connections: 5,
            ca_pem: None,
            verify_certificate: true,
            ensure_exists: true,
        })
    }

    pub(super) fn uses_tls(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }

    pub(super) fn tls(&self) -> Result<MakeRustlsConnect> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::internal("no TLS protocol version").with_source(error))?;
        let config = if self.verify_certificate {
            builder
                .with_root_certificates(self.roots()?)
                .with_no_client_auth()
        } else {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
                .with_no_client_auth()
        };
        Ok(MakeRustlsConnect::new(config))
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        if let Some(pem) = &self.ca_pem {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|error| bad_ca(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| bad_ca(error.to_string()))?;
            }
        } else {
            let native = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(native.certs);
        }
        Ok(roots)
    }
}

fn bad_ca(cause: String) -> Error {
    Error::input("`backend.database.connection.ssl.ca` is not a PEM certificate").with_source(cause)
}

impl std::fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// Accepts every certificate: what `rejectUnauthorized: false` asks for. The connection is
/// encrypted, but its peer is not proven.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
