//! What shows a platform that a call comes from the developer app whose token it bears.

use crate::sensitive::Sensitive;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The app's secret, and the parameter of an address that a token's proof stands in (`SignInFacts::proof`).
#[derive(Clone, Debug)]
pub struct Proof {
    pub field: &'static str,
    pub secret: Sensitive<String>,
}

impl Proof {
    /// HMAC-SHA256 (RFC 2104) of the token, keyed with the secret, in lower-case hexadecimal.
    pub(super) fn of(&self, token: &Sensitive<String>) -> String {
        const BLOCK: usize = 64;
        let key = self.secret.expose().as_bytes();
        let mut block = zeroize::Zeroizing::new([0u8; BLOCK]);
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let keyed = |pad: u8, message: &[u8]| {
            let mut hash = Sha256::new();
            hash.update(block.map(|byte| byte ^ pad));
            hash.update(message);
            hash.finalize()
        };
        let inner = keyed(0x36, token.expose().as_bytes());
        keyed(0x5c, &inner).iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing into a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2, and a key that is longer than a block.
    #[test]
    fn proof_follows_the_test_vectors() {
        let of = |secret: String, token: &str| {
            Proof { field: "proof", secret: Sensitive::new(secret) }.of(&Sensitive::new(token.to_string()))
        };
        assert_eq!(
            of("Jefe".into(), "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        // Reckoned with another program.
        assert_eq!(of("k".repeat(65), "token"), LONG_KEY);
        assert_ne!(of("k".repeat(65), "token"), of("k".repeat(64), "token"));
    }

    const LONG_KEY: &str = "871724d927f8ac32da6d21259f48892ef3e8d5e39eb9d0a48284634ec184032f";
}
