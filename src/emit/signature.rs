//! Signatures as Standard Webhooks say: HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";
/// Bytes of one signature in the header, with what goes before it: a space, `v1,` and 32 bytes as base64.
const SIGNED: usize = 48;

/// Reads base64 with or without the padding at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The key of a signature; never shown. Kept as the state that signing begins with, which costs as much to make as
/// signing a short message.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

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
        if key.is_empty() {
            return Err(SecretError::Empty);
        }
        // Keys of any length will do.
        Hmac::new_from_slice(&key).map(Self).map_err(|_| SecretError::Empty)
    }

    /// Adds a signature to a header's text.
    fn sign(&self, id: &str, seconds: i64, body: &[u8], header: &mut String) {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        header.push_str("v1,");
        STANDARD.encode_string(mac.finalize().into_bytes(), header);
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
    let mut header = String::with_capacity(secrets.len() * SIGNED);
    for secret in secrets {
        if !header.is_empty() {
            header.push(' ');
        }
        secret.sign(id, seconds, body, &mut header);
    }
    (!header.is_empty()).then_some(header)
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
        let secrets = ["whsec_AQ", "whsec_Ag"].map(|text| Secret::parse(text).unwrap());
        let both = header(&secrets, "a", 1, b"x").unwrap();
        let each = secrets.map(|secret| header(&[secret], "a", 1, b"x").unwrap());
        assert_eq!(both, each.join(" "));
        assert_eq!(header(&[], "a", 1, b"x"), None);
    }

    #[test]
    fn a_secret_is_read_with_or_without_padding_and_never_shown() {
        let signed = |text| header(&[Secret::parse(text).unwrap()], "a", 1, b"x");
        assert_eq!(signed("whsec_AQ=="), signed("whsec_AQ"));
        assert_ne!(signed("whsec_AQ"), signed("whsec_Ag"));
        assert_eq!(Secret::parse("AQ==").unwrap_err(), SecretError::NoPrefix);
        assert_eq!(Secret::parse("whsec_").unwrap_err(), SecretError::Empty);
        assert_eq!(Secret::parse("whsec_!").unwrap_err(), SecretError::NotBase64);
        assert_eq!(format!("{:?}", Secret::parse("whsec_AQ").unwrap()), "Secret(…)");
    }
}
