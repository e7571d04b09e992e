//! Signatures as Standard Webhooks say: HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// Reads base64 with or without the padding at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key of a signature; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Why text is no secret. The text itself is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Another prefix, or none.
    #[error("a secret starts with `whsec_`, followed by base64")]
    NoPrefix,
    /// What follows the prefix can't be read.
    #[error("what follows `whsec_` is not base64")]
    NotBase64,
    /// Nothing follows the prefix.
    #[error("nothing follows `whsec_`")]
    Empty,
}

impl Secret {
    /// Reads `whsec_…`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(SecretError::NoPrefix)?;
        let key = LENIENT.decode(encoded).map_err(|_| SecretError::NotBase64)?;
        if key.is_empty() { Err(SecretError::Empty) } else { Ok(Self(key)) }
    }

    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// The `webhook-signature` header: one signature per secret, side by side; `None` without secrets.
/// `seconds` is the time of the attempt, since 1970.
#[must_use]
pub fn header(secrets: &[Secret], id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let signatures: Vec<String> =
        secrets.iter().filter_map(|secret| secret.sign(id, seconds, body)).collect();
    (!signatures.is_empty()).then(|| signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification's own libraries.
    #[test]
    fn the_reference_example_signs_alike() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let header =
            header(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(header.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn several_secrets_sign_side_by_side() {
        let secrets = [Secret(vec![1]), Secret(vec![2])];
        let both = header(&secrets, "a", 1, b"x").unwrap();
        let each: Vec<String> = secrets.iter().map(|secret| secret.sign("a", 1, b"x").unwrap()).collect();
        assert_eq!(both, each.join(" "));
        assert_eq!(header(&[], "a", 1, b"x"), None);
    }

    #[test]
    fn a_secret_is_read_with_or_without_padding_and_never_shown() {
        assert_eq!(Secret::parse("whsec_AQ=="), Ok(Secret(vec![1])));
        assert_eq!(Secret::parse("whsec_AQ"), Ok(Secret(vec![1])));
        assert_eq!(Secret::parse("AQ=="), Err(SecretError::NoPrefix));
        assert_eq!(Secret::parse("whsec_"), Err(SecretError::Empty));
        assert_eq!(Secret::parse("whsec_!"), Err(SecretError::NotBase64));
        assert_eq!(format!("{:?}", Secret(vec![1])), "Secret(…)");
    }
}
