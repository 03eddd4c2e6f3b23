//! A platform as data: hosts, sign-in, limits, options, quotas. The window renders from these and never branches on a name.
//!
//! Each fact carries the date it was true and the section of the public documentation it comes from. Not here: behaviour.

mod access;
mod sign_in;

pub use access::{Grantee, RevokeFact};
pub use sign_in::{
    AskedBy, ConfigFact, OAuthErrors, Pkce, RedirectKind, Renew, ScopeFact, SignInFacts, StepFact, TradeFact,
};

use crate::platform::{Choice, Words};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Facts {
    /// Stable id, e.g. `youtube`; part of option keys on the command line and of rows in the store.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Real host names this platform may ever be spoken to at. A bearer goes nowhere else.
    pub hosts: &'static [&'static str],
    pub sign_in: SignInFacts,
    /// Further ways to sign in, each with a kind of developer app of its own; told apart by `SignInFacts::way`.
    pub also: &'static [SignInFacts],
    /// What only the user knows about their developer app, and what depends on it (e.g. whether it was audited).
    pub app_flags: &'static [AppFlagFact],
    pub words: &'static [WordFact],
    pub media: MediaFacts,
    pub options: &'static [OptionFact],
    pub quotas: &'static [QuotaFact],
    /// How often calls may be made; kept by the engine before the platform has to say it.
    pub rates: &'static [RateFact],
    /// Has it terms that change (`Question::Terms`)? Read each time a post for it is written.
    pub terms: bool,
    /// How what is posted is shown there, for the composer's preview.
    pub preview: PreviewFact,
    /// No byte goes ahead earlier than so many seconds before the minute: a container that ends by itself, the far end of a
    /// platform's own schedule. `None`: at any time.
    pub ahead_s: Option<u64>,
    /// What really applies to what is posted, where that may differ from what was chosen (C32). Said on the channel's card.
    pub privacy_note: Option<&'static str>,
    /// The platform's processing time that the lead is reckoned with, in seconds per minute of video.
    pub processing_s_per_min: u32,
    /// How long an opened upload stays usable, in seconds, on the careful side.
    pub session_s: u64,
    pub as_of: &'static str,
    pub source: &'static str,
}

/// Something the user says about their developer app.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AppFlagFact {
    pub key: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub default: bool,
}

/// A limit on how often calls may be made, over a sliding minute.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RateFact {
    /// Names of calls that count together.
    pub calls: &'static [&'static str],
    pub per_minute: u32,
    pub as_of: &'static str,
}

/// How a post looks to its audience: what the composer's preview draws.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PreviewFact {
    /// Width and height of the frame it is shown in.
    pub frame: (u32, u32),
    /// What the platform's own buttons and words cover: top, right, bottom, left, in thousandths of the frame.
    pub covered: (u32, u32, u32, u32),
    /// Characters of the caption that are seen before "more".
    pub caption_cut: Option<u32>,
    pub as_of: &'static str,
}

/// In what a platform counts a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

impl Unit {
    pub fn count(self, text: &str) -> usize {
        match self {
            Unit::Chars => text.chars().count(),
            Unit::Utf16 => text.encode_utf16().count(),
            Unit::Bytes => text.len(),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Unit::Chars | Unit::Utf16 => "characters",
            Unit::Bytes => "bytes",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WordField {
    Title,
    Caption,
}

impl WordField {
    pub fn key(self) -> &'static str {
        match self {
            WordField::Title => "title",
            WordField::Caption => "caption",
        }
    }

    pub fn of(self, words: &Words) -> &str {
        match self {
            WordField::Title => &words.title,
            WordField::Caption => &words.caption,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WordFact {
    pub field: WordField,
    /// What this platform calls it.
    pub label: &'static str,
    pub required: bool,
    pub max: usize,
    pub unit: Unit,
    pub forbidden: &'static [char],
    pub as_of: &'static str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MediaFacts {
    /// MIME types taken.
    pub mimes: &'static [&'static str],
    /// Bytes.
    pub max_size: u64,
    pub max_duration_ms: Option<u64>,
    /// Where the channel's terms say its own longest duration, in seconds (JSON pointer into `live`).
    pub max_duration_live: Option<&'static str>,
    pub min_duration_ms: u64,
    /// Shortest and longest of either side, pixels.
    pub side: Option<(u32, u32)>,
    /// Widest picture, pixels.
    pub max_width: Option<u32>,
    /// Slowest and fastest, frames a second.
    pub frame_rate: Option<(f64, f64)>,
    /// Narrowest and widest, width divided by height.
    pub aspect: Option<(f64, f64)>,
    pub as_of: &'static str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OptionFact {
    pub key: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub kind: OptionKind,
    pub required: bool,
    /// The value used when the user says nothing, as JSON text. `None` with `required`: the user must choose.
    pub default: Option<&'static str>,
    /// Only meaningful when another option has one of these values.
    pub depends_on: Option<(&'static str, &'static [&'static str])>,
    /// Only values that the channel's terms list there may be chosen (JSON pointer into `live`).
    pub allowed: Option<&'static str>,
    /// Where the channel's terms say `true` there (JSON pointer into `live`) it can't be switched on, and why.
    pub off_when: Option<(&'static str, &'static str)>,
    /// Values that another option's value rules out.
    pub excludes: &'static [Exclusion],
    /// May still be changed after the platform took the post.
    pub amendable: bool,
    /// The platform wants it seen before posting: it is never among the further options.
    pub in_view: bool,
    pub as_of: &'static str,
}

/// This option can't be `value` while another is `other_value`. Said on both sides, where both can be chosen first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Exclusion {
    pub value: &'static str,
    pub other: &'static str,
    pub other_value: &'static str,
    pub why: &'static str,
}

/// The words of a declaration. Of several the last whose condition holds is shown.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConsentText {
    /// Option and values that make these the words.
    pub when: Option<(&'static str, &'static [&'static str])>,
    pub text: &'static str,
    /// What may be read: label and https address.
    pub links: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "is", rename_all_fields = "snake_case")]
pub enum OptionKind {
    Flag,
    /// One of these values.
    OneOf {
        choices: &'static [(&'static str, &'static str)],
    },
    /// A value from a list the platform gives (see `Question::Live`); free text is taken, the platform has the last word.
    Live {
        what: &'static str,
    },
    Text {
        max: usize,
        unit: Unit,
    },
    /// A list of short texts; on the command line comma-separated.
    Tags {
        max_total: usize,
    },
    /// `YYYY-MM-DD`.
    Date,
    /// BCP 47.
    Language,
    /// A file beside the video, by path.
    File {
        mimes: &'static [&'static str],
        max_size: u64,
    },
    /// Further videos of the same post, by path, in order. They are sent as the first one is.
    Videos {
        mimes: &'static [&'static str],
        max_size: u64,
        most: usize,
    },
    /// A whole number.
    Number {
        min: i64,
        max: i64,
        /// What is counted, e.g. `milliseconds`.
        unit: &'static str,
    },
    /// At most so many short texts, e.g. user names; on the command line comma-separated.
    Names {
        most: usize,
    },
    /// A declaration the user makes by hand. Its value is the instant it was made (RFC 3339); `true` becomes now.
    Consent {
        says: &'static [ConsentText],
    },
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct QuotaFact {
    pub bucket: &'static str,
    pub label: &'static str,
    /// Units a day for a developer app that has not been granted more.
    pub per_day: u32,
    /// The IANA zone at whose midnight it starts anew.
    pub resets_in: &'static str,
    pub as_of: &'static str,
}

impl Facts {
    /// What a platform has that says nothing else.
    pub const PLAIN: Facts = Facts {
        id: "",
        name: "",
        hosts: &[],
        sign_in: SignInFacts::PLAIN,
        also: &[],
        app_flags: &[],
        words: &[],
        media: MediaFacts::PLAIN,
        options: &[],
        quotas: &[],
        rates: &[],
        terms: false,
        preview: PreviewFact { frame: (16, 9), covered: (0, 0, 0, 0), caption_cut: None, as_of: "" },
        ahead_s: None,
        privacy_note: None,
        processing_s_per_min: 0,
        session_s: 0,
        as_of: "",
        source: "",
    };

    /// Every way to sign in, the usual one first.
    pub fn ways(&self) -> impl Iterator<Item = &SignInFacts> {
        std::iter::once(&self.sign_in).chain(self.also)
    }

    pub fn option(&self, key: &str) -> Option<&'static OptionFact> {
        self.options.iter().find(|option| option.key == key)
    }

    pub fn quota(&self, bucket: &str) -> Option<&'static QuotaFact> {
        self.quotas.iter().find(|quota| quota.bucket == bucket)
    }
}

impl MediaFacts {
    pub const PLAIN: MediaFacts = MediaFacts {
        mimes: &[],
        max_size: u64::MAX,
        max_duration_ms: None,
        max_duration_live: None,
        min_duration_ms: 0,
        side: None,
        max_width: None,
        frame_rate: None,
        aspect: None,
        as_of: "",
    };
}

impl OptionFact {
    /// An option that is neither required nor bound to another; a table changes what differs.
    pub const PLAIN: OptionFact = OptionFact {
        key: "",
        label: "",
        help: "",
        kind: OptionKind::Flag,
        required: false,
        default: None,
        depends_on: None,
        allowed: None,
        off_when: None,
        excludes: &[],
        amendable: true,
        in_view: false,
        as_of: "",
    };
}

impl OptionKind {
    /// What a value is called where people read it.
    pub fn label_of(&self, value: &str) -> String {
        let known = self.choices().into_iter().find(|choice| choice.value == value);
        known.map_or_else(|| value.to_string(), |choice| choice.label)
    }

    pub fn choices(&self) -> Vec<Choice> {
        match self {
            OptionKind::OneOf { choices } => choices
                .iter()
                .map(|(value, label)| Choice { value: (*value).into(), label: (*label).into() })
                .collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_in_the_platforms_own_unit() {
        for (text, chars, utf16, bytes) in
            [("abc", 3, 3, 3), ("ключ", 4, 4, 8), ("🍞", 1, 2, 4), ("パン", 2, 2, 6)]
        {
            assert_eq!(
                (Unit::Chars.count(text), Unit::Utf16.count(text), Unit::Bytes.count(text)),
                (chars, utf16, bytes),
                "{text}"
            );
        }
    }
}
