//! What the user may set, with defaults that are right for most.

use crate::schedule::lead::MissedRule;
use crate::throttle::rule::BandwidthRule;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The zone new posts are planned in; IANA name.
    pub zone: String,
    /// Uploads at once, over all accounts.
    pub parallel_uploads: u8,
    pub bandwidth: BandwidthRule,
    /// Everything waits; what the platforms hold already is published by them all the same.
    pub paused: bool,
    /// The rule new accounts begin with (C17).
    pub missed: MissedRule,
    /// Measured upload speed in bytes per second, for reckoning when to begin.
    pub measured: Option<u64>,
}

impl Settings {
    pub const KEY: &'static str = "settings";
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            zone: jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_string(),
            parallel_uploads: 3,
            bandwidth: BandwidthRule::default(),
            paused: false,
            missed: MissedRule::PublishIfWithin { minutes: 30 },
            measured: None,
        }
    }
}
