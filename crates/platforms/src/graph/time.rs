//! Instants as the Graph API writes them: `2026-01-31T12:34:56+0000`, which is ISO 8601 but not RFC 3339; and seconds since 1970.

use jiff::Timestamp;
use serde_json::Value;

pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => Timestamp::from_second(number.as_i64()?).ok(),
        Value::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| {
                    let read = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?;
                    read.to_timestamp().ok()
                })
                .or_else(|| Timestamp::from_second(text.parse().ok()?).ok())
        }
        _ => None,
    }
}

/// The API reckons in whole seconds; a post is never public before its minute, so a fraction is rounded up.
pub(crate) fn whole_second(due: Timestamp) -> i64 {
    due.as_millisecond().div_euclid(1000) + i64::from(due.subsec_nanosecond() != 0)
}
