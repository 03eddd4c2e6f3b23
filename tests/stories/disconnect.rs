//! Leaving a channel: what ends at the platform and what must not, what is said of it, and when its data goes.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use slipway_core::engine::Engine;
use slipway_core::vault::Vault;
use slipway_sandbox::Fault;
use slipway_stories::person::{browser, disconnect};
use slipway_stories::{Person, Quick, Running, Town, all_files, call, post, refused, run_until, wishes};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const PAGE_SCOPES: [&str; 4] =
    ["pages_show_list", "pages_read_engagement", "pages_manage_posts", "business_management"];

/// Connects one Page by a sign-in of its own; the account and its token.
async fn page(town: &Town, engine: &Engine, who: &str, name: &str) -> anyhow::Result<(i64, String)> {
    let token = town.sandbox.grant_for("facebook", who, &PAGE_SCOPES).access_token;
    let given = json!({"platform": "facebook", "token": token, "choose": [name]});
    let made = call(engine, "accounts.connect", given).await?;
    let id = made["accounts"][0]["id"].as_i64().with_context(|| made.to_string())?;
    Ok((id, token))
}

async fn pages() -> anyhow::Result<(Town, Engine, i64, i64)> {
    let town = Town::new().await?;
    let engine = town.engine()?;
    town.add_app(&engine, "facebook").await?;
    let (bakes, _) = page(&town, &engine, "mira", "Mira Bakes").await?;
    let (garden, _) = page(&town, &engine, "mira", "Mira's Garden").await?;
    Ok((town, engine, bakes, garden))
}

async fn state(engine: &Engine, id: i64) -> anyhow::Result<String> {
    let all = call(engine, "accounts.list", json!({})).await?;
    let found = all.as_array().and_then(|all| all.iter().find(|one| one["id"] == id));
    Ok(found.and_then(|one| one["state"].as_str()).unwrap_or("none").to_string())
}

/// The status of a plain question at Graph with this token.
async fn answers(town: &Town, host: &str, path: &str, token: &str) -> anyhow::Result<u16> {
    let host = &town.sandbox.announcement().hosts[host];
    Ok(browser()?.get(format!("{host}{path}")).bearer_auth(token).send().await?.status().as_u16())
}

// ---------------------------------------------------------------------------------------------------------------- siblings

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnect_keeps_the_grant_while_a_sibling_needs_it() -> anyhow::Result<()> {
    let (town, engine, bakes, garden) = pages().await?;
    let told = call(&engine, "accounts.siblings", json!({"id": bakes})).await?;
    ensure!(
        told == json!([{"account": garden, "platform": "facebook", "name": "Mira's Garden"}]),
        "{told:#}"
    );
    let said = disconnect(&engine, bakes).await?;
    ensure!(said["revoked"] == false && said["access"]["outcome"] == "kept", "{said:#}");
    ensure!(said["access"]["siblings"][0]["name"] == "Mira's Garden", "{said:#}");
    // The sibling is healthy, and what is planned on it goes out.
    ensure!(state(&engine, garden).await? == "ok");
    let more = json!({"to": [garden.to_string()], "options": {"facebook": wishes("facebook")?}});
    let id = post(&engine, &town.video("rye.mp4", 200_000, 5)?, "Tulips", more).await?;
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    ensure!(shown["state"] == "published", "{shown:#}");
    // The last one takes the access back.
    let said = disconnect(&engine, garden).await?;
    ensure!(
        said["revoked"] == true && said["access"] == json!({"outcome": "revoked", "ended": []}),
        "{said:#}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ending_siblings_marks_them_at_once_and_nobody_else() -> anyhow::Result<()> {
    let (town, engine, bakes, garden) = pages().await?;
    let (jonas, token) = page(&town, &engine, "jonas", "Jonas Rides").await?;
    let given = json!({"id": bakes, "siblings": "end"});
    let said = call(&engine, "accounts.disconnect", given).await?;
    ensure!(said["access"]["outcome"] == "revoked", "{said:#}");
    ensure!(
        said["access"]["ended"]
            == json!([{"account": garden, "platform": "facebook", "name": "Mira's Garden"}]),
        "{said:#}"
    );
    ensure!(state(&engine, garden).await? == "sign_in", "listed as healthy while it is dead");
    ensure!(state(&engine, jonas).await? == "ok");
    ensure!(answers(&town, "graph.facebook.com", "/v25.0/me/permissions", &token).await? == 200);
    // A new sign-in brings it back.
    page(&town, &engine, "mira", "Mira's Garden").await?;
    ensure!(state(&engine, garden).await? == "ok");
    Ok(())
}

/// Pages and the accounts linked to them share one door at Meta: the same app there is the same grant, whichever platform it is here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn siblings_are_found_on_other_platforms_of_the_same_app() -> anyhow::Result<()> {
    let (town, engine, bakes, garden) = pages().await?;
    let sql = town.database()?;
    sql.execute_batch(
        "INSERT INTO app (id, platform, client_id, created_at) SELECT 77, 'instagram', client_id, 0 FROM app WHERE platform = 'facebook';
         INSERT INTO app (id, platform, client_id, created_at) VALUES (78, 'instagram', 'another', 0);
         INSERT INTO account (id, platform, app_id, remote_id, name, missed_rule, connected_at, person) SELECT 71, 'instagram', 77, 'i1', 'mirabakes', missed_rule, 0, person FROM account WHERE id = 1;
         INSERT INTO account (id, platform, app_id, remote_id, name, missed_rule, connected_at, person) SELECT 72, 'instagram', 77, 'i2', 'somebody', missed_rule, 0, 'somebody else' FROM account WHERE id = 1;
         INSERT INTO account (id, platform, app_id, remote_id, name, missed_rule, connected_at, person) SELECT 73, 'instagram', 77, 'i3', 'not known', missed_rule, 0, NULL FROM account WHERE id = 1;
         INSERT INTO account (id, platform, app_id, remote_id, name, missed_rule, connected_at, person, way) SELECT 74, 'instagram', 77, 'i4', 'other door', missed_rule, 0, person, 'instagram_login' FROM account WHERE id = 1;
         INSERT INTO account (id, platform, app_id, remote_id, name, missed_rule, connected_at, person) SELECT 75, 'instagram', 78, 'i5', 'other app', missed_rule, 0, person FROM account WHERE id = 1;
         INSERT INTO account (id, platform, app_id, remote_id, name, missed_rule, connected_at, person, state) SELECT 76, 'instagram', 77, 'i6', 'dead already', missed_rule, 0, person, 'sign_in' FROM account WHERE id = 1;",
    )?;
    let told = call(&engine, "accounts.siblings", json!({"id": bakes})).await?;
    let found: Vec<_> =
        told.as_array().into_iter().flatten().filter_map(|one| one["account"].as_i64()).collect();
    ensure!(found == [garden, 71, 73], "{told:#}");
    Ok(())
}

/// Nothing tells whose a YouTube channel's sign-in is, and Google ends all of a person's: so any other one counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_youtube_channel_counts_as_a_sibling_since_nothing_tells_its_person() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("youtube").await?;
    let other = Person::who(1).connect(&engine, "youtube").await?;
    let said = disconnect(&engine, 1).await?;
    ensure!(said["access"]["outcome"] == "kept" && said["revoked"] == false, "{said:#}");
    ensure!(said["access"]["page"] == "https://myaccount.google.com/connections", "{said:#}");
    ensure!(state(&engine, other).await? == "ok");
    let said = disconnect(&engine, other).await?;
    ensure!(said["access"]["outcome"] == "revoked", "{said:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiktok_creators_are_nobodys_siblings() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.at_home("tiktok").await?;
    let other = Person::who(1).connect(&engine, "tiktok").await?;
    ensure!(call(&engine, "accounts.siblings", json!({"id": 1})).await? == json!([]));
    let said = disconnect(&engine, 1).await?;
    ensure!(said["access"]["outcome"] == "revoked", "{said:#}");
    let health = call(&engine, "accounts.health", json!({"id": other})).await?;
    ensure!(health["state"] == "ok", "{health:#}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- what is said

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instagram_login_is_never_called_taken_back() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.engine()?;
    let app = town.sandbox.announcement().apps.get("instagram_login").context("no such app")?.clone();
    let given = json!({"platform": "instagram", "way": "instagram_login", "client_id": app.client_id, "client_secret": app.client_secret});
    call(&engine, "apps.add", given).await?;
    let scopes = ["instagram_business_basic", "instagram_business_content_publish"];
    let token = town.sandbox.grant_for("instagram_login", "mira", &scopes).access_token;
    let given = json!({"platform": "instagram", "way": "instagram_login", "token": token});
    call(&engine, "accounts.connect", given).await?;
    let said = disconnect(&engine, 1).await?;
    let page = "https://www.instagram.com/accounts/manage_access/";
    ensure!(said["access"] == json!({"outcome": "not_possible", "page": page}), "{said:#}");
    ensure!(said["revoked"] == false);
    let status = answers(&town, "graph.instagram.com", "/v25.0/me?fields=user_id", &token).await?;
    ensure!(status == 200, "the token is dead after all: {status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_vault_entry_is_said_and_not_called_taken_back() -> anyhow::Result<()> {
    for platform in ["youtube", "tiktok", "facebook", "instagram"] {
        let town = Town::new().await?;
        let engine = town.engine()?;
        town.add_app(&engine, platform).await?;
        let before = town.vault.keys();
        let id = Person::default().connect(&engine, platform).await?;
        for key in town.vault.keys().iter().filter(|key| !before.contains(key)) {
            town.vault.remove(key)?;
        }
        let said = disconnect(&engine, id).await?;
        ensure!(
            said["access"]["outcome"] == "nothing_stored" && said["revoked"] == false,
            "{platform}: {said:#}"
        );
        ensure!(
            said["access"]["page"].as_str().is_some_and(|page| page.starts_with("https://")),
            "{platform}: {said:#}"
        );
    }
    Ok(())
}

/// The answer to a revocation is not believed: the sign-in is tried once more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_platform_answers_is_read_back() -> anyhow::Result<()> {
    let cases: [(&[&str], &str); 3] = [
        // Refused, and the sign-in still works.
        (&["revoke"], "unconfirmed"),
        // Nothing answers properly.
        (&["revoke", "token", "token", "token"], "unreached"),
        (&[], "revoked"),
    ];
    for (failing, outcome) in cases {
        let town = Town::new().await?;
        let engine = town.at_home("youtube").await?;
        for (nth, api) in failing.iter().enumerate() {
            let earlier = failing[..nth].iter().filter(|other| *other == api).count() as u64;
            town.sandbox.plan(Fault::nth(
                api,
                earlier + 1,
                slipway_sandbox::StatusAnswer { status: 503, ..Default::default() },
            ));
        }
        let said = disconnect(&engine, 1).await?;
        ensure!(said["access"]["outcome"] == outcome, "{outcome}: {said:#}");
        ensure!(said["revoked"] == (outcome == "revoked"), "{said:#}");
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- its data

const TITLE: &str = "WordsNobodyElseWouldWrite";

async fn gone(engine: &Engine) -> anyhow::Result<Vec<Value>> {
    Ok(call(engine, "accounts.disconnected", json!({})).await?.as_array().cloned().unwrap_or_default())
}

fn files_with(town: &Town, text: &str) -> anyhow::Result<Vec<String>> {
    let all = all_files(&town.folder())?;
    let holds = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    Ok(all
        .into_iter()
        .filter(|(_, bytes)| holds(bytes))
        .map(|(path, _)| path.display().to_string())
        .collect())
}

/// A published and a planned post, a copy of the queue, and the channel disconnected.
async fn left() -> anyhow::Result<(Town, Quick, Engine, i64, Vec<String>)> {
    let town = Town::new().await?;
    let quick = Quick::new(&town, 20);
    let engine = town.at_home_with("youtube", quick.clock.clone()).await?;
    let account = call(&engine, "accounts.list", json!({})).await?[0].clone();
    let id = post(&engine, &town.video("AFileOfTheirs.mp4", 60_000, 1)?, TITLE, json!({})).await?;
    quick.run();
    let shown = run_until(&engine, id, &["published", "stuck"], PATIENCE).await?;
    quick.hold();
    ensure!(shown["state"] == "published", "{shown:#}");
    post(&engine, &town.video("planned.mp4", 60_000, 2)?, TITLE, json!({"at": "+90h"})).await?;
    call(&engine, "backups.make", json!({})).await?;
    let said = disconnect(&engine, 1).await?;
    ensure!(said["revoked"] == true, "{said:#}");
    let mut words = vec![TITLE.to_string(), "AFileOfTheirs".into()];
    for text in [
        &account["name"],
        &account["handle"],
        &account["remote_id"],
        &shown["remote"]["id"],
        &shown["remote"]["url"],
    ] {
        words.push(text.as_str().with_context(|| format!("{account:#} {shown:#}"))?.to_string());
    }
    for word in &words {
        let found = files_with(&town, word)?;
        ensure!(found.len() >= 2, "{word} should be in the queue and in the copy: {found:?}");
    }
    Ok((town, quick, engine, id, words))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_days_after_a_disconnect_nothing_of_the_channel_is_in_any_file() -> anyhow::Result<()> {
    let (town, quick, engine, id, words) = left().await?;
    let shown = gone(&engine).await?;
    ensure!(shown.len() == 1 && shown[0]["waiting"] == 1, "{shown:#?}");
    let (from, to): (jiff::Timestamp, jiff::Timestamp) = (
        shown[0]["disconnected_at"].as_str().context("when")?.parse()?,
        shown[0]["data_until"].as_str().context("until")?.parse()?,
    );
    ensure!(to.duration_since(from) == jiff::SignedDuration::from_hours(30 * 24), "{shown:#?}");
    // A day before, a start of the queue changes nothing.
    quick.pass(DAY * 29);
    Running::start(&engine).stop().await?;
    ensure!(gone(&engine).await?.len() == 1);
    ensure!(!files_with(&town, TITLE)?.is_empty());
    quick.pass(DAY + Duration::from_secs(60));
    let running = Running::start(&engine);
    for _ in 0..600 {
        if gone(&engine).await?.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    running.stop().await?;
    ensure!(gone(&engine).await?.is_empty(), "its data is still here");
    for word in &words {
        let found = files_with(&town, word)?;
        ensure!(found.is_empty(), "{word} is still in {found:?}");
    }
    // Of what was published the bare record stays.
    let listed = call(&engine, "posts.list", json!({})).await?;
    ensure!(listed.as_array().is_some_and(|all| all.len() == 1), "{listed:#}");
    ensure!(
        listed[0]["id"] == id && listed[0]["state"] == "published" && listed[0]["platform"] == "youtube",
        "{listed:#}"
    );
    ensure!(
        listed[0]["title"] == "" && listed[0]["remote"].is_null() && !listed[0]["public_at"].is_null(),
        "{listed:#}"
    );
    call(&engine, "posts.show", json!({"id": id})).await?;
    call(&engine, "activity.list", json!({})).await?;
    // The channel may come again, as one that was never here.
    let again = Person::default().connect(&engine, "youtube").await?;
    ensure!(again != 1, "the old row came back");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_comes_back_in_time_keeps_everything() -> anyhow::Result<()> {
    let (town, quick, engine, id, _) = left().await?;
    quick.pass(DAY * 20);
    ensure!(Person::default().connect(&engine, "youtube").await? == 1);
    ensure!(gone(&engine).await?.is_empty());
    quick.pass(DAY * 60);
    Running::start(&engine).stop().await?;
    let shown = call(&engine, "posts.show", json!({"id": id})).await?;
    ensure!(shown["title"] == TITLE && !shown["remote"].is_null(), "{shown:#}");
    ensure!(!files_with(&town, TITLE)?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_now_waits_for_nothing_and_spares_connected_channels() -> anyhow::Result<()> {
    let (town, _quick, engine, _, words) = left().await?;
    let problem = refused(&engine, "accounts.purge", json!({"id": 99})).await?;
    ensure!(problem["code"] == "account_unknown", "{problem:#}");
    let done = call(&engine, "accounts.purge", json!({"id": 1})).await?;
    ensure!(done["removed"] == 1 && done["kept"] == 1 && done["copies"].as_u64() >= Some(1), "{done:#}");
    for word in &words {
        let found = files_with(&town, word)?;
        ensure!(found.is_empty(), "{word} is still in {found:?}");
    }
    let id = Person::default().connect(&engine, "youtube").await?;
    let problem = refused(&engine, "accounts.purge", json!({"id": id})).await?;
    ensure!(problem["code"] == "not_now", "{problem:#}");
    // What was cleaned can still be put in place.
    let copies = call(&engine, "backups.list", json!({})).await?;
    ensure!(copies.as_array().is_some_and(|all| !all.is_empty()), "{copies:#}");
    let name = copies[0]["name"].as_str().context("a name")?;
    let copy = rusqlite::Connection::open(town.folder().join("backups").join(name))?;
    let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "{verdict}");
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------- practice

/// The simulated platforms under this home's own folder, as the window and `slipway --home` have them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn practised_videos_are_counted_and_can_be_deleted() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let home = slipway_core::home::practice(folder.path());
    let config = slipway_sandbox::Config { home: Some(home.clone()), ..Default::default() };
    let mut town = Town::with(config).await?;
    town.home = folder;
    let engine = town.at_home("youtube").await?;
    let id = post(&engine, &town.video("mine.mp4", 300_000, 1)?, "Practised", json!({})).await?;
    run_until(&engine, id, &["published"], PATIENCE).await?;
    let size = slipway_sandbox::kept_bytes(&home);
    ensure!(size >= 300_000, "{size}");
    ensure!(call(&engine, "house.show", json!({})).await?["practised_bytes"] == size);
    let watch = call(&engine, "posts.show", json!({"id": id})).await?;
    let video = watch["remote"]["id"].as_str().context("an id")?.to_string();
    let page = format!("{}/watch?v={video}", town.sandbox.page());
    let text = browser()?.get(&page).send().await?.text().await?;
    ensure!(text.contains("<video"), "{text}");
    ensure!(call(&engine, "practice.forget", json!({})).await?["bytes"] == size);
    ensure!(slipway_sandbox::kept_bytes(&home) == 0);
    ensure!(call(&engine, "house.show", json!({})).await?["practised_bytes"] == 0);
    // What stands on the platform stays; its page says where the video is.
    let text = browser()?.get(&page).send().await?.text().await?;
    ensure!(!text.contains("<video") && text.contains("not here any more"), "{text}");
    let media = browser()?.get(format!("{}/media/{video}", town.sandbox.page())).send().await?;
    ensure!(media.status() == 404, "{}", media.status());
    // Another video, and the end of practice.
    let id = post(&engine, &town.video("more.mp4", 300_000, 2)?, "Once more", json!({})).await?;
    run_until(&engine, id, &["published"], PATIENCE).await?;
    ensure!(slipway_sandbox::kept_bytes(&home) > 0);
    town.sandbox.forget_bytes();
    ensure!(slipway_sandbox::kept_bytes(&home) == 0);
    Ok(())
}
