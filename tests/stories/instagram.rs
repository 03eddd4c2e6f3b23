//! Instagram by its own rules: staged ahead and public by one call, taken back or changed before its minute, never posted twice
//! whatever becomes of an answer, several videos in one, stories, and the way without a Page (C2, C25, C38).

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault};
use slipway_stories::{Person, Running, Town, call, post, refused, run_until, until, wait_for, wait_shown};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

fn count(town: &Town, api: &str) -> usize {
    town.sandbox.calls().iter().filter(|call| call.api == api).count()
}

fn instagram(options: Value) -> Value {
    json!({"to": ["instagram"], "options": {"instagram": options}})
}

/// The same post with other words.
fn captioned(mut more: Value, caption: &str) -> Value {
    more["words"] = json!({ "caption": caption });
    more
}

fn at(mut more: Value, when: &str) -> Value {
    more["at"] = json!(when);
    more
}

fn hash_of(path: &Path) -> anyhow::Result<String> {
    Ok(blake3::hash(&std::fs::read(path)?).to_hex().to_string())
}

async fn ready(engine: &Engine, id: i64) -> anyhow::Result<Value> {
    let shown = wait_for(engine, id, &["ready", "published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "ready", "{shown:#}");
    Ok(shown)
}

/// The bytes go ahead; at the minute one request makes it public, and what follows only reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staged_reel_is_public_at_its_minute_by_one_call() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    let path = town.video("reel.mp4", 900_000, 1)?;
    let id = post(&engine, &path, "", at(instagram(json!({"share_to_feed": false})), "+8s")).await?;
    let running = Running::start(&engine);
    let waits = ready(&engine, id).await?;
    ensure!(waits["remote"].is_null() && town.videos().is_empty(), "a container is no post");
    town.sandbox.clear_calls();
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    running.stop().await?;
    let calls: Vec<String> = town.sandbox.calls().into_iter().map(|call| call.api).collect();
    ensure!(calls.first().is_some_and(|api| api == "instagram.publish"), "{calls:?}");
    ensure!(count(&town, "instagram.publish") == 1);
    let due: jiff::Timestamp = shown["due"].as_str().context("no minute")?.parse()?;
    let video = town.videos().pop().context("no post")?;
    let late = video.public_at_ms.context("nobody sees it")? - due.as_millisecond();
    ensure!((0..5_000).contains(&late), "{late} ms");
    ensure!(video.blake3.as_deref() == Some(hash_of(&path)?.as_str()), "other bytes arrived");
    ensure!(video.options["share_to_feed"] == "false", "{:#}", video.options);
    town.nothing_odd()
}

/// Many of one second do not wait for each other: while Instagram still owes the first its answer, all have been asked for, each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_of_one_second_are_asked_for_side_by_side() -> anyhow::Result<()> {
    const MANY: usize = 20;
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    // Late enough for a slow machine to stage all; a minute that is given as words has whole seconds.
    let due = jiff::Timestamp::from_second(town.sandbox.now_ms() / 1000 + 30)?;
    let mut ids = Vec::new();
    for nth in 0..MANY {
        let path = town.video(&format!("{nth}.mp4"), 20_000, 40 + nth as u64)?;
        let more = captioned(instagram(json!({})), &format!("Number {nth}"));
        ids.push(post(&engine, &path, "", at(more, &due.to_string())).await?);
    }
    let running = Running::start(&engine);
    for id in &ids {
        ready(&engine, *id).await?;
    }
    ensure!(count(&town, "instagram.publish") == 0, "before its minute");
    for _ in 0..MANY {
        town.sandbox.plan(Fault::next("instagram.publish", Deed::StallMs(10_000)));
    }
    let asked = until("all are asked for", PATIENCE, || {
        let calls: Vec<_> =
            town.sandbox.calls().into_iter().filter(|call| call.api == "instagram.publish").collect();
        (calls.len() == MANY).then_some(calls)
    })
    .await?;
    ensure!(asked.iter().all(|call| call.status.is_none()), "one waited for another's answer: {asked:#?}");
    ensure!(asked.iter().all(|call| call.at_ms >= due.as_millisecond()), "before its minute: {asked:#?}");
    for id in &ids {
        let shown = wait_for(&engine, *id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    running.stop().await?;
    ensure!(count(&town, "instagram.publish") == MANY, "each once");
    let captions: std::collections::BTreeSet<String> =
        town.videos().into_iter().map(|video| video.description).collect();
    ensure!(captions.len() == MANY && town.videos().len() == MANY, "{captions:?}");
    town.nothing_odd()
}

/// What waits for its minute is no post: taken back, it is forgotten here and ends by itself there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staged_reel_that_is_taken_back_is_never_posted() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    let path = town.video("reel.mp4", 300_000, 2)?;
    let id = post(&engine, &path, "", at(instagram(json!({})), "+6s")).await?;
    let running = Running::start(&engine);
    ready(&engine, id).await?;
    town.sandbox.clear_calls();
    call(&engine, "posts.cancel", json!({"id": id})).await?;
    wait_for(&engine, id, &["cancelled", "published", "stuck"], PATIENCE).await?;
    tokio::time::sleep(Duration::from_secs(7)).await;
    running.stop().await?;
    let shown = call(&engine, "posts.show", json!({"id": id})).await?;
    ensure!(shown["state"] == "cancelled", "{shown:#}");
    ensure!(town.sandbox.calls().is_empty() && town.videos().is_empty(), "something was said about it");
    Ok(())
}

/// Words are baked into what was sent ahead; an edit sends it again, well before the minute (C38).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_before_the_minute_is_what_is_posted_c38() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    let path = town.video("reel.mp4", 300_000, 3)?;
    let id = post(&engine, &path, "", at(instagram(json!({})), "+15s")).await?;
    let running = Running::start(&engine);
    ready(&engine, id).await?;
    let edit = json!({"id": id, "caption": "Better words", "options": {"collaborators": ["ada.letters"]}});
    call(&engine, "posts.edit", edit).await?;
    wait_shown(&engine, id, "made anew", PATIENCE, |shown| {
        shown["state"] == "ready"
            && shown["attempts"].as_array().is_some_and(|lines| {
                lines.iter().filter(|line| line["step"] == "instagram.media").count() == 2
            })
    })
    .await?;
    ensure!(count(&town, "instagram.publish") == 0, "before its minute");
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    let [video] = &town.videos()[..] else { anyhow::bail!("not one post") };
    ensure!(video.description == "Better words", "{}", video.description);
    ensure!(count(&town, "instagram.publish") == 1);
    town.nothing_odd()
}

/// The answer says that it failed, and it is there: found by its container and the channel, never posted again (C2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_that_says_500_and_happened_is_found_c2() -> anyhow::Result<()> {
    for hurt in [Deed::StatusAfter(500), Deed::Lost] {
        for options in [json!({}), json!({"kind": "story"})] {
            let town = Town::new().await?;
            let engine = town.at_home("instagram").await?;
            let path = town.video("reel.mp4", 200_000, 4)?;
            town.sandbox.plan(Fault::next("instagram.publish", hurt.clone()));
            let id = post(&engine, &path, "", instagram(options.clone())).await?;
            let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
            ensure!(shown["state"] == "published", "{hurt:?} {options}: {shown:#}");
            ensure!(count(&town, "instagram.publish") == 1 && town.videos().len() == 1);
            ensure!(shown["remote"]["url"] == town.videos()[0].url.as_str());
            town.nothing_odd()?;
        }
    }
    Ok(())
}

/// Three videos, cut in the second: one post with all of them, in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_videos_become_one_post_in_their_order() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    let paths: Vec<_> = (0..3)
        .map(|n| town.video(&format!("{n}.mp4"), 600_000 + n * 1000, 10 + n))
        .collect::<Result<_, _>>()?;
    town.sandbox.plan(Fault::nth("instagram.upload", 2, Deed::CutAfter(300_000)));
    let more = instagram(json!({"more_videos": [paths[1], paths[2]]}));
    let id = post(&engine, &paths[0], "", more).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "instagram.upload") == 4, "the cut one goes on from where it broke");
    let [video] = &town.videos()[..] else { anyhow::bail!("not one post") };
    ensure!(video.description == "as told");
    let parts = video.options["children"].as_array().context("no parts")?;
    let arrived: Vec<&str> = parts.iter().filter_map(|part| part["blake3"].as_str()).collect();
    let sent: Vec<String> = paths.iter().map(|path| hash_of(path)).collect::<Result<_, _>>()?;
    ensure!(arrived == sent, "other bytes, or in another order");
    town.nothing_odd()
}

/// One of them is another file of the same size by the time its upload goes on: it is not mixed in, as the first would not be (C20).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_further_video_that_changed_under_way_is_not_mixed_in_c20() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    let (first, second) = (town.video("0.mp4", 300_000, 20)?, town.video("1.mp4", 900_000, 21)?);
    let kept = std::fs::read(&second)?;
    town.sandbox.plan(Fault::nth("instagram.upload", 2, Deed::CutAfter(400_000)));
    let id = post(&engine, &first, "", instagram(json!({"more_videos": [second]}))).await?;
    run_until(&engine, id, &["parked", "stuck", "published"], PATIENCE).await?;
    // Of the same length, and other bytes.
    town.video("1.mp4", 900_000, 22)?;
    ensure!(std::fs::metadata(&second)?.len() == kept.len() as u64 && std::fs::read(&second)? != kept);
    let shown = run_until(&engine, id, &["stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "file_changed", "{shown:#}");
    ensure!(shown["problem"]["message"].as_str().is_some_and(|text| text.contains("1.mp4")), "{shown:#}");
    ensure!(town.videos().is_empty(), "something was posted");
    // The right one is back in its place.
    std::fs::write(&second, &kept)?;
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = run_until(&engine, id, &["stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    let [video] = &town.videos()[..] else { anyhow::bail!("not one post") };
    let parts = video.options["children"].as_array().context("no parts")?;
    let arrived: Vec<&str> = parts.iter().filter_map(|part| part["blake3"].as_str()).collect();
    ensure!(arrived == [hash_of(&first)?, hash_of(&second)?], "other bytes arrived");
    Ok(())
}

/// Uploads that were taken and not found are seen in the field: one fresh container, without a word to anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_upload_is_sent_once_more_and_then_told() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    town.sandbox.settings(|settings| settings.meta.files_lost = 1);
    let path = town.video("reel.mp4", 200_000, 5)?;
    let id = post(&engine, &path, "", instagram(json!({}))).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published" && count(&town, "instagram.media") == 2, "{shown:#}");
    town.sandbox.settings(|settings| settings.meta.files_lost = 2);
    let path = town.video("rye.mp4", 200_000, 6)?;
    let id = post(&engine, &path, "", instagram(json!({}))).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "processing_failed", "{shown:#}");
    // A person says "try again": what failed is left behind, and nothing is posted twice.
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published" && town.videos().len() == 2, "{shown:#}");
    town.nothing_odd()
}

/// A full day is told before and waited for after; its refusal is no failure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_day_waits_and_says_so() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("instagram").await?;
    town.sandbox.settings(|settings| settings.meta.quota_total = 1);
    let path = town.video("one.mp4", 100_000, 7)?;
    let id = post(&engine, &path, "", instagram(json!({}))).await?;
    run_until(&engine, id, &["published"], PATIENCE).await?;
    let account = call(&engine, "accounts.list", json!({})).await?[0]["id"].clone();
    let account = call(&engine, "accounts.terms", json!({"id": account})).await?;
    ensure!(account["live"]["terms"]["quota_usage"] == 1, "{account:#}");
    let path = town.video("two.mp4", 100_000, 8)?;
    let told = call(&engine, "posts.check", json!({"path": path, "to": ["instagram"]})).await?.to_string();
    ensure!(told.contains("account_limit"), "{told}");
    let id = post(&engine, &path, "", instagram(json!({}))).await?;
    let shown = run_until(&engine, id, &["parked", "stuck", "published"], PATIENCE).await?;
    ensure!(shown["state"] == "parked" && shown["problem"]["code"] == "account_limit", "{shown:#}");
    ensure!(town.videos().len() == 1);
    town.nothing_odd()
}

/// Instagram Login answers to an https page and to nothing else: said before the browser opens, and when the app is added (C35).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_answers_to_a_page_alone_says_so_c35() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.engine()?;
    let app = town.sandbox.announcement().apps.get("instagram_login").context("no such app")?.clone();
    let with = |redirect: Value| {
        json!({"platform": "instagram", "way": "instagram_login", "client_id": app.client_id,
            "client_secret": app.client_secret, "redirect": redirect})
    };
    for wrong in ["http://127.0.0.1:4000/", "http://localhost/", "http://creator.example/slipway.html"] {
        let problem = refused(&engine, "apps.add", with(json!(wrong))).await?;
        ensure!(problem["fix"]["field"] == "redirect", "{problem:#}");
        ensure!(
            problem["message"].as_str().is_some_and(|text| text.contains("https address")),
            "{problem:#}"
        );
    }
    call(&engine, "apps.add", with(Value::Null)).await?;
    town.sandbox.clear_calls();
    let wish = json!({"platform": "instagram", "way": "instagram_login", "patience_s": 5});
    let problem = refused(&engine, "accounts.connect", wish).await?;
    ensure!(problem["code"] == "app_missing" && problem["fix"]["do"] == "add_app", "{problem:#}");
    ensure!(problem["message"].as_str().is_some_and(|text| text.contains("https page")), "{problem:#}");
    ensure!(town.sandbox.calls().is_empty(), "a page was opened for nothing");
    call(&engine, "apps.add", with(json!("https://creator.example/slipway.html"))).await?;
    Person::default().connect(&engine, "instagram").await?;
    Ok(())
}

/// By Instagram Login nothing leaves this computer: without an address nothing is queued, with one Instagram fetches it (C25).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_without_a_page_posts_by_an_address_c25() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.engine()?;
    let app = town.sandbox.announcement().apps.get("instagram_login").context("no such app")?.clone();
    let given = json!({"platform": "instagram", "way": "instagram_login", "client_id": app.client_id, "client_secret": app.client_secret});
    call(&engine, "apps.add", given).await?;
    let scopes = ["instagram_business_basic", "instagram_business_content_publish"];
    let token = town.sandbox.grant_for("instagram_login", "mira", &scopes).access_token;
    let given = json!({"platform": "instagram", "way": "instagram_login", "token": token});
    call(&engine, "accounts.connect", given).await?;
    let path = town.video("rye.mp4", 200_000, 9)?;
    let bare = json!({"path": path, "to": ["instagram"], "words": {"caption": "as told"}});
    let problem = refused(&engine, "posts.add", bare).await?;
    ensure!(problem["code"] == "option_missing" && problem["fix"]["field"] == "video_url", "{problem:#}");
    let address = "https://cdn.example/rye.mp4";
    let more = instagram(json!({"video_url": address}));
    let id = post(&engine, &path, "", more.clone()).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["problem"]["fix"]["field"] == "video_url", "nothing is there yet: {shown:#}");
    town.sandbox.serve_static(address, std::fs::read(&path)?);
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "instagram.upload") == 0, "a byte was sent");
    let [video] = &town.videos()[..] else { anyhow::bail!("not one post") };
    ensure!(video.blake3.as_deref() == Some(hash_of(&path)?.as_str()), "other bytes arrived");
    town.nothing_odd()
}

/// What is prepared needs its file no more: gone or changed, the post is public at its minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_staged_reel_goes_out_at_its_minute_though_its_file_is_gone() -> anyhow::Result<()> {
    for gone in [true, false] {
        let town = Town::new().await?;
        let engine = town.at_home("instagram").await?;
        let path = town.video("moved away.mp4", 300_000, 21)?;
        let id = post(&engine, &path, "", at(instagram(json!({})), "+8s")).await?;
        let running = Running::start(&engine);
        ready(&engine, id).await?;
        if gone {
            std::fs::remove_file(&path)?;
        } else {
            std::fs::write(&path, b"another film")?;
        }
        let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
        running.stop().await?;
        ensure!(shown["state"] == "published", "gone: {gone}: {shown:#}");
        ensure!(town.videos().len() == 1, "{:#?}", town.videos());
    }
    Ok(())
}
