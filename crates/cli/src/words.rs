//! What a problem means on the command line: its exit code, and the way out in words. Pure tables.
//!
//! Not here: printing (`out`).

use slipway_core::problem::{Code, Fix, Problem};

/// How the program ends. Documented in `args::AFTER_HELP`; scripts rely on these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Refused = 1,
    Usage = 2,
    SignIn = 3,
    NotNow = 4,
    Offline = 5,
    Vault = 6,
    Disk = 7,
    Interrupted = 130,
}

/// The exit code of a problem. A match without a catch-all, so that a new code must be given its place here.
pub fn exit_of(code: Code) -> Exit {
    use Code::*;
    match code {
        FileMissing | FileEmpty | FileUnreadable | FileNotVideo | FileDamaged | FileZeroLength
        | FileChanged | FileTooLarge | FileTooLong | FileUnsupported | AlreadyThere | TextMissing
        | TextTooLong | TextIllegal | OptionUnknown | OptionMissing | OptionInvalid | TimePast
        | TimeInvalid | ClockWrong | ZoneUnknown | TimeShifted | Missed | AccountUnknown
        | PlatformUnknown | NoChannel | Refused | Strange | Unsure | Restored | NotCancelled | GaveUp
        | PrivacyDiffers | NotPublic | ProcessingFailed | ExtraFailed | AlreadyPublic | FinishThere
        | FinishSoon | TermsChanged | NotAudited | HostUnknown | NotFound | Internal => Exit::Refused,
        BadRequest => Exit::Usage,
        AppMissing | AppRefused | SignInNeeded | WrongChannel | SignInDenied | SignInScope | SignInState
        | SignInTimeout | SignInFailed | SignInEnds | PermissionMissing => Exit::SignIn,
        QuotaSpent | AccountLimit | RateLimited | AlreadyRunning | NotNow | TooManyFiles => Exit::NotNow,
        Offline | PlatformDown => Exit::Offline,
        KeychainLocked | KeychainAbsent | KeychainBroken | SecretDamaged | VaultDamaged | WrongVault => {
            Exit::Vault
        }
        DiskFull | ReadOnly | DatabaseNewer | DatabaseCorrupt | DatabaseMissing | DatabaseOtherWorld => {
            Exit::Disk
        }
    }
}

/// The way out as a person at a terminal takes it; nothing where the message says it all.
pub fn fix_text(problem: &Problem) -> Option<String> {
    let text = match &problem.fix {
        Fix::None => return None,
        Fix::SignIn { account } => {
            format!(
                "sign channel {account} in again: slipway connect PLATFORM (slipway accounts shows which)"
            )
        }
        Fix::AddApp { platform } => format!(
            "add your developer app: slipway apps add {platform} --client-id ID --secret-stdin, or --from-json FILE"
        ),
        Fix::Edit { field } => match field.as_str() {
            "title" | "caption" | "at" => format!("say another --{field}"),
            "client_id" => "say the app's --client-id".into(),
            "client_secret" => "give the app's secret with --secret-stdin or SLIPWAY_CLIENT_SECRET".into(),
            "redirect" => "say another --redirect, or leave it out".into(),
            "way" => "say another --way".into(),
            "choose" => "say which with --choose".into(),
            "url" => "say its address with --url".into(),
            "parallel_uploads" => "slipway settings set parallel_uploads=3".into(),
            "zone" => "slipway settings set zone=Europe/Berlin, or another city's name".into(),
            other => format!("say another value with -o {other}=…"),
        },
        Fix::ChooseFile if problem.code == Code::AlreadyThere => {
            "choose another file, or say --again to post it once more".into()
        }
        Fix::ChooseFile => "choose another file, or put the right one in its place".into(),
        Fix::WaitUntil { at } => format!("wait until {}; it goes on by itself", crate::times::shown(*at)),
        Fix::Decide if problem.code == Code::NotCancelled => {
            "look at the platform, then: slipway decide ID --there URL, or slipway decide ID --again if it is not there (it is cancelled then)".into()
        }
        Fix::Decide => {
            "look at the platform, then: slipway decide ID --there URL, or slipway decide ID --again".into()
        }
        Fix::Retry => "try again".into(),
        Fix::UnlockKeychain => "unlock the keychain (or give the right passphrase), then try again".into(),
        Fix::ChooseVault => {
            "start the system's keychain, or choose the encrypted file on purpose with --vault file".into()
        }
        Fix::FreeSpace => "free some space on the disk, then try again".into(),
        Fix::RestoreBackup => {
            "slipway restore lists the backups; slipway restore --from NAME, --newest or --empty".into()
        }
    };
    Some(text)
}

/// A post's state as people say it.
pub fn state_text(state: slipway_core::post::State) -> &'static str {
    use slipway_core::post::State::*;
    match state {
        Draft => "draft",
        Due => "due",
        Working => "working",
        Ready => "ready",
        HandedOver => "handed over",
        ToFinish => "to finish there",
        Parked => "waiting",
        Stuck => "needs you",
        Published => "published",
        Cancelled => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_exits() {
        for (code, exit) in [
            (Code::FileMissing, 1),
            (Code::OptionUnknown, 1),
            (Code::AccountUnknown, 1),
            (Code::Unsure, 1),
            (Code::Internal, 1),
            (Code::BadRequest, 2),
            (Code::AppMissing, 3),
            (Code::SignInNeeded, 3),
            (Code::SignInDenied, 3),
            (Code::PermissionMissing, 3),
            (Code::NotNow, 4),
            (Code::AlreadyRunning, 4),
            (Code::QuotaSpent, 4),
            (Code::Offline, 5),
            (Code::PlatformDown, 5),
            (Code::KeychainLocked, 6),
            (Code::KeychainAbsent, 6),
            (Code::KeychainBroken, 6),
            (Code::DiskFull, 7),
            (Code::ReadOnly, 7),
            (Code::DatabaseNewer, 7),
            (Code::DatabaseCorrupt, 7),
            (Code::DatabaseMissing, 7),
            (Code::DatabaseOtherWorld, 7),
        ] {
            assert_eq!(exit_of(code) as u8, exit, "{}", code.as_str());
        }
        assert_eq!(Exit::Interrupted as u8, 130);
    }

    #[test]
    fn every_exit_is_in_the_help() {
        for exit in [
            Exit::Done,
            Exit::Refused,
            Exit::Usage,
            Exit::SignIn,
            Exit::NotNow,
            Exit::Offline,
            Exit::Vault,
            Exit::Disk,
            Exit::Interrupted,
        ] {
            let line = format!("\n  {:<5}", exit as u8);
            assert!(crate::args::AFTER_HELP.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_fix_names_what_to_type() {
        let text = |fix: Fix| fix_text(&Problem::block(Code::Refused, "No.").fix(fix));
        assert_eq!(text(Fix::None), None);
        let app = text(Fix::AddApp { platform: "youtube".into() });
        assert!(app.is_some_and(|text| text.contains("slipway apps add youtube")));
        assert_eq!(text(Fix::Edit { field: "title".into() }).as_deref(), Some("say another --title"));
        let option = text(Fix::Edit { field: "tags".into() });
        assert!(option.is_some_and(|text| text.contains("-o tags=")));
        let again = Problem::block(Code::AlreadyThere, "There.").fix(Fix::ChooseFile);
        assert!(fix_text(&again).is_some_and(|text| text.contains("--again")));
    }
}
