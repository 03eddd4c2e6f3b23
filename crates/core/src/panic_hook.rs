//! What a panic may say: where it happened, and nothing of what was at hand there. Its words may hold what a platform sent.
//!
//! Not here: what becomes of the post (`worker`, which catches the panic).

use std::io::Write;
use std::panic::Location;

/// Replaces the standard hook, which prints the payload. Call it first in `main`.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        let line = line(info.location());
        // The terminal may be gone, and a panic inside this hook would end the process.
        let _ = writeln!(std::io::stderr(), "{line}");
        tracing::error!("{line}");
    }));
}

/// The payload is no argument, so that it can't be printed.
fn line(location: Option<&Location<'_>>) -> String {
    match location {
        Some(at) => format!("Slipway broke at {}:{}:{}.", at.file(), at.line(), at.column()),
        None => "Slipway broke at a place that is not known.".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    const ASKED: &str = "SLIPWAY_TEST_PANICS";

    /// Panics in a process of its own, because a hook belongs to the whole process.
    #[test]
    fn panic_prints_its_place_and_no_payload() {
        if std::env::var_os(ASKED).is_some() {
            super::install();
            let secret = String::from("ya29.planted-secret");
            panic!("the platform said {secret}");
        }
        let said = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "panic_hook::tests::panic_prints_its_place_and_no_payload"])
            .env(ASKED, "1")
            .env("RUST_BACKTRACE", "1")
            .output()
            .unwrap();
        let text =
            [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
        assert!(!said.status.success(), "{text}");
        assert!(text.contains("Slipway broke at") && text.contains("panic_hook.rs:"), "{text}");
        assert!(!text.contains("planted-secret") && !text.contains("the platform said"), "{text}");
    }
}
