//! An edit names what it changes: one channel of a post, some, or the whole. Over random posts on four platforms, what another channel
//! would send, and what it holds at its platform, stays as it was.

use anyhow::{Context, ensure};
use serde_json::{Map, Value, json};
use slipway_core::engine::Engine;
use slipway_stories::dice::Dice;
use slipway_stories::{Person, Quick, Running, Town, call, refused, wait_for, wait_shown, wishes};
use std::collections::BTreeMap;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const FAST: u32 = 40;
const PLATFORMS: [&str; 4] = ["youtube", "tiktok", "instagram", "facebook"];

/// A town where one person has a channel on every platform.
async fn town() -> anyhow::Result<(Town, Quick, Engine)> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| settings.processing_ms = 0);
    let quick = Quick::new(&town, FAST);
    let engine = town.engine_with(quick.clock.clone())?;
    for platform in PLATFORMS {
        town.add_app(&engine, platform).await?;
        Person::default().connect(&engine, platform).await?;
    }
    Ok((town, quick, engine))
}

fn ahead(quick: &Quick, minutes: i64) -> String {
    let second = quick.now().as_second() + 60 * minutes;
    jiff::Timestamp::from_second(second).unwrap_or_default().to_string()
}

/// A post to all of them; by platform its delivery.
async fn add(
    engine: &Engine,
    path: &std::path::Path,
    at: Option<String>,
    own: &[&str],
    draft: bool,
) -> anyhow::Result<BTreeMap<String, i64>> {
    let mut options = Map::new();
    for platform in PLATFORMS {
        options.insert(platform.into(), wishes(platform)?);
    }
    let words_for: Map<String, Value> = own
        .iter()
        .map(|name| {
            (
                name.to_string(),
                json!({"title": format!("{name}'s own"), "caption": format!("only for {name}")}),
            )
        })
        .collect();
    let given = json!({"path": path, "to": PLATFORMS, "words": {"title": "For all", "caption": "told to all"},
        "words_for": words_for, "options": options, "at": at, "draft": draft});
    let added = call(engine, "posts.add", given).await?;
    let rows = added["deliveries"].as_array().context("no deliveries")?;
    rows.iter()
        .map(|row| {
            Ok((row["platform"].as_str().context("platform")?.to_string(), row["id"].as_i64().context("id")?))
        })
        .collect()
}

/// All that a delivery would send, and what is queued for it.
async fn sends(engine: &Engine, town: &Town, id: i64) -> anyhow::Result<Value> {
    let mut shown = call(engine, "posts.show", json!({"id": id})).await?;
    let keep = ["words", "options", "due", "wall", "goes_out", "state"];
    let mut kept: Map<String, Value> = keep.iter().map(|key| (key.to_string(), shown[*key].take())).collect();
    let edits: i64 = town.database()?.query_row(
        "SELECT count(*) FROM errand WHERE delivery_id = ?1 AND json_extract(task, '$.kind') = 'amend'",
        [id],
        |row| row.get(0),
    )?;
    kept.insert("edits".into(), edits.into());
    Ok(Value::Object(kept))
}

/// Waits until nothing more is called.
async fn settles(town: &Town) -> anyhow::Result<()> {
    for _ in 0..200 {
        if town.quiet().await.is_ok() {
            return Ok(());
        }
    }
    anyhow::bail!("it never came to rest")
}

/// What stands at the other platforms.
fn holds(town: &Town, but: &str) -> Vec<Value> {
    let mut held: Vec<Value> = town
        .videos()
        .into_iter()
        .filter(|video| video.platform != but)
        .map(|video| {
            json!({"platform": video.platform, "id": video.id, "title": video.title, "description": video.description,
                "tags": video.tags, "privacy": video.privacy, "publish_at": video.publish_at, "options": video.options})
        })
        .collect();
    held.sort_by_key(|one| one["id"].as_str().unwrap_or_default().to_string());
    held
}

/// Drafts, posts that wait, posts that the platforms hold and posts that are public, with words of their own here and there; one
/// channel is edited, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_one_channel_never_changes_what_another_sends_or_holds() -> anyhow::Result<()> {
    for seed in 1..=4_u64 {
        let mut dice = Dice::new(seed);
        let (town, quick, engine) = town().await?;
        let path = town.video("case.mp4", 200_000, seed)?;
        let own: Vec<&str> = PLATFORMS.into_iter().filter(|_| dice.below(2) == 0).collect();
        let stage = ["draft", "queued", "held", "public"][(seed as usize - 1) % 4];
        let at = (stage != "public").then(|| ahead(&quick, 40 * 60));
        let ids = add(&engine, &path, at, &own, stage == "draft").await?;
        quick.run();
        let running = match stage {
            "draft" | "queued" => None,
            _ => Some(Running::start(&engine)),
        };
        if stage == "held" {
            // These two take a post ahead of its minute.
            for platform in ["youtube", "facebook"] {
                wait_for(&engine, ids[platform], &["handed_over", "ready", "stuck"], PATIENCE).await?;
            }
        } else if stage == "public" {
            for id in ids.values() {
                wait_for(&engine, *id, &["published", "stuck"], PATIENCE).await?;
            }
        }
        settles(&town).await?;
        for round in 0..6_u64 {
            let chosen = PLATFORMS[dice.below(4) as usize];
            let others: Vec<i64> =
                ids.iter().filter(|(name, _)| *name != chosen).map(|(_, id)| *id).collect();
            let mut before = Vec::new();
            for id in &others {
                before.push(sends(&engine, &town, *id).await?);
            }
            let held = holds(&town, chosen);
            let mut wish = json!({"id": ids[chosen]});
            match dice.below(4) {
                0 => wish["title"] = format!("Edited {seed} {round}").into(),
                1 => wish["caption"] = format!("edited {seed} {round}").into(),
                2 if stage != "public" => wish["at"] = ahead(&quick, 41 * 60 + 20 * round as i64).into(),
                _ => {
                    wish["title"] = format!("Both {seed} {round}").into();
                    wish["caption"] = format!("both {seed} {round}").into();
                }
            }
            // What one platform refuses to take is refused as a whole.
            let answer =
                slipway_core::api::call(&engine, &slipway_stories::Nobody, "posts.edit", wish.clone()).await;
            settles(&town).await?;
            for (id, before) in others.iter().zip(before) {
                let now = sends(&engine, &town, *id).await?;
                ensure!(now == before, "{stage} {seed} {round} {wish}: {before} became {now}");
            }
            ensure!(
                holds(&town, chosen) == held,
                "{stage} {seed} {round} {wish}: another channel holds something else"
            );
            if answer.is_ok() {
                let shown = call(&engine, "posts.show", json!({"id": ids[chosen]})).await?;
                for (key, field) in [("title", "title"), ("caption", "caption")] {
                    ensure!(wish[key].is_null() || shown["words"][field] == wish[key], "{wish}: {shown}");
                }
            }
        }
        if let Some(running) = running {
            running.stop().await?;
        }
        town.nothing_odd()?;
    }
    Ok(())
}

/// The case of the report: own words on one channel, an option of it changed, saved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_option_of_one_channel_leaves_the_words_of_all() -> anyhow::Result<()> {
    let (town, quick, engine) = town().await?;
    let path = town.video("case.mp4", 200_000, 9)?;
    let ids = add(&engine, &path, Some(ahead(&quick, 40 * 60)), &["tiktok"], false).await?;
    let tiktok = call(&engine, "posts.show", json!({"id": ids["tiktok"]})).await?;
    let wish = json!({"id": ids["tiktok"], "title": tiktok["words"]["title"], "caption": tiktok["words"]["caption"],
        "options": {"allow_comment": true}});
    call(&engine, "posts.edit", wish).await?;
    for (platform, id) in &ids {
        let shown = call(&engine, "posts.show", json!({"id": id})).await?;
        let wanted = if platform == "tiktok" { "only for tiktok" } else { "told to all" };
        ensure!(shown["words"]["caption"] == wanted, "{platform}: {shown}");
        ensure!(shown["own_words"] == (platform == "tiktok"), "{platform}: {shown}");
    }
    Ok(())
}

/// The whole post is another thing: the channels without words of their own follow, the others when asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editing_the_whole_post_reaches_every_channel_without_its_own() -> anyhow::Result<()> {
    let (town, quick, engine) = town().await?;
    let path = town.video("case.mp4", 200_000, 10)?;
    let ids = add(&engine, &path, Some(ahead(&quick, 40 * 60)), &["tiktok"], false).await?;
    let later = ahead(&quick, 50 * 60);
    let wish = json!({"id": ids["youtube"], "whole": true, "caption": "told anew", "at": later});
    call(&engine, "posts.edit", wish).await?;
    for (platform, id) in &ids {
        let shown = call(&engine, "posts.show", json!({"id": id})).await?;
        let wanted = if platform == "tiktok" { "only for tiktok" } else { "told anew" };
        ensure!(shown["words"]["caption"] == wanted && shown["due"] == later.as_str(), "{platform}: {shown}");
    }
    call(
        &engine,
        "posts.edit",
        json!({"id": ids["youtube"], "whole": true, "own_too": true, "caption": "for all"}),
    )
    .await?;
    for (platform, id) in &ids {
        let shown = call(&engine, "posts.show", json!({"id": id})).await?;
        ensure!(shown["words"]["caption"] == "for all", "{platform}: {shown}");
    }
    Ok(())
}

/// "As soon as possible" in the place of a minute: what waits here goes out, and what a platform holds for later is published there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_soon_as_possible_in_an_edit_publishes_now_and_only_that_channel() -> anyhow::Result<()> {
    let (town, quick, engine) = town().await?;
    let path = town.video("case.mp4", 200_000, 11)?;
    let ids = add(&engine, &path, Some(ahead(&quick, 40 * 60)), &[], false).await?;
    quick.run();
    let running = Running::start(&engine);
    for platform in ["youtube", "facebook"] {
        wait_for(&engine, ids[platform], &["handed_over", "stuck"], PATIENCE).await?;
    }
    for (done, platform) in PLATFORMS.into_iter().enumerate() {
        call(&engine, "posts.edit", json!({"id": ids[platform], "asap": true})).await?;
        let shown = wait_shown(&engine, ids[platform], "public", PATIENCE, |shown| {
            shown["state"] == "published" || shown["state"] == "stuck"
        })
        .await?;
        ensure!(shown["state"] == "published" && shown["wall"].is_null(), "{platform}: {shown:#}");
        settles(&town).await?;
        let public = town.videos().iter().filter(|video| video.public_at_ms.is_some()).count();
        ensure!(public == done + 1, "{platform}: {public} public");
    }
    let problem = refused(&engine, "posts.edit", json!({"id": ids["youtube"], "asap": true})).await?;
    ensure!(problem["code"] == "not_now", "{problem}");
    running.stop().await?;
    ensure!(town.videos().len() == 4, "{} videos", town.videos().len());
    town.nothing_odd()
}

/// Asked for while the bytes are on their way: the platform was given the later minute, and is told the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_soon_as_possible_during_an_upload_is_what_happens_in_the_end() -> anyhow::Result<()> {
    use slipway_sandbox::{Deed, Fault};
    for (platform, call_name) in [("youtube", "videos.insert.put"), ("facebook", "facebook.upload")] {
        let town = Town::new().await?;
        town.sandbox.settings(|settings| settings.processing_ms = 0);
        let quick = Quick::new(&town, FAST);
        let engine = town.at_home_with(platform, quick.clock.clone()).await?;
        let path = town.video("case.mp4", 600_000, 12)?;
        town.sandbox.plan(Fault::next(call_name, Deed::StallMs(1_500)));
        let more =
            json!({"to": [platform], "at": ahead(&quick, 40 * 60), "options": {platform: wishes(platform)?}});
        let id = slipway_stories::post(&engine, &path, "One", more).await?;
        quick.run();
        let running = Running::start(&engine);
        slipway_stories::until("the upload has begun", PATIENCE, || {
            town.sandbox.calls().iter().any(|call| call.api == call_name).then_some(())
        })
        .await?;
        call(&engine, "posts.edit", json!({"id": id, "asap": true})).await?;
        let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{platform}: {shown:#}");
        running.stop().await?;
        ensure!(town.videos().len() == 1 && town.videos()[0].public_at_ms.is_some(), "{:?}", town.videos());
    }
    Ok(())
}

/// A running queue, and its post that this platform holds for a minute so far ahead.
async fn held_there(
    town: &Town,
    quick: &Quick,
    engine: &Engine,
    platform: &str,
    minutes: i64,
) -> anyhow::Result<(Running, i64)> {
    let path = town.video("held.mp4", 80_000, 9)?;
    quick.run();
    let running = Running::start(engine);
    let id = add(engine, &path, Some(ahead(quick, minutes)), &[], false).await?[platform];
    wait_for(engine, id, &["handed_over"], PATIENCE).await?;
    settles(town).await?;
    Ok((running, id))
}

/// An edit that a platform refuses, or that comes after the minute there: what is listed says so, and it counts as waiting for a person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_does_not_get_through_is_told_wherever_the_post_is() -> anyhow::Result<()> {
    let (town, quick, engine) = town().await?;
    // Facebook moves what it has planned to no time that is nearer than eleven minutes.
    let (running, facebook) = held_there(&town, &quick, &engine, "facebook", 600).await?;
    quick.hold();
    let count = async || anyhow::Ok(call(&engine, "posts.glance", json!({})).await?["needs_you"].clone());
    let before = count().await?.as_i64().context("no count")?;
    let problem = refused(&engine, "posts.edit", json!({"id": facebook, "at": ahead(&quick, 2)})).await?;
    ensure!(problem["code"] == "time_invalid" && problem["fix"]["field"] == "due", "{problem:#}");
    ensure!(call(&engine, "posts.show", json!({"id": facebook})).await?["problem"].is_null(), "half done");
    // Far enough when it is asked for, and too near once it is sent.
    running.stop().await?;
    call(&engine, "posts.edit", json!({"id": facebook, "at": ahead(&quick, 12)})).await?;
    quick.pass(Duration::from_secs(180));
    let running = Running::start(&engine);
    let told = wait_shown(&engine, facebook, "the refusal is told", PATIENCE, |shown| {
        shown["problem"]["code"] == "time_invalid"
    })
    .await?;
    ensure!(told["state"] == "handed_over" && told["next"]["then"] == "you", "{told:#}");
    let listed = call(&engine, "posts.list", json!({"needs_you": true})).await?;
    let row = listed.as_array().into_iter().flatten().find(|row| row["id"] == facebook);
    ensure!(row.is_some_and(|row| row["problem"]["code"] == "time_invalid"), "{listed:#}");
    ensure!(count().await? == before + 1, "not counted");
    // A time that Facebook takes ends it.
    call(&engine, "posts.edit", json!({"id": facebook, "at": ahead(&quick, 60)})).await?;
    quick.run();
    wait_shown(&engine, facebook, "all is well again", PATIENCE, |shown| shown["problem"].is_null()).await?;
    ensure!(count().await? == before, "still counted");
    running.stop().await
}

/// YouTube made it public by the old plan while nobody ran the queue: the edit came too late, and what is told is what is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_comes_too_late_tells_what_is_there() -> anyhow::Result<()> {
    let (town, quick, engine) = town().await?;
    let (running, id) = held_there(&town, &quick, &engine, "youtube", 30).await?;
    running.stop().await?;
    call(&engine, "posts.edit", json!({"id": id, "title": "Too late", "at": ahead(&quick, 120)})).await?;
    quick.pass(Duration::from_secs(40 * 60));
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(shown["state"] == "published" && shown["problem"]["code"] == "already_public", "{shown:#}");
    let there = town.videos().into_iter().find(|video| video.platform == "youtube").context("no video")?;
    let public = there.public_at_ms.context("not public")?;
    let told: jiff::Timestamp = shown["public_at"].as_str().context("no time")?.parse()?;
    ensure!((told.as_millisecond() - public).abs() < 60_000, "told {told}, and it was {public}");
    Ok(())
}
