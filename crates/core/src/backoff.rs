//! Stub.
use jiff::Timestamp;
use std::time::Duration;
pub fn retry_after(text: &str, _now: Timestamp) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}
