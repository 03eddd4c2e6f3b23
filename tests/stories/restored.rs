//! A queue that was put back from an earlier state, on every platform: what is there already is not posted a second time, what can't be
//! asked about is for a person, and only what is clearly not there goes out. And a queue whose file is gone.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_stories::binary::Place;
use slipway_stories::{Quick, Running, Town, call, post, wait_for, wait_shown, wishes};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);
const PLATFORMS: [&str; 4] = ["youtube", "tiktok", "instagram", "facebook"];

struct Scene {
    town: Town,
    quick: Quick,
    platform: &'static str,
}

impl Scene {
    async fn set(platform: &'static str) -> anyhow::Result<(Scene, Engine)> {
        let town = Town::new().await?;
        let quick = Quick::new(&town, 100);
        let engine = town.at_home_with(platform, quick.clock.clone()).await?;
        quick.run();
        Ok((Scene { town, quick, platform }, engine))
    }

    fn engine(&self) -> anyhow::Result<Engine> {
        self.town.engine_with(self.quick.clock.clone())
    }

    async fn post(&self, engine: &Engine, n: u64, title: &str, at: Option<&str>) -> anyhow::Result<i64> {
        let path = self.town.video(&format!("{n}.mp4"), 60_000 + n * 10_000, n)?;
        let mut more = json!({"to": [self.platform], "options": {self.platform: wishes(self.platform)?}});
        if let Some(at) = at {
            more["at"] = at.into();
        }
        post(engine, &path, title, more).await
    }

    /// A post that goes out and that the queue, put back, knows nothing of: the engine on it, and the post.
    async fn goes_out_unknown(&self, engine: Engine) -> anyhow::Result<(Engine, i64)> {
        let id = self.post(&engine, 1, "Once", None).await?;
        let kept = self.kept()?;
        let running = Running::start(&engine);
        wait_for(&engine, id, &["published"], PATIENCE).await.context(self.platform)?;
        running.stop().await?;
        drop(engine);
        self.put_back(&kept)?;
        Ok((self.engine()?, id))
    }

    /// Does the platform hold its one video for this instant?
    fn is_planned_for(&self, at: &str) -> bool {
        let held = self.town.videos().into_iter().next().and_then(|video| video.publish_at);
        held.and_then(|held| held.parse::<jiff::Timestamp>().ok()) == at.parse().ok()
    }

    /// The queue's file as it is, nobody having it open.
    fn database(&self) -> std::path::PathBuf {
        self.town.folder().join("slipway.db")
    }

    fn kept(&self) -> anyhow::Result<Vec<u8>> {
        let sql = self.town.database()?;
        sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        drop(sql);
        Ok(std::fs::read(self.database())?)
    }

    fn put_back(&self, kept: &[u8]) -> anyhow::Result<()> {
        let copy = self.database().with_extension("copy");
        std::fs::write(&copy, kept)?;
        self.move_here(&copy)
    }

    /// As a file of its own: SQLite in this process may still know the old one by its number on the disk.
    fn move_here(&self, copy: &Path) -> anyhow::Result<()> {
        for end in ["db-wal", "db-shm"] {
            let _ = std::fs::remove_file(self.database().with_extension(end));
        }
        Ok(std::fs::rename(copy, self.database())?)
    }
}

fn needs_a_decision(shown: &Value) -> bool {
    shown["state"] == "stuck" && shown["problem"]["fix"]["do"] == "decide"
}

/// A post that went out after the copy was made: begun by it or not, it is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_from_before_a_post_went_out_makes_no_second_one() -> anyhow::Result<()> {
    for platform in PLATFORMS {
        let (scene, engine) = Scene::set(platform).await?;
        let (engine, id) = scene.goes_out_unknown(engine).await?;
        let shown = call(&engine, "posts.show", json!({"id": id})).await?;
        ensure!(shown["state"] == "due" && shown["problem"]["code"] == "restored", "{platform}: {shown:#}");
        let running = Running::start(&engine);
        let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await.context(platform)?;
        ensure!(needs_a_decision(&shown), "{platform}: {shown:#}");
        ensure!(scene.town.videos().len() == 1, "{platform}: {:#?}", scene.town.videos());
        // "It is there" ends it; nothing was sent meanwhile.
        let url = scene.town.videos()[0].url.clone();
        call(&engine, "posts.decide", json!({"id": id, "there": url})).await?;
        wait_for(&engine, id, &["published"], PATIENCE).await?;
        running.stop().await?;
        ensure!(scene.town.videos().len() == 1, "{platform}: {:#?}", scene.town.videos());
    }
    Ok(())
}

/// The same for a post with a minute: copied while it was scheduled only, and while the platform (or this computer) kept it for its
/// minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_of_a_scheduled_post_makes_no_second_one() -> anyhow::Result<()> {
    for platform in PLATFORMS {
        for begun in [false, true] {
            let case = format!("{platform}, begun {begun}");
            let (scene, engine) = Scene::set(platform).await?;
            let goes_ahead = platform != "tiktok";
            let at = if goes_ahead { "+40m" } else { "+5m" };
            let id = scene.post(&engine, 1, "At its minute", Some(at)).await?;
            let mut kept = scene.kept()?;
            let running = Running::start(&engine);
            if goes_ahead {
                wait_for(&engine, id, &["handed_over", "ready"], PATIENCE).await.context(case.clone())?;
                kept = if begun { scene.kept()? } else { kept };
                scene.quick.pass(Duration::from_secs(30 * 60));
            }
            wait_for(&engine, id, &["published"], PATIENCE).await.context(case.clone())?;
            running.stop().await?;
            drop(engine);
            let before = scene.town.videos().len();
            scene.put_back(&kept)?;
            let engine = scene.engine()?;
            let running = Running::start(&engine);
            let shown =
                wait_for(&engine, id, &["published", "stuck"], PATIENCE).await.context(case.clone())?;
            running.stop().await?;
            ensure!(shown["state"] == "published" || needs_a_decision(&shown), "{case}: {shown:#}");
            ensure!(scene.town.videos().len() == before, "{case}: {:#?}", scene.town.videos());
        }
    }
    Ok(())
}

/// What the platform keeps for tomorrow is found under its id, by a restored backup as well, and stays planned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_backup_uploads_nothing_that_is_planned_at_the_platform() -> anyhow::Result<()> {
    for platform in ["youtube", "facebook"] {
        for begun in [false, true] {
            let (scene, engine) = Scene::set(platform).await?;
            let id = scene.post(&engine, 1, "Tomorrow", Some("+23h")).await?;
            if !begun {
                call(&engine, "backups.make", json!({})).await?;
            }
            let running = Running::start(&engine);
            wait_for(&engine, id, &["handed_over"], PATIENCE).await.context(platform)?;
            if begun {
                call(&engine, "backups.make", json!({})).await?;
            }
            running.stop().await?;
            let listed = call(&engine, "backups.list", json!({})).await?;
            let oldest = listed.as_array().and_then(|all| all.last()).context("no copies")?.clone();
            ensure!(oldest["scheduled"] == 1 && oldest["published"] == 0, "{oldest:#}");
            drop(engine);
            let name = oldest["name"].as_str().context("no name")?.to_string();
            slipway_core::store::restore(&scene.database(), &slipway_core::store::Choice::Named(name))?;

            let engine = scene.engine()?;
            let running = Running::start(&engine);
            let wanted: &[&str] = if begun { &["handed_over"] } else { &["stuck"] };
            let shown = wait_shown(&engine, id, "it was asked", PATIENCE, |shown| {
                wanted.contains(&shown["state"].as_str().unwrap_or_default())
                    && shown["problem"]["code"] != "restored"
            })
            .await
            .context(platform)?;
            running.stop().await?;
            ensure!(begun || needs_a_decision(&shown), "{platform}: {shown:#}");
            ensure!(scene.town.videos().len() == 1, "{platform}: {:#?}", scene.town.videos());
        }
    }
    Ok(())
}

/// Moved after the copy was made: the platform's minute is the later wish, so the queue takes it, also when its own has passed. A change
/// that somebody makes in the queue that was put back is later still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn minute_that_was_moved_after_the_copy_is_taken_from_the_platform() -> anyhow::Result<()> {
    for platform in ["youtube", "facebook"] {
        for (passes_h, edits_again) in [(0, false), (3, false), (0, true)] {
            let case = format!("{platform}, {passes_h} h later, edited again: {edits_again}");
            let (scene, engine) = Scene::set(platform).await?;
            let in_hours = |hours: i64| {
                let second = scene.quick.now().as_second() + 3600 * hours;
                jiff::Timestamp::from_second(second).unwrap_or_default().to_string()
            };
            let id = scene.post(&engine, 1, "Moved", Some("+2h")).await?;
            let running = Running::start(&engine);
            wait_for(&engine, id, &["handed_over"], PATIENCE).await.context(case.clone())?;
            let kept = scene.kept()?;
            let before = call(&engine, "posts.show", json!({"id": id})).await?;
            let moved = in_hours(9);
            call(&engine, "posts.edit", json!({"id": id, "at": moved})).await?;
            wait_shown(&engine, id, "the platform has it", PATIENCE, |_| scene.is_planned_for(&moved))
                .await
                .context(case.clone())?;
            running.stop().await?;
            drop(engine);
            scene.put_back(&kept)?;
            scene.quick.pass(Duration::from_secs(3600 * passes_h));

            let engine = scene.engine()?;
            let mut wanted = moved;
            if edits_again {
                wanted = in_hours(20);
                call(&engine, "posts.edit", json!({"id": id, "at": wanted})).await?;
            }
            let running = Running::start(&engine);
            let shown = wait_shown(&engine, id, "it was asked", PATIENCE, |shown| {
                let told = shown["due"] == wanted.as_str() && shown["problem"].is_null();
                told && shown["state"] == "handed_over" && scene.is_planned_for(&wanted)
            })
            .await
            .context(case.clone())?;
            ensure!(shown["wall"]["zone"] == before["wall"]["zone"], "{case}: {shown:#}");
            let at = wanted.parse::<jiff::Timestamp>()?;
            scene.quick.pass_to(at - Duration::from_secs(600));
            wait_for(&engine, id, &["published"], PATIENCE).await.context(case.clone())?;
            running.stop().await?;
            let videos = scene.town.videos();
            ensure!(videos.len() == 1, "{case}: {videos:#?}");
            let public = videos[0].public_at_ms.context("not public")?;
            ensure!(
                public >= at.as_millisecond(),
                "{case}: public {} ms early",
                at.as_millisecond() - public
            );
        }
    }
    Ok(())
}

/// What is clearly not there goes out by itself, though another post of the channel is for a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn post_that_the_platform_does_not_have_goes_out_after_a_restore() -> anyhow::Result<()> {
    for platform in PLATFORMS {
        let (scene, engine) = Scene::set(platform).await?;
        let first = scene.post(&engine, 1, "Went out", None).await?;
        let second = scene.post(&engine, 4, "Still to come", Some("+50m")).await?;
        let kept = scene.kept()?;
        // Platforms that keep the minute themselves would have it soon.
        call(&engine, "posts.pause", json!({"id": second, "paused": true})).await?;
        let running = Running::start(&engine);
        wait_for(&engine, first, &["published"], PATIENCE).await.context(platform)?;
        running.crash().await;
        drop(engine);
        scene.put_back(&kept)?;
        scene.town.sandbox.clear_calls();

        let engine = scene.engine()?;
        let running = Running::start(&engine);
        let shown = wait_for(&engine, first, &["published", "stuck"], PATIENCE).await.context(platform)?;
        ensure!(needs_a_decision(&shown), "{platform}: {shown:#}");
        let shown =
            wait_for(&engine, second, &["published", "stuck", "handed_over", "ready"], PATIENCE).await?;
        running.stop().await?;
        // YouTube tells the size of a file. Instagram tells nothing to tell one video from another, and TikTok has no list.
        match platform {
            "youtube" => {
                ensure!(!needs_a_decision(&shown), "{platform}: {shown:#} {:#?}", scene.town.videos())
            }
            "tiktok" | "instagram" => ensure!(needs_a_decision(&shown), "{platform}: {shown:#}"),
            _ => {}
        }
        let lists = ["playlistItems.list", "instagram.list", "facebook.videos.list"];
        let asked =
            scene.town.sandbox.calls().iter().filter(|call| lists.contains(&call.api.as_str())).count();
        ensure!(asked <= 1, "{platform}: one question for a channel, and there were {asked}");
    }
    Ok(())
}

/// A copy of the whole folder is another queue: it signs in for itself, and what it has is asked about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copied_folder_sends_nothing_and_the_original_goes_on() -> anyhow::Result<()> {
    let (scene, engine) = Scene::set("youtube").await?;
    let id = scene.post(&engine, 1, "Once", Some("+10m")).await?;
    drop(engine);
    let copy = scene.town.home.path().join("copy");
    std::fs::create_dir(&copy)?;
    for entry in std::fs::read_dir(scene.town.folder())?.flatten().filter(|entry| entry.path().is_file()) {
        std::fs::copy(entry.path(), copy.join(entry.file_name()))?;
    }
    let engine = scene.engine()?;
    let running = Running::start(&engine);
    wait_for(&engine, id, &["published"], PATIENCE).await?;
    running.stop().await?;

    let copied = Engine::open(slipway_core::engine::House {
        folder: copy,
        hosts: scene.town.hosts()?,
        vault: scene.town.vault.clone(),
        platforms: slipway_platforms::all(),
        clock: scene.quick.clock.clone(),
    })?;
    let accounts = call(&copied, "accounts.list", json!({})).await?;
    ensure!(accounts[0]["state"] == "sign_in", "{accounts:#}");
    let running = Running::start(&copied);
    scene.quick.pass(Duration::from_secs(3600));
    tokio::time::sleep(Duration::from_millis(500)).await;
    running.stop().await?;
    ensure!(scene.town.videos().len() == 1, "{:#?}", scene.town.videos());
    Ok(())
}

/// The whole folder as it was, file and all: only the keychain knows better.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folder_that_was_put_back_whole_is_recognised_by_the_vault() -> anyhow::Result<()> {
    let (scene, engine) = Scene::set("youtube").await?;
    let id = scene.post(&engine, 1, "Once", None).await?;
    drop(engine);
    let files = slipway_stories::all_files(&scene.town.folder())?;
    let engine = scene.engine()?;
    let running = Running::start(&engine);
    wait_for(&engine, id, &["published"], PATIENCE).await?;
    running.stop().await?;
    drop(engine);
    for end in ["db-wal", "db-shm"] {
        let _ = std::fs::remove_file(scene.database().with_extension(end));
    }
    for (path, bytes) in files {
        let copy = path.with_extension("copy");
        std::fs::write(&copy, bytes)?;
        std::fs::rename(copy, path)?;
    }
    let engine = scene.engine()?;
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(needs_a_decision(&shown), "{shown:#}");
    ensure!(scene.town.videos().len() == 1, "{:#?}", scene.town.videos());
    Ok(())
}

/// Cancelling what may be there is no word against a list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_after_a_restore_is_not_told_before_the_platform_was_asked() -> anyhow::Result<()> {
    let (scene, engine) = Scene::set("youtube").await?;
    let (engine, id) = scene.goes_out_unknown(engine).await?;
    let shown = call(&engine, "posts.cancel", json!({"id": id})).await?;
    ensure!(shown["state"] == "due" && shown["cancelling"] == true, "{shown:#}");
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["cancelled", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(needs_a_decision(&shown), "{shown:#}");
    Ok(())
}

/// Nothing names the post at the platform any more: cancelling it is not the same as knowing that it is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_of_a_post_that_may_be_there_asks_a_person_to_look() -> anyhow::Result<()> {
    let (scene, engine) = Scene::set("youtube").await?;
    let (engine, id) = scene.goes_out_unknown(engine).await?;
    let running = Running::start(&engine);
    let unsure = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(unsure["problem"]["code"] == "unsure", "{unsure:#}");
    let shown = call(&engine, "posts.cancel", json!({"id": id})).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "not_cancelled", "{shown:#}");
    ensure!(
        shown["problem"]["detail"] == unsure["problem"]["detail"],
        "what may be it is not named: {shown:#}"
    );
    // Having looked, a person cancels once more.
    let shown = call(&engine, "posts.cancel", json!({"id": id})).await?;
    ensure!(shown["state"] == "cancelled", "{shown:#}");
    running.stop().await?;
    ensure!(scene.town.videos().len() == 1, "something was touched");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- the program

fn only_database_gone(database: &Path) -> anyhow::Result<()> {
    for end in ["db", "db-wal", "db-shm"] {
        let _ = std::fs::remove_file(database.with_extension(end));
    }
    ensure!(!database.exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_queue_is_told_and_a_backup_chosen_by_name_comes_back() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let path = place.video("kept.mp4", 100_000, 1)?;
    let id = place.post(&path, "Kept", &["--at", "+3h"]).await?;
    place.json(&["call", "backups.make", "{}"]).await?.done()?;
    place.json(&["pause", &id.to_string()]).await?.done()?;
    only_database_gone(&place.database())?;
    for args in [&["list"][..], &["run", "--until-idle"], &["accounts"]] {
        let said = place.json(args).await?;
        ensure!(said.problem()? == "database_missing" && said.code == Some(7), "{said:?}");
    }
    let listed = place.json(&["restore"]).await?.done()?.json()?;
    let backup = &listed["backups"][0];
    ensure!(backup["scheduled"] == 1 && backup["problem"].is_null(), "{listed:#}");
    let words = place.run(&["restore"]).await?.done()?;
    ensure!(words.out.contains("1 scheduled, 0 published"), "{words:?}");
    let name = backup["name"].as_str().context("no name")?;
    place.json(&["restore", "--from", name]).await?.done()?;
    let shown = place.show(id).await?;
    ensure!(shown["state"] == "due" && shown["problem"]["code"] == "restored", "{shown:#}");
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queue_deleted_under_a_running_engine_ends_the_run_and_says_so() -> anyhow::Result<()> {
    let place = Place::at_home().await?;
    let path = place.video("kept.mp4", 100_000, 1)?;
    place.post(&path, "Kept", &["--at", "+3h", "-o", "privacy=unlisted"]).await?;
    let running = place.start(&["--json", "run"])?;
    place.until("it was uploaded", |sandbox| sandbox.state().videos.len() == 1).await?;
    only_database_gone(&place.database())?;
    let said = place.finish(running).await?;
    ensure!(said.code == Some(7) && said.problem()? == "database_missing", "{said:?}");
    ensure!(said.out.contains(r#""what":"house""#), "{said:?}");
    Ok(())
}
