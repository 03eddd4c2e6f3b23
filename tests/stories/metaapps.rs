//! What Meta's developer apps differ in: whether they demand a proof of their secret, a configuration in the place of scopes, and which
//! permissions they were given. The way back of a sign-in is told in `facebook`.

use anyhow::ensure;
use serde_json::{Value, json};
use slipway_stories::{Person, Town, call, post, refused, run_until};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(180);

/// An app that demands the proof of its secret with each call is served like any other: sign-in, posts, giving the access back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn app_that_demands_its_proof_posts_and_disconnects() -> anyhow::Result<()> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| {
        settings.processing_ms = 0;
        settings.meta.require_proof = true;
    });
    let engine = town.at_home("facebook").await?;
    let path = town.video("a.mp4", 200_000, 21)?;
    for kind in ["reel", "video"] {
        let more =
            json!({"to": ["facebook"], "options": {"facebook": {"kind": kind}}, "again": kind == "video"});
        let id = post(&engine, &path, kind, more).await?;
        let shown = run_until(&engine, id, &["published", "stuck", "parked"], PATIENCE).await?;
        ensure!(shown["state"] == "published", "{shown:#}");
    }
    let gone = call(&engine, "accounts.disconnect", json!({"id": 1})).await?;
    ensure!(gone["access"]["outcome"] == "revoked", "{gone:#}");
    // The proof is as good as a secret of that token: no log of ours has it.
    town.nothing_odd()
}

/// Pages of a business portfolio are not among a person's own; an app without that permission is not refused for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_portfolio_are_connected_if_the_app_asks_for_them() -> anyhow::Result<()> {
    let town = Town::new().await?;
    town.sandbox.settings(|settings| settings.meta.owned_pages = vec!["104000000000101".into()]);
    let engine = town.engine()?;
    town.add_app(&engine, "facebook").await?;
    let all = async || -> anyhow::Result<Value> {
        Person::default().connect(&engine, "facebook").await?;
        call(&engine, "accounts.list", json!({})).await
    };
    let app = town.sandbox.announcement().apps["facebook"].clone();
    let asks = async |on: bool| {
        let given = json!({"platform": "facebook", "client_id": app.client_id, "flags": {"portfolio": on}});
        call(&engine, "apps.add", given).await
    };
    // The dialog of an app that lacks the permission never comes back.
    town.sandbox.settings(|settings| settings.meta.app_lacks = vec!["business_management".into()]);
    let connected = Person::default().try_connect(&engine, "facebook", 3).await?;
    ensure!(connected.is_err(), "a dialog that is an error page brought a channel");
    asks(false).await?;
    let accounts = all().await?;
    ensure!(accounts[0]["name"] == "Mira's Garden", "{accounts:#}");
    town.sandbox.settings(|settings| settings.meta.app_lacks.clear());
    asks(true).await?;
    town.sandbox.settings(|settings| settings.meta.owned_pages.push("104000000000102".into()));
    let accounts = all().await?;
    ensure!(accounts.to_string().contains("Mira Bakes"), "{accounts:#}");
    Ok(())
}

/// An app that wants a configuration is given its number and no scope.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn configuration_stands_in_the_place_of_scopes() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let scopes = ["pages_show_list", "pages_read_engagement", "pages_manage_posts"];
    town.sandbox.settings(|settings| {
        settings.meta.demands_config = true;
        settings.meta.configs = [("778".to_string(), scopes.map(String::from).to_vec())].into();
    });
    let engine = town.engine()?;
    town.add_app(&engine, "facebook").await?;
    let connected = Person::default().try_connect(&engine, "facebook", 3).await?;
    ensure!(connected.is_err(), "scopes were taken");
    let app = town.sandbox.announcement().apps["facebook"].clone();
    let with = |config: &str| json!({"platform": "facebook", "client_id": app.client_id, "config": config});
    let problem = refused(&engine, "apps.add", with("seven")).await?;
    ensure!(problem["fix"]["field"] == "config", "{problem:#}");
    let kept = call(&engine, "apps.add", with("778")).await?;
    ensure!(kept["config"] == "778", "{kept:#}");
    Person::default().connect(&engine, "facebook").await?;
    Ok(())
}

/// A secret that is not the app's is told as such, though Meta numbers it among what passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_secret_is_a_refused_app() -> anyhow::Result<()> {
    let town = Town::new().await?;
    let engine = town.engine()?;
    let app = town.sandbox.announcement().apps["facebook"].clone();
    let given = json!({"platform": "facebook", "client_id": app.client_id, "client_secret": "another"});
    call(&engine, "apps.add", given).await?;
    let connected = Person::default().try_connect(&engine, "facebook", 30).await?;
    let Err(problem) = connected else { anyhow::bail!("it was connected") };
    ensure!(problem.code == slipway_core::problem::Code::AppRefused, "{problem:?}");
    Ok(())
}
