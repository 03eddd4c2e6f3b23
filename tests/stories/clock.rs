//! A computer's clock that is wrong, or is set while the queue runs: nothing is public before its minute, nothing is called missed that
//! was not, no wait stands for hours, and the person is told (decision 10).
//!
//! Time stands still but for what a test moves: the engine's clock by hand, the sandbox's beside it.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use slipway_core::clock::{Clock, Hand};
use slipway_core::engine::Engine;
use slipway_stories::{Running, Town, call, post, wait_for, wait_shown};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);
const MINUTE: Duration = Duration::from_secs(60);
const TWO_HOURS: jiff::SignedDuration = jiff::SignedDuration::from_hours(2);

struct Scene {
    town: Town,
    engine: Engine,
    clock: Clock,
    hand: Hand,
    due: jiff::Timestamp,
}

impl Scene {
    /// A computer whose clock is right, and a post that waits there for its minute in twenty.
    async fn with_a_post_that_waits() -> anyhow::Result<(Scene, i64)> {
        let town = Town::new().await?;
        town.sandbox.settings(|settings| settings.date_in_sandbox_time = true);
        let (clock, hand) = Clock::by_hand(now_of(&town));
        let engine = town.at_home_with("youtube", clock.clone()).await?;
        call(&engine, "accounts.rules", json!({"id": 1, "missed": {"rule": "ask"}, "slots": []})).await?;
        let path = town.video("one.mp4", 60_000, 1)?;
        let options = json!({"youtube": {"privacy": "unlisted"}});
        let id = post(&engine, &path, "One", json!({"at": "+20m", "options": options})).await?;
        let shown = call(&engine, "posts.show", json!({"id": id})).await?;
        let due = shown["due"].as_str().context("no minute")?.parse()?;
        let scene = Scene { town, engine, clock, hand, due };
        let running = Running::start(&scene.engine);
        scene.reaches(id, "ready").await?;
        running.stop().await?;
        Ok((scene, id))
    }

    /// The same computer after a new start, with its clock so far from the right time.
    fn starts_again(self, off_by: jiff::SignedDuration) -> anyhow::Result<Scene> {
        let Scene { town, engine, due, .. } = self;
        drop(engine);
        let (clock, hand) = Clock::by_hand(now_of(&town) + off_by);
        let engine = town.engine_with(clock.clone())?;
        Ok(Scene { town, engine, clock, hand, due })
    }

    /// Time passes, here and at the platform.
    fn pass(&self, by: Duration) {
        self.town.sandbox.advance(by);
        self.hand.advance(by);
    }

    /// Lets seconds pass until the post is in this state; no other end is waited for.
    async fn reaches(&self, id: i64, state: &str) -> anyhow::Result<()> {
        let (town, hand) = (self.town.sandbox.clone(), self.hand.clone());
        let driver = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                town.advance(Duration::from_millis(100));
                hand.advance(Duration::from_millis(100));
            }
        });
        let shown = wait_for(&self.engine, id, &[state, "stuck"], PATIENCE).await;
        driver.abort();
        let shown = shown?;
        ensure!(shown["state"] == state, "{shown:#}");
        Ok(())
    }

    async fn told(&self) -> anyhow::Result<Value> {
        Ok(call(&self.engine, "posts.glance", json!({})).await?["clock"].clone())
    }

    /// Lets seconds pass until the clock is told to be wrong, or no more. The watcher looks once a second.
    async fn is_told(&self, wrong: bool) -> anyhow::Result<Value> {
        for _ in 0..600 {
            let told = self.told().await?;
            if told.is_null() != wrong {
                return Ok(told);
            }
            self.pass(Duration::from_millis(500));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the clock is not told")
    }

    /// The right time goes on to a few seconds before the post's minute, and then on until it is public: not before, and not asked about.
    async fn is_public_at_its_minute(&self, id: i64) -> anyhow::Result<()> {
        let left = self.due.duration_since(now_of(&self.town)) - jiff::SignedDuration::from_secs(5);
        self.pass(Duration::try_from(left)?);
        tokio::time::sleep(Duration::from_millis(300)).await;
        ensure!(!self.is_public(), "five seconds early");
        self.reaches(id, "published").await?;
        let released = self.town.sandbox.calls().into_iter().filter(|call| call.api == "videos.update");
        let at = released.map(|call| call.at_ms).min().context("nothing made it public")?;
        ensure!(at >= self.due.as_millisecond(), "{} ms early", self.due.as_millisecond() - at);
        Ok(())
    }

    async fn state(&self, id: i64) -> anyhow::Result<Value> {
        call(&self.engine, "posts.show", json!({"id": id})).await
    }

    fn is_public(&self) -> bool {
        self.town.videos().iter().any(|video| video.privacy == "unlisted")
    }
}

fn now_of(town: &Town) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(town.sandbox.now_ms()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn start_with_a_clock_two_hours_ahead_is_told_and_makes_nothing_early() -> anyhow::Result<()> {
    let (scene, id) = Scene::with_a_post_that_waits().await?;
    let scene = scene.starts_again(TWO_HOURS)?;
    let running = Running::start(&scene.engine);
    let told = scene.is_told(true).await?;
    ensure!(told["code"] == "clock_wrong", "{told:#}");
    let ahead: i64 = told["detail"].as_str().unwrap_or_default().parse()?;
    ensure!((7195..=7205).contains(&ahead), "{told:#}");
    scene.pass(10 * MINUTE);
    let shown = scene.state(id).await?;
    ensure!(shown["state"] != "stuck" && shown["state"] != "published", "{shown:#}");
    ensure!(!scene.is_public(), "ten minutes early");
    // Somebody sets it right.
    scene.hand.jump(-TWO_HOURS);
    scene.is_told(false).await?;
    ensure!(!scene.is_public());
    scene.is_public_at_its_minute(id).await?;
    running.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jump_of_two_hours_and_back_misses_no_post() -> anyhow::Result<()> {
    let (scene, id) = Scene::with_a_post_that_waits().await?;
    let running = Running::start(&scene.engine);
    scene.hand.jump(TWO_HOURS);
    scene.is_told(true).await?;
    scene.pass(Duration::from_secs(12));
    scene.hand.jump(-TWO_HOURS);
    scene.is_told(false).await?;
    let shown = scene.state(id).await?;
    ensure!(shown["state"] != "stuck" && !scene.is_public(), "{shown:#}");
    scene.is_public_at_its_minute(id).await?;
    running.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jump_of_two_hours_back_makes_nothing_late() -> anyhow::Result<()> {
    let (scene, id) = Scene::with_a_post_that_waits().await?;
    let running = Running::start(&scene.engine);
    scene.hand.jump(-TWO_HOURS);
    let told = scene.is_told(true).await?;
    ensure!(told["message"].as_str().is_some_and(|text| text.contains("behind")), "{told:#}");
    ensure!(!scene.is_public());
    scene.is_public_at_its_minute(id).await?;
    ensure!(scene.clock.off_by().is_some(), "it is wrong all the same");
    running.stop().await
}

/// Called missed by a clock that was ahead in an earlier run: by the right one its minute is still to come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn post_called_missed_by_a_wrong_clock_waits_for_its_minute_again() -> anyhow::Result<()> {
    let (scene, id) = Scene::with_a_post_that_waits().await?;
    let missed = json!({"code": "missed", "weight": "block", "message": "Its minute passed."});
    scene.town.database()?.execute(
        "UPDATE delivery SET state = 'stuck', next_at = NULL, problem = ?1 WHERE id = ?2",
        (missed.to_string(), id),
    )?;
    let scene = scene.starts_again(jiff::SignedDuration::ZERO)?;
    let running = Running::start(&scene.engine);
    wait_shown(&scene.engine, id, "it is taken up", PATIENCE, |shown| shown["state"] != "stuck").await?;
    ensure!(!scene.is_public());
    scene.is_public_at_its_minute(id).await?;
    running.stop().await
}
