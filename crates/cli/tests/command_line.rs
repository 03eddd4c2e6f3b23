//! The command line itself: help, usage, bad input, papers. No sandbox is up here.
#![allow(clippy::unwrap_used)]

mod house;

use house::{House, PASSPHRASE, Ran, contents, slipway};
use std::io::Write;
use std::process::Stdio;

const COMMANDS: [&[&str]; 34] = [
    &["apps"],
    &["apps", "add"],
    &["apps", "list"],
    &["apps", "remove"],
    &["apps", "steps"],
    &["apps", "page"],
    &["connect"],
    &["accounts"],
    &["accounts", "purge"],
    &["disconnect"],
    &["post"],
    &["check"],
    &["list"],
    &["show"],
    &["edit"],
    &["schedule"],
    &["cancel"],
    &["retry"],
    &["decide"],
    &["pause"],
    &["resume"],
    &["settings", "get"],
    &["settings", "set"],
    &["options"],
    &["call"],
    &["restore"],
    &["vault", "list"],
    &["vault", "wipe"],
    &["vault", "new"],
    &["run"],
    &["sandbox"],
    &["demo"],
    &["completions"],
    &["man"],
];

fn run(args: &[&str]) -> Ran {
    Ran::new(args, slipway(args).output().unwrap())
}

#[test]
fn every_command_has_help() {
    let whole = run(&["--help"]);
    assert_eq!(whole.code, 0);
    assert!(whole.out.contains("Exit codes:") && whole.out.contains("130"), "{}", whole.out);
    for command in COMMANDS {
        let ran = run(&[command, &["--help"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("Usage: slipway"), "{ran:?}");
        assert!(whole.out.contains(&format!("  {}", command[0])), "{} is not in the help", command[0]);
    }
    assert_eq!(run(&["--version"]).out.trim(), concat!("slipway ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_is_not_understood_ends_with_2() {
    for args in [
        &[][..],
        &["fly"],
        &["list", "--fast"],
        &["post", "v.mp4"],
        &["post", "v.mp4", "--to", "x", "--now", "--at", "+1h"],
        &["post", "v.mp4", "--to", "x", "--now", "--draft"],
        &["post", "v.mp4", "--to", "x", "--caption", "a", "--caption-file", "b"],
        &["show"],
        &["show", "one"],
        &["decide", "1"],
        &["decide", "1", "--again", "--there", "https://x.example"],
        &["pause"],
        &["pause", "1", "--all"],
        &["connect", "youtube", "--timeout", "0"],
        &["vault"],
        &["vault", "wipe"],
        &["vault", "wipe", "--orphans", "--folder", "x"],
        &["list", "--vault", "shoebox"],
        &["list", "-q", "-v"],
        &["apps", "add", "youtube"],
        &["completions", "cmd.com"],
        &["settings", "set"],
        &["call"],
        &["call", "posts.list", "--list"],
    ] {
        let ran = run(args);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("Usage") || ran.err.contains("error"), "{ran:?}");
    }
}

#[test]
fn an_empty_home_answers() {
    let house = House::new();
    for args in [&["accounts"][..], &["apps", "list"], &["list"]] {
        assert_eq!(house.json(args), serde_json::json!([]), "{args:?}");
        let words = house.run(args);
        assert_eq!((words.code, words.err.as_str()), (0, ""));
        assert!(words.out.starts_with("No "), "{words:?}");
        let quiet = house.run(&[args, &["--quiet"]].concat());
        assert_eq!((quiet.code, quiet.out.as_str()), (0, ""));
    }
    assert_eq!(house.json(&["settings", "get"])["parallel_uploads"], 3);
    let options = house.json(&["options", "youtube"]);
    assert!(options.as_array().unwrap().iter().any(|option| option["key"] == "privacy"), "{options}");
}

#[test]
fn list_ends_with_the_drafts_of_the_window() {
    let house = House::new();
    let draft = r#"{"path": "/videos/rye.mp4", "words": {"title": "Rye, undated", "caption": ""}}"#;
    house.json(&["call", "composing.save", draft]);
    let passed = r#"{"words": {"title": "Passed", "caption": ""}, "at": "2020-01-01T10:00"}"#;
    house.json(&["call", "composing.save", passed]);
    for args in [&["list"][..], &["list", "--state", "draft"]] {
        let listed = house.run(args);
        for part in ["Rye, undated", "no time", "rye.mp4", "2020-01-01T10:00, passed"] {
            assert!(listed.out.contains(part), "{part}: {listed:?}");
        }
    }
    assert!(!house.run(&["list", "--state", "due"]).out.contains("Rye"));
    assert_eq!(house.json(&["list"]), serde_json::json!([]));
}

#[test]
fn any_command_is_called_with_json_and_answers_in_json() {
    let house = House::new();
    let list = house.run(&["call", "--list"]);
    assert_eq!(list.code, 0, "{list:?}");
    let names: Vec<&str> = list.out.lines().collect();
    assert_eq!(names, slipway_core::api::COMMANDS);
    assert_eq!(house.json(&["call", "--list"]), serde_json::json!(names));
    // With --json or without, the answer is JSON.
    assert_eq!(house.json(&["call", "settings.get"]), house.run(&["call", "settings.get"]).last_json());
    let set = house.json(&["call", "settings.pause", r#"{"paused": true}"#]);
    assert_eq!(set["paused"], true);
    let mut child = house
        .command(&["call", "settings.pause", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(br#"{"paused": false}"#).unwrap();
    let ran = Ran::new(&["call", "-"], child.wait_with_output().unwrap());
    assert_eq!((ran.code, &ran.last_json()["paused"]), (0, &serde_json::json!(false)), "{ran:?}");
    // Without --json a refusal is words, as everywhere.
    let refused = house.run(&["call", "posts.show", r#"{"id": 99}"#]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{refused:?}");
    assert!(!refused.err.is_empty());
}

#[test]
fn each_bad_input_is_a_problem_of_its_own() {
    let house = House::new();
    let file = |name: &str, text: &str| {
        let path = house.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let far = file("far.json", r#"{"hosts": {"a.example": "https://a.example"}}"#);
    let torn = file("torn.json", "{\"hosts\":");
    let web = file("web.json", r#"{"web": {"client_id": "1", "client_secret": "s"}}"#);
    let empty = file("empty.txt", "");
    let video = house.video("v.mp4", 1);
    for (args, exit, code) in [
        (&["post", &video, "--to", "nobody"][..], 1, "account_unknown"),
        (&["check", &video, "--to", "7"], 1, "account_unknown"),
        (&["disconnect", "nobody"], 1, "account_unknown"),
        (&["list", "--account", "nobody"], 1, "account_unknown"),
        (&["show", "99"], 1, "not_found"),
        (&["cancel", "99"], 1, "not_found"),
        (&["schedule", "99"], 1, "not_found"),
        (&["retry", "99"], 1, "not_found"),
        (&["pause", "99"], 1, "not_found"),
        (&["edit", "99", "--title", "x"], 1, "not_found"),
        (&["edit", "99"], 2, "bad_request"),
        (&["decide", "99", "--again"], 1, "not_found"),
        (&["decide", "99", "--there", "there"], 2, "bad_request"),
        (&["list", "--from", "tomorrow"], 1, "time_invalid"),
        (&["list", "--to", "2026-02-30"], 1, "time_invalid"),
        (&["list", "--state", "posted"], 2, "bad_request"),
        (&["connect", "nowhere"], 1, "platform_unknown"),
        (&["connect", "youtube", "--no-browser"], 3, "app_missing"),
        (&["options", "nowhere"], 1, "platform_unknown"),
        (&["apps", "add", "nowhere", "--client-id", "1"], 1, "platform_unknown"),
        (&["apps", "add", "youtube", "--client-id", "1"], 2, "bad_request"),
        (&["apps", "add", "youtube", "--client-id", "1", "--quota", "uploads"], 2, "bad_request"),
        (&["apps", "add", "youtube", "--from-json", "no.json"], 1, "file_missing"),
        (&["apps", "add", "youtube", "--from-json", &torn], 2, "bad_request"),
        (&["apps", "add", "youtube", "--from-json", &web], 3, "app_refused"),
        (&["settings", "set", "zone=Mars/Base"], 1, "zone_unknown"),
        (&["settings", "set", "speed=1"], 2, "bad_request"),
        (&["settings", "set", "measured=1"], 2, "bad_request"),
        (&["settings", "set", "parallel_uploads=0"], 2, "bad_request"),
        (&["settings", "set", "paused"], 2, "bad_request"),
        (&["call", "posts.fly"], 2, "bad_request"),
        (&["call", "posts.list", "{"], 2, "bad_request"),
        (&["call", "posts.show"], 2, "bad_request"),
        (&["call", "posts.show", r#"{"id": "one"}"#], 2, "bad_request"),
        (&["call", "posts.show", r#"{"id": 99}"#], 1, "not_found"),
        (&["restore"], 1, "not_found"),
        (&["list", "--hosts", "no.json"], 1, "file_missing"),
        (&["list", "--hosts", &torn], 2, "bad_request"),
        (&["list", "--hosts", &far], 2, "bad_request"),
        (&["list", "--vault", "memory", "--passphrase-file", &empty], 2, "bad_request"),
        (&["run", "--passphrase-file", &empty], 6, "keychain_locked"),
        (&["run", "--passphrase-file", "no.txt"], 1, "file_unreadable"),
        (&["demo", "--hosts", &far], 2, "bad_request"),
        (&["demo", "--platform", "nowhere"], 1, "platform_unknown"),
        (&["demo", "no.mp4"], 1, "file_missing"),
    ] {
        house.refused(args, exit, code);
    }
}

#[test]
fn a_problem_in_words_has_its_way_out() {
    let house = House::new();
    let ran = house.run(&["connect", "youtube"]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    let lines: Vec<&str> = ran.err.lines().collect();
    assert!(lines[0].starts_with("error: "), "{ran:?}");
    assert!(lines[1].starts_with("  fix: add your developer app: slipway apps add youtube"), "{ran:?}");
}

#[test]
fn the_vault_is_never_exchanged_for_another() {
    let house = House::new();
    let mut command = house.command(&["apps", "add", "youtube", "--client-id", "1", "--json"]);
    command.env("SLIPWAY_CLIENT_SECRET", "GOCSPX-canary").env_remove("SLIPWAY_PASSPHRASE");
    let ran = Ran::new(&["apps", "add"], command.output().unwrap());
    assert_eq!(
        (ran.code, ran.last_json()["error"]["code"].as_str()),
        (6, Some("keychain_locked")),
        "{ran:?}"
    );
    assert!(!house.home().join("vault.bin").exists());
    // A passphrase that is not this file's.
    house.command(&["apps", "list"]).output().unwrap();
    let add = |passphrase: &str| {
        let mut command = house.command(&["apps", "add", "youtube", "--client-id", "1", "--json"]);
        command.env("SLIPWAY_CLIENT_SECRET", "GOCSPX-canary").env("SLIPWAY_PASSPHRASE", passphrase);
        Ran::new(&["apps", "add"], command.output().unwrap())
    };
    assert_eq!(add(PASSPHRASE).code, 0);
    let wrong = add("wrong");
    assert_eq!((wrong.code, wrong.last_json()["error"]["code"].as_str()), (6, Some("keychain_locked")));
    assert_eq!(add(PASSPHRASE).code, 0);
}

#[test]
fn a_secret_goes_to_the_vault_and_nowhere_else() {
    let house = House::new();
    let secret = "GOCSPX-canary-0123456789";
    let mut child = house
        .command(&["apps", "add", "youtube", "--client-id", "1.apps", "--secret-stdin", "--json", "-v"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{secret}").unwrap();
    let ran = Ran::new(&["apps", "add"], child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.last_json()["client_id"], "1.apps");
    let listed = house.run(&["apps", "list", "-v"]);
    for text in [&ran.out, &ran.err, &listed.out, &listed.err] {
        assert!(!text.contains(secret), "{text}");
    }
    let files = contents(&house.home());
    assert!(files.iter().any(|(path, _)| path.ends_with("vault.bin")));
    for (path, bytes) in files {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "in {}", path.display());
    }
}

#[test]
fn the_two_worlds_never_share_a_folder() {
    let house = House::new();
    let hosts = house.folder.path().join("hosts.json");
    std::fs::write(&hosts, r#"{"a.example": "http://127.0.0.1:9"}"#).unwrap();
    let hosts = hosts.to_str().unwrap();
    house.json(&["list", "--hosts", hosts]);
    let sandbox = house.home().join("sandbox");
    assert!(sandbox.join("slipway.db").is_file() && !house.home().join("slipway.db").exists());
    let inside = sandbox.to_str().unwrap();
    house.refused(&["list", "--home", inside], 7, "database_other_world");
}

#[test]
fn a_damaged_queue_is_restored_or_begun_anew() {
    let house = House::new();
    house.json(&["list"]);
    let database = house.home().join("slipway.db");
    for ending in ["db-wal", "db-shm"] {
        let _ = std::fs::remove_file(database.with_extension(ending));
    }
    std::fs::write(&database, vec![b'x'; 8192]).unwrap();
    house.refused(&["list"], 7, "database_corrupt");
    house.refused(&["restore"], 1, "not_found");
    assert_eq!(house.json(&["restore", "--empty"])["restored"], serde_json::Value::Null);
    assert_eq!(house.json(&["list"]), serde_json::json!([]));
}

/// A zone without a name (here Nepal's, as a POSIX rule) is never taken for UTC: times without a zone are refused until one is chosen.
#[test]
fn zone_that_has_no_name_is_asked_for() {
    let house = House::new();
    let run = |args: &[&str]| Ran::new(args, house.command(args).env("TZ", "<+0545>-5:45").output().unwrap());
    let read = |at: &str| run(&["--json", "call", "time.read", &format!(r#"{{"at": "{at}"}}"#)]);
    assert_eq!(run(&["--json", "settings", "get"]).last_json()["zone"], "");
    let refused = read("2030-12-01T18:00");
    assert_eq!(
        (refused.code, &refused.last_json()["error"]["code"]),
        (1, &serde_json::json!("zone_unknown")),
        "{refused:?}"
    );
    let words = run(&["call", "time.read", r#"{"at": "2030-12-01T18:00"}"#]);
    assert!(words.err.contains("slipway settings set zone="), "{words:?}");
    for (at, due) in [
        ("2030-12-01T18:00[Asia/Kathmandu]", "2030-12-01T12:15:00Z"),
        ("2030-12-01T18:00:00+01:00", "2030-12-01T17:00:00Z"),
    ] {
        assert_eq!(read(at).last_json()["due"], due);
    }
    // Other settings can be set all the same, and freeze no zone that nobody chose.
    assert_eq!(run(&["settings", "set", "parallel_uploads=2"]).code, 0);
    assert_eq!(house.json(&["settings", "get"])["zone"], "Europe/Berlin");
    assert_eq!(run(&["--json", "settings", "get"]).last_json()["zone"], "");
    // And the zone when it is chosen.
    assert_eq!(run(&["settings", "set", "zone=Asia/Kathmandu"]).code, 0);
    assert_eq!(read("2030-12-01T18:00").last_json()["due"], "2030-12-01T12:15:00Z");
}

#[test]
fn offset_in_place_of_a_zone_gets_a_hint_with_the_right_sign() {
    let house = House::new();
    let ran = house.run(&["call", "time.read", r#"{"at": "2030-12-01T18:00[GMT+2]"}"#]);
    assert!(ran.err.contains("Europe/Helsinki") && ran.err.contains("Etc/GMT-2"), "{ran:?}");
    assert!(!ran.err.contains("Etc/GMT+2"), "{ran:?}");
}

#[test]
fn settings_are_kept() {
    let house = House::new();
    let set = house.json(&[
        "settings",
        "set",
        "zone=Asia/Tokyo",
        "bandwidth=2MB/s",
        "missed=ask",
        "parallel_uploads=2",
    ]);
    assert_eq!(set["zone"], "Asia/Tokyo");
    let again = house.json(&["settings", "get"]);
    assert_eq!(again, set);
    assert_eq!(again["bandwidth"]["bytes_per_second"], 2_000_000);
    assert_eq!(house.json(&["pause", "--all"])["paused"], true);
    assert_eq!(house.json(&["settings", "get"])["paused"], true);
    assert_eq!(house.json(&["resume", "--all"])["paused"], false);
}

#[test]
fn papers_are_made() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("slipway") && ran.out.contains("decide"), "{shell}");
    }
    let page = run(&["man"]);
    assert!(
        page.code == 0 && page.out.contains(".TH slipway") && page.out.contains("Exit codes"),
        "{}",
        page.out
    );
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("man1");
    assert_eq!(run(&["man", "--dir", into.to_str().unwrap()]).code, 0);
    for name in ["slipway.1", "slipway-post.1", "slipway-apps-add.1"] {
        assert!(into.join(name).is_file(), "{name}");
    }
}

/// The steps end with what to type here, and say what to enter there letter for letter; the page is the one in docs.
#[test]
fn the_steps_to_an_app_and_the_page_to_put_up_are_printed() {
    let house = House::new();
    let said = |args: &[&str]| house.run(args);
    let tiktok = said(&["apps", "steps", "tiktok"]);
    assert_eq!(tiktok.code, 0, "{tiktok:?}");
    assert!(tiktok.out.lines().any(|line| line.trim() == "http://127.0.0.1:*/callback/"), "{tiktok:?}");
    assert!(tiktok.out.contains("slipway apps add tiktok --client-id"), "{tiktok:?}");
    let instagram = said(&["apps", "steps", "instagram", "--way", "instagram_login"]);
    assert!(
        instagram.out.contains("--way instagram_login") && instagram.out.contains("slipway apps page"),
        "{instagram:?}"
    );
    let json = said(&["--json", "apps", "steps", "facebook"]).last_json();
    assert!(json["steps"].as_array().is_some_and(|steps| steps.len() >= 4), "{json}");
    for args in [&["apps", "steps", "nowhere"][..], &["apps", "steps", "tiktok", "--way", "nowhere"]] {
        assert_ne!(said(args).code, 0, "{args:?}");
    }
    let page = said(&["apps", "page"]);
    assert_eq!(page.out.trim_end(), include_str!("../../../docs/slipway-redirect.html").trim_end());
}
