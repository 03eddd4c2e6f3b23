//! People and places for the stories: a town with a sandbox, a home on disk, a vault, and a browser that plays the user.
//!
//! Engines here are the real ones; only the world they speak to is simulated.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use slipway_core::api::{self, Host};
use slipway_core::clock::Clock;
use slipway_core::engine::{Engine, House, Until};
use slipway_core::media::fixture;
use slipway_core::vault::memory::MemoryVault;
use slipway_core::wire::hosts::Hosts;
use slipway_sandbox::{Config, Sandbox};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

pub mod binary;
pub mod dice;
pub mod person;
pub mod quick;
pub mod rounds;

pub use person::{Choice, Person};
pub use quick::Quick;

/// A sandbox, a home, a vault. Engines come and go in it.
pub struct Town {
    pub sandbox: Arc<Sandbox>,
    pub home: tempfile::TempDir,
    pub vault: Arc<MemoryVault>,
}

impl Town {
    pub async fn new() -> anyhow::Result<Town> {
        Town::with(Config::default()).await
    }

    pub async fn with(config: Config) -> anyhow::Result<Town> {
        let sandbox = Sandbox::start(config).await?;
        // Stories look at every byte; a fast sandbox keeps them short.
        sandbox.settings(|settings| {
            settings.processing_ms = 100;
            settings.keep_granularity = 262_144;
            settings.tiktok.moderation_ms = 100;
        });
        Ok(Town {
            sandbox: Arc::new(sandbox),
            home: tempfile::tempdir()?,
            vault: Arc::new(MemoryVault::new()),
        })
    }

    /// Where the engine's data of this world is.
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("sandbox")
    }

    pub fn hosts(&self) -> anyhow::Result<Hosts> {
        Ok(Hosts::from_json(&serde_json::to_value(self.sandbox.announcement())?)?)
    }

    /// Opens the house, as a start of the program does.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        self.engine_with(Clock::system())
    }

    pub fn engine_with(&self, clock: Clock) -> anyhow::Result<Engine> {
        Ok(Engine::open(House {
            folder: self.folder(),
            hosts: self.hosts()?,
            vault: self.vault.clone(),
            platforms: slipway_platforms::all(),
            clock,
        })?)
    }

    /// An engine whose developer app is known and whose first channel of the platform is connected.
    pub async fn at_home(&self, platform: &str) -> anyhow::Result<Engine> {
        self.at_home_with(platform, Clock::system()).await
    }

    /// The same, by another clock.
    pub async fn at_home_with(&self, platform: &str, clock: Clock) -> anyhow::Result<Engine> {
        let engine = self.engine_with(clock)?;
        self.add_app(&engine, platform).await?;
        Person::default().connect(&engine, platform).await?;
        Ok(engine)
    }

    pub async fn add_app(&self, engine: &Engine, platform: &str) -> anyhow::Result<()> {
        let app = self.sandbox.announcement().apps.get(platform).context("the sandbox has no such app")?;
        let given = json!({
            "platform": platform,
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "flags": app.flags,
        });
        api::call(engine, &Nobody, "apps.add", given).await?;
        Ok(())
    }

    /// A video of about so many bytes; each `seed` is another.
    pub fn video(&self, name: &str, bytes: u64, seed: u64) -> anyhow::Result<PathBuf> {
        let path = self.home.path().join(name);
        fixture::mp4().picture(1080, 1920).duration_ms(12_000).media_len(bytes).seed(seed).write(&path)?;
        Ok(path)
    }

    /// A file beside the videos: a thumbnail, captions.
    pub fn file(&self, name: &str, content: &[u8]) -> anyhow::Result<PathBuf> {
        let path = self.home.path().join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    }

    /// A playlist of whoever signed in last, made by the platform's own API; its id.
    pub async fn playlist(&self, title: &str) -> anyhow::Result<String> {
        let host = &self.sandbox.announcement().hosts["www.googleapis.com"];
        let secrets = self.sandbox.state().secrets;
        let token = secrets.iter().rfind(|secret| secret.starts_with("ya29")).context("nobody signed in")?;
        let made = person::browser()?
            .post(format!("{host}/youtube/v3/playlists?part=snippet"))
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(json!({"snippet": {"title": title}}).to_string())
            .send()
            .await?
            .error_for_status()?;
        let made: Value = serde_json::from_str(&made.text().await?)?;
        Ok(made["id"].as_str().context("a playlist without an id")?.to_string())
    }

    /// The queue's file, opened beside the engine, for a look at what no view shows.
    pub fn database(&self) -> anyhow::Result<rusqlite::Connection> {
        let connection = rusqlite::Connection::open(self.folder().join("slipway.db"))?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(connection)
    }

    /// Every call was one the platform has, and every planned fault happened.
    pub fn nothing_odd(&self) -> anyhow::Result<()> {
        for call in self.sandbox.calls() {
            ensure!(!call.unknown, "a call the platform does not have: {call:?}");
        }
        for plan in self.sandbox.plans() {
            ensure!(plan.done, "the planned fault never happened: {plan:?}");
        }
        Ok(())
    }

    /// Nothing is called for a while.
    pub async fn quiet(&self) -> anyhow::Result<()> {
        let calls = self.sandbox.calls().len();
        tokio::time::sleep(Duration::from_millis(250)).await;
        let more: Vec<_> = self.sandbox.calls().into_iter().skip(calls).map(|call| call.api).collect();
        let all: Vec<_> = self
            .sandbox
            .calls()
            .into_iter()
            .map(|call| (call.at_ms, call.api, call.status, call.cut))
            .collect();
        ensure!(more.is_empty(), "something was called after the end: {more:?} of {all:?}");
        Ok(())
    }

    /// What stands publicly or privately on the simulated platforms.
    pub fn videos(&self) -> Vec<slipway_sandbox::VideoView> {
        self.sandbox.state().videos
    }
}

/// A host without a browser.
pub struct Nobody;

impl Host for Nobody {
    fn open(&self, _: &Url) {}
}

/// Calls a command that is expected to work.
pub async fn call(engine: &Engine, name: &str, given: Value) -> anyhow::Result<Value> {
    api::call(engine, &Nobody, name, given).await.map_err(|problem| anyhow::anyhow!("{name}: {problem:?}"))
}

/// Calls a command that is expected to be refused; its problem as JSON.
pub async fn refused(engine: &Engine, name: &str, given: Value) -> anyhow::Result<Value> {
    match api::call(engine, &Nobody, name, given).await {
        Ok(answer) => bail!("{name} was not refused: {answer}"),
        Err(problem) => Ok(serde_json::to_value(problem)?),
    }
}

/// Puts a post in the queue; the id of its first delivery.
pub async fn post(engine: &Engine, path: &Path, title: &str, more: Value) -> anyhow::Result<i64> {
    let mut given = json!({"path": path, "to": ["youtube"], "words": {"title": title, "caption": "as told"}});
    if let (Some(given), Some(more)) = (given.as_object_mut(), more.as_object()) {
        given.extend(more.clone());
    }
    let added = call(engine, "posts.add", given).await?;
    added["deliveries"][0]["id"].as_i64().context("no delivery")
}

/// Everything a person must choose by hand before this platform takes a post, as a trial would answer it.
pub fn wishes(platform: &str) -> anyhow::Result<Value> {
    let platform = slipway_platforms::by_id(platform).context("no such platform")?;
    Ok(Value::Object(slipway_core::check::for_a_trial(platform.facts(), &Value::Null)))
}

/// A running queue; dropped without `stop`, it dies as a killed process does: no last word, nothing written.
pub struct Running {
    task: JoinHandle<Result<(), slipway_core::problem::Problem>>,
    stop: CancellationToken,
}

impl Running {
    pub fn start(engine: &Engine) -> Running {
        let (engine, stop) = (engine.clone(), CancellationToken::new());
        let until = Until::Stopped(stop.clone());
        Running { task: tokio::spawn(async move { engine.run(until).await }), stop }
    }

    /// Ends it the orderly way.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        Ok(self.task.await??)
    }

    /// Ends it as a crash does. Returns when nothing of it runs any more.
    pub async fn crash(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

/// Runs the queue until this delivery is in one of these states; the delivery as shown then.
pub async fn run_until(
    engine: &Engine,
    id: i64,
    states: &[&str],
    patience: Duration,
) -> anyhow::Result<Value> {
    let running = Running::start(engine);
    let found = wait_for(engine, id, states, patience).await;
    running.stop().await?;
    found
}

/// Waits until this delivery is in one of these states.
pub async fn wait_for(
    engine: &Engine,
    id: i64,
    states: &[&str],
    patience: Duration,
) -> anyhow::Result<Value> {
    let began = Instant::now();
    loop {
        let shown = call(engine, "posts.show", json!({"id": id})).await?;
        let state = shown["state"].as_str().unwrap_or_default();
        if states.contains(&state) {
            return Ok(shown);
        }
        if began.elapsed() > patience {
            bail!("still {state} after {patience:?}: {shown:#}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until something holds; asks again and again.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if began.elapsed() > patience {
            bail!("not within {patience:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the delivery as shown fits.
pub async fn wait_shown(
    engine: &Engine,
    id: i64,
    what: &str,
    patience: Duration,
    fits: impl Fn(&Value) -> bool,
) -> anyhow::Result<Value> {
    let began = Instant::now();
    loop {
        let shown = call(engine, "posts.show", json!({"id": id})).await?;
        if fits(&shown) {
            return Ok(shown);
        }
        if began.elapsed() > patience {
            bail!("not within {patience:?}: {what}: {shown:#}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every byte Slipway left on disk under this folder, for searches.
pub fn all_files(folder: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(all_files(&path)?);
        } else {
            found.push((path.clone(), std::fs::read(&path)?));
        }
    }
    Ok(found)
}
