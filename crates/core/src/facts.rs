//! A platform as data: hosts, sign-in, limits, options, quotas. The window renders from these and never branches on a name.
//!
//! Each fact carries the date it was true and the section of the public documentation it comes from. Not here: behaviour.

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
    pub words: &'static [WordFact],
    pub media: MediaFacts,
    pub options: &'static [OptionFact],
    pub quotas: &'static [QuotaFact],
    /// What really applies to what is posted, where that may differ from what was chosen (C32). Said on the channel's card.
    pub privacy_note: Option<&'static str>,
    /// The platform's processing time that the lead is reckoned with, in seconds per minute of video.
    pub processing_s_per_min: u32,
    /// How long an opened upload stays usable, in seconds, on the careful side.
    pub session_s: u64,
    pub as_of: &'static str,
    pub source: &'static str,
}

/// OAuth 2.0 authorisation code with PKCE; every platform's quirk is a field here.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SignInFacts {
    /// Host (one of `hosts`) and path of the page the user sees.
    pub authorize: (&'static str, &'static str),
    pub token: (&'static str, &'static str),
    pub revoke: Option<(&'static str, &'static str)>,
    pub pkce: Pkce,
    /// Must the developer app's secret be sent?
    pub secret: bool,
    /// What the client id is called on the wire (TikTok: `client_key`).
    pub client_id_field: &'static str,
    pub scope_separator: &'static str,
    pub scopes: &'static [ScopeFact],
    /// Further parameters of the authorisation request.
    pub extra: &'static [(&'static str, &'static str)],
    /// Path after the loopback port, e.g. `/callback`.
    pub redirect_path: &'static str,
    pub redirect_host: &'static str,
    /// Does each refresh hand out a new refresh token that replaces the old?
    pub rotates: bool,
    /// Revoking takes every scope of the same developer project with it.
    pub revokes_all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// RFC 7636: base64url of SHA-256, no padding.
    S256,
    /// The same hash in hexadecimal (TikTok's desktop login).
    S256Hex,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ScopeFact {
    pub scope: &'static str,
    pub required: bool,
    /// What we can't do without it, said to the user.
    pub why: &'static str,
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
    pub min_duration_ms: u64,
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
    /// May still be changed after the platform took the post.
    pub amendable: bool,
    pub as_of: &'static str,
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
    pub fn option(&self, key: &str) -> Option<&'static OptionFact> {
        self.options.iter().find(|option| option.key == key)
    }

    pub fn quota(&self, bucket: &str) -> Option<&'static QuotaFact> {
        self.quotas.iter().find(|quota| quota.bucket == bucket)
    }

    pub fn required_scopes(&self) -> impl Iterator<Item = &'static ScopeFact> {
        self.sign_in.scopes.iter().filter(|scope| scope.required)
    }
}

impl OptionKind {
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
