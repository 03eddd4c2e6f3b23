//! A value that must not be seen: it prints as `<redacted>`, cannot be serialised and is wiped when dropped.
//!
//! Wrap a token, a session URL or a key the moment it comes in; take it out with [`Sensitive::expose`] only where
//! it leaves for the keychain or for the wire. Not here: storing (see `vault`) and encrypting (see `vault::seal`).
//! There is no equality either: comparing secrets byte by byte leaks time, and nothing in the engine needs it.

use std::fmt;

use zeroize::Zeroize;

/// A secret text: an access token, a refresh token, a passphrase, a session URL.
pub type SecretString = Sensitive<String>;

/// Secret bytes: what a vault stores and gives back.
pub type SecretBytes = Sensitive<Vec<u8>>;

/// A wrapper that keeps `T` out of logs, out of serialised forms and, once dropped, out of memory.
///
/// It is wiped on drop; copies that `T` itself left behind (a `String` that grew, for example) are not, so build
/// the value at its full size before wrapping it.
///
/// It has no `Serialize`, so a struct that holds one cannot be written out by accident:
///
/// ```compile_fail,E0277
/// fn write_out<T: serde::Serialize>(_: &T) {}
/// write_out(&slipway_core::sensitive::SecretString::from("token"));
/// ```
#[derive(Clone)]
pub struct Sensitive<T: Zeroize>(T);

impl<T: Zeroize> Sensitive<T> {
    /// Wraps a value that must not be seen.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call of this is a place to look at in review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Sensitive<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl<T: Zeroize> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Takes as long for a near miss as for a far one.
impl PartialEq for Sensitive<String> {
    fn eq(&self, other: &Self) -> bool {
        let (one, two) = (self.0.as_bytes(), other.0.as_bytes());
        one.len() == two.len() && one.iter().zip(two).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl Default for Sensitive<String> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl From<String> for Sensitive<String> {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Sensitive<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<Vec<u8>> for Sensitive<Vec<u8>> {
    fn from(value: Vec<u8>) -> Self {
        Self(value)
    }
}

impl From<&[u8]> for Sensitive<Vec<u8>> {
    fn from(value: &[u8]) -> Self {
        Self(value.to_vec())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[derive(Debug)]
    #[allow(dead_code)]
    struct Grant {
        scope: &'static str,
        refresh: SecretString,
        raw: SecretBytes,
    }

    #[test]
    fn prints_as_redacted_also_inside_a_struct() {
        let refresh = SecretString::from("1//refresh-of-alice".to_owned());
        let raw = SecretBytes::from(b"bytes-of-alice".to_vec());
        assert_eq!(format!("{refresh} {refresh:?} {raw} {raw:?}"), ["<redacted>"; 4].join(" "));

        let shown = format!("{:#?}", Grant { scope: "upload", refresh, raw });
        assert!(shown.contains("upload"));
        assert!(!shown.contains("alice"), "{shown}");
        // Bytes would print as a list of numbers: 98, 121 are "b", "y".
        assert!(!shown.contains("98"), "{shown}");
    }

    #[test]
    fn gives_the_value_when_asked() {
        assert_eq!(SecretString::from("abc").expose(), "abc");
        assert_eq!(SecretBytes::from(&b"abc"[..]).clone().expose(), b"abc");
    }

    #[test]
    fn is_wiped_on_drop() {
        struct Witness(Arc<AtomicBool>);
        impl Zeroize for Witness {
            fn zeroize(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let wiped = Arc::new(AtomicBool::new(false));
        let secret = Sensitive::new(Witness(wiped.clone()));
        assert!(!wiped.load(Ordering::SeqCst));
        drop(secret);
        assert!(wiped.load(Ordering::SeqCst));
    }

    /// Both impls would fit a type that is `Serialize`, the placeholder below could then not be inferred, and this
    /// file would not compile. It is checked on every build, unlike the doc test above.
    trait Proof<Marker> {
        fn holds() {}
    }
    impl<T> Proof<()> for T {}
    impl<T: serde::Serialize> Proof<u8> for T {}

    #[test]
    fn cannot_be_serialised() {
        <SecretString as Proof<_>>::holds();
        <SecretBytes as Proof<_>>::holds();
    }
}
