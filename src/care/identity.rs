//! The identity of a touch: the same reason never makes two.

use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::model::touch::TouchKey;

/// The id of a touch: `tch_` and the first 16 bytes of SHA-256 over the parts of its key, each with
/// its length in front (8 bytes, big-endian) so that no two keys run together.
#[must_use]
pub fn touch_id(key: &TouchKey<'_>) -> Arc<str> {
    let mut hash = Sha256::new();
    for part in [key.kind, key.name, key.customer, key.occurrence, key.step, key.action] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut id = String::from("tch_");
    for byte in hash.finalize().iter().take(16) {
        // Writing to a string can't fail.
        let _ = write!(id, "{byte:02x}");
    }
    id.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: TouchKey<'static> = TouchKey {
        kind: "trigger",
        name: "overdue",
        customer: "c1",
        occurrence: "1",
        step: "",
        action: "call",
    };

    #[test]
    fn the_id_of_a_reason_never_changes() {
        assert_eq!(&*touch_id(&KEY), "tch_32f27190e8f0b1b2afde5ec4953bb7b4");
    }

    #[test]
    fn each_part_of_the_key_tells_touches_apart() {
        let other = [
            TouchKey { customer: "c2", ..KEY },
            TouchKey { occurrence: "2", ..KEY },
            TouchKey { action: "mail", ..KEY },
            TouchKey { name: "overduec", customer: "1", ..KEY },
        ];
        for key in &other {
            assert_ne!(touch_id(key), touch_id(&KEY), "{key:?}");
        }
    }
}
