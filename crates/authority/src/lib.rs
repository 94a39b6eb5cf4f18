//! A certificate authority of the server's own. It vouches for AWS's names alone, and only inside environments, which are told to believe
//! it: nobody else knows it, and its key stays in the data directory.

mod certificates;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use certificates::Certificates;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    version::{TLS12, TLS13},
};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The name below which all of AWS's endpoints are.
const AWS: &str = "amazonaws.com";
/// As long as heads of requests may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its files can be neither read nor written.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// Its key is not one.
    #[error("{0} is not the key of the authority: {1}; remove it, and another is made")]
    Key(PathBuf, rcgen::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// TLS could not be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// The authority. Cheap to clone.
#[derive(Clone)]
pub struct Authority {
    acceptor: TlsAcceptor,
    file: PathBuf,
}

impl Authority {
    /// Opens the one in `dir`, or makes one there: `authority.key`, which only the server's user may read, and `authority.pem`.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn open(dir: &Path) -> Result<Self, AuthorityError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| AuthorityError::Io(path, error)
        };
        fs::create_dir_all(dir).map_err(failed(dir))?;
        let (key_file, file) = (dir.join("authority.key"), dir.join("authority.pem"));
        if !key_file.exists() {
            let key = KeyPair::generate()?;
            write_secret(&key_file, &key.serialize_der()).map_err(failed(&key_file))?;
        }
        let key = fs::read(&key_file).map_err(failed(&key_file))?;
        let key = KeyPair::try_from(key).map_err(|error| AuthorityError::Key(key_file, error))?;
        let params = params();
        // Made anew each time: its name and its key are the same, and so it is.
        let own = params.self_signed(&key)?;
        fs::write(&file, pem(own.der())).map_err(failed(&file))?;
        let certificates = Certificates::new(Issuer::new(params, key))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            file,
        })
    }

    /// The file with its certificate, for those who are to believe it.
    #[must_use]
    pub fn certificate_file(&self) -> &Path {
        &self.file
    }

    /// Answers a client that asks for one of AWS's names.
    ///
    /// # Errors
    /// The connection's; also when the client asks for another name, does not believe the authority, or takes too long.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        timeout(HANDSHAKE, self.acceptor.accept(stream))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// What the authority is: good for AWS's names and no others.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(AWS.to_owned())],
        excluded_subtrees: vec![],
    });
    params.distinguished_name = named("Lambent, in place of AWS");
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The text form of a certificate (RFC 7468).
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let (mut rest, mut lines) = (text.as_str(), String::new());
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    format!("-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_authority_stays_the_same_and_its_key_secret() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path()).unwrap();
        let key = fs::read(dir.path().join("authority.key")).unwrap();
        assert!(
            fs::read_to_string(first.certificate_file())
                .unwrap()
                .starts_with("-----BEGIN CERTIFICATE-----\nMII")
        );
        Authority::open(dir.path()).unwrap();
        assert_eq!(fs::read(dir.path().join("authority.key")).unwrap(), key);
        let mode = fs::metadata(dir.path().join("authority.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_key_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("authority.key"), b"nonsense").unwrap();
        let error = Authority::open(dir.path()).err().unwrap();
        assert!(matches!(error, AuthorityError::Key(..)), "{error}");
    }
}
