//! Signature Version 4: verifying what clients sign, and signing as a client.
//!
//! Pure: the caller brings the time, the secrets and the body. The rules are those of AWS's general reference, "Create a signed AWS API
//! request"; the vectors beside this file were made with botocore's signer.

mod authorization;
mod canonical;
mod key;
mod sign;
mod verify;

pub use authorization::{Authorization, CredentialScope, parse_authorization};
pub use sign::{Credentials, SignError, presign, sign};
pub use verify::{Identity, Integrity, LookupError, Secrets, SignedRequest, Verifier};

/// The only algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The header with the hash of the body, or with the reason why there is none.
const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// Its value when the body is not signed.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

#[cfg(test)]
mod tests;
