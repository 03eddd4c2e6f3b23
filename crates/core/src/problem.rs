//! What the user is told when something is wrong: a code the window and scripts act on, plain words, and the one thing that mends it.
//!
//! Not here: what a platform says (`platform::Fault`), or what broke inside (anyhow with context). Both become a `Problem` at the border.
//! A code exists only if somebody acts on it; sentences may change at any time and are never compared.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a consumer may decide on. Stable: scripts and the window match on these (snake_case on the wire).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    // The file.
    FileMissing,
    FileEmpty,
    FileUnreadable,
    FileNotVideo,
    FileDamaged,
    FileZeroLength,
    FileChanged,
    FileTooLarge,
    FileTooLong,
    FileUnsupported,
    /// This exact file is already on this account (C7).
    AlreadyThere,
    // Words and options.
    TextMissing,
    TextTooLong,
    TextIllegal,
    OptionUnknown,
    OptionMissing,
    OptionInvalid,
    // Time.
    TimePast,
    TimeInvalid,
    ZoneUnknown,
    /// The wall time does not exist or exists twice on that day.
    TimeShifted,
    /// The computer's clock and the platforms' differ by more than a minute.
    ClockWrong,
    /// The minute passed while nothing could be done; the account's rule says to ask.
    Missed,
    // Accounts, apps, permissions.
    AccountUnknown,
    PlatformUnknown,
    AppMissing,
    AppRefused,
    SignInNeeded,
    /// The sign-in, or an answer made with it, is that of another channel: nothing was sent.
    WrongChannel,
    SignInDenied,
    SignInScope,
    SignInState,
    SignInTimeout,
    SignInFailed,
    /// The sign-in ends before the post is due (C31).
    SignInEnds,
    NoChannel,
    PermissionMissing,
    // Limits.
    QuotaSpent,
    AccountLimit,
    RateLimited,
    // Sending.
    Offline,
    PlatformDown,
    Refused,
    Strange,
    /// It may be there: only a person, or a positive look, may decide (C2, C3).
    Unsure,
    /// The person cancelled it, and it is not certain that it is gone: it may still be there, or go public at its minute.
    NotCancelled,
    /// The queue was put back from an earlier state: the platform is asked before anything is sent.
    Restored,
    GaveUp,
    /// Published, but not with the privacy that was asked for (C32).
    PrivacyDiffers,
    /// Handed over, but the platform has not made it public.
    NotPublic,
    ProcessingFailed,
    ExtraFailed,
    AlreadyPublic,
    /// The platform has it as a draft: the creator finishes it there (C15).
    FinishThere,
    /// The same, and the draft will not be kept much longer.
    FinishSoon,
    /// The channel's terms do not allow a choice any more.
    TermsChanged,
    /// What this app or account is allowed keeps it from being public.
    NotAudited,
    // The machine.
    KeychainLocked,
    KeychainAbsent,
    KeychainBroken,
    /// One stored secret can't be read; a new sign-in, or entering it again, replaces it.
    SecretDamaged,
    /// The vault file as a whole can't be read.
    VaultDamaged,
    /// The secrets of this data folder lie in another vault.
    WrongVault,
    /// The system lets the program open no more files.
    TooManyFiles,
    DiskFull,
    ReadOnly,
    DatabaseNewer,
    DatabaseCorrupt,
    /// There was a queue here, and its file is gone or was replaced.
    DatabaseMissing,
    DatabaseOtherWorld,
    AlreadyRunning,
    HostUnknown,
    // The call itself.
    NotFound,
    NotNow,
    BadRequest,
    Internal,
}

impl Code {
    /// The code as it stands on the wire and in the database.
    pub fn as_str(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(text)) => text,
            _ => "internal".into(),
        }
    }
}

/// The one thing that mends a problem.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "do", rename_all_fields = "snake_case")]
pub enum Fix {
    #[default]
    None,
    SignIn {
        account: i64,
    },
    AddApp {
        platform: String,
    },
    Edit {
        field: String,
    },
    ChooseFile,
    WaitUntil {
        at: Timestamp,
    },
    /// Say "it is there" or "post again".
    Decide,
    Retry,
    UnlockKeychain,
    ChooseVault,
    FreeSpace,
    RestoreBackup,
}

/// How much a problem weighs: a `Block` stops the post, a `Warn` is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    Block,
    Warn,
}

/// A problem a person understands. Never holds a token, a session URL or a secret; it may name the user's own file or words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[error("{message}")]
pub struct Problem {
    pub code: Code,
    pub weight: Weight,
    /// What happened, what we do about it, what the user can do.
    pub message: String,
    #[serde(default)]
    pub fix: Fix,
    /// What the platform or the system said, for the curious; already redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub detail: Option<String>,
    /// Others that were found at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Problem>,
}

impl Problem {
    pub fn block(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            weight: Weight::Block,
            message: message.into(),
            fix: Fix::None,
            detail: None,
            also: Vec::new(),
        }
    }

    pub fn warn(code: Code, message: impl Into<String>) -> Self {
        Self { weight: Weight::Warn, ..Self::block(code, message) }
    }

    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = fix;
        self
    }

    /// Points at the field to edit: `title`, `caption`, `at`, `media`, or an option's key.
    pub fn edit(self, field: impl Into<String>) -> Self {
        self.fix(Fix::Edit { field: field.into() })
    }

    pub fn detail(mut self, detail: impl std::fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Does only a person know whether the post is at the platform?
    pub fn is_undecided(&self) -> bool {
        matches!(self.code, Code::Unsure | Code::NotCancelled)
    }

    pub fn blocks(&self) -> bool {
        self.weight == Weight::Block
    }

    /// An error nobody expected. The chain of contexts goes to the detail, so that a report can be read.
    pub fn internal(error: &anyhow::Error) -> Self {
        if let Some(problem) = error.downcast_ref::<Problem>() {
            return problem.clone();
        }
        if crate::handles::are_out() {
            return crate::handles::problem().detail(format!("{error:#}"));
        }
        Self::block(Code::Internal, "Something broke inside Slipway. Nothing was sent because of it.")
            .detail(format!("{error:#}"))
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::internal(&error)
    }
}

/// The result of everything behind the one door.
pub type Outcome<T> = Result<T, Problem>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_snake_case_and_survive_the_wire() {
        assert_eq!(Code::KeychainLocked.as_str(), "keychain_locked");
        let problem = Problem::block(Code::TextTooLong, "The title is too long.").edit("title");
        let text = serde_json::to_string(&problem).expect("a problem is plain data");
        assert!(text.contains(r#""code":"text_too_long""#), "{text}");
        assert!(text.contains(r#""do":"edit","field":"title""#), "{text}");
        assert_eq!(serde_json::from_str::<Problem>(&text).expect("and back"), problem);
    }

    #[test]
    fn a_problem_inside_an_error_chain_comes_out_whole() {
        let inner = Problem::block(Code::DiskFull, "The disk is full.");
        let error = anyhow::Error::from(inner.clone()).context("writing the queue");
        assert_eq!(Problem::from(error), inner);
    }
}
