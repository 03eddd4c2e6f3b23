//! Facebook Pages by their own rules: handed over inside Facebook's window and kept here outside it, edited and taken back there, with
//! everything beside it once; videos, whose making is the one call that could make two; the way back over a page of one's own.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::api;
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault, MetaAnswers, StatusAnswer, VideoView};
use slipway_stories::rounds::{Blow, Pain, every_call_every_pain};
use slipway_stories::{Choice, Nobody, Person, Quick, Running, Town, call, post, wait_for, wait_shown};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);
/// How much faster than outside time runs.
const FAST: u32 = 40;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture, but nobody looks";
const CAPTIONS: &[u8] = b"1\n00:00:00,000 --> 00:00:02,000\nBread, slowly.\n";

/// A town, its time, an engine with Mira's first Page, and a running queue that may die and come back.
struct Scene {
    town: Town,
    quick: Quick,
    engine: Engine,
    running: Option<Running>,
    /// It died while it asked for its token. That is kept going on purpose when whoever waits for it is gone, and its next question, whose
    /// token it is, outlives a death that is only played.
    died_asking: bool,
}

impl Scene {
    async fn set() -> anyhow::Result<Scene> {
        let town = Town::new().await?;
        // Each story takes the same calls every time: nothing is looked at twice because it was not ready.
        town.sandbox.settings(|settings| settings.processing_ms = 0);
        let quick = Quick::new(&town, FAST);
        let engine = town.at_home_with("facebook", quick.clock.clone()).await?;
        Ok(Scene { town, quick, engine, running: None, died_asking: false })
    }

    /// So many minutes ahead, on a full second: the platform reckons in those.
    fn ahead(&self, minutes: i64) -> String {
        let second = self.quick.now().as_second() + 60 * minutes;
        jiff::Timestamp::from_second(second).unwrap_or_default().to_string()
    }

    async fn post(&self, path: &Path, at: Option<String>, options: Value) -> anyhow::Result<i64> {
        let mut more = json!({"to": ["facebook"], "options": {"facebook": options}});
        if let Some(at) = at {
            more["at"] = json!(at);
        }
        post(&self.engine, path, "The first title", more).await
    }

    fn run(&mut self) {
        self.quick.run();
        self.running = Some(Running::start(&self.engine));
    }

    /// If this round kills: dies at the hurt call, and is started again.
    async fn live_through(&mut self, blow: Option<Blow>) -> anyhow::Result<()> {
        if Blow::kills(blow) {
            Blow::struck(&self.town).await?;
            self.died_asking =
                self.town.sandbox.calls().last().is_some_and(|call| call.api == "facebook.page");
            if let Some(running) = self.running.take() {
                running.crash().await;
            }
            self.engine = self.town.engine_with(self.quick.clock.clone())?;
            self.run();
        }
        Ok(())
    }

    /// Waits until the delivery fits. Where the hurt ended the person's own sign-in, which nothing can renew, they sign in again.
    async fn comes(
        &self,
        id: i64,
        blow: Option<Blow>,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let over = |shown: &Value| text(shown, "problem").contains("sign_in_needed");
        let shown = wait_shown(&self.engine, id, what, PATIENCE, |shown| fits(shown) || over(shown)).await?;
        if !over(&shown) {
            return Ok(shown);
        }
        ensure!(blow.is_some_and(|blow| blow.pain == Pain::SignedOut), "{shown:#}");
        Person::default().connect(&self.engine, "facebook").await?;
        wait_shown(&self.engine, id, what, PATIENCE, fits).await
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
        match self.town.quiet().await {
            Err(error) if self.died_asking && error.to_string().contains("[\"facebook.page\"]") => {
                self.town.quiet().await?;
            }
            quiet => quiet?,
        }
        if let Some(running) = self.running.take() {
            running.stop().await?;
        }
        self.town.nothing_odd()
    }

    /// Brings a post to where it rests until its minute, an hour ahead, with nothing left to do until then.
    async fn handed_over(&mut self, path: &Path, kind: &str) -> anyhow::Result<i64> {
        let id = self.post(path, Some(self.ahead(60)), json!({"kind": kind})).await?;
        self.run();
        wait_shown(&self.engine, id, "rests until its minute", PATIENCE, |shown| {
            shown["state"] == "handed_over" && shown["next"]["at"] == shown["due"]
        })
        .await?;
        Ok(id)
    }
}

fn text(shown: &Value, key: &str) -> String {
    shown[key].to_string()
}

fn states<'a>(shown: &'a Value, step: &str) -> Vec<&'a str> {
    let extras = shown["extras"].as_array().map(Vec::as_slice).unwrap_or_default();
    extras.iter().filter(|row| row["step"] == step).filter_map(|row| row["state"].as_str()).collect()
}

fn all_done(shown: &Value) -> bool {
    let extras = shown["extras"].as_array().map(Vec::as_slice).unwrap_or_default();
    !extras.is_empty() && extras.iter().all(|row| row["state"] == "done")
}

fn made_public(video: &VideoView) -> anyhow::Result<i64> {
    video.public_at_ms.context("the audience does not see it")
}

// ---------------------------------------------------------------------------------------------------------------- the minute

/// Facebook publishes it by itself: at the minute this computer has nothing to do but look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reel_and_a_video_are_handed_over_and_public_at_their_minute() -> anyhow::Result<()> {
    for answers in [MetaAnswers::Docs, MetaAnswers::Field] {
        for kind in ["reel", "video"] {
            let mut scene = Scene::set().await?;
            scene.town.sandbox.settings(|settings| settings.meta.answers = answers);
            let path = scene.town.video("case.mp4", 300_000, 1)?;
            let id = scene.handed_over(&path, kind).await?;
            let due: jiff::Timestamp = call(&scene.engine, "posts.show", json!({"id": id})).await?["due"]
                .as_str()
                .context("due")?
                .parse()?;
            let held = scene.only_video(&path)?;
            ensure!(held.public_at_ms.is_none(), "{kind}: public before its minute");
            let at: jiff::Timestamp = held.publish_at.context("Facebook has no time for it")?.parse()?;
            ensure!(at == due, "{kind}: another time at Facebook: {at}, not {due}");
            scene.quick.pass_to(due);
            let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
            ensure!(shown["state"] == "published" && shown["privacy"] == "public", "{shown:#}");
            let late = made_public(&scene.only_video(&path)?)? - due.as_millisecond();
            ensure!((0..1000).contains(&late), "{kind}: {late} ms");
            scene.the_end().await?;
        }
    }
    Ok(())
}

/// Farther ahead than Facebook takes a time it waits here, and goes there by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_too_far_ahead_waits_here_until_facebook_takes_it() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 2)?;
    let id = scene.post(&path, Some(scene.ahead(40 * 24 * 60)), json!({})).await?;
    scene.town.sandbox.clear_calls();
    scene.run();
    scene.town.quiet().await?;
    ensure!(scene.town.sandbox.calls().is_empty(), "something was sent");
    scene.quick.pass(Duration::from_secs(11 * 86_400 + 2 * 3600));
    let shown = wait_for(&scene.engine, id, &["handed_over", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "handed_over", "{shown:#}");
    scene.the_end().await
}

/// Nearer than Facebook takes a time: everything goes ahead, and one call is made at the minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_too_near_is_one_call_at_the_minute() -> anyhow::Result<()> {
    for (kind, last) in [("reel", "facebook.reels.finish"), ("video", "facebook.video.amend")] {
        let mut scene = Scene::set().await?;
        let path = scene.town.video("case.mp4", 200_000, 3)?;
        let at = scene.ahead(5);
        let id = scene.post(&path, Some(at.clone()), json!({"kind": kind})).await?;
        scene.run();
        wait_for(&scene.engine, id, &["ready", "published", "stuck"], PATIENCE).await?;
        ensure!(scene.town.videos().iter().all(|video| video.public_at_ms.is_none()), "public too early");
        scene.town.sandbox.clear_calls();
        let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
        let first = scene.town.sandbox.calls().into_iter().find(|call| call.api != "facebook.page");
        ensure!(first.as_ref().is_some_and(|call| call.api == last), "{kind}: {first:?}");
        let due: jiff::Timestamp = at.parse()?;
        ensure!(made_public(&scene.only_video(&path)?)? >= due.as_millisecond(), "{kind}: before its minute");
        scene.the_end().await?;
    }
    Ok(())
}

/// Kept here because its minute was too near; moved to a later one, Facebook gets the reel at once and this computer may sleep. A video
/// that was made unpublished takes no time there any more: it stays here, and is public at the new minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_here_and_is_moved_into_facebooks_window_is_handed_over_at_once() -> anyhow::Result<()> {
    for (kind, rests) in [("reel", "handed_over"), ("video", "ready")] {
        let mut scene = Scene::set().await?;
        let path = scene.town.video("case.mp4", 200_000, 11)?;
        let id = scene.post(&path, Some(scene.ahead(9)), json!({"kind": kind})).await?;
        scene.run();
        wait_for(&scene.engine, id, &["ready", "published", "stuck"], PATIENCE).await?;
        let at = scene.ahead(24 * 60);
        let due: jiff::Timestamp = at.parse()?;
        scene.town.sandbox.clear_calls();
        call(&scene.engine, "posts.edit", json!({"id": id, "at": at})).await?;
        wait_shown(&scene.engine, id, "looked at", PATIENCE, |shown| {
            shown["state"] == rests && states(shown, "amend").iter().all(|state| *state == "done")
        })
        .await?;
        if kind == "reel" {
            let there: jiff::Timestamp =
                scene.only_video(&path)?.publish_at.context("no time there")?.parse()?;
            ensure!(there == due, "another time at Facebook: {there}, not {due}");
        }
        scene.quick.pass_to(due);
        let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{kind}: {shown:#}");
        ensure!(made_public(&scene.only_video(&path)?)? >= due.as_millisecond(), "{kind}: before its minute");
        scene.the_end().await?;
    }
    Ok(())
}

/// The well-known 500 with code 2, after which the reel is live: it is looked for, and not made again (C2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_after_which_the_reel_is_live_makes_no_second_one_c2() -> anyhow::Result<()> {
    for error in [
        StatusAnswer { status: 500, code: Some(2), ..StatusAnswer::default() },
        StatusAnswer { status: 400, code: Some(1), transient: Some(true), ..StatusAnswer::default() },
    ] {
        let mut scene = Scene::set().await?;
        let path = scene.town.video("case.mp4", 200_000, 4)?;
        scene.town.sandbox.plan(Fault::next("facebook.reels.finish", error));
        let id = scene.post(&path, None, json!({})).await?;
        scene.run();
        let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
        scene.only_video(&path)?;
        scene.the_end().await?;
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- videos

async fn video(minutes: Option<i64>, blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 300_000, 5)?;
    Blow::plan(blow, &scene.town);
    let at = minutes.map(|minutes| scene.ahead(minutes));
    let id = scene.post(&path, at, json!({"kind": "video"})).await?;
    scene.run();
    scene.live_through(blow).await?;
    let shown = scene.comes(id, blow, "published", |shown| shown["state"] == "published").await?;
    let calls = scene.town.sandbox.calls().len();
    scene.the_end().await?;
    let video = scene.only_video(&path)?;
    made_public(&video)?;
    ensure!(shown["remote"]["id"] == video.id.as_str(), "another one is shown");
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_video_is_made_once_whatever_happens_c2() -> anyhow::Result<()> {
    // Until it is made all three take the same calls.
    every_call_every_pain("video, now", 1, |blow| video(None, blow)).await?;
    every_call_every_pain("video, staged", 4, |blow| video(Some(4), blow)).await?;
    every_call_every_pain("video, handed over", 4, |blow| video(Some(13), blow)).await
}

// ---------------------------------------------------------------------------------------------------------------- beside it

async fn extras(blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 6)?;
    let (cover, captions) = (scene.town.file("cover.png", PNG)?, scene.town.file("words.srt", CAPTIONS)?);
    let options = json!({"thumbnail": cover, "captions": captions, "captions_language": "en"});
    Blow::plan(blow, &scene.town);
    let id = scene.post(&path, None, options).await?;
    scene.run();
    scene.live_through(blow).await?;
    let done = |shown: &Value| shown["state"] == "published" && all_done(shown);
    let shown = scene.comes(id, blow, "published with all beside it", done).await?;
    let calls = scene.town.sandbox.calls().len();
    scene.the_end().await?;
    let video = scene.only_video(&path)?;
    let image = video.thumbnail.context("no cover")?;
    ensure!(image.blake3 == blake3::hash(PNG).to_hex().as_str(), "another cover");
    ensure!(video.captions.len() == 1, "{} tracks", video.captions.len());
    ensure!(video.captions[0].blake3 == blake3::hash(CAPTIONS).to_hex().as_str(), "other captions");
    for step in ["thumbnail", "captions"] {
        ensure!(states(&shown, step) == ["done"], "{step}: {shown}");
    }
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cover_and_captions_of_a_reel_are_there_once_c8() -> anyhow::Result<()> {
    every_call_every_pain("beside a reel", 6, extras).await
}

// ---------------------------------------------------------------------------------------------------------------- changes

async fn edit(kind: &'static str, blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 7)?;
    let id = scene.handed_over(&path, kind).await?;
    Blow::plan(blow, &scene.town);
    let wish = json!({"id": id, "title": "The second title", "caption": "told anew", "at": scene.ahead(90)});
    call(&scene.engine, "posts.edit", wish).await?;
    scene.live_through(blow).await?;
    let there = |shown: &Value| states(shown, "amend") == ["done"];
    let shown = scene.comes(id, blow, "the edit is there", there).await?;
    let calls = scene.town.sandbox.calls().len();
    scene.town.quiet().await?;
    ensure!(shown["state"] == "handed_over", "{shown}");
    let video = scene.only_video(&path)?;
    ensure!(video.title == "The second title" && video.description == "told anew", "{video:?}");
    let due: jiff::Timestamp = shown["due"].as_str().unwrap_or_default().parse()?;
    let at: jiff::Timestamp = video.publish_at.context("no time at Facebook")?.parse()?;
    ensure!(at == due, "another time at Facebook: {at}, not {due}");
    scene.quick.pass(Duration::from_secs(65 * 60));
    scene.town.quiet().await?;
    ensure!(scene.town.videos()[0].public_at_ms.is_none(), "public at its first minute");
    scene.quick.pass_to(due);
    let shown = wait_for(&scene.engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown}");
    scene.the_end().await?;
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_edit_of_what_facebook_has_planned_reaches_it_c38() -> anyhow::Result<()> {
    every_call_every_pain("edit, reel", 1, |blow| edit("reel", blow)).await?;
    every_call_every_pain("edit, video", 1, |blow| edit("video", blow)).await
}

async fn cancel(minutes: i64, kind: &'static str, blow: Option<Blow>) -> anyhow::Result<usize> {
    let mut scene = Scene::set().await?;
    let path = scene.town.video("case.mp4", 200_000, 8)?;
    let id = scene.post(&path, Some(scene.ahead(minutes)), json!({"kind": kind})).await?;
    scene.run();
    wait_for(&scene.engine, id, &["handed_over", "ready"], PATIENCE).await?;
    Blow::plan(blow, &scene.town);
    call(&scene.engine, "posts.cancel", json!({"id": id})).await?;
    scene.live_through(blow).await?;
    scene.comes(id, blow, "cancelled", |shown| shown["state"] == "cancelled").await?;
    let calls = scene.town.sandbox.calls().len();
    scene.quick.pass(Duration::from_secs(2 * 3600));
    scene.the_end().await?;
    ensure!(scene.town.videos().is_empty(), "it is still there");
    Ok(calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_not_public_yet_is_taken_back() -> anyhow::Result<()> {
    every_call_every_pain("cancel, handed over", 1, |blow| cancel(60, "reel", blow)).await?;
    every_call_every_pain("cancel, staged reel", 1, |blow| cancel(9, "reel", blow)).await?;
    every_call_every_pain("cancel, staged video", 1, |blow| cancel(9, "video", blow)).await
}

/// What Facebook measures is told before the minute, with the file to change (C26).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reel_facebook_cannot_use_is_told_before_its_minute_c26() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    scene.town.sandbox.settings(|settings| settings.meta.probe_errors = vec![1_363_128]);
    let path = scene.town.video("case.mp4", 200_000, 9)?;
    let id = scene.post(&path, Some(scene.ahead(60)), json!({})).await?;
    scene.run();
    let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "stuck", "{shown:#}");
    ensure!(shown["problem"]["fix"]["do"] == "choose_file", "{shown:#}");
    scene.the_end().await
}

// ---------------------------------------------------------------------------------------------------------------- sign-in

/// The shipped page, as a browser would run it: where it goes from this address. Nothing where there is no Node.
fn passed_on(page: &str, address: &str) -> anyhow::Result<Option<String>> {
    let (_, rest) = page.split_once("<script>").context("no script")?;
    let (script, _) = rest.split_once("</script>").context("no end of it")?;
    let program = format!(
        "const document = {{ getElementById: () => ({{}}) }};\n\
         const location = {{ search: new URL({address:?}).search, replace: (to) => console.log(to) }};\n\
         const window = {{ self: 1, top: 1 }};\n{script}"
    );
    match std::process::Command::new("node").args(["-e", &program]).output() {
        Ok(out) => Ok(Some(String::from_utf8(out.stdout)?.trim().to_string())),
        Err(_) => Ok(None),
    }
}

/// An app that is live takes only https: the answer comes over the page that Slipway ships (C35).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_back_over_a_page_of_ones_own_c35() -> anyhow::Result<()> {
    const PAGE: &str = include_str!("../../docs/slipway-redirect.html");
    const ADDRESS: &str = "https://creator.example/slipway.html";
    let town = Town::new().await?;
    town.sandbox.settings(|settings| settings.meta.live_app = true);
    town.sandbox.serve_static(ADDRESS, PAGE);
    let engine = town.engine()?;
    let app = town.sandbox.announcement().apps["facebook"].clone();
    let given = json!({"platform": "facebook", "client_id": app.client_id, "client_secret": app.client_secret, "redirect": ADDRESS});
    api::call(&engine, &Nobody, "apps.add", given).await?;
    let person = Person { who: 0, choice: Choice::AllowOver(passed_on) };
    let connected = person.try_connect(&engine, "facebook", 15).await?;
    match connected {
        Ok(_) => {}
        // No Node here, so nobody ran the page.
        Err(problem) if problem.code == slipway_core::problem::Code::SignInTimeout => return Ok(()),
        Err(problem) => anyhow::bail!("{problem:?}"),
    }
    let accounts = call(&engine, "accounts.list", json!({})).await?;
    ensure!(accounts[0]["name"] == "Mira Bakes", "{accounts:#}");
    Ok(())
}

/// Only Pages one may post on are offered, and where there is none it is said why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_post_on_a_page_is_told_so() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.engine()?;
    town.add_app(&engine, "facebook").await?;
    for who in [2, 3] {
        let connected = Person::who(who).try_connect(&engine, "facebook", 30).await?;
        let Err(problem) = connected else { anyhow::bail!("person {who} was connected") };
        ensure!(problem.code == slipway_core::problem::Code::NoChannel, "{problem:?}");
    }
    let both = Person::default().connect(&engine, "facebook").await?;
    ensure!(both > 0);
    town.nothing_odd()
}

/// Facebook calls it published and shows it to nobody: it is never told as public.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upright_video_that_stays_a_draft_is_not_told_as_public() -> anyhow::Result<()> {
    for answers in [MetaAnswers::Docs, MetaAnswers::Field] {
        let mut scene = Scene::set().await?;
        scene.town.sandbox.settings(|settings| {
            settings.meta.upright = true;
            settings.meta.answers = answers;
        });
        let path = scene.town.video("tall.mp4", 200_000, 51)?;
        let given = json!({"path": path, "to": ["facebook"], "words": {"title": "Tall", "caption": ""},
            "options": {"facebook": {"kind": "video"}}});
        let told = call(&scene.engine, "posts.check", given).await?.to_string();
        ensure!(told.contains("upright"), "nothing was said before: {told}");
        let id = scene.post(&path, None, json!({"kind": "video"})).await?;
        scene.run();
        let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "not_public", "{shown:#}");
    }
    Ok(())
}

/// A reel has its id from its first byte; that makes it no more public. Taken up a day after its minute, it asks before the call that
/// would publish it (C17).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reel_taken_up_long_after_its_minute_asks_before_it_is_published_c17() -> anyhow::Result<()> {
    for (kind, sending) in [("reel", "facebook.upload"), ("video", "facebook.uploads.put")] {
        let mut scene = Scene::set().await?;
        let path = scene.town.video("long.mp4", 30_000_000, 41)?;
        scene.town.sandbox.plan(Fault::next(sending, Deed::SlowBytesPerS(2_000_000)));
        let id = scene.post(&path, Some(scene.ahead(5)), json!({"kind": kind})).await?;
        scene.run();
        wait_shown(&scene.engine, id, "sends", PATIENCE, |_| {
            let calls = scene.town.sandbox.calls();
            calls.iter().any(|call| call.api == sending && call.status.is_none())
        })
        .await?;
        if let Some(running) = scene.running.take() {
            running.crash().await;
        }
        scene.quick.hold();
        scene.quick.pass(Duration::from_secs(20 * 3600));
        scene.engine = scene.town.engine_with(scene.quick.clock.clone())?;
        scene.run();
        let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "missed", "{kind}: {shown:#}");
        ensure!(
            scene.town.videos().iter().all(|video| video.public_at_ms.is_none()),
            "{kind}: it went out unasked"
        );
        call(&scene.engine, "posts.retry", json!({"id": id})).await?;
        let shown = wait_for(&scene.engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{kind}: {shown:#}");
        scene.only_video(&path)?;
        scene.the_end().await?;
    }
    Ok(())
}
