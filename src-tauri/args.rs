//! What the program was started with: by a person, by the system (`slipway://`), by a second start, or by a test.
//!
//! Everything that comes in here may come from a web page through the system's link handler, so only shapes that are known are taken.

use slipway_core::problem::{Code, Problem};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// Data folder of all worlds; the system's place when not said.
    pub home: Option<PathBuf>,
    /// An announcement of a sandbox that runs elsewhere.
    pub hosts: Option<PathBuf>,
    /// Secrets in memory only, for tests.
    pub memory_vault: bool,
    /// Started by the system at login: only the tray is shown.
    pub hidden: bool,
    pub verbose: bool,
    pub post: Option<i64>,
    /// Videos to begin posts with.
    pub compose: Vec<PathBuf>,
}

const USAGE: &str = "slipway-desktop [--home FOLDER] [--hosts FILE] [--vault memory|keychain] [--hidden] [--verbose] [slipway://post/N | VIDEO…]";

impl Start {
    pub fn read(args: impl Iterator<Item = OsString>) -> Result<Start, String> {
        let mut start = Start::default();
        let mut args = args;
        while let Some(arg) = args.next() {
            let mut value = || args.next().filter(|value| !value.is_empty()).ok_or(USAGE.to_string());
            match arg.to_str() {
                Some("--home") => start.home = Some(value()?.into()),
                Some("--hosts") => start.hosts = Some(value()?.into()),
                Some("--vault") => match value()?.to_str() {
                    Some("memory") => start.memory_vault = true,
                    Some("keychain") => start.memory_vault = false,
                    _ => return Err(USAGE.into()),
                },
                Some("--hidden") => start.hidden = true,
                Some("--verbose") => start.verbose = true,
                Some("--help" | "-h") => return Err(USAGE.into()),
                Some(link) if link.starts_with("slipway:") => {
                    start.post = Some(post_of(link).map_err(|why| why.message)?)
                }
                Some(flag) if flag.starts_with('-') => return Err(USAGE.into()),
                _ if start.compose.len() < crate::files::MOST => start.compose.push(arg.into()),
                _ => {}
            }
        }
        Ok(start)
    }
}

/// `slipway://post/7`, and nothing else: a link may open a post and do no more.
pub fn post_of(link: &str) -> Result<i64, Problem> {
    let number = link.strip_prefix("slipway://post/").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    number
        .filter(|digits| digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .filter(|id| *id > 0)
        .ok_or_else(|| Problem::block(Code::BadRequest, "Slipway knows no such link."))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Start, String> {
        Start::read(args.iter().map(OsString::from))
    }

    #[test]
    fn a_link_opens_a_post_and_can_do_nothing_else() {
        assert_eq!(post_of("slipway://post/7"), Ok(7));
        assert_eq!(post_of("slipway://post/7/"), Ok(7));
        for link in [
            "slipway://post/",
            "slipway://post/-1",
            "slipway://post/0",
            "slipway://post/7?x=1",
            "slipway://post/7#x",
            "slipway://post/7/cancel",
            "slipway://settings",
            "slipway:post/7",
            "slipway://post/99999999999999999999",
            "slipway://post/٧",
            "slipway://POST/7",
        ] {
            assert!(post_of(link).is_err(), "{link}");
        }
    }

    #[test]
    fn starts_are_read_or_refused() {
        let start =
            read(&["--home", "a", "--hosts", "b", "--vault", "memory", "c.mp4", "slipway://post/3"]).unwrap();
        assert_eq!(start.home, Some("a".into()));
        assert_eq!((start.hosts, start.memory_vault, start.post), (Some("b".into()), true, Some(3)));
        assert_eq!(start.compose, [PathBuf::from("c.mp4")]);
        for bad in [
            &["--home"] as &[&str],
            &["--home", ""],
            &["--vault", "cloud"],
            &["--remote"],
            &["slipway://quit"],
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn no_start_brings_more_files_than_can_be_looked_at() {
        let many: Vec<String> = (0..1000).map(|n| format!("{n}.mp4")).collect();
        let start = Start::read(many.iter().map(OsString::from)).unwrap();
        assert_eq!(start.compose.len(), crate::files::MOST);
    }
}
