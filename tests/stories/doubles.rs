//! Calls that a platform carries out and answers with something else, and cancels at every moment of a call: afterwards there is one post
//! or none, and what is told is what is there.
//!
//! A straight run counts the calls of each kind of post. Then each call is answered with one of the lies, or the post is cancelled while
//! the call is under way. A planned fault that never happened fails the case.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault, Hurt, StatusAnswer, VideoView};
use slipway_stories::{Person, Quick, Running, Town, call, post, until, wait_for, wait_shown, wishes};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(90);
/// How much faster than outside time runs.
const FAST: u32 = 100;
/// Cases side by side. Most of a case is waiting.
const SIDE_BY_SIDE: usize = 12;
/// More than one socket takes at once, so that a body can be cancelled half-way.
const SIZE: u64 = 700_000;
const PAGE: &str = "<!doctype html><title>Sign in to the network</title><p>Please accept our terms.";

/// One kind of post on one platform.
#[derive(Clone, Copy, Debug)]
struct Kind {
    platform: &'static str,
    options: &'static str,
    /// Minutes ahead; none: as soon as possible.
    ahead: Option<i64>,
}

const fn kind(platform: &'static str, options: &'static str, ahead: Option<i64>) -> Kind {
    Kind { platform, options, ahead }
}

const KINDS: [Kind; 9] = [
    kind("youtube", "{}", None),
    kind("youtube", "{}", Some(5)),
    kind("youtube", r#"{"privacy": "unlisted"}"#, Some(5)),
    kind("tiktok", "{}", None),
    kind("tiktok", "{}", Some(5)),
    kind("instagram", "{}", None),
    kind("instagram", "{}", Some(5)),
    kind("facebook", r#"{"kind": "reel"}"#, None),
    kind("facebook", r#"{"kind": "video"}"#, None),
];

/// The calls that make a post of bytes, or make it public: the ones that could do it twice.
const COMMITS: [&str; 7] = [
    "videos.insert.put",
    "videos.update",
    "tiktok.upload.put",
    "instagram.publish",
    "facebook.reels.finish",
    "facebook.videos.create",
    "facebook.video.amend",
];

struct TestEnv {
    town: Town,
    quick: Quick,
    engine: Engine,
    running: Option<Running>,
    path: PathBuf,
    id: i64,
}

impl TestEnv {
    /// A post that waits to be worked on; calls are counted from here.
    async fn with_post(kind: Kind) -> anyhow::Result<TestEnv> {
        let town = Town::new().await?;
        // Nothing is looked at twice because it was not ready: the calls of a case are the same each time.
        town.sandbox.settings(|settings| {
            settings.processing_ms = 0;
            settings.tiktok.moderation_ms = 0;
        });
        let quick = Quick::new(&town, FAST);
        let engine = town.at_home_with(kind.platform, quick.clock.clone()).await?;
        let path = town.video("case.mp4", SIZE, 7)?;
        let mut options = wishes(kind.platform)?;
        let more: Value = serde_json::from_str(kind.options)?;
        for (key, value) in more.as_object().into_iter().flatten() {
            options[key] = value.clone();
        }
        let mut wish = json!({"to": [kind.platform], "options": {kind.platform: options}});
        if let Some(minutes) = kind.ahead {
            let second = quick.now().as_second() + 60 * minutes;
            wish["at"] = json!(jiff::Timestamp::from_second(second)?.to_string());
        }
        let id = post(&engine, &path, "One of a kind", wish).await?;
        town.sandbox.clear_calls();
        Ok(TestEnv { town, quick, engine, running: None, path, id })
    }

    fn run(&mut self) {
        self.quick.run();
        self.running = Some(Running::start(&self.engine));
    }

    async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        if let Some(running) = self.running.take() {
            running.crash().await;
        }
        self.engine = self.town.engine_with(self.quick.clock.clone())?;
        self.run();
        Ok(())
    }

    async fn stop_and_restart(&mut self) -> anyhow::Result<()> {
        if let Some(running) = self.running.take() {
            running.stop().await?;
        }
        self.run();
        Ok(())
    }

    /// Asks to cancel; false where it was refused, because it is known to be public already.
    async fn cancel(&self) -> bool {
        let wish = json!({"id": self.id});
        slipway_core::api::call(&self.engine, &slipway_stories::Nobody, "posts.cancel", wish).await.is_ok()
    }

    /// Waits until the call that something is planned for is at the platform.
    async fn struck(&self) -> anyhow::Result<()> {
        let sandbox = self.town.sandbox.clone();
        until("the call is made", PATIENCE, || sandbox.plans().iter().all(|plan| plan.done).then_some(()))
            .await
    }

    async fn ends(&self) -> anyhow::Result<Value> {
        wait_for(&self.engine, self.id, &["published", "stuck", "cancelled"], PATIENCE).await
    }

    /// Whatever a person has to do is done: a sign-in, a retry.
    async fn ends_with_help(&self, platform: &str) -> anyhow::Result<Value> {
        let mut shown = self.ends().await?;
        for _ in 0..3 {
            if shown["state"] != "stuck" {
                break;
            }
            match shown["problem"]["code"].as_str().unwrap_or_default() {
                "sign_in_needed" | "permission_missing" => {
                    Person::default().connect(&self.engine, platform).await?;
                }
                "unsure" | "not_cancelled" => break,
                _ => {
                    call(&self.engine, "posts.retry", json!({"id": self.id})).await?;
                }
            }
            self.town.quiet().await.ok();
            shown = self.ends().await?;
        }
        Ok(shown)
    }

    fn videos(&self) -> Vec<VideoView> {
        self.town.videos()
    }

    /// Two hours pass, then everything ends. No call was made that the platform does not have.
    async fn end(&mut self) -> anyhow::Result<()> {
        self.quick.hold();
        self.quick.pass(Duration::from_secs(2 * 3600));
        self.quick.run();
        tokio::time::sleep(Duration::from_millis(150)).await;
        if let Some(running) = self.running.take() {
            running.stop().await?;
        }
        self.town.nothing_odd()
    }

    /// What is told is what is there.
    fn told_truly(&self, shown: &Value) -> anyhow::Result<()> {
        let videos = self.videos();
        ensure!(videos.len() <= 1, "{} posts", videos.len());
        match (shown["state"].as_str().unwrap_or_default(), videos.first()) {
            ("published", Some(video)) => {
                let disk = blake3::hash(&std::fs::read(&self.path)?).to_hex();
                ensure!(video.blake3.as_deref() == Some(disk.as_str()), "other bytes arrived");
                ensure!(shown["remote"]["url"] == video.url.as_str(), "another link is told: {shown:#}");
                ensure!(video.privacy != "private" && video.privacy != "SELF_ONLY", "it is private");
            }
            ("cancelled", None) => {}
            ("stuck", _) => {}
            (state, there) => bail!("told {state}, and there is {there:?}: {shown:#}"),
        }
        Ok(())
    }
}

/// Its name, and what is to be run.
type Case = (String, std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>);

async fn side_by_side(name: &str, cases: Vec<Case>) -> anyhow::Result<()> {
    let slots = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let count = cases.len();
    let mut tasks = Vec::new();
    for (case, run) in cases {
        let slots = slots.clone();
        tasks.push(tokio::spawn(async move {
            let _slot = slots.acquire().await?;
            run.await.context(case)
        }));
    }
    let mut bad = Vec::new();
    for task in tasks {
        if let Err(error) = task.await? {
            bad.push(format!("{error:#}"));
        }
    }
    println!("{name}: {count} cases, {} bad", bad.len());
    ensure!(bad.is_empty(), "{} of {count} cases:\n{}", bad.len(), bad.join("\n\n"));
    Ok(())
}

/// The calls of a post, in order, when nothing goes wrong.
async fn straight(kind: Kind) -> anyhow::Result<Vec<String>> {
    let mut env = TestEnv::with_post(kind).await?;
    env.run();
    let shown = env.ends().await?;
    let calls = env.town.sandbox.calls().into_iter().map(|call| call.api).collect();
    ensure!(shown["state"] == "published", "{shown:#}");
    env.told_truly(&shown)?;
    env.end().await?;
    Ok(calls)
}

/// With `SLIPWAY_EVERY` set, every case; otherwise a sample that takes every call and every lie at least once.
fn every() -> bool {
    std::env::var_os("SLIPWAY_EVERY").is_some()
}

// ---------------------------------------------------------------------------------------------------------------- lies

/// What is answered after a call was carried out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    Status(u16),
    Page,
    Nothing,
    Redirect,
    Lost,
}

const LIES: [Lie; 11] = [
    Lie::Status(404),
    Lie::Status(401),
    Lie::Status(403),
    Lie::Page,
    Lie::Status(410),
    Lie::Redirect,
    Lie::Status(500),
    Lie::Status(400),
    Lie::Nothing,
    Lie::Status(408),
    Lie::Lost,
];

impl Lie {
    fn hurt(self) -> Hurt {
        let answer = |status: u16, body: &str| StatusAnswer {
            status,
            body: Some(body.into()),
            headers: match status {
                302 => [("location".to_string(), "https://portal.example/".to_string())].into(),
                _ => Default::default(),
            },
            ..StatusAnswer::default()
        };
        match self {
            Lie::Status(status) => Deed::StatusAfter(status).into(),
            Lie::Page => Deed::AnswerAfter(answer(200, PAGE)).into(),
            Lie::Nothing => Deed::AnswerAfter(answer(200, "")).into(),
            Lie::Redirect => Deed::AnswerAfter(answer(302, "")).into(),
            Lie::Lost => Deed::Lost.into(),
        }
    }
}

async fn lied_to(kind: Kind, nth: u64, api: String, lie: Lie) -> anyhow::Result<()> {
    let mut env = TestEnv::with_post(kind).await?;
    env.town.sandbox.plan(Fault::nth("*", nth, lie.hurt()));
    env.run();
    let first = env.ends().await?;
    env.told_truly(&first)?;
    // A call that may have made the post is asked about before anybody is told that it failed; only a sign-in that ended is a person's.
    if COMMITS.contains(&api.as_str()) && first["problem"]["code"] != "sign_in_needed" {
        ensure!(first["state"] == "published", "a person was asked, and it is there: {first:#}");
    }
    let shown = env.ends_with_help(kind.platform).await?;
    env.told_truly(&shown)?;
    ensure!(shown["state"] == "published", "it does not come to its end: {shown:#}");
    env.end().await?;
    env.told_truly(&shown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn call_carried_out_and_answered_otherwise_makes_one_post_and_is_told_truly() -> anyhow::Result<()> {
    let mut cases: Vec<Case> = Vec::new();
    let mut turn = 0;
    for kind in KINDS {
        let calls = straight(kind).await.with_context(|| format!("{kind:?}, straight through"))?;
        println!("{kind:?}: {calls:?}");
        for (at, api) in calls.iter().enumerate() {
            for (which, lie) in LIES.into_iter().enumerate() {
                // Each call that commits is told a third of the lies; of the others every third is told one.
                let commits = COMMITS.contains(&api.as_str());
                let sampled = if commits {
                    which % 3 == turn % 3
                } else {
                    turn % 3 == 0 && which == turn / 3 % LIES.len()
                };
                if every() || sampled {
                    let name = format!("{kind:?}, call {} ({api}), {lie:?}", at + 1);
                    cases.push((name, Box::pin(lied_to(kind, at as u64 + 1, api.clone(), lie))));
                }
            }
            turn += 1;
        }
    }
    side_by_side("lies", cases).await
}

// ---------------------------------------------------------------------------------------------------------------- cancels

/// When the person cancels.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Moment {
    /// The call is at the platform's door, which has not begun to read it.
    Before,
    /// Half of its body has arrived.
    During,
    /// It was carried out, and its answer is still to come.
    After,
    /// As `Before`, and the program dies.
    BeforeAndKilled,
    /// As `After`, and the program dies.
    AfterAndKilled,
    /// As `After`, and the program is ended in an orderly way.
    AfterAndStopped,
    /// It was carried out, and the connection breaks before the answer.
    Unheard,
}

const MOMENTS: [Moment; 7] = [
    Moment::Before,
    Moment::During,
    Moment::After,
    Moment::BeforeAndKilled,
    Moment::AfterAndKilled,
    Moment::AfterAndStopped,
    Moment::Unheard,
];

/// How long a platform holds a call: half a minute by the clocks of a case. Longer than a minute none does.
const HELD_MS: u64 = 300;

impl Moment {
    fn hurt(self) -> Hurt {
        match self {
            Moment::Before | Moment::BeforeAndKilled => Deed::StallMs(HELD_MS).into(),
            Moment::During => Deed::SlowBytesPerS(1_000_000).into(),
            Moment::After | Moment::AfterAndKilled | Moment::AfterAndStopped => {
                Deed::StallAfterMs(HELD_MS).into()
            }
            Moment::Unheard => Deed::Lost.into(),
        }
    }
}

async fn cancelled_at(kind: Kind, nth: u64, moment: Moment) -> anyhow::Result<()> {
    let mut env = TestEnv::with_post(kind).await?;
    env.town.sandbox.plan(Fault::nth("*", nth, moment.hurt()));
    env.run();
    env.struck().await?;
    match moment {
        Moment::During => {
            let sandbox = env.town.sandbox.clone();
            until("bytes are moving", PATIENCE, || {
                let call = sandbox.calls().into_iter().nth(nth as usize - 1)?;
                (call.body_bytes > 0 || call.status.is_some()).then_some(())
            })
            .await?;
        }
        // The platform has begun, and the answer is held back.
        Moment::After | Moment::AfterAndKilled | Moment::AfterAndStopped => {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        _ => {}
    }
    let accepted = env.cancel().await;
    match moment {
        Moment::BeforeAndKilled | Moment::AfterAndKilled => env.kill_and_restart().await?,
        Moment::AfterAndStopped => env.stop_and_restart().await?,
        _ => {}
    }
    let shown = env.ends().await?;
    ensure!(shown["cancelling"] == false, "told as over and as under way: {shown:#}");
    env.told_truly(&shown)?;
    ensure!(shown["state"] != "stuck", "nobody lied, and a person is asked: {shown:#}");
    env.end().await?;
    env.told_truly(&shown).context("later")?;
    // Where posts can be deleted, nothing that came of a cancelled call stays.
    if accepted && kind.platform == "youtube" && nth <= 2 {
        ensure!(shown["state"] == "cancelled", "{shown:#}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancel_at_every_call_ends_with_what_is_there() -> anyhow::Result<()> {
    let mut cases: Vec<Case> = Vec::new();
    let mut turn = 0;
    for kind in KINDS {
        let calls = straight(kind).await.with_context(|| format!("{kind:?}, straight through"))?;
        for (at, api) in calls.iter().enumerate() {
            for (which, moment) in MOMENTS.into_iter().enumerate() {
                let has_body = api.ends_with("put") || api.ends_with("upload");
                if moment == Moment::During && !has_body {
                    continue;
                }
                let commits = COMMITS.contains(&api.as_str());
                let sampled = if commits {
                    which % 2 == turn % 2
                } else {
                    turn % 3 == 0 && which == turn / 3 % MOMENTS.len()
                };
                if every() || sampled {
                    let name = format!("{kind:?}, call {} ({api}), {moment:?}", at + 1);
                    cases.push((name, Box::pin(cancelled_at(kind, at as u64 + 1, moment))));
                }
            }
            turn += 1;
        }
    }
    side_by_side("cancels", cases).await
}

/// The answer to the last body takes three seconds, and the person cancels meanwhile: YouTube's video is deleted, TikTok's is told as posted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancel_during_the_last_body_is_not_told_as_cancelled_while_public() -> anyhow::Result<()> {
    for (platform, api, ended) in [
        ("youtube", "videos.insert.put", "cancelled"),
        ("tiktok", "tiktok.upload.put", "published"),
        ("facebook", "facebook.reels.finish", "cancelled"),
        ("instagram", "instagram.publish", "published"),
    ] {
        for hurt in [Deed::StallMs(1_500), Deed::StallAfterMs(1_500)] {
            let mut env = TestEnv::with_post(kind(platform, "{}", None)).await?;
            env.town.sandbox.plan(Fault::next(api, hurt.clone()));
            env.run();
            env.struck().await?;
            tokio::time::sleep(Duration::from_millis(300)).await;
            ensure!(env.cancel().await, "the cancel was refused");
            let shown = call(&env.engine, "posts.show", json!({"id": env.id})).await?;
            ensure!(shown["cancelling"] == true, "{platform}: not shown as being taken back: {shown:#}");
            let shown = env.ends().await?;
            env.end().await?;
            env.told_truly(&shown).with_context(|| format!("{platform}, {hurt:?}"))?;
            ensure!(shown["state"] == ended, "{platform}, {hurt:?}: {shown:#}");
        }
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- removals

/// A web page, or nothing, answers the deletion, which was not carried out: only the video's absence counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deletion_answered_by_something_else_is_not_believed() -> anyhow::Result<()> {
    let answers = [
        Hurt::Deed(Deed::Html),
        StatusAnswer { status: 200, body: Some(String::new()), ..StatusAnswer::default() }.into(),
        StatusAnswer { status: 204, body: Some(String::new()), ..StatusAnswer::default() }.into(),
        StatusAnswer { status: 200, body: Some(r#"{"success":true}"#.into()), ..StatusAnswer::default() }
            .into(),
    ];
    for (platform, api) in [("youtube", "videos.delete"), ("facebook", "facebook.video.delete")] {
        for answer in &answers {
            let mut env = TestEnv::with_post(kind(platform, "{}", Some(60))).await?;
            env.run();
            wait_shown(&env.engine, env.id, "handed over", PATIENCE, |shown| shown["state"] == "handed_over")
                .await?;
            env.town.sandbox.plan(Fault::next(api, answer.clone()));
            ensure!(env.cancel().await, "the cancel was refused");
            let shown = env.ends().await?;
            ensure!(shown["state"] == "cancelled", "{platform}, {answer:?}: {shown:#}");
            env.end().await?;
            ensure!(env.videos().is_empty(), "{platform}, {answer:?}: it is still there");
        }
    }
    Ok(())
}

/// A deletion that is never carried out, whatever is answered, is for a person, with the minute named; the post is shown as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deletion_that_never_happens_names_the_minute() -> anyhow::Result<()> {
    let mut env = TestEnv::with_post(kind("youtube", "{}", Some(24 * 60))).await?;
    env.run();
    wait_shown(&env.engine, env.id, "handed over", PATIENCE, |shown| shown["state"] == "handed_over").await?;
    for _ in 0..200 {
        env.town.sandbox.plan(Fault::next("videos.delete", Deed::Html));
    }
    ensure!(env.cancel().await, "the cancel was refused");
    let shown = wait_shown(&env.engine, env.id, "a person is asked", PATIENCE, |shown| {
        shown["problem"]["code"] == "not_cancelled"
    })
    .await?;
    ensure!(shown["state"] == "handed_over" && shown["cancelling"] == false, "{shown:#}");
    let due: jiff::Timestamp = shown["due"].as_str().unwrap_or_default().parse()?;
    let minute = due.strftime("%Y-%m-%d %H:%M").to_string();
    let message = shown["problem"]["message"].as_str().unwrap_or_default();
    ensure!(message.contains(&minute), "the minute {minute} is not named: {message}");
    if let Some(running) = env.running.take() {
        running.stop().await?;
    }
    env.town.sandbox.clear_plans();
    env.run();
    call(&env.engine, "posts.cancel", json!({"id": env.id})).await?;
    let shown = env.ends().await?;
    ensure!(shown["state"] == "cancelled" && env.videos().is_empty(), "{shown:#}");
    env.end().await
}
