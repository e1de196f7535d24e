//! The certificate of the listener.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::{Error, Result};

use super::settings::Tls;

/// A self-signed certificate is valid for 30 days, and replaced before it ends.
const VALIDITY_DAYS: i64 = 30;
const REPLACE_AFTER: Duration = Duration::from_hours(27 * 24);

/// What is spoken inside TLS, best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// An acceptor for HTTP/2 and HTTP/1.1 with the configured certificate.
pub(super) fn acceptor(tls: &Tls) -> Result<TlsAcceptor> {
    let pem = match tls {
        Tls::Pem { certificate, key } => format!("{certificate}\n{key}"),
        Tls::SelfSigned { host, folder } => self_signed(host, folder)?,
    };
    let mut config = server_config(&pem)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn server_config(pem: &str) -> Result<ServerConfig> {
    let bad = |what: &str| Error::input(format!("`backend.https.certificate` {what}"));
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| bad("has a certificate that cannot be read").with_source(error))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| bad("has a key that cannot be read").with_source(error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("cannot be used").with_source(error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| bad("does not fit its key").with_source(error))
}

/// The kept certificate for a host, or a new one; certificate and key are in one private file.
fn self_signed(host: &str, folder: &Path) -> Result<String> {
    let path = folder.join(file_name(host));
    if let Some(pem) = kept(&path) {
        return Ok(pem);
    }
    let pem = make(host)?;
    keep(&path, &pem).map_err(|error| {
        let path = path.display();
        Error::internal(format!("self-signed certificate cannot be kept in {path}"))
            .with_source(error)
    })?;
    Ok(pem)
}

fn file_name(host: &str) -> PathBuf {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '_'
        }
    };
    let host: String = host.chars().take(100).map(plain).collect();
    PathBuf::from(format!("self-signed-{host}.pem"))
}

fn kept(path: &Path) -> Option<String> {
    let age = fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()?;
    let pem = (age < REPLACE_AFTER).then(|| fs::read_to_string(path).ok())??;
    server_config(&pem).is_ok().then_some(pem)
}

fn make(host: &str) -> Result<String> {
    let bad = |error| Error::internal("self-signed certificate cannot be made").with_source(error);
    let mut names = vec![host.to_owned()];
    if host != "localhost" {
        names.push("localhost".to_owned());
    }
    let mut params = rcgen::CertificateParams::new(names).map_err(bad)?;
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, host);
    params.not_before = time::OffsetDateTime::now_utc() - time::Duration::DAY;
    params.not_after = time::OffsetDateTime::now_utc() + time::Duration::days(VALIDITY_DAYS);
    let key = rcgen::KeyPair::generate().map_err(bad)?;
    let certificate = params.self_signed(&key).map_err(bad)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

/// Writes the file so that only the owner can ever read it.
fn keep(path: &Path, pem: &str) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(pem.as_bytes())?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_signed_certificate_is_kept_and_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let first = self_signed("portal.example.com", folder.path()).unwrap();
        assert_eq!(
            self_signed("portal.example.com", folder.path()).unwrap(),
            first
        );
        assert_ne!(
            self_signed("other.example.com", folder.path()).unwrap(),
            first
        );
        let path = folder.path().join("self-signed-portal.example.com.pem");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&path, "damaged").unwrap();
        assert_ne!(
            self_signed("portal.example.com", folder.path()).unwrap(),
            first
        );
    }

    #[test]
    fn host_names_make_plain_file_names() {
        assert_eq!(file_name("../a b"), PathBuf::from("self-signed-.._a_b.pem"));
    }

    #[test]
    fn a_bad_certificate_names_its_key() {
        let tls = Tls::Pem {
            certificate: "nonsense".to_owned(),
            key: String::new(),
        };
        let Err(error) = acceptor(&tls) else {
            panic!("accepted")
        };
        assert_eq!(
            error.message(),
            "`backend.https.certificate` has a key that cannot be read"
        );
        assert_eq!(format!("{tls:?}"), "Pem(***)");
    }
}
