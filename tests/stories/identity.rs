//! Whose channel a post goes to: two data folders on one keychain, tokens of other channels, and what a deleted folder leaves behind.
//!
//! Not here: the keychain of the system (`keychain`), and how entries are laid out (`secrets` in the engine).

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::vault::Vault;
use slipway_sandbox::{Fault, StatusAnswer};
use slipway_stories::person::disconnect;
use slipway_stories::{Person, Running, Town, call, post, refused, run_until, wait_for, wishes};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A second data folder on the same computer: the same platforms, the same keychain.
fn another(town: &Town) -> anyhow::Result<Town> {
    Ok(Town { sandbox: town.sandbox.clone(), home: tempfile::tempdir()?, vault: town.vault.clone() })
}

async fn connected(town: &Town, platform: &str, who: usize) -> anyhow::Result<()> {
    let engine = town.engine()?;
    town.add_app(&engine, platform).await?;
    Person::who(who).connect(&engine, platform).await?;
    Ok(())
}

/// Everything a post to this platform needs.
fn to(platform: &str) -> anyhow::Result<Value> {
    Ok(json!({"to": [platform], "options": {platform: wishes(platform)?}}))
}

async fn folder_id(town: &Town) -> anyhow::Result<String> {
    Ok(town.engine()?.store().folder_id().to_string())
}

/// The vault's entry of the first account of this data folder.
async fn entry(town: &Town) -> anyhow::Result<(String, Value)> {
    let key = format!("home/{}/account/1", folder_id(town).await?);
    let bytes = town.vault.get(&key)?.context("no entry")?;
    Ok((key, serde_json::from_slice(bytes.expose())?))
}

fn posted_calls(town: &Town) -> Vec<String> {
    let opens = [
        "videos.insert",
        "tiktok.video.init",
        "tiktok.inbox",
        "reels.start",
        "videos.create",
        "instagram.media",
    ];
    let calls = town.sandbox.calls().into_iter().map(|call| call.api);
    calls.filter(|api| opens.iter().any(|open| api.contains(open)) || api.contains("upload")).collect()
}

/// Row 1 of one queue is not row 1 of the other, and disconnecting in one leaves the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_data_folders_with_one_keychain_post_each_to_its_own_channel() -> anyhow::Result<()> {
    for platform in ["youtube", "tiktok", "facebook"] {
        let a = Town::new().await?;
        let b = another(&a)?;
        connected(&a, platform, 0).await?;
        connected(&b, platform, 1).await?;
        let own = call(&a.engine()?, "accounts.list", json!({})).await?[0].clone();
        let other = call(&b.engine()?, "accounts.list", json!({})).await?[0].clone();
        ensure!(own["id"] == other["id"] && own["remote_id"] != other["remote_id"], "{own:#} {other:#}");
        for (nth, title) in ["Before", "After"].into_iter().enumerate() {
            let engine = a.engine()?;
            let path = a.video(&format!("{nth}.mp4"), 90_000, nth as u64)?;
            let id = post(&engine, &path, title, to(platform)?).await?;
            let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
            ensure!(shown["state"] == "published", "{platform}: {shown:#}");
            let videos = a.videos();
            ensure!(
                videos.len() == nth + 1
                    && videos.iter().all(|video| own["remote_id"] == video.channel_id.as_str()),
                "{platform}: {:?}",
                videos.iter().map(|video| &video.channel_id).collect::<Vec<_>>()
            );
            drop(engine);
            if nth == 0 {
                disconnect(&b.engine()?, 1).await?;
            }
        }
        a.nothing_odd()?;
    }
    Ok(())
}

/// The entry itself says whose it is: that of another channel is not even tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vault_entry_of_another_channel_sends_nothing_and_is_not_wiped() -> anyhow::Result<()> {
    for platform in ["youtube", "tiktok", "facebook", "instagram"] {
        let town = Town::new().await?;
        connected(&town, platform, 0).await?;
        let (key, mine) = entry(&town).await?;
        let mut others = mine.clone();
        others["id"] = "somebody-else".into();
        others["name"] = "Somebody Else".into();
        town.vault.set(&key, others.to_string().as_bytes())?;
        let engine = town.engine()?;
        town.sandbox.clear_calls();
        let path = town.video("mine.mp4", 90_000, 1)?;
        let id = post(&engine, &path, "Mine", to(platform)?).await?;
        let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(
            shown["state"] == "stuck" && shown["problem"]["code"] == "wrong_channel",
            "{platform}: {shown:#}"
        );
        ensure!(shown["problem"]["fix"] == json!({"do": "sign_in", "account": 1}), "{shown:#}");
        ensure!(town.sandbox.calls().is_empty(), "{platform}: {:?}", town.sandbox.calls());
        ensure!(entry(&town).await?.1 == others, "it was not ours to change");

        // The way out that is named works.
        Person::default().connect(&engine, platform).await?;
        let shown = run_until(&engine, id, &["published"], PATIENCE).await?;
        ensure!(town.videos().len() == 1, "{platform}: {shown:#}");
        let now = entry(&town).await?.1;
        ensure!(now["id"] == mine["id"] && now["platform"] == platform, "{platform}: the entry is not mine");
    }
    Ok(())
}

/// What the platform answers on the question whose token it is.
fn answer_of_another(platform: &str) -> Fault {
    let (api, nth, body) = match platform {
        "youtube" => (
            "channels.list",
            1,
            json!({"items": [{"id": "UCsomebodyelse0000000000", "snippet": {"title": "Else"}}]}),
        ),
        "tiktok" => (
            "tiktok.user.info",
            1,
            json!({"data": {"user": {"open_id": "somebody-else"}}, "error": {"code": "ok"}}),
        ),
        // The first one of both is asked for the Page's token.
        "facebook" => ("facebook.page", 2, json!({"id": "104000000000202"})),
        _ => (
            "instagram.page",
            2,
            json!({"id": "1", "instagram_business_account": {"id": "17841400000000303"}}),
        ),
    };
    let answer = StatusAnswer {
        status: 200,
        body: Some(body.to_string()),
        headers: [("content-type".to_string(), "application/json".to_string())].into(),
        ..StatusAnswer::default()
    };
    Fault::nth(api, nth, slipway_sandbox::Hurt::Status(answer))
}

/// The platform itself is asked whose the token is, before anything is opened with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_whose_owner_is_another_channel_sends_nothing() -> anyhow::Result<()> {
    for platform in ["youtube", "tiktok", "facebook", "instagram"] {
        let town = Town::new().await?;
        connected(&town, platform, 0).await?;
        let engine = town.engine()?;
        town.sandbox.clear_calls();
        town.sandbox.plan(answer_of_another(platform));
        let path = town.video("mine.mp4", 90_000, 1)?;
        let id = post(&engine, &path, "Mine", to(platform)?).await?;
        let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(
            shown["state"] == "stuck" && shown["problem"]["code"] == "wrong_channel",
            "{platform}: {shown:#}"
        );
        ensure!(
            posted_calls(&town).is_empty() && town.videos().is_empty(),
            "{platform}: {:?}",
            posted_calls(&town)
        );
        let account = call(&engine, "accounts.list", json!({})).await?[0].clone();
        ensure!(account["state"] == "sign_in", "all of the channel waits: {account:#}");
        town.nothing_odd()?;
        Person::default().connect(&engine, platform).await?;
        run_until(&engine, id, &["published"], PATIENCE).await?;
        ensure!(town.videos().len() == 1);
    }
    Ok(())
}

/// A refresh token of somebody else, in an entry that says it is ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swapped_token_is_found_out_before_it_is_used() -> anyhow::Result<()> {
    for platform in ["youtube", "tiktok"] {
        let a = Town::new().await?;
        let b = another(&a)?;
        connected(&a, platform, 0).await?;
        connected(&b, platform, 1).await?;
        let (key, mut mine) = entry(&a).await?;
        mine["secret"]["refresh_token"] = entry(&b).await?.1["secret"]["refresh_token"].clone();
        a.vault.set(&key, mine.to_string().as_bytes())?;
        let engine = a.engine()?;
        let path = a.video("mine.mp4", 90_000, 1)?;
        let id = post(&engine, &path, "Mine", to(platform)?).await?;
        let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
        ensure!(
            shown["problem"]["code"] == "wrong_channel" && a.videos().is_empty(),
            "{platform}: {shown:#}"
        );
    }
    Ok(())
}

/// Once for a sign-in and a run, not once a post, a call or a chunk; and not at all where the sign-in itself just said it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_is_asked_for_once_a_run() -> anyhow::Result<()> {
    for (platform, api) in [("youtube", "channels.list"), ("tiktok", "tiktok.user.info")] {
        let town = Town::new().await?;
        let mut engine = town.at_home(platform).await?;
        for (run, asked) in [(0, 0), (1, 1)] {
            town.sandbox.clear_calls();
            for nth in 0..3 {
                let path = town.video(&format!("{run}-{nth}.mp4"), 90_000, run * 10 + nth)?;
                let id = post(&engine, &path, &format!("{run} {nth}"), to(platform)?).await?;
                run_until(&engine, id, &["published"], PATIENCE).await?;
            }
            let calls = town.sandbox.calls().iter().filter(|call| call.api == api).count();
            ensure!(calls == asked, "{platform}: asked {calls} times in run {run}");
            drop(engine);
            engine = town.engine()?;
        }
    }
    Ok(())
}

/// A platform that can't say it now is no reason to send, and none to ask for a new sign-in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_is_not_told_now_is_asked_for_again() -> anyhow::Result<()> {
    let town = Town::new().await?;
    connected(&town, "youtube", 0).await?;
    let engine = town.engine()?;
    town.sandbox.clear_calls();
    town.sandbox.plan(Fault::next("channels.list", StatusAnswer { status: 503, ..StatusAnswer::default() }));
    let path = town.video("later.mp4", 90_000, 1)?;
    let id = post(&engine, &path, "Later", to("youtube")?).await?;
    let running = Running::start(&engine);
    let shown = wait_for(&engine, id, &["parked"], PATIENCE).await?;
    ensure!(shown["problem"]["code"] == "platform_down" && posted_calls(&town).is_empty(), "{shown:#}");
    wait_for(&engine, id, &["published"], PATIENCE).await?;
    running.stop().await?;
    town.nothing_odd()
}

/// `restore --empty`, another channel, `restore`: the old queue's first row is not the new one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_queue_never_posts_to_the_channel_connected_meanwhile() -> anyhow::Result<()> {
    let town = Town::new().await?;
    connected(&town, "youtube", 0).await?;
    let database = town.folder().join("slipway.db");
    let engine = town.engine()?;
    let path = town.video("old.mp4", 90_000, 1)?;
    post(&engine, &path, "Of the old queue", to("youtube")?).await?;
    let mine = call(&engine, "accounts.list", json!({})).await?[0]["remote_id"].clone();
    call(&engine, "backups.make", json!({})).await?;
    drop(engine);
    slipway_core::store::restore(&database, &slipway_core::store::Choice::Empty)?;
    connected(&town, "youtube", 1).await?;
    let others = call(&town.engine()?, "accounts.list", json!({})).await?[0]["remote_id"].clone();
    slipway_core::store::restore(&database, &slipway_core::store::Choice::Newest)?;
    let engine = town.engine()?;
    let shown = run_until(&engine, 1, &["published", "stuck"], PATIENCE).await?;
    for video in town.videos() {
        ensure!(mine == video.channel_id.as_str() && others != video.channel_id.as_str(), "{shown:#}");
    }
    Ok(())
}

/// Where the message names a new sign-in as the way out, a new sign-in is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_entry_is_told_as_such_and_a_sign_in_mends_it() -> anyhow::Result<()> {
    let town = Town::new().await?;
    connected(&town, "youtube", 0).await?;
    let (key, _) = entry(&town).await?;
    town.vault.set(&key, b"\x00 not an entry")?;
    let engine = town.engine()?;
    let path = town.video("mine.mp4", 90_000, 1)?;
    let id = post(&engine, &path, "Mine", to("youtube")?).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["problem"]["code"] == "secret_damaged", "{shown:#}");
    ensure!(shown["problem"]["fix"] == json!({"do": "sign_in", "account": 1}), "{shown:#}");
    Person::default().connect(&engine, "youtube").await?;
    run_until(&engine, id, &["published"], PATIENCE).await?;
    Ok(())
}

/// What an uninstalled Slipway left is found and can be wiped; what another folder uses is not touched by accident.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_vault_is_listed_by_folder_and_orphans_are_wiped() -> anyhow::Result<()> {
    for no_list in [false, true] {
        let here = Town::new().await?;
        if no_list {
            here.vault.set_no_list();
        }
        let (there, gone) = (another(&here)?, another(&here)?);
        for (town, who) in [(&here, 0), (&there, 1), (&gone, 1)] {
            connected(town, "youtube", who).await?;
        }
        let (id_there, id_gone) = (folder_id(&there).await?, folder_id(&gone).await?);
        let path_gone = gone.folder();
        gone.home.close()?;

        let engine = here.engine()?;
        let view = call(&engine, "vault.list", json!({})).await?;
        let places: Vec<_> =
            view["folders"].as_array().context("no folders")?.iter().map(|one| &one["place"]).collect();
        ensure!(places == ["here", "elsewhere", "gone"], "{view:#}");
        let orphan = &view["folders"][2];
        ensure!(
            orphan["id"] == id_gone.as_str() && orphan["path"] == path_gone.to_string_lossy().as_ref(),
            "{view:#}"
        );
        let kinds: Vec<_> =
            orphan["entries"].as_array().context("none")?.iter().map(|one| &one["kind"]).collect();
        ensure!(kinds == ["account", "app"] && orphan["entries"][0]["platform"] == "youtube", "{view:#}");
        for secret in here.sandbox.state().secrets {
            ensure!(!view.to_string().contains(&secret), "a secret is shown");
        }

        // Another folder's are asked about, and refused while it runs; one's own are disconnected instead.
        let wipe = |folder: &str, sure: bool| json!({"folder": folder, "sure": sure});
        ensure!(refused(&engine, "vault.wipe", json!({})).await?["code"] == "bad_request");
        ensure!(refused(&engine, "vault.wipe", wipe(&id_there, false)).await?["code"] == "not_now");
        let other = there.engine()?;
        let running = Running::start(&other);
        while !other.is_running() {
            tokio::task::yield_now().await;
        }
        let problem = refused(&engine, "vault.wipe", wipe(&id_there, true)).await?;
        ensure!(problem["code"] == "not_now", "{problem:#}");
        running.stop().await?;
        let running = Running::start(&engine);
        while !engine.is_running() {
            tokio::task::yield_now().await;
        }
        let own = engine.store().folder_id().to_string();
        ensure!(refused(&engine, "vault.wipe", wipe(&own, true)).await?["code"] == "not_now");
        running.stop().await?;

        let wiped = call(&engine, "vault.wipe", json!({"orphans": true})).await?;
        ensure!(
            wiped["entries"] == 2 && wiped["channels"].as_array().is_some_and(|all| all.len() == 1),
            "{wiped:#}"
        );
        ensure!(here.vault.keys().iter().all(|key| !key.contains(&id_gone)), "{:?}", here.vault.keys());
        // A queue that ran has its counter there, too; that of the folder in use stays.
        for (folder, entries) in [(&id_there, 3), (&own, 2)] {
            let wiped = call(&engine, "vault.wipe", wipe(folder, true)).await?;
            ensure!(wiped["entries"] == entries, "{wiped:#}");
        }
        let counter = format!("home/{own}/generation");
        let lists = [format!("home/{own}/index"), "homes".into()];
        let left: Vec<_> = here.vault.keys().into_iter().filter(|key| !lists.contains(key)).collect();
        ensure!(left == [counter.clone()], "{left:?}");
        ensure!(
            call(&engine, "accounts.list", json!({})).await?[0]["state"] == "sign_in",
            "it needs a new sign-in"
        );
        let view = call(&engine, "vault.list", json!({})).await?;
        let entries = view["folders"][0]["entries"].as_array().context("none")?;
        ensure!(entries.len() == 1 && entries[0]["key"] == counter.as_str(), "{view:#}");
        // The secret of the developer app was wiped, too.
        here.add_app(&engine, "youtube").await?;
        Person::default().connect(&engine, "youtube").await?;
    }
    Ok(())
}
