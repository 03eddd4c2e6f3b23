//! Commands the window leans on beside posts: drafts of the composer, files and their pictures, free slots, history, health, apps.

use anyhow::{Context, ensure};
use base64::Engine as _;
use serde_json::{Value, json};
use slipway_stories::{Nobody, Quick, Running, Town, call, post, refused, run_until, wait_for};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

/// Saved after every change, kept over a restart, taken away by the post it becomes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_outlives_the_program_and_becomes_a_post_once() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let path = town.video("draft.mp4", 60_000, 1)?;
    let engine = town.at_home("youtube").await?;
    let draft = json!({"path": path, "to": [1], "words": {"title": "Half", "caption": ""}, "at": "+3h",
        "options": {"youtube": {"privacy": "unlisted"}}});
    let kept = call(&engine, "composing.save", draft.clone()).await?;
    let id = kept["id"].clone();
    let mut changed = draft;
    changed["id"] = id.clone();
    changed["words"]["title"] = json!("Whole");
    call(&engine, "composing.save", changed).await?;
    drop(engine);
    let engine = town.engine()?;
    let list = call(&engine, "composing.list", json!({})).await?;
    ensure!(list.as_array().is_some_and(|all| all.len() == 1), "{list:#}");
    ensure!(list[0]["words"]["title"] == "Whole" && list[0]["file"] == "draft.mp4", "{list:#}");
    ensure!(list[0]["due"].is_string() && list[0]["options"]["youtube"]["privacy"] == "unlisted", "{list:#}");
    let given =
        json!({"path": path, "to": ["youtube"], "words": {"title": "Whole", "caption": ""}, "composing": id});
    call(&engine, "posts.add", given).await?;
    ensure!(call(&engine, "composing.list", json!({})).await? == json!([]), "the draft is still there");
    ensure!(
        refused(&engine, "composing.save", json!({"id": id, "words": {"title": "", "caption": ""}})).await?["code"]
            == "not_found"
    );
    let long = json!({"words": {"title": "", "caption": "x".repeat(200_000)}});
    ensure!(refused(&engine, "composing.save", long).await?["code"] == "bad_request");
    Ok(())
}

fn picture() -> String {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.extend([7; 900]);
    bytes.extend([0xff, 0xd9]);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Pictures go with their media: a file nobody posted is forgotten after a week, one that is used or being written about stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_go_with_the_media_they_show() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 20);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let mut kept = Vec::new();
    for (name, seed) in [("posted.mp4", 1), ("written.mp4", 2), ("looked.mp4", 3)] {
        let path = town.video(name, 60_000, seed)?;
        let media = call(&engine, "media.look", json!({"path": path})).await?["media"].clone();
        call(&engine, "media.keep_poster", json!({"media": media, "jpeg_base64": picture()})).await?;
        match seed {
            1 => drop(post(&engine, &path, "Posted", json!({"at": "+720h"})).await?),
            2 => drop(
                call(&engine, "composing.save", json!({"path": path, "words": {"title": "", "caption": ""}}))
                    .await?,
            ),
            _ => {}
        }
        kept.push(media);
    }
    let bad = json!({"media": kept[0], "jpeg_base64": "bm8gcGljdHVyZQ=="});
    ensure!(refused(&engine, "media.keep_poster", bad).await?["code"] == "bad_request");
    let there = async |media: &Value| -> bool {
        let told = slipway_core::api::call(&engine, &Nobody, "media.poster", json!({"media": media})).await;
        told.is_ok_and(|told| told["path"].as_str().is_some_and(|path| std::path::Path::new(path).is_file()))
    };
    for media in &kept {
        ensure!(there(media).await, "{media} has no picture");
    }
    // Old enough to be no half-written one, whatever this computer's clock says.
    let old = std::time::UNIX_EPOCH + Duration::from_secs(20 * 365 * 86_400);
    let folder = town.folder().join("posters");
    for entry in std::fs::read_dir(&folder)? {
        std::fs::File::options().write(true).open(entry?.path())?.set_modified(old)?;
    }
    for (days, left) in [(0, 3), (8, 2)] {
        quick.pass(Duration::from_secs(days * 86_400));
        let began = std::time::Instant::now();
        loop {
            let running = Running::start(&engine);
            tokio::time::sleep(Duration::from_millis(600)).await;
            running.stop().await?;
            let files = std::fs::read_dir(&folder)?.count();
            if files == left {
                break;
            }
            ensure!(files > left && began.elapsed() < PATIENCE, "after {days} days {files} pictures");
        }
    }
    ensure!(there(&kept[0]).await && there(&kept[1]).await && !there(&kept[2]).await);
    Ok(())
}

/// Free slots leave out what is taken; the history tells what was done, and finds it by words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_are_taken_are_not_free_and_the_history_is_found_by_words() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 20);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let slots: Vec<Value> = days.iter().map(|day| json!({"weekday": day, "time": "09:30:00"})).collect();
    call(&engine, "accounts.rules", json!({"id": 1, "missed": {"rule": "ask"}, "slots": slots})).await?;
    let now = quick.now();
    let week = json!({"from": now, "to": now + jiff::SignedDuration::from_hours(7 * 24)});
    let free = call(&engine, "slots.free", week.clone()).await?;
    let free = free.as_array().context("no slots")?;
    ensure!(free.len() == 7, "{free:#?}");
    let taken = &free[2];
    let at = json!({"at": taken["at"]});
    let id = post(&engine, &town.video("slot.mp4", 60_000, 1)?, "In its slot", at).await?;
    let after = call(&engine, "slots.free", week).await?;
    let after = after.as_array().context("no slots")?;
    ensure!(after.len() == 6 && !after.contains(taken), "{after:#?}");
    let year = json!({"from": now, "to": now + jiff::SignedDuration::from_hours(366 * 24)});
    ensure!(refused(&engine, "slots.free", year).await?["code"] == "bad_request");

    quick.run();
    let sent = post(&engine, &town.video("now.mp4", 60_000, 2)?, "Sent at once", json!({})).await?;
    run_until(&engine, sent, &["published"], PATIENCE).await?;
    let running = Running::start(&engine);
    wait_for(&engine, id, &["handed_over"], PATIENCE).await?;
    running.stop().await?;
    let all = call(&engine, "activity.list", json!({})).await?;
    let all = all.as_array().context("no history")?;
    let found = call(&engine, "activity.list", json!({"query": "sent AT once"})).await?;
    let found = found.as_array().context("no history")?;
    ensure!(!found.is_empty() && found.len() < all.len(), "{} of {}", found.len(), all.len());
    ensure!(found.iter().all(|line| line["title"] == "Sent at once"), "{found:#?}");
    let page = call(&engine, "activity.list", json!({"limit": 2})).await?;
    let older = call(&engine, "activity.list", json!({"limit": 2, "before": page[1]["id"]})).await?;
    ensure!(page.as_array() == all.get(..2).map(<[Value]>::to_vec).as_ref(), "{page:#}");
    ensure!(older.as_array() == all.get(2..4).map(<[Value]>::to_vec).as_ref(), "{older:#}");
    ensure!(call(&engine, "activity.list", json!({"query": "nothing like it"})).await? == json!([]));
    Ok(())
}

/// A channel's health is asked at the platform; an app whose secret is wrong fails its test with a reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_the_apps_test_ask_the_platform() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    town.sandbox.clear_calls();
    let told = call(&engine, "accounts.health", json!({"id": 1})).await?;
    ensure!(told["state"] == "ok" && !town.sandbox.calls().is_empty(), "{told:#}");
    let apps = call(&engine, "apps.list", json!({})).await?;
    let tested = call(&engine, "apps.test", json!({"id": apps[0]["id"]})).await?;
    ensure!(tested["ok"] == true, "{tested:#}");
    let id = apps[0]["client_id"].clone();
    call(
        &engine,
        "apps.add",
        json!({"platform": "youtube", "client_id": id, "client_secret": "not-the-secret"}),
    )
    .await?;
    let apps = call(&engine, "apps.list", json!({})).await?;
    let tested = call(&engine, "apps.test", json!({"id": apps[0]["id"]})).await?;
    ensure!(tested["ok"] == false && tested["problem"]["code"] == "app_refused", "{tested:#}");
    // A sign-in that was taken back is seen.
    town.sandbox.expire(true, true);
    let told = call(&engine, "accounts.health", json!({"id": 1})).await?;
    ensure!(told["state"] == "sign_in", "{told:#}");
    Ok(())
}

/// An app that is added again is changed only in what is named: a sandbox announces its apps at every start, and knows nothing of the
/// address that somebody has registered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn app_added_again_keeps_what_is_not_named() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.engine()?;
    let app = town.sandbox.announcement().apps["facebook"].clone();
    let add = async |more: Value| {
        let mut given = json!({"platform": "facebook", "client_id": app.client_id});
        for (key, value) in more.as_object().into_iter().flatten() {
            given[key] = value.clone();
        }
        call(&engine, "apps.add", given).await
    };
    let address = "http://localhost:47500/";
    let first = json!({"client_secret": app.client_secret, "redirect": address, "config": "778", "flags": {"portfolio": false}});
    let first = add(first).await?;
    let again = add(json!({"client_secret": app.client_secret, "flags": app.flags, "way": ""})).await?;
    ensure!(again["id"] == first["id"] && again["redirect"] == address, "{again:#}");
    ensure!(again["config"] == "778" && again["flags"]["portfolio"] == false, "{again:#}");
    // A single flag, without the secret, which is kept; and what is named as empty goes.
    let flagged = add(json!({"flags": {"live": true}})).await?;
    ensure!(flagged["flags"] == json!({"live": true, "portfolio": false}), "{flagged:#}");
    let bare = add(json!({"redirect": "", "config": ""})).await?;
    ensure!(bare["redirect"].is_null() && bare["config"].is_null(), "{bare:#}");
    let tested = call(&engine, "apps.test", json!({"id": first["id"]})).await?;
    ensure!(tested["ok"] == true, "the secret is there still: {tested:#}");
    Ok(())
}
