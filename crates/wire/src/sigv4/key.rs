//! Signing keys, and the hexadecimal hashes of SigV4.

use super::CredentialScope;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt::Write, sync::Mutex};

/// A day's key of one secret for one region and service.
pub(super) type SigningKey = [u8; 32];

pub(super) fn hmac(key: &[u8], message: &[u8]) -> SigningKey {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(super) fn derive(secret: &str, scope: &CredentialScope) -> SigningKey {
    let date = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
    let region = hmac(&date, scope.region.as_bytes());
    let service = hmac(&region, scope.service.as_bytes());
    hmac(&service, b"aws4_request")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing into a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Derived keys, so that a busy client costs one HMAC for each request instead of five.
#[derive(Default)]
pub(super) struct KeyCache(Mutex<HashMap<[u8; 32], SigningKey>>);

impl KeyCache {
    /// A few clients with a few services each; everything is derived anew when it overflows.
    const CAPACITY: usize = 1_024;

    pub(super) fn get(&self, secret: &str, scope: &CredentialScope) -> SigningKey {
        // The secret is part of the name, so that a changed secret never meets an old key.
        let name: [u8; 32] =
            Sha256::digest(format!("{secret}\n{}\n{}\n{}", scope.date, scope.region, scope.service)).into();
        let Ok(mut keys) = self.0.lock() else {
            return derive(secret, scope);
        };
        if keys.len() >= Self::CAPACITY {
            keys.clear();
        }
        *keys.entry(name).or_insert_with(|| derive(secret, scope))
    }
}
