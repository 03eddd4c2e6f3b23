//! The file on disk, from before the upload to after it: the same one twice, changed under way, renamed, gone and back, refused by the
//! platform's own processing; and one post to many channels, once each (C1, C7).

use anyhow::ensure;
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault, Outcome};
use slipway_stories::{Person, Quick, Running, Town, call, post, refused, until, wait_for};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);
const ENDS: [&str; 3] = ["published", "stuck", "cancelled"];

async fn show(engine: &Engine, id: i64) -> anyhow::Result<Value> {
    call(engine, "posts.show", json!({"id": id})).await
}

// ---------------------------------------------------------------------------------------------------------------- twice

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_file_twice_is_refused_unless_asked_for_c7() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let path = town.video("case.mp4", 80_000, 1)?;
    let first = post(&engine, &path, "Once", json!({})).await?;
    let copy = town.home.path().join("another name.mp4");
    std::fs::copy(&path, &copy)?;
    let again = |path: &Path, again: bool| json!({"path": path, "to": ["youtube"], "words": {"title": "Twice"}, "again": again});
    // On its way, then public: by content, whatever it is called.
    for state in ["is already on its way", "is already on"] {
        for path in [&path, &copy] {
            let problem = refused(&engine, "posts.add", again(path, false)).await?;
            ensure!(problem["code"] == "already_there", "{problem:#}");
            ensure!(problem["message"].as_str().is_some_and(|text| text.contains(state)), "{problem:#}");
        }
        let running = Running::start(&engine);
        let shown = wait_for(&engine, first, &ENDS, PATIENCE).await?;
        running.stop().await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    let problem = refused(&engine, "posts.add", again(&path, false)).await?;
    ensure!(
        problem["message"].as_str().is_some_and(|text| text.contains(&town.videos()[0].url)),
        "{problem:#}"
    );
    ensure!(town.videos().len() == 1 && call(&engine, "posts.list", json!({})).await?[0]["id"] == first);
    // One byte more is another video.
    std::fs::OpenOptions::new().append(true).open(&copy)?.write_all(&[0; 9])?;
    let checked = call(&engine, "posts.check", again(&copy, false)).await?;
    ensure!(checked["ok"] == true, "{checked:#}");
    // Said aloud, it goes out again.
    let second = call(&engine, "posts.add", again(&path, true)).await?["deliveries"][0]["id"].as_i64();
    let running = Running::start(&engine);
    wait_for(&engine, second.unwrap_or_default(), &["published"], PATIENCE).await?;
    running.stop().await?;
    ensure!(town.videos().len() == 2);
    // On another channel it is new.
    let jonas = Person::who(1).connect(&engine, "youtube").await?;
    let elsewhere = json!({"path": path, "to": [jonas.to_string()], "words": {"title": "There"}});
    ensure!(call(&engine, "posts.check", elsewhere).await?["ok"] == true);
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_post_and_one_channel_is_one_row_c1() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let path = town.video("case.mp4", 80_000, 1)?;
    // The same channel by three of its names.
    let wish = json!({"to": ["youtube", "@mirabakes", "1"]});
    let id = post(&engine, &path, "Once", wish).await?;
    let rows = call(&engine, "posts.list", json!({})).await?;
    ensure!(rows.as_array().is_some_and(|rows| rows.len() == 1), "{rows:#}");
    let copy = "INSERT INTO delivery (post_id, account_id, state, goes_out, created_at) \
        SELECT post_id, account_id, 'due', goes_out, created_at FROM delivery WHERE id = ?1";
    let doubled = town.database()?.execute(copy, [id]);
    ensure!(doubled.is_err_and(|error| error.to_string().contains("UNIQUE")), "a second row was taken");
    Ok(())
}

/// Ten posts at once to two channels, written while the queue runs: twenty videos, each with its own bytes, each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_posts_to_two_channels_are_twenty_videos_c1() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    Person::who(1).connect(&engine, "youtube").await?;
    let running = Running::start(&engine);
    let mut adding = Vec::new();
    for n in 0..10u64 {
        let path = town.video(&format!("{n}.mp4"), 120_000 + n * 10_000, n)?;
        let engine = engine.clone();
        adding.push(tokio::spawn(async move {
            let given = json!({"path": path, "to": ["1", "2"], "words": {"title": format!("Number {n}")}});
            let added = call(&engine, "posts.add", given).await?;
            let ids: Vec<i64> = added["deliveries"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|row| row["id"].as_i64())
                .collect();
            anyhow::Ok((path, ids))
        }));
    }
    let mut wanted = Vec::new();
    for one in adding {
        let (path, ids) = one.await??;
        ensure!(ids.len() == 2, "{ids:?}");
        for id in ids {
            let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
            ensure!(shown["state"] == "published", "{shown:#}");
            wanted.push((
                shown["remote"]["url"].to_string(),
                blake3::hash(&std::fs::read(&path)?).to_hex().to_string(),
            ));
        }
    }
    town.quiet().await?;
    running.stop().await?;
    let mut found: Vec<(String, String)> = town
        .videos()
        .into_iter()
        .map(|video| (json!(video.url).to_string(), video.blake3.unwrap_or_default()))
        .collect();
    wanted.sort();
    found.sort();
    ensure!(wanted == found, "{wanted:#?}\n{found:#?}");
    ensure!(town.sandbox.state().sessions.len() == 20);
    town.nothing_odd()
}

// ---------------------------------------------------------------------------------------------------------------- under way

/// A big file, a slow platform, and bytes that move.
async fn half_way() -> anyhow::Result<(Town, Engine, std::path::PathBuf, i64, Running)> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    // More than the sockets between us and the platform hold, so that the end is not read yet.
    let path = town.video("case.mp4", 40_000_000, 1)?;
    town.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(12_000_000)));
    let id = post(&engine, &path, "Under way", json!({})).await?;
    let running = Running::start(&engine);
    until("bytes are moving", PATIENCE, || {
        let sessions = town.sandbox.state().sessions;
        sessions.first().is_some_and(|session| session.received_total > 1_000_000).then_some(())
    })
    .await?;
    Ok((town, engine, path, id, running))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_changed_under_way_makes_no_video() -> anyhow::Result<()> {
    #[allow(clippy::type_complexity)]
    let changes: [(&str, fn(&Path) -> std::io::Result<()>); 3] = [
        ("longer", |path| std::fs::OpenOptions::new().append(true).open(path)?.write_all(b"more")),
        ("shorter", |path| std::fs::OpenOptions::new().write(true).open(path)?.set_len(39_000_000)),
        ("other bytes", |path| {
            let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
            file.seek(SeekFrom::Start(39_500_000))?;
            file.write_all(b"other")
        }),
    ];
    for (how, change) in changes {
        let (town, engine, path, id, running) = half_way().await?;
        change(&path)?;
        let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
        ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "file_changed", "{how}: {shown:#}");
        town.quiet().await?;
        ensure!(town.videos().is_empty(), "{how}: half of one and half of another");
        // Tried again as it is, it is refused again.
        call(&engine, "posts.retry", json!({"id": id})).await?;
        let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
        ensure!(shown["problem"]["code"] == "file_changed", "{how}: {shown:#}");
        running.stop().await?;
        ensure!(town.videos().is_empty(), "{how}");
    }
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_renamed_under_way_is_sent_to_its_end() -> anyhow::Result<()> {
    let (town, engine, path, id, running) = half_way().await?;
    let elsewhere = town.home.path().join("renamed.mp4");
    std::fs::rename(&path, &elsewhere)?;
    let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    running.stop().await?;
    let disk = blake3::hash(&std::fs::read(&elsewhere)?).to_hex();
    ensure!(town.videos().len() == 1 && town.videos()[0].blake3.as_deref() == Some(disk.as_str()), "bytes");
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_gone_before_its_turn_sticks_and_goes_on_when_it_is_back() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let path = town.video("case.mp4", 80_000, 1)?;
    let id = post(&engine, &path, "Gone and back", json!({})).await?;
    let aside = town.home.path().join("aside.mp4");
    std::fs::rename(&path, &aside)?;
    town.sandbox.clear_calls();
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "file_missing", "{shown:#}");
    town.quiet().await?;
    ensure!(town.sandbox.calls().is_empty(), "the platform was bothered: {:#?}", town.sandbox.calls());
    // Another file in its place is not it.
    town.video("case.mp4", 80_000, 2)?;
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
    ensure!(shown["problem"]["code"] == "file_changed", "{shown:#}");
    ensure!(town.sandbox.calls().is_empty());
    // The very file, as a copy from a backup.
    std::fs::remove_file(&path)?;
    std::fs::copy(&aside, &path)?;
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    town.quiet().await?;
    running.stop().await?;
    let disk = blake3::hash(&std::fs::read(&aside)?).to_hex();
    ensure!(town.videos().len() == 1 && town.videos()[0].blake3.as_deref() == Some(disk.as_str()), "bytes");
    town.nothing_odd()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_file_is_chosen_again_at_its_new_place_or_another_in_its_stead() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let (moved, spoilt) = (town.video("moved.mp4", 80_000, 1)?, town.video("spoilt.mp4", 80_000, 2)?);
    let first = post(&engine, &moved, "Moved", json!({})).await?;
    let second = post(&engine, &spoilt, "Spoilt", json!({})).await?;
    let aside = town.home.path().join("elsewhere.mp4");
    std::fs::rename(&moved, &aside)?;
    std::fs::remove_file(&spoilt)?;
    let running = Running::start(&engine);
    for id in [first, second] {
        let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
        ensure!(shown["problem"]["fix"]["do"] == "choose_file", "{shown:#}");
    }
    // What is no video, or what this channel has already, is refused, and the post waits on.
    let text = town.home.path().join("notes.mp4");
    std::fs::write(&text, "no video")?;
    let problem = refused(&engine, "posts.refile", json!({"id": second, "path": text})).await?;
    ensure!(problem["code"] == "file_not_video", "{problem:#}");
    call(&engine, "posts.refile", json!({"id": first, "path": aside})).await?;
    let shown = wait_for(&engine, first, &ENDS, PATIENCE).await?;
    ensure!(shown["state"] == "published" && shown["file"] == "elsewhere.mp4", "{shown:#}");
    let problem = refused(&engine, "posts.refile", json!({"id": second, "path": aside})).await?;
    ensure!(problem["code"] == "already_there", "{problem:#}");
    ensure!(show(&engine, second).await?["state"] == "stuck");
    let instead = town.video("instead.mp4", 90_000, 3)?;
    call(&engine, "posts.refile", json!({"id": second, "path": instead})).await?;
    let shown = wait_for(&engine, second, &ENDS, PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    town.quiet().await?;
    running.stop().await?;
    // What is public keeps the file it was made of.
    let later = town.video("later.mp4", 70_000, 4)?;
    let problem = refused(&engine, "posts.refile", json!({"id": second, "path": later})).await?;
    ensure!(problem["code"] == "not_now", "{problem:#}");
    let disk = |path: &Path| anyhow::Ok(blake3::hash(&std::fs::read(path)?).to_hex().to_string());
    let mut there: Vec<_> = town.videos().into_iter().filter_map(|video| video.blake3).collect();
    let mut wanted = vec![disk(&aside)?, disk(&instead)?];
    there.sort();
    wanted.sort();
    ensure!(there == wanted, "{there:?} {wanted:?}");
    town.nothing_odd()
}

// ---------------------------------------------------------------------------------------------------------------- afterwards

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_the_platform_cannot_use_is_told_before_its_minute() -> anyhow::Result<()> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| {
        settings.processing_outcome = Outcome::Failed;
        settings.processing_ms = 60_000;
    });
    let quick = Quick::new(&town, 20);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let path = town.video("case.mp4", 80_000, 1)?;
    let id = post(&engine, &path, "Spoilt", json!({"at": "+3h"})).await?;
    let running = Running::start(&engine);
    quick.run();
    wait_for(&engine, id, &["handed_over"], PATIENCE).await?;
    let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "processing_failed", "{shown:#}");
    let due: jiff::Timestamp = shown["due"].as_str().unwrap_or_default().parse()?;
    ensure!(quick.now() < due, "told only after its minute");
    town.quiet().await?;
    // Asked again, it says the same, and never sends a second one.
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
    ensure!(shown["problem"]["code"] == "processing_failed", "{shown:#}");
    running.stop().await?;
    ensure!(town.videos().len() == 1 && show(&engine, id).await?["remote"]["id"] == town.videos()[0].id);
    town.nothing_odd()
}

/// Somebody, or a rule of the platform, makes it private: what was asked for and what is differ, and that is told (C32).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_privacy_than_asked_for_is_told_c32() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 20);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let path = town.video("case.mp4", 80_000, 1)?;
    // The read-back is held up while the video is locked at the platform.
    town.sandbox.plan(Fault::next("videos.list", Deed::StallMs(700)));
    let id = post(&engine, &path, "Locked", json!({})).await?;
    let running = Running::start(&engine);
    until("the read-back has begun", PATIENCE, || {
        town.sandbox.plans().iter().all(|plan| plan.done).then_some(())
    })
    .await?;
    let video = town.videos()[0].id.clone();
    let secrets = town.sandbox.state().secrets;
    let token = secrets.iter().rfind(|secret| secret.starts_with("ya29")).cloned().unwrap_or_default();
    let host = &town.sandbox.announcement().hosts["www.googleapis.com"];
    slipway_stories::person::browser()?
        .put(format!("{host}/youtube/v3/videos?part=status"))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(json!({"id": video, "status": {"privacyStatus": "private"}}).to_string())
        .send()
        .await?
        .error_for_status()?;
    quick.run();
    let shown = wait_for(&engine, id, &ENDS, PATIENCE).await?;
    ensure!(shown["state"] == "published" && shown["privacy"] == "private", "{shown:#}");
    ensure!(
        shown["problem"]["code"] == "privacy_differs" && shown["problem"]["weight"] == "warn",
        "{shown:#}"
    );
    town.quiet().await?;
    running.stop().await?;
    ensure!(town.videos().len() == 1);
    town.nothing_odd()
}
