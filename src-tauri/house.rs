//! The open house: one engine at a time, in one of two worlds. In the sandbox world the platforms are simulated inside this program.
//!
//! Which world was chosen is remembered beside the data. Not here: what is asked of the engine (`rpc`), what it tells (`events`).

use crate::args::Start;
use serde::{Deserialize, Serialize};
use serde_json::json;
use slipway_core::api::{self, Host};
use slipway_core::clock::Clock;
use slipway_core::engine::{Engine, House, Until};
use slipway_core::home::{default_home, make_private_folder, namespace, of_world, practice};
use slipway_core::problem::{Code, Outcome, Problem};
use slipway_core::vault::Vault;
use slipway_core::vault::keychain::KeychainVault;
use slipway_core::vault::memory::MemoryVault;
use slipway_core::wire::hosts::Hosts;
use slipway_sandbox::{Config, Sandbox};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use tauri::AppHandle;
use tauri::async_runtime::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    Real,
    Sandbox,
}

/// What is open now.
struct Open {
    engine: Engine,
    sandbox: Option<Sandbox>,
    page: Option<String>,
    /// Ends the queue's run and everything that listens.
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

pub struct Houses {
    pub start: Start,
    home: PathBuf,
    open: RwLock<Option<Open>>,
    /// Why nothing is open, when opening failed.
    closed_by: Mutex<Option<Problem>>,
    /// One change of worlds at a time.
    changing: tokio::sync::Mutex<()>,
    /// Has the first opening come to an end, good or bad?
    tried: tokio::sync::watch::Sender<bool>,
    /// The sign-in under way, if any.
    sign_in: Mutex<CancellationToken>,
}

/// What outlives the program beside the data.
#[derive(Serialize, Deserialize)]
struct Remembered {
    world: World,
}

impl Houses {
    pub fn new(start: Start) -> Outcome<Houses> {
        let home = start.home.clone().or_else(default_home).ok_or_else(|| {
            Problem::block(Code::BadRequest, "This system names no place for data. Say one with --home.")
        })?;
        make_private_folder(&home)?;
        Ok(Houses {
            start,
            home,
            open: RwLock::new(None),
            closed_by: Mutex::new(None),
            changing: tokio::sync::Mutex::new(()),
            tried: tokio::sync::watch::Sender::new(false),
            sign_in: Mutex::new(CancellationToken::new()),
        })
    }

    /// The world of the last time. A file that can't be read counts as the first start.
    pub fn remembered(&self) -> World {
        if self.start.hosts.is_some() {
            return World::Sandbox;
        }
        let text = std::fs::read(self.home.join("window.json")).unwrap_or_default();
        serde_json::from_slice::<Remembered>(&text).map_or(World::Real, |kept| kept.world)
    }

    fn remember(&self, world: World) -> std::io::Result<()> {
        let half = self.home.join("window.json.half");
        std::fs::write(&half, json!({ "world": world }).to_string())?;
        std::fs::rename(half, self.home.join("window.json"))
    }

    pub fn engine(&self) -> Outcome<Engine> {
        let open = self.open.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.as_ref().map(|open| open.engine.clone()).ok_or_else(|| {
            let why = self.closed_by.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            why.clone().unwrap_or_else(crate::closed)
        })
    }

    /// The engine, after the start or a change of worlds if one is under way: who asks in that moment waits, and is told nothing.
    pub async fn engine_soon(&self) -> Outcome<Engine> {
        if let Ok(engine) = self.engine() {
            return Ok(engine);
        }
        // An error would mean that its sender is gone, which lives as long as this.
        let _ = self.tried.subscribe().wait_for(|tried| *tried).await;
        let _turn = self.changing.lock().await;
        self.engine()
    }

    /// Address of the page that shows what the sandbox's platforms hold.
    pub fn page(&self) -> Option<String> {
        let open = self.open.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.as_ref().and_then(|open| open.page.clone())
    }

    /// Closes what is open and opens the other world.
    pub async fn enter(self: &Arc<Self>, app: &AppHandle, world: World) -> Outcome<()> {
        let _turn = self.changing.lock().await;
        self.change(app, world).await
    }

    /// Opens the world of the last time, unless something is open. Whoever comes while it is being opened waits for that.
    pub async fn ensure(self: &Arc<Self>, app: &AppHandle) -> Outcome<()> {
        let _turn = self.changing.lock().await;
        match self.engine() {
            Ok(_) => Ok(()),
            Err(_) => self.change(app, self.remembered()).await,
        }
    }

    async fn change(&self, app: &AppHandle, world: World) -> Outcome<()> {
        let opened = self.open_world(app, world).await;
        let mut why = self.closed_by.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *why = opened.as_ref().err().cloned();
        self.tried.send_replace(true);
        opened
    }

    async fn open_world(&self, app: &AppHandle, world: World) -> Outcome<()> {
        self.close().await;
        let sandbox = crate::is_practice(world);
        let folder = of_world(&self.home, sandbox);
        make_private_folder(&folder)?;
        let (simulated, hosts, apps, page) = self.hosts(world).await?;
        let vault: Arc<dyn Vault> = match self.start.memory_vault {
            true => Arc::new(MemoryVault::new()),
            false => Arc::new(KeychainVault::new(namespace(sandbox))),
        };
        let engine = Engine::open(House {
            folder,
            hosts,
            vault,
            platforms: slipway_platforms::all(),
            clock: Clock::system(),
        })?;
        for (platform, given) in apps {
            // A locked keychain keeps the app's secret out for now; signing in says so and tries again.
            if let Err(problem) = api::call(&engine, &Quiet, "apps.add", given).await {
                tracing::warn!(
                    platform,
                    code = problem.code.as_str(),
                    "the sandbox's developer app was not kept"
                );
            }
        }
        if let Err(error) = self.remember(world) {
            tracing::warn!(%error, "the chosen world is not remembered");
        }
        let stop = CancellationToken::new();
        let tasks = vec![
            tauri::async_runtime::spawn(run(engine.clone(), stop.clone())),
            tauri::async_runtime::spawn(crate::events::forward(app.clone(), engine.clone(), stop.clone())),
        ];
        let open = Open { engine, sandbox: simulated, page, stop, tasks };
        *self.open.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(open);
        Ok(())
    }

    /// Hosts of a world, the sandbox that stands for them, and its developer apps.
    async fn hosts(&self, world: World) -> Outcome<Simulated> {
        let announced = match (&self.start.hosts, world) {
            (_, World::Real) => {
                // What a practice left behind that ended with a crash.
                if let Err(error) = slipway_sandbox::forget_kept_bytes(&practice(&self.home)) {
                    tracing::warn!(%error, "copies of practised videos could not be deleted");
                }
                return Ok((None, Hosts::Real, Vec::new(), None));
            }
            (Some(file), World::Sandbox) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    Problem::block(Code::FileUnreadable, "The list of hosts can't be read.").detail(error)
                })?;
                let first = text.lines().next().unwrap_or_default();
                let said = serde_json::from_str(first)
                    .map_err(|_| Problem::block(Code::BadRequest, "The list of hosts is not JSON."))?;
                (None, said)
            }
            (None, World::Sandbox) => {
                let config = Config { home: Some(practice(&self.home)), ..Config::default() };
                let sandbox = Sandbox::start(config).await.map_err(|error| {
                    Problem::block(
                        Code::ReadOnly,
                        "The sandbox could not start: a folder or a port is not to be had.",
                    )
                    .detail(format!("{error:#}"))
                })?;
                let said = serde_json::to_value(sandbox.announcement()).unwrap_or_default();
                (Some(sandbox), said)
            }
        };
        let (sandbox, said) = announced;
        let apps = said.get("apps").and_then(|apps| apps.as_object()).cloned().unwrap_or_default();
        let apps = apps
            .into_iter()
            .map(|(platform, app)| {
                // Several of one platform's are told apart by their way to sign in.
                let platform =
                    app["platform"].as_str().filter(|name| !name.is_empty()).unwrap_or(&platform).to_string();
                let given = json!({
                    "platform": platform,
                    "client_id": app["client_id"],
                    "client_secret": app["client_secret"],
                    "flags": app["flags"],
                    "way": app["way"],
                });
                (platform, given)
            })
            .collect();
        let page = said.get("page").and_then(|page| page.as_str()).map(String::from);
        Ok((sandbox, Hosts::from_json(&said)?, apps, page))
    }

    async fn close(&self) {
        let open = self.open.write().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(open) = open else { return };
        self.cancel_sign_in();
        open.stop.cancel();
        for task in open.tasks {
            // Patient, not for ever: what is cut off here is asked for at the next start.
            let _ = tokio::time::timeout(Duration::from_secs(10), task).await;
        }
        drop(open.engine);
        if let Some(sandbox) = open.sandbox {
            // Practice is over: no copy of a video stays.
            sandbox.forget_bytes();
            sandbox.stop().await;
        }
    }

    /// Lets the open sandbox close the files of copies that were deleted.
    pub fn forget_practised(&self) {
        let open = self.open.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(sandbox) = open.as_ref().and_then(|open| open.sandbox.as_ref()) {
            sandbox.forget_bytes();
        }
    }

    /// Closes for good, or for something that needs the file to itself.
    pub async fn leave(&self) {
        let _turn = self.changing.lock().await;
        self.close().await;
    }

    /// Where the data of the world is that is open, or would be.
    pub fn data_folder(&self) -> PathBuf {
        self.engine().map_or_else(
            |_| of_world(&self.home, crate::is_practice(self.remembered())),
            |engine| engine.folder().to_path_buf(),
        )
    }

    pub fn folder(&self) -> PathBuf {
        self.engine().map_or_else(|_| self.home.clone(), |engine| engine.folder().to_path_buf())
    }

    /// A new sign-in ends the one before: there is one consent window.
    pub fn begin_sign_in(&self) -> CancellationToken {
        let mut current = self.sign_in.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        current.cancel();
        *current = CancellationToken::new();
        current.clone()
    }

    pub fn cancel_sign_in(&self) {
        self.sign_in.lock().unwrap_or_else(std::sync::PoisonError::into_inner).cancel();
    }
}

type Simulated = (Option<Sandbox>, Hosts, Vec<(String, serde_json::Value)>, Option<String>);

/// Runs the queue. While another process of ours holds it, commands still work; this one takes over when it is free.
async fn run(engine: Engine, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match engine.run(Until::Stopped(stop.clone())).await {
            Ok(()) => return,
            Err(problem) if problem.code == Code::AlreadyRunning => {}
            Err(problem) => {
                tracing::warn!(code = problem.code.as_str(), "the queue stopped and is taken up again")
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    }
}

/// For what opens no page.
pub struct Quiet;

impl Host for Quiet {
    fn open(&self, _: &Url) {}
}
