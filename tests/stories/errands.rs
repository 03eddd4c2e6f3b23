//! What happens beside an upload: thumbnail, playlist and captions, edits and cancels of what the platform already holds. Every call
//! of each is hurt in every way, and still there is one of everything, or nothing (C8, C9, C38).

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault, VideoView};
use slipway_stories::rounds::{Blow, every_call_every_pain};
use slipway_stories::{Person, Quick, Running, Town, call, post, refused, until, wait_for, wait_shown};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);
/// How much faster than outside time runs.
const FAST: u32 = 40;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture, but nobody looks";
const CAPTIONS: &[u8] = b"1\n00:00:00,000 --> 00:00:02,000\nBread, slowly.\n";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Now,
    HandedOver,
    Staged,
}

impl Way {
    fn wishes(self, at: &str) -> Value {
        match self {
            Way::Now => json!({"options": {"youtube": {}}}),
            Way::HandedOver => json!({"at": at, "options": {"youtube": {}}}),
            Way::Staged => json!({"at": at, "options": {"youtube": {"privacy": "unlisted"}}}),
        }
    }

    /// Where it rests while its minute is ahead.
    fn rest(self) -> &'static str {
        match self {
            Way::Now => "published",
            Way::HandedOver => "handed_over",
            Way::Staged => "ready",
        }
    }

    fn privacy(self) -> &'static str {
        if self == Way::Staged { "unlisted" } else { "public" }
    }
}

/// A town, its time, an engine with a channel, and a running queue that may die and come back.
struct Scene {
    town: Town,
    quick: Quick,
    engine: Engine,
    running: Option<Running>,
}

impl Scene {
    async fn set() -> anyhow::Result<Scene> {
        let town = Town::new().await?;
        // Each story takes the same calls every time: nothing is looked at twice because it was not ready.
        town.sandbox.settings(|settings| settings.processing_ms = 0);
        let quick = Quick::new(&town, FAST);
        let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
        Ok(Scene { town, quick, engine, running: None })
    }

    /// So many minutes ahead, on a full second: the platform reckons in those.
    fn ahead(&self, minutes: i64) -> String {
        let second = self.quick.now().as_second() + 60 * minutes;
        jiff::Timestamp::from_second(second).unwrap_or_default().to_string()
    }

    fn run(&mut self) {
        self.quick.run();
        self.running = Some(Running::start(&self.engine));
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        match self.running.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }

    /// If this round kills: dies at the hurt call, and is started again.
    async fn live_through(&mut self, blow: Option<Blow>) -> anyhow::Result<()> {
        if Blow::kills(blow) {
            Blow::struck(&self.town).await?;
            if let Some(running) = self.running.take() {
                running.crash().await;
            }
            self.engine = self.town.engine_with(self.quick.clock.clone())?;
            self.run();
        }
        Ok(())
    }

    /// One video, and the bytes that are on disk.
    fn only_video(&self, path: &PathBuf) -> anyhow::Result<VideoView> {
        let videos = self.town.videos();
        let [video] = videos.as_slice() else { anyhow::bail!("{} videos", videos.len()) };
        let disk = blake3::hash(&std::fs::read(path)?).to_hex();
        ensure!(video.blake3.as_deref() == Some(disk.as_str()), "other bytes arrived");
        Ok(video.clone())
    }

    /// Nothing more happens, and nothing strange did.
    async fn the_end(&mut self) -> anyhow::Result<()> {
        self.town.quiet().await?;
        self.stop().await?;
        self.town.nothing_odd()
    }

    /// Brings a post to where it rests until its minute, an hour ahead, with nothing left to do until then.
    async fn rests(&mut self, way: Way, path: &Path) -> anyhow::Result<i64> {
        let id = post(&self.engine, path, "The first title", way.wishes(&self.ahead(60))).await?;
        self.run();
        wait_shown(&self.engine, id, "rests until its minute", PATIENCE, |shown| {
            shown["state"] == way.rest() && shown["next"]["at"] == shown["due"]
        })
        .await?;
        Ok(id)
    }
}

fn states<'a>(shown: &'a Value, step: &str) -> Vec<&'a str> {
    let extras = shown["extras"].as_array().map(Vec::as_slice).unwrap_or_default();
    extras.iter().filter(|row| row["step"] == step).filter_map(|row| row["state"].as_str()).collect()
}

fn all_done(shown: &Value) -> bool {
    let extras = shown["extras"].as_array().map(Vec::as_slice).unwrap_or_default();
    !extras.is_empty() && extras.iter().all(|row| row["state"] == "done")
}

// ---------------------------------------------------------------------------------------------------------------- extras

async fn extras(way: Way, blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 400_000, 3)?;
    let (thumbnail, captions) = (scene.town.file("cover.png", PNG)?, scene.town.file("words.srt", CAPTIONS)?);
    let playlist = scene.town.playlist("Bread").await?;
    let mut wishes = way.wishes(&scene.ahead(2));
    let options = &mut wishes["options"]["youtube"];
    options["thumbnail"] = json!(thumbnail);
    options["captions"] = json!(captions);
    options["captions_language"] = json!("en");
    options["playlist"] = json!(playlist);
    Blow::plan(blow, &scene.town);
    let id = post(&scene.engine, &path, "All the trimmings", wishes).await?;
    scene.run();
    scene.live_through(blow).await?;
    let shown = wait_shown(&scene.engine, id, "published with its extras", PATIENCE, |shown| {
        shown["state"] == "published" && all_done(shown)
    })
    .await?;
    let calls = scene.town.sandbox.calls().len();
    scene.the_end().await?;
    let video = scene.only_video(&path)?;
    ensure!(video.privacy == way.privacy(), "it is {}", video.privacy);
    let image = video.thumbnail.context("no thumbnail")?;
    ensure!(image.blake3 == blake3::hash(PNG).to_hex().as_str(), "another thumbnail");
    ensure!(video.playlists.len() == 1, "{} times in the playlist", video.playlists.len());
    ensure!(video.captions.len() == 1, "{} tracks", video.captions.len());
    ensure!(video.captions[0].blake3 == blake3::hash(CAPTIONS).to_hex().as_str(), "other captions");
    for step in ["thumbnail", "playlist", "captions"] {
        ensure!(states(&shown, step) == ["done"], "{step}: {shown}");
    }
    Ok(calls)
}

// The calls before the extras are hurt in `conformance`; here it is enough to begin with the first of them.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn extras_of_a_post_now_are_there_once_c8() -> anyhow::Result<()> {
    every_call_every_pain("extras, now", 4, |blow| extras(Way::Now, blow)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn extras_of_a_post_handed_over_are_there_once_c8() -> anyhow::Result<()> {
    every_call_every_pain("extras, handed over", 4, |blow| extras(Way::HandedOver, blow)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn extras_of_a_staged_post_are_there_once_c8() -> anyhow::Result<()> {
    every_call_every_pain("extras, staged", 7, |blow| extras(Way::Staged, blow)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_thumbnail_sticks_itself_and_not_the_post_c9() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, FAST);
    let engine = town.engine_with(quick.clock.clone())?;
    town.add_app(&engine, "youtube").await?;
    // The channel's phone number is not verified.
    Person::who(1).connect(&engine, "youtube").await?;
    let path = town.video("case.mp4", 200_000, 4)?;
    let (thumbnail, playlist) = (town.file("cover.png", PNG)?, town.playlist("Rides").await?);
    let options = json!({"youtube": {"thumbnail": thumbnail, "playlist": playlist}});
    let id = post(&engine, &path, "Plain", json!({"options": options})).await?;
    quick.run();
    let running = Running::start(&engine);
    let shown = wait_shown(&engine, id, "the extra sticks", PATIENCE, |shown| {
        states(shown, "thumbnail") == ["stuck"] && states(shown, "playlist") == ["done"]
    })
    .await?;
    assert_eq!(shown["state"], "published", "{shown:#}");
    assert_eq!(shown["problem"], Value::Null, "{shown:#}");
    assert_eq!(shown["extras"][0]["problem"]["code"], "permission_missing", "{shown:#}");
    town.quiet().await?;
    // Asked for again by hand, it is tried again, alone.
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let tried = town.sandbox.calls().iter().filter(|call| call.api == "thumbnails.set").count();
    until("the thumbnail is tried again", PATIENCE, || {
        (town.sandbox.calls().iter().filter(|call| call.api == "thumbnails.set").count() > tried)
            .then_some(())
    })
    .await?;
    wait_shown(&engine, id, "it sticks again", PATIENCE, |shown| states(shown, "thumbnail") == ["stuck"])
        .await?;
    town.quiet().await?;
    running.stop().await?;
    assert_eq!((town.videos().len(), town.videos()[0].playlists.len()), (1, 1));
    assert_eq!(town.videos()[0].privacy, "public");
    town.nothing_odd()
}

// ---------------------------------------------------------------------------------------------------------------- edits

async fn edit(way: Way, blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 300_000, 5)?;
    let id = scene.rests(way, &path).await?;
    Blow::plan(blow, &scene.town);
    let wish = json!({"id": id, "title": "The second title", "caption": "told anew", "at": scene.ahead(90),
        "options": {"tags": ["bread", "slow"]}});
    call(&scene.engine, "posts.edit", wish).await?;
    scene.live_through(blow).await?;
    let shown = wait_shown(&scene.engine, id, "the edit is there", PATIENCE, |shown| {
        states(shown, "amend") == ["done"]
    })
    .await?;
    let calls = scene.town.sandbox.calls().len();
    scene.town.quiet().await?;
    ensure!(shown["state"] == way.rest(), "{shown}");
    let video = scene.only_video(&path)?;
    ensure!(video.title == "The second title" && video.description == "told anew", "{video:?}");
    ensure!(video.tags == ["bread", "slow"], "{:?}", video.tags);
    ensure!(video.privacy == "private", "it is {}", video.privacy);
    let due: jiff::Timestamp = shown["due"].as_str().unwrap_or_default().parse()?;
    if way == Way::HandedOver {
        let at: jiff::Timestamp = video.publish_at.context("no time at the platform")?.parse()?;
        ensure!(at == due, "another time at the platform: {at}, not {due}");
    }
    // The first minute passes, and nothing goes out; the second does it.
    scene.quick.pass(Duration::from_secs(65 * 60));
    scene.town.quiet().await?;
    ensure!(scene.town.videos()[0].privacy == "private", "public at its first minute");
    scene.quick.pass_to(due);
    let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown}");
    ensure!(states(&shown, "amend") == ["done"], "{shown}");
    scene.the_end().await?;
    let video = scene.only_video(&path)?;
    ensure!(video.privacy == way.privacy() && video.title == "The second title", "{video:?}");
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_edit_after_hand_over_reaches_the_platform_c38() -> anyhow::Result<()> {
    every_call_every_pain("edit, handed over", 1, |blow| edit(Way::HandedOver, blow)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_edit_of_what_is_staged_reaches_the_platform_c38() -> anyhow::Result<()> {
    every_call_every_pain("edit, staged", 1, |blow| edit(Way::Staged, blow)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_while_uploading_is_what_stands_there_in_the_end_c38() -> anyhow::Result<()> {
    for way in [Way::Now, Way::HandedOver, Way::Staged] {
        let mut scene = Scene::set().await?;
        let path = scene.town.video("case.mp4", 600_000, 6)?;
        scene.town.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(600_000)));
        let id = post(&scene.engine, &path, "The first title", way.wishes("+10m")).await?;
        scene.run();
        until("bytes are moving", PATIENCE, || {
            let sessions = scene.town.sandbox.state().sessions;
            sessions.first().is_some_and(|session| session.received_total > 0).then_some(())
        })
        .await?;
        call(&scene.engine, "posts.edit", json!({"id": id, "title": "The second title"})).await?;
        ensure!(scene.town.videos().is_empty(), "the edit came too late for this story");
        let shown = wait_shown(&scene.engine, id, "the edit is there", PATIENCE, |shown| {
            shown["state"] == way.rest() && states(shown, "amend") == ["done"]
        })
        .await?;
        ensure!(shown["title"] == "The second title", "{shown}");
        scene.the_end().await?;
        ensure!(scene.only_video(&path)?.title == "The second title", "{way:?}");
        ensure!(scene.town.sandbox.state().sessions.len() == 1, "begun anew for words");
    }
    Ok(())
}

/// The platform is being looked at when the edit comes: still it is brought over once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_during_a_look_is_brought_over_once_c38() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 13)?;
    let id = scene.rests(Way::HandedOver, &path).await?;
    scene.town.sandbox.clear_calls();
    scene.town.sandbox.plan(Fault::next("videos.list", Deed::StallMs(400)));
    call(&scene.engine, "posts.retry", json!({"id": id})).await?;
    Blow::struck(&scene.town).await?;
    // The edit's own writes are refused for a while, so that the look ends before it is done.
    for _ in 0..4 {
        scene.town.sandbox.plan(Fault::next("videos.update", 503));
    }
    call(&scene.engine, "posts.edit", json!({"id": id, "title": "The second title"})).await?;
    let shown = wait_shown(&scene.engine, id, "the edit is there", PATIENCE, all_done).await?;
    scene.town.quiet().await?;
    ensure!(states(&shown, "amend") == ["done"], "{shown:#}");
    let updates = scene.town.sandbox.calls().iter().filter(|call| call.api == "videos.update").count();
    ensure!(updates == 5, "{updates} updates, of which four were refused");
    ensure!(scene.only_video(&path)?.title == "The second title");
    scene.the_end().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_public_takes_new_words_and_no_new_time_c37() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 7)?;
    let id = post(&scene.engine, &path, "The first title", json!({})).await?;
    scene.run();
    wait_for(&scene.engine, id, &["published"], PATIENCE).await?;
    let problem = refused(&scene.engine, "posts.edit", json!({"id": id, "at": "+1h"})).await?;
    assert_eq!(problem["code"], "not_now");
    call(&scene.engine, "posts.edit", json!({"id": id, "title": "The second title"})).await?;
    wait_shown(&scene.engine, id, "the edit is there", PATIENCE, |shown| states(shown, "amend") == ["done"])
        .await?;
    scene.the_end().await?;
    let video = scene.only_video(&path)?;
    assert_eq!((video.title.as_str(), video.privacy.as_str()), ("The second title", "public"));
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- cancels

async fn cancel(way: Way, blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 300_000, 8)?;
    let id = scene.rests(way, &path).await?;
    Blow::plan(blow, &scene.town);
    call(&scene.engine, "posts.cancel", json!({"id": id})).await?;
    scene.live_through(blow).await?;
    let shown = wait_for(&scene.engine, id, &["cancelled", "stuck", "published"], PATIENCE).await?;
    let calls = scene.town.sandbox.calls().len();
    ensure!(shown["state"] == "cancelled", "{shown}");
    ensure!(scene.town.videos().is_empty(), "it is still there");
    // Its minute passes, and nothing comes of it.
    scene.quick.pass(Duration::from_secs(2 * 3600));
    scene.the_end().await?;
    ensure!(scene.town.videos().is_empty(), "it came back");
    let problem = refused(&scene.engine, "posts.retry", json!({"id": id})).await?;
    ensure!(problem["code"] == "not_now", "{problem}");
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_after_hand_over_leaves_nothing_there() -> anyhow::Result<()> {
    every_call_every_pain("cancel, handed over", 1, |blow| cancel(Way::HandedOver, blow)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_of_what_is_staged_leaves_nothing_there() -> anyhow::Result<()> {
    every_call_every_pain("cancel, staged", 1, |blow| cancel(Way::Staged, blow)).await
}

/// Cancelled while bytes move; each call of the cancel is hurt.
async fn cancel_mid_upload(way: Way, blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    // More than the sockets between here and there hold, so that the last byte is still here when it is cancelled.
    let path = scene.town.video("case.mp4", 24_000_000, 9)?;
    scene.town.sandbox.plan(Fault::next("videos.insert.put", Deed::SlowBytesPerS(1_000_000)));
    let id = post(&scene.engine, &path, "Not after all", way.wishes("+60m")).await?;
    scene.run();
    until("bytes are moving", PATIENCE, || {
        let sessions = scene.town.sandbox.state().sessions;
        sessions.first().is_some_and(|session| session.received_total > 0).then_some(())
    })
    .await?;
    Blow::plan(blow, &scene.town);
    call(&scene.engine, "posts.cancel", json!({"id": id})).await?;
    scene.live_through(blow).await?;
    let shown = wait_for(&scene.engine, id, &["cancelled", "stuck", "published"], PATIENCE).await?;
    let calls = scene.town.sandbox.calls().len();
    ensure!(shown["state"] == "cancelled", "{shown}");
    // At most: the hurt call, the session's end, a look at it, two at the channel, and after a new start a token and whose it is.
    ensure!(calls <= 8, "so many calls for one cancel: {calls}");
    scene.quick.pass(Duration::from_secs(2 * 3600));
    scene.the_end().await?;
    ensure!(scene.town.videos().is_empty(), "a video came of it");
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_mid_upload_makes_no_video() -> anyhow::Result<()> {
    every_call_every_pain("cancel mid-upload", 1, |blow| cancel_mid_upload(Way::HandedOver, blow)).await
}

/// The video is there and we do not know it: found and taken back, where the platform still lets us.
async fn cancel_in_doubt(blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 300_000, 10)?;
    scene.town.sandbox.plan(Fault::next("videos.insert.put", Deed::Lost));
    let id = post(&scene.engine, &path, "Not after all", Way::HandedOver.wishes("+60m")).await?;
    // Time stands still, so nothing is asked before the cancel.
    scene.running = Some(Running::start(&scene.engine));
    wait_for(&scene.engine, id, &["parked"], PATIENCE).await?;
    ensure!(scene.town.videos().len() == 1, "the platform has it");
    Blow::plan(blow, &scene.town);
    scene.quick.run();
    call(&scene.engine, "posts.cancel", json!({"id": id})).await?;
    scene.live_through(blow).await?;
    let shown = wait_for(&scene.engine, id, &["cancelled", "stuck", "published"], PATIENCE).await?;
    let calls = scene.town.sandbox.calls().len();
    ensure!(shown["state"] == "cancelled", "{shown}");
    scene.quick.pass(Duration::from_secs(2 * 3600));
    scene.the_end().await?;
    ensure!(scene.town.videos().is_empty(), "it was not found");
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancel_in_doubt_finds_the_video_and_deletes_it() -> anyhow::Result<()> {
    every_call_every_pain("cancel in doubt", 1, cancel_in_doubt).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_of_what_is_public_is_refused_and_it_ends_published() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 11)?;
    let id = scene.rests(Way::HandedOver, &path).await?;
    scene.stop().await?;
    // The computer sleeps through its minute; then the user takes it back before anything was asked.
    scene.quick.hold();
    scene.quick.pass(Duration::from_secs(61 * 60));
    call(&scene.engine, "posts.cancel", json!({"id": id})).await?;
    scene.run();
    let shown = wait_for(&scene.engine, id, &["published", "cancelled", "stuck"], PATIENCE).await?;
    assert_eq!(shown["state"], "published", "{shown:#}");
    assert_eq!(shown["cancelling"], false, "{shown:#}");
    assert_eq!(states(&shown, "retract"), ["stuck"], "{shown:#}");
    assert_eq!(shown["extras"][0]["problem"]["code"], "already_public", "{shown:#}");
    scene.the_end().await?;
    assert_eq!(scene.only_video(&path)?.privacy, "public");
    // Known to be public now, it is refused at once.
    let problem = refused(&scene.engine, "posts.cancel", json!({"id": id})).await?;
    assert_eq!(problem["code"], "already_public");
    scene.town.quiet().await
}

/// The edit of a staged post is on its way when the minute comes: it must not take the release back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_under_way_at_the_minute_does_not_undo_it_c38() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 12)?;
    let id = scene.rests(Way::Staged, &path).await?;
    scene.quick.hold();
    let due: jiff::Timestamp = call(&scene.engine, "posts.show", json!({"id": id})).await?["due"]
        .as_str()
        .context("due")?
        .parse()?;
    scene.town.sandbox.plan(Fault::next("videos.update", Deed::StallMs(600)));
    scene.quick.pass_to(due - jiff::SignedDuration::from_secs(2));
    call(&scene.engine, "posts.edit", json!({"id": id, "title": "At the last second"})).await?;
    Blow::struck(&scene.town).await?;
    scene.quick.pass_to(due);
    scene.quick.run();
    let shown = wait_shown(&scene.engine, id, "published and edited", PATIENCE, |shown| {
        shown["state"] == "published" && states(shown, "amend") == ["done"]
    })
    .await?;
    scene.the_end().await?;
    let video = scene.only_video(&path)?;
    assert_eq!(
        (video.privacy.as_str(), video.title.as_str()),
        ("unlisted", "At the last second"),
        "{shown:#}"
    );
    Ok(())
}
