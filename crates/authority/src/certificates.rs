//! Certificates for the names that clients ask for, made when they are.

use crate::{AWS, named};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};
use rustls::{
    crypto::ring::sign::any_supported_type,
    pki_types::PrivateKeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, SigningKey},
};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Functions use few names; who asks for more lets all be made anew.
const KEPT: usize = 256;

/// Makes and keeps certificates.
pub(crate) struct Certificates {
    issuer: Issuer<'static, KeyPair>,
    /// One for all names.
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    kept: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    pub(crate) fn new(issuer: Issuer<'static, KeyPair>) -> Result<Self, crate::AuthorityError> {
        let key = KeyPair::generate()?;
        let signing = any_supported_type(&PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        Ok(Self {
            issuer,
            key,
            signing,
            kept: Mutex::default(),
        })
    }

    fn of(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certificate) = kept.get(name) {
            return Some(Arc::clone(certificate));
        }
        let made = Arc::new(self.make(name).ok()?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(name.to_owned(), Arc::clone(&made));
        Some(made)
    }

    fn make(&self, name: &str) -> Result<CertifiedKey, rcgen::Error> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name = named(AWS);
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&self.key, &self.issuer)?;
        Ok(CertifiedKey::new(vec![certificate.into()], Arc::clone(&self.signing)))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = client.server_name()?.to_ascii_lowercase();
        is_aws(&name).then(|| self.of(&name))?
    }
}

/// Whether a name is one of AWS's.
fn is_aws(name: &str) -> bool {
    name.strip_suffix(AWS)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params;

    #[test]
    fn only_names_of_aws_are_vouched_for() {
        assert!(is_aws("s3.us-east-1.amazonaws.com") && is_aws("amazonaws.com"));
        assert!(!is_aws("example.com") && !is_aws("notamazonaws.com") && !is_aws("amazonaws.com.example.com"));
    }

    #[test]
    fn a_certificate_is_made_once_and_few_are_kept() {
        let certificates = Certificates::new(Issuer::new(params(), KeyPair::generate().unwrap())).unwrap();
        let first = certificates.of("sts.amazonaws.com").unwrap();
        assert!(Arc::ptr_eq(&first, &certificates.of("sts.amazonaws.com").unwrap()));
        for number in 0..KEPT {
            certificates.of(&format!("bucket-{number}.s3.amazonaws.com")).unwrap();
        }
        assert!(certificates.kept.lock().unwrap().len() <= KEPT);
    }
}
