//! What the user may set, with defaults that are right for most.

use crate::problem::{Outcome, Problem};
use crate::schedule::lead::MissedRule;
use crate::store::{Tx, setting};
use crate::throttle::rule::BandwidthRule;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Settings {
    /// The zone new posts are planned in; IANA name. Empty: this computer's zone could not be found out, and nobody chose one.
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
    /// What the window looks like and does.
    pub window: WindowSettings,
}

/// What only a window has. Words are kept as words, so that an older version reads a newer one's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct WindowSettings {
    /// `system`, `light` or `dark`.
    #[cfg_attr(test, ts(type = "\"system\" | \"light\" | \"dark\""))]
    pub theme: String,
    /// `system`, `en`, `ja` or `ru`.
    #[cfg_attr(test, ts(type = "\"system\" | \"en\" | \"ja\" | \"ru\""))]
    pub language: String,
    /// `system`, `mon`, `sun` or `sat`.
    #[cfg_attr(test, ts(type = "\"system\" | \"mon\" | \"sun\" | \"sat\""))]
    pub week_start: String,
    pub notify: Notify,
    /// Started with the session.
    pub autostart: bool,
    /// Closing the window leaves the tray, and uploads go on.
    pub close_to_tray: bool,
    /// Sleep is held off while something is being sent.
    pub keep_awake: bool,
}

/// Which happenings are notified.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Notify {
    pub published: bool,
    pub needs_you: bool,
    pub missed: bool,
}

impl Default for Notify {
    fn default() -> Self {
        Notify { published: true, needs_you: true, missed: true }
    }
}

impl Default for WindowSettings {
    fn default() -> Self {
        WindowSettings {
            theme: "system".into(),
            language: "system".into(),
            week_start: "system".into(),
            notify: Notify::default(),
            autostart: false,
            close_to_tray: true,
            keep_awake: true,
        }
    }
}

impl WindowSettings {
    /// The field that has a word nobody knows.
    pub fn wrong(&self) -> Option<&'static str> {
        let known = [
            ("theme", &self.theme, ["system", "light", "dark", ""]),
            ("language", &self.language, ["system", "en", "ja", "ru"]),
            ("week_start", &self.week_start, ["system", "mon", "sun", "sat"]),
        ];
        known
            .into_iter()
            .find(|(_, said, words)| said.is_empty() || !words.contains(&said.as_str()))
            .map(|(name, ..)| name)
    }
}

impl Settings {
    pub const KEY: &'static str = "settings";

    /// Writes them. A zone that nobody chose is not kept: it is the computer's, and follows it.
    pub(crate) fn keep(&self, tx: &Tx) -> Outcome<()> {
        let known: Value = setting::get(tx, Self::KEY).map_err(crate::store::problem)?;
        let mut value = serde_json::to_value(self)
            .map_err(|error| Problem::internal(&anyhow::Error::new(error).context("writing the settings")))?;
        let nobodys = known.get("zone").is_none() && self.zone == Settings::default().zone;
        // Emptied, it is the computer's again.
        if (nobodys || self.zone.is_empty())
            && let Some(fields) = value.as_object_mut()
        {
            fields.remove("zone");
        }
        setting::set(tx, Self::KEY, &value)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            zone: crate::schedule::system_zone::name().unwrap_or_default(),
            parallel_uploads: 3,
            bandwidth: BandwidthRule::default(),
            paused: false,
            missed: MissedRule::PublishIfWithin { minutes: 30 },
            measured: None,
            window: WindowSettings::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_an_older_version_are_read_and_unknown_words_are_named() {
        let old: Settings =
            serde_json::from_str(r#"{"zone": "Europe/Berlin"}"#).expect("everything else has a default");
        assert_eq!(old.window, WindowSettings::default());
        assert_eq!(old.window.wrong(), None);
        let odd = |change: fn(&mut WindowSettings)| {
            let mut window = WindowSettings::default();
            change(&mut window);
            window.wrong()
        };
        assert_eq!(odd(|window| window.theme = String::new()), Some("theme"));
        assert_eq!(odd(|window| window.language = "de".into()), Some("language"));
        assert_eq!(odd(|window| window.week_start = "tue".into()), Some("week_start"));
    }
}
