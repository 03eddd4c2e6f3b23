//! Whole rounds with the binary and a sandbox in a process of its own.
#![allow(clippy::unwrap_used)]

mod house;

use house::{House, Ran, Running, practise, slipway};
use serde_json::{Value, json};

#[test]
fn from_sign_in_to_a_public_post() {
    let (house, _sandbox) = practise();
    let account = house.connect();
    assert_eq!((account["name"].as_str(), account["state"].as_str()), (Some("Mira Bakes"), Some("ok")));
    // Again: the same channel, the same app.
    assert_eq!(house.connect()["id"], account["id"]);
    assert_eq!(house.json(&["apps", "list"]).as_array().unwrap().len(), 1);

    let video = house.video("bread.mp4", 1);
    let checked = house.json(&["check", &video, "--to", "youtube", "--title", "Bread"]);
    assert_eq!(checked["ok"], true, "{checked}");
    let added = house.json(&[
        "post",
        &video,
        "--to",
        "@mirabakes",
        "--title",
        "Bread",
        "-o",
        "privacy=unlisted",
        "-o",
        "youtube.tags=rye, crust",
    ]);
    assert_eq!(added["running"], false);
    assert_eq!(added["deliveries"][0]["state"], "due");

    let ran = house.run(&["run", "--until-idle"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("published https://"), "{ran:?}");
    assert!(!ran.out.contains('\x1b'), "no colours into a pipe: {ran:?}");
    let shown = house.json(&["show", "1"]);
    assert_eq!((shown["state"].as_str(), shown["privacy"].as_str()), (Some("published"), Some("unlisted")));
    assert_eq!(shown["options"]["tags"], json!(["rye", "crust"]));
    assert!(!shown["attempts"].as_array().unwrap().is_empty());
    let words = house.run(&["show", "1"]);
    for part in ["published", "Bread", "https://", "videos.insert", "unlisted"] {
        assert!(words.out.contains(part), "{part}: {words:?}");
    }
    assert!(house.run(&["list", "--state", "published"]).out.contains("Bread"));

    // The same file once more is refused, and goes when it is meant (C7).
    let again = house.refused(&["post", &video, "--to", "youtube", "--title", "Bread"], 1, "already_there");
    assert_eq!(again["fix"]["do"], "choose_file");
    house.json(&["post", &video, "--to", "youtube", "--title", "Bread", "--again", "--at", "+2h"]);
    assert_eq!(house.json(&["cancel", "2"])["state"], "cancelled");

    let gone = house.json(&["disconnect", "youtube"]);
    assert_eq!(gone["revoked"], true, "{gone}");
    assert_eq!(gone["access"], json!({"outcome": "revoked", "ended": []}), "{gone}");
    // Until its day it is listed, and its data can be deleted before.
    let listed = house.run(&["accounts"]);
    assert!(listed.out.contains("disconnected; its data is deleted"), "{listed:?}");
    house.refused(&["accounts", "purge", "nobody"], 1, "account_unknown");
    let purged = house.json(&["accounts", "purge", "youtube"]);
    assert_eq!((&purged["removed"], &purged["kept"]), (&json!(0), &json!(2)), "{purged}");
    assert!(!house.run(&["accounts"]).out.contains("disconnected"));
    assert!(!house.run(&["list"]).out.contains("Bread"));
    house.refused(&["post", &video, "--to", "youtube", "--title", "Bread"], 1, "account_unknown");
}

#[test]
fn what_a_post_may_not_be() {
    let (house, _sandbox) = practise();
    house.connect();
    let video = house.video("v.mp4", 2);
    let text = house.folder.path().join("notes.txt");
    std::fs::write(&text, "not a video").unwrap();
    let text = text.to_str().unwrap();
    let empty = house.folder.path().join("empty.mp4");
    std::fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    let long = "x".repeat(101);
    for (args, exit, code) in [
        (&["no.mp4", "--title", "T"][..], 1, "file_missing"),
        (&[empty, "--title", "T"], 1, "file_empty"),
        (&[text, "--title", "T"], 1, "file_not_video"),
        (&[&video], 1, "text_missing"),
        (&[&video, "--title", &long], 1, "text_too_long"),
        (&[&video, "--title", "T", "--at", "tomorrow"], 1, "time_invalid"),
        (&[&video, "--title", "T", "--at", "2020-01-01T00:00"], 1, "time_past"),
        (&[&video, "--title", "T", "--at", "2030-01-01T00:00[Mars/Base]"], 1, "zone_unknown"),
        (&[&video, "--title", "T", "-o", "colour=red"], 1, "option_unknown"),
        (&[&video, "--title", "T", "-o", "nowhere.privacy=x"], 1, "platform_unknown"),
        (&[&video, "--title", "T", "-o", "privacy=friends"], 1, "option_invalid"),
        (
            &[&video, "--title", "T", "-o", "privacy=public", "-o", "youtube.privacy=private"],
            1,
            "option_invalid",
        ),
        (&[&video, "--title", "T", "-o", "privacy"], 2, "bad_request"),
        (&[&video, "--title", "T", "--caption-file", "no.txt"], 1, "file_missing"),
    ] {
        for command in ["post", "check"] {
            let args = [&[command], args, &["--to", "youtube"]].concat();
            if command == "check" && ["text_missing", "text_too_long"].contains(&code) {
                // What `check` finds is its answer; the exit code says it too.
                let ran = Ran::new(&args, house.command(&args).arg("--json").output().unwrap());
                assert_eq!((ran.code, &ran.last_json()["ok"]), (exit, &json!(false)), "{ran:?}");
            } else {
                house.refused(&args, exit, code);
            }
        }
    }
    assert_eq!(house.json(&["list"]), json!([]), "nothing of it was kept");
}

#[test]
fn a_draft_waits_and_can_be_changed() {
    let (house, _sandbox) = practise();
    house.connect();
    let video = house.video("v.mp4", 3);
    let ran = house.run(&["post", &video, "--to", "youtube", "--title", "Draft", "--draft"]);
    assert!(ran.code == 0 && ran.out.contains("Kept as a draft"), "{ran:?}");
    let edited = house.json(&["edit", "1", "--title", "Better", "--at", "+3h", "-o", "youtube.category=10"]);
    assert_eq!(edited[0]["title"], "Better");
    house.refused(&["edit", "1", "-o", "vimeo.x=1"], 1, "option_unknown");
    assert_eq!(house.json(&["schedule", "1"])["state"], "due");
    assert_eq!(house.json(&["pause", "1"])["paused"], true);
    assert_eq!(house.json(&["resume", "1"])["paused"], false);
    house.refused(&["decide", "1", "--again"], 4, "not_now");
    let ran = house.run(&["post", &house.video("w.mp4", 4), "--to", "youtube", "--title", "Soon"]);
    assert!(ran.out.contains("Queued. No Slipway is running; `slipway run` sends it."), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn one_runs_the_queue_and_ends_when_asked() {
    let (house, sandbox) = practise();
    house.connect();
    let mut running = Running::start(house.command(&["run", "--json"]));
    running.until(|line| line["what"] == "running");
    house.refused(&["run"], 4, "already_running");
    house.refused(&["restore", "--empty"], 4, "already_running");
    let added = house.json(&["post", &house.video("v.mp4", 5), "--to", "youtube", "--title", "Now"]);
    assert_eq!(added["running"], true);
    let published = running.until(|line| line["view"]["state"] == "published");
    assert_eq!(published["view"]["title"], "Now");
    assert_eq!(running.terminate(), 0);
    assert_eq!(sandbox.terminate(), 0);
}

#[test]
fn a_person_who_says_no_or_never_comes() {
    let (house, _sandbox) = practise();
    let ran = house.run(&["connect", "youtube", "--no-browser", "--timeout", "1", "--json"]);
    assert_eq!(
        (ran.code, ran.last_json()["error"]["code"].as_str()),
        (3, Some("sign_in_timeout")),
        "{ran:?}"
    );
    assert_eq!(house.json(&["accounts"]), json!([]));
}

#[test]
fn the_demo_posts_to_all_platforms_at_once() {
    let house = House::new();
    let video = house.video("v.mp4", 6);
    let asked = ["demo", "--platform", "all", "--json", video.as_str()];
    let ran = Ran::new(&["demo", "--platform", "all"], slipway(&asked).output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.last_json();
    let posts = report["posts"].as_array().unwrap();
    assert_eq!(posts.len(), slipway_platforms::all().len(), "{report}");
    for post in posts {
        assert!(post["link"].as_str().is_some_and(|link| link.starts_with("https://")), "{post}");
        let late = post["difference_ms"].as_i64().unwrap();
        assert!(late >= 0, "never before the minute: {post}");
        // What the audience sees, by the platform's own books.
        assert!(post["words"].as_str().is_some_and(|words| !words.is_empty()), "{post}");
        assert!(post["audience"].as_str().is_some_and(|audience| !audience.is_empty()), "{post}");
        let page = format!("{}/watch?v=", report["page"].as_str().unwrap());
        assert!(post["seen_at"].as_str().is_some_and(|at| at.starts_with(&page)), "{post}");
        // Only TikTok takes nothing ahead, and that is said.
        assert_eq!(post["note"].is_string(), post["platform"] == "TikTok" && late >= 1000, "{post}");
    }
    assert_eq!(report["copies"], json!([]), "{report}");
}

#[test]
fn the_demo_shows_one_post_at_its_minute() {
    let house = House::new();
    let video = house.video("v.mp4", 6);
    let ran = Ran::new(&["demo"], slipway(&["demo", "--json", &video]).output().unwrap());
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.last_json();
    assert!(report["posts"][0]["link"].as_str().is_some_and(|link| link.starts_with("https://")), "{report}");
    assert_eq!((&report["copies"], &report["kept"]), (&json!([]), &Value::Null), "{report}");
    assert_eq!(report["made_by"], "yours");
    assert!(report["bytes"].as_u64().is_some_and(|bytes| bytes > 60_000));
    // By the platform's own books, which know no haste.
    assert!(report["posts"][0]["difference_ms"].as_i64().is_some_and(|ms| ms >= 0), "{report}");
}
