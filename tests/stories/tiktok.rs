//! TikTok by its own rules: as near its minute as it allows and never before, drafts to the inbox, chunk plans that are refused,
//! an app that was not audited, terms that change (C15, C24, C32).

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_sandbox::{Deed, Fault};
use slipway_stories::{Quick, Running, Town, call, post, refused, run_until, wait_for, wait_shown, wishes};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

fn count(town: &Town, api: &str) -> usize {
    town.sandbox.calls().iter().filter(|call| call.api == api).count()
}

/// Direct, and all that has to be chosen by hand chosen.
fn direct(more: Value) -> anyhow::Result<Value> {
    let mut options = wishes("tiktok")?;
    if let (Some(options), Some(more)) = (options.as_object_mut(), more.as_object()) {
        options.extend(more.clone());
    }
    Ok(json!({"to": ["tiktok"], "options": {"tiktok": options}}))
}

fn draft() -> Value {
    json!({"to": ["tiktok"], "options": {"tiktok": {"mode": "inbox"}}})
}

async fn account(engine: &Engine) -> anyhow::Result<Value> {
    Ok(call(engine, "accounts.list", json!({})).await?[0].clone())
}

/// All but the last chunk goes ahead; the last one, which makes the post, waits for the minute. How long TikTok took is measured.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_post_is_as_near_its_minute_as_tiktok_allows_and_never_before() -> anyhow::Result<()> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| settings.tiktok.moderation_ms = 200);
    let engine = town.at_home("tiktok").await?;
    let path = town.video("long.mp4", 70_000_000, 1)?;
    let mut more = direct(json!({}))?;
    more["at"] = json!("+10s");
    let id = post(&engine, &path, "", more).await?;
    let running = Running::start(&engine);
    let waits = wait_for(&engine, id, &["ready", "published", "stuck"], PATIENCE).await?;
    ensure!(waits["state"] == "ready", "{waits:#}");
    let ahead = count(&town, "tiktok.upload.put");
    ensure!(ahead >= 2, "only {ahead} chunks went ahead");
    ensure!(town.videos().iter().all(|video| video.public_at_ms.is_none()), "a post before its last chunk");
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "tiktok.upload.put") == ahead + 1, "the last chunk alone goes at the minute");
    ensure!(count(&town, "tiktok.video.init") == 1);
    let due: jiff::Timestamp = shown["due"].as_str().context("no minute")?.parse()?;
    let video = town.videos().pop().context("no video")?;
    let late = video.public_at_ms.context("nobody sees it")? - due.as_millisecond();
    ensure!((0..10_000).contains(&late), "{late} ms");
    let disk = blake3::hash(&std::fs::read(&path)?).to_hex();
    ensure!(video.blake3.as_deref() == Some(disk.as_str()), "other bytes arrived");
    let account = account(&engine).await?;
    ensure!(account["pace_ms"].as_u64().is_some(), "what was measured is told: {account:#}");
    town.nothing_odd()
}

/// The consent is part of the post: without it nothing leaves, and its instant stands with the delivery.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_posted_before_the_choices_were_made_by_hand() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    let path = town.video("mine.mp4", 400_000, 2)?;
    town.sandbox.clear_calls();
    let bare = json!({"path": path, "to": ["tiktok"], "words": {"caption": "#rye"}});
    let problem = refused(&engine, "posts.add", bare).await?;
    ensure!(problem["code"] == "option_missing", "{problem:#}");
    let fields: Vec<&Value> = std::iter::once(&problem)
        .chain(problem["also"].as_array().into_iter().flatten())
        .map(|one| &one["fix"]["field"])
        .collect();
    ensure!(fields.contains(&&json!("privacy")) && fields.contains(&&json!("consent")), "{fields:?}");
    // At least one of two boxes, and what is paid for is not private.
    let disclosed = direct(json!({"disclosure": true}))?;
    let given = json!({"path": path, "to": ["tiktok"], "options": disclosed["options"]});
    ensure!(
        refused(&engine, "posts.add", given).await?["message"]
            .as_str()
            .is_some_and(|text| text.contains("promotes yourself, a third party, or both"))
    );
    let private = direct(json!({"disclosure": true, "branded_content": true, "privacy": "SELF_ONLY"}))?;
    let given = json!({"path": path, "to": ["tiktok"], "options": private["options"]});
    ensure!(
        refused(&engine, "posts.add", given).await?["message"]
            .as_str()
            .is_some_and(|text| text.contains("cannot be set to private"))
    );
    town.quiet().await?;
    ensure!(town.sandbox.calls().is_empty(), "something was asked of TikTok");
    let id = post(&engine, &path, "", direct(json!({}))?).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    let given: jiff::Timestamp = shown["options"]["consent"].as_str().context("no instant")?.parse()?;
    ensure!(given <= jiff::Timestamp::now());
    let said = town.videos().pop().context("no video")?.options;
    ensure!(said["disable_comment"] == true && said["brand_content_toggle"] == false, "{said:#}");
    Ok(())
}

/// A draft waits in the creator's inbox: that is told once, it is looked after, and it ends by what the creator does there (C15).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_waits_in_the_inbox_until_its_creator_posts_it_c15() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    let path = town.video("draft.mp4", 400_000, 3)?;
    let id = post(&engine, &path, "", draft()).await?;
    let mut events = engine.events().listen();
    let running = Running::start(&engine);
    let waits = wait_for(&engine, id, &["to_finish", "published", "stuck"], PATIENCE).await?;
    ensure!(waits["state"] == "to_finish" && waits["problem"]["code"] == "finish_there", "{waits:#}");
    ensure!(waits["next"]["then"] == "you", "{:#}", waits["next"]);
    let mut told = 0;
    while let Ok(event) = events.try_recv() {
        let text = serde_json::to_value(&event)?;
        told += usize::from(text["what"] == "notice" && text["kind"] == "finish_there");
    }
    ensure!(told == 1, "told {told} times");
    // It was posted in the app; the next look sees it.
    let video = town.videos().pop().context("no draft")?;
    ensure!(video.privacy == "inbox" && video.public_at_ms.is_none(), "{}", video.privacy);
    let publish_id = video.raw["publish_id"].as_str().context("no publish id")?;
    ensure!(town.sandbox.finish_draft(publish_id), "no such draft");
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "tiktok.inbox.init") == 1 && count(&town, "tiktok.video.init") == 0);
    town.nothing_odd()
}

/// The creator says that it is done, or that it is not wanted any more; nothing is sent for either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_called_done_or_given_up_by_hand_c15() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    for (seed, done) in [(4, true), (5, false)] {
        let path = town.video(&format!("draft{seed}.mp4"), 300_000, seed)?;
        let id = post(&engine, &path, "", draft()).await?;
        let waits = run_until(&engine, id, &["to_finish", "stuck"], PATIENCE).await?;
        ensure!(waits["state"] == "to_finish", "{waits:#}");
        let calls = town.sandbox.calls().len();
        if done {
            let bad = json!({"id": id, "url": "javascript:alert(1)"});
            ensure!(refused(&engine, "posts.finish", bad).await?["code"] == "bad_request");
            let shown = call(&engine, "posts.finish", json!({"id": id})).await?;
            ensure!(shown["state"] == "published", "{shown:#}");
            ensure!(
                shown["remote"]["url"].as_str().is_some_and(|url| url.starts_with("https://")),
                "{shown:#}"
            );
            ensure!(refused(&engine, "posts.finish", json!({"id": id})).await?["code"] == "not_now");
        } else {
            let shown = call(&engine, "posts.cancel", json!({"id": id})).await?;
            ensure!(shown["state"] == "cancelled", "{shown:#}");
            ensure!(
                shown["problem"]["code"] == "finish_there",
                "that the draft is still there is not told: {shown:#}"
            );
        }
        ensure!(town.sandbox.calls().len() == calls, "something was sent");
    }
    Ok(())
}

/// Cancelled while TikTok works on it: all of it is there, so it comes to the inbox, and that is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_cancelled_on_its_way_to_the_inbox_is_told_to_come_there() -> anyhow::Result<()> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| settings.processing_ms = 3_600_000);
    let engine = town.at_home("tiktok").await?;
    let path = town.video("draft.mp4", 300_000, 6)?;
    let id = post(&engine, &path, "", draft()).await?;
    let running = Running::start(&engine);
    wait_shown(&engine, id, "TikTok works on it", PATIENCE, |shown| {
        shown["stage"] == "processing" && !shown["remote"].is_null()
    })
    .await?;
    call(&engine, "posts.cancel", json!({"id": id})).await?;
    let shown = wait_for(&engine, id, &["cancelled", "stuck"], PATIENCE).await?;
    running.stop().await?;
    ensure!(shown["state"] == "cancelled" && shown["problem"]["code"] == "finish_there", "{shown:#}");
    town.nothing_odd()
}

/// Killed in the middle of its upload and started again long after its minute: what the channel's rule says happens, also where the
/// bytes are there and one call is left (C17).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_taken_up_long_after_its_minute_asks_before_it_is_posted_c17() -> anyhow::Result<()> {
    for hours in [1, 25] {
        let town = Town::new().await?;
        let quick = Quick::new(&town, 20);
        // The address of the upload lives as long as it takes, or is gone long since.
        town.sandbox.settings(|settings| settings.tiktok.upload_url_s = 7_200);
        let engine = town.at_home_with("tiktok", quick.clock.clone()).await?;
        let path = town.video("long.mp4", 70_000_000, 40)?;
        town.sandbox.plan(Fault::next("tiktok.upload.put", Deed::SlowBytesPerS(5_000_000)));
        let mut more = direct(json!({}))?;
        more["at"] = json!("+10m");
        let id = post(&engine, &path, "", more).await?;
        let running = Running::start(&engine);
        quick.run();
        wait_shown(&engine, id, "sends", PATIENCE, |_| {
            town.sandbox.calls().iter().any(|call| call.api == "tiktok.upload.put" && call.status.is_none())
        })
        .await?;
        running.crash().await;
        quick.hold();
        quick.pass(Duration::from_secs(3600 * hours));
        let engine = town.engine_with(quick.clock.clone())?;
        let running = Running::start(&engine);
        let shown = wait_for(&engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "missed", "{hours} h: {shown:#}");
        ensure!(town.videos().iter().all(|video| video.public_at_ms.is_none()), "it went out unasked");
        call(&engine, "posts.retry", json!({"id": id})).await?;
        quick.run();
        let shown = wait_for(&engine, id, &["stuck", "published"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{hours} h: {shown:#}");
        running.stop().await?;
        ensure!(town.videos().iter().filter(|video| video.public_at_ms.is_some()).count() == 1);
    }
    Ok(())
}

/// TikTok has all of it, fails by its own fault and says that nothing was posted: it is made anew, and not for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_tiktok_itself_calls_failed_is_made_anew_and_not_for_ever() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 20);
    let engine = town.at_home_with("tiktok", quick.clock.clone()).await?;
    quick.run();
    for heals in [true, false] {
        town.sandbox.settings(|settings| settings.tiktok.fail_reason = Some("internal".into()));
        town.sandbox.clear_calls();
        let path = town.video(&format!("fails-{heals}.mp4"), 300_000, 50 + u64::from(heals))?;
        let id = post(&engine, &path, "", direct(json!({}))?).await?;
        let running = Running::start(&engine);
        if heals {
            wait_shown(&engine, id, "is made anew", PATIENCE, |shown| {
                shown["state"] == "parked" && shown["problem"]["code"] == "processing_failed"
            })
            .await?;
            town.sandbox.settings(|settings| settings.tiktok.fail_reason = None);
        }
        let shown = wait_for(&engine, id, &["stuck", "published"], PATIENCE).await?;
        running.stop().await?;
        ensure!(shown["state"] == if heals { "published" } else { "stuck" }, "{shown:#}");
        let openings = count(&town, "tiktok.video.init");
        ensure!(openings == if heals { 2 } else { 4 }, "opened {openings} times");
        if heals {
            continue;
        }
        ensure!(shown["problem"]["fix"]["do"] == "retry" && shown["remote"].is_null(), "{shown:#}");
        // A person may try again, and then it is made anew once more.
        town.sandbox.settings(|settings| settings.tiktok.fail_reason = None);
        call(&engine, "posts.retry", json!({"id": id})).await?;
        let running = Running::start(&engine);
        let shown = wait_for(&engine, id, &["stuck", "published"], PATIENCE).await?;
        running.stop().await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    let public = town.videos().into_iter().filter(|video| video.public_at_ms.is_some()).count();
    ensure!(public == 2, "{public} are public");
    Ok(())
}

/// A plan that was good yesterday is refused today: another is asked for before any byte, and the post is there once (C24).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_plan_that_is_refused_has_an_alternative_c24() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    town.sandbox.settings(|settings| settings.tiktok.chunk_plans_refused = 1);
    let path = town.video("large.mp4", 66_259_900, 6)?;
    let id = post(&engine, &path, "", direct(json!({}))?).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "tiktok.video.init") == 2, "asked {} times", count(&town, "tiktok.video.init"));
    ensure!(town.videos().len() == 1);
    town.nothing_odd()
}

/// An app that was not audited can't post for everyone: said before a byte leaves. A draft is free of it (C32).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_was_not_audited_is_told_before_the_upload_c32() -> anyhow::Result<()> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| settings.tiktok.audited = false);
    let engine = town.at_home("tiktok").await?;
    let app = call(&engine, "apps.list", json!({})).await?;
    let known = town.sandbox.announcement().apps["tiktok"].clone();
    call(
        &engine,
        "apps.add",
        json!({"platform": "tiktok", "client_id": known.client_id,
        "client_secret": known.client_secret, "flags": {"audited": false}}),
    )
    .await
    .with_context(|| format!("{app:#}"))?;
    let id = account(&engine).await?["id"].clone();
    call(&engine, "accounts.terms", json!({"id": id})).await?;
    town.sandbox.clear_calls();
    let path = town.video("open.mp4", 300_000, 7)?;
    let given = json!({"path": path, "to": ["tiktok"], "options": direct(json!({}))?["options"]});
    let problem = refused(&engine, "posts.add", given).await?;
    let codes: Vec<&Value> = std::iter::once(&problem)
        .chain(problem["also"].as_array().into_iter().flatten())
        .map(|one| &one["code"])
        .collect();
    ensure!(codes.contains(&&json!("not_audited")), "{problem:#}");
    ensure!(town.sandbox.calls().is_empty(), "something was asked of TikTok");
    let draft = post(&engine, &path, "", draft()).await?;
    let shown = run_until(&engine, draft, &["to_finish", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "to_finish", "{shown:#}");
    Ok(())
}

/// Choices were allowed when they were made and are not at the minute: nothing is opened, and a person is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_that_changed_stop_the_post_before_anything_is_opened() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    let path = town.video("closed.mp4", 300_000, 8)?;
    let id = post(&engine, &path, "", direct(json!({}))?).await?;
    town.sandbox.settings(|settings| settings.tiktok.private_accounts = vec!["mira".into(), "jonas".into()]);
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "stuck" && shown["problem"]["code"] == "terms_changed", "{shown:#}");
    ensure!(count(&town, "tiktok.video.init") == 0, "something was opened");
    Ok(())
}

/// A refresh hands out a new refresh token and the old one is dead: it is stored before the access token is used, also when the answer
/// before was lost with the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_refresh_token_is_kept_before_it_is_needed() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    for seed in [9, 10, 11] {
        town.sandbox.expire_for("tiktok", true, false);
        let path = town.video(&format!("rotated{seed}.mp4"), 300_000, seed)?;
        let id = post(&engine, &path, "", direct(json!({}))?).await?;
        let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    ensure!(count(&town, "tiktok.token") >= 4, "a sign-in and three renewals");
    town.nothing_odd()
}

/// Seven posts at once: the seventh waits until the minute of the first is over, and TikTok never has to say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seventh_opening_of_a_minute_waits_by_itself() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    let mut last = 0;
    for seed in 20..27 {
        let path = town.video(&format!("row{seed}.mp4"), 200_000, seed)?;
        last = post(&engine, &path, "", direct(json!({}))?).await?;
    }
    let running = Running::start(&engine);
    let waits = wait_shown(&engine, last, "waits for the minute", PATIENCE, |shown| {
        shown["problem"]["code"] == "rate_limited"
    })
    .await?;
    running.stop().await?;
    ensure!(waits["state"] == "parked", "{waits:#}");
    ensure!(count(&town, "tiktok.video.init") == 6);
    ensure!(town.sandbox.calls().iter().all(|call| call.status != Some(429)), "TikTok had to say it");
    Ok(())
}

/// The answer to the last chunk never came: TikTok is asked, and nothing is opened again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_the_last_chunk_opens_nothing_again() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    town.sandbox.plan(Fault::next("tiktok.upload.put", Deed::Lost));
    let path = town.video("lost.mp4", 500_000, 30)?;
    let id = post(&engine, &path, "", direct(json!({}))?).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "tiktok.video.init") == 1 && count(&town, "tiktok.upload.put") == 1);
    ensure!(town.videos().len() == 1);
    town.nothing_odd()
}

/// Seven chunks, and nearly each of them is hurt: lost, cut, refused, forgotten. TikTok's borders are the truth, so every byte is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hurt_chunk_by_chunk_every_byte_arrives_once_c21() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    let put = "tiktok.upload.put";
    for (nth, hurt) in [
        (2, Deed::Lost),
        (3, Deed::CutAfter(3_000_000)),
        (5, Deed::WrongOffset),
        (7, Deed::Html),
        (11, Deed::StatusAfter(503)),
        (12, Deed::Lost),
    ] {
        town.sandbox.plan(Fault::nth(put, nth, hurt));
    }
    town.sandbox.plan(Fault::nth(put, 4, 503));
    let path = town.video("seven.mp4", 70_000_000, 31)?;
    let id = post(&engine, &path, "", direct(json!({}))?).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], 2 * PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "tiktok.video.init") == 1, "opened {} times", count(&town, "tiktok.video.init"));
    ensure!(count(&town, put) == 12, "{} chunks were sent", count(&town, put));
    let videos = town.videos();
    ensure!(videos.len() == 1, "{} videos", videos.len());
    let disk = blake3::hash(&std::fs::read(&path)?).to_hex();
    ensure!(videos[0].blake3.as_deref() == Some(disk.as_str()), "other bytes arrived");
    ensure!(town.sandbox.plans().iter().all(|plan| plan.done), "a planned fault never happened");
    town.nothing_odd()
}

/// TikTok forgets an upload before its last chunk: nothing was made of it, so it begins again, and the post is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_tiktok_forgot_begins_again_and_is_there_once() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    town.sandbox.plan(Fault::nth("tiktok.upload.put", 3, Deed::SessionGone));
    let path = town.video("gone.mp4", 70_000_000, 32)?;
    let id = post(&engine, &path, "", direct(json!({}))?).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    ensure!(count(&town, "tiktok.video.init") == 2);
    let shown: Vec<_> = town.videos().into_iter().filter(|video| video.public_at_ms.is_some()).collect();
    ensure!(shown.len() == 1, "{} videos", shown.len());
    let disk = blake3::hash(&std::fs::read(&path)?).to_hex();
    ensure!(shown[0].blake3.as_deref() == Some(disk.as_str()), "other bytes arrived");
    town.nothing_odd()
}

/// All but the last chunk is there and waits: a cancel leaves nothing at TikTok, an edit is what is posted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_its_minute_can_be_taken_back_and_edited_c38() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    let path = town.video("waits.mp4", 500_000, 33)?;
    let mut more = direct(json!({}))?;
    more["at"] = json!("+20m");
    let id = post(&engine, &path, "", more.clone()).await?;
    // It begins by itself before its minute; here it is asked to begin now.
    call(&engine, "posts.retry", json!({"id": id})).await?;
    let running = Running::start(&engine);
    let waits = wait_for(&engine, id, &["ready", "published", "stuck"], PATIENCE).await?;
    ensure!(waits["state"] == "ready", "{waits:#}");
    call(&engine, "posts.edit", json!({"id": id, "caption": "Rye, not wheat", "at": "+3s"})).await?;
    let shown = wait_for(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    let said = town.videos().pop().context("no video")?;
    ensure!(said.description == "Rye, not wheat", "{}", said.description);
    ensure!(count(&town, "tiktok.upload.put") == 1, "the first opening got no byte");

    more["again"] = json!(true);
    more["at"] = json!("+20m");
    let id = post(&engine, &path, "", more).await?;
    call(&engine, "posts.retry", json!({"id": id})).await?;
    wait_for(&engine, id, &["ready", "stuck"], PATIENCE).await?;
    call(&engine, "posts.cancel", json!({"id": id})).await?;
    let shown = wait_for(&engine, id, &["cancelled", "stuck", "published"], PATIENCE).await?;
    running.stop().await?;
    ensure!(shown["state"] == "cancelled", "{shown:#}");
    ensure!(count(&town, "tiktok.upload.put") == 1 && town.videos().len() == 1, "something was posted");
    town.nothing_odd()
}
