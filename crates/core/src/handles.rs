//! Too many open files: the one trouble that looks like a broken disk, keychain or network and is none of them.
//!
//! Not here: how many files Slipway opens.

use crate::problem::{Code, Fix, Problem};
use std::error::Error;
use std::io;
use std::sync::Arc;

/// Does this error, or one that it comes from, say that no file handle is left?
pub fn ran_out(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // zbus keeps the system's error behind an `Arc`.
        let shared = error.downcast_ref::<Arc<io::Error>>().map(AsRef::as_ref);
        if error.downcast_ref::<io::Error>().or(shared).is_some_and(says_so) {
            return true;
        }
        next = error.source();
    }
    false
}

/// So many handles one step of SQLite or one call needs at most: the queue's three files and its folder, a socket, a resolver's file.
const NEEDED: usize = 8;

/// For errors that do not carry the system's own code: are there hardly any handles left at this moment? What failed has given its own
/// ones back by now, so one that is free says nothing.
pub fn are_out() -> bool {
    let nothing = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let opened: std::io::Result<Vec<_>> = (0..NEEDED).map(|_| std::fs::File::open(nothing)).collect();
    opened.is_err_and(|error| says_so(&error))
}

/// What the user is told. It passes by itself, so what waits for it goes on.
pub fn problem() -> Problem {
    Problem::block(
        Code::TooManyFiles,
        "This computer lets Slipway open no more files. Close other programs, or raise the limit (ulimit -n) and start Slipway again. Nothing was sent; it tries again by itself.",
    )
    .fix(Fix::Retry)
}

#[cfg(unix)]
fn says_so(error: &io::Error) -> bool {
    // ENFILE and EMFILE (errno.h; the same numbers on Linux, macOS and the BSDs).
    matches!(error.raw_os_error(), Some(23 | 24))
}

#[cfg(windows)]
fn says_so(error: &io::Error) -> bool {
    // ERROR_TOO_MANY_OPEN_FILES (winerror.h), WSAEMFILE (winsock2.h).
    matches!(error.raw_os_error(), Some(4 | 10024))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("around it")]
    struct Around(#[source] io::Error);

    #[test]
    fn it_is_found_however_deep_it_lies_and_nothing_else_is_taken_for_it() {
        for (number, out) in [(24, true), (23, true), (2, false), (13, false), (28, false)] {
            assert_eq!(ran_out(&io::Error::from_raw_os_error(number)), out, "{number}");
            assert_eq!(ran_out(&Around(io::Error::from_raw_os_error(number))), out, "{number} below");
            let shared = Arc::new(io::Error::from_raw_os_error(number));
            assert_eq!(ran_out(&shared), out, "{number} shared");
        }
        assert!(!are_out());
    }
}
