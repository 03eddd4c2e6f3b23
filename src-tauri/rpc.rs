//! The window's commands: one door to the engine's, and a handful that only a desktop can do. Every input is checked where it is used;
//! nothing the window says is trusted.

use crate::house::{Houses, World};
use crate::window;
use serde::Serialize;
use serde_json::Value;
use slipway_core::api::{self, Host};
use slipway_core::problem::{Code, Outcome, Problem};
use std::sync::Arc;
use tauri::{AppHandle, Manager, State, WebviewWindow};
use tauri_plugin_autostart::ManagerExt;
use tauri_plugin_opener::OpenerExt;
use tokio_util::sync::CancellationToken;
use url::Url;

type Kept<'a> = State<'a, Arc<Houses>>;

/// Asks the engine. The answer is JSON text as the engine wrote it, not parsed and written again.
#[tauri::command]
pub async fn rpc(
    app: AppHandle,
    window: WebviewWindow,
    houses: Kept<'_>,
    name: String,
    given: Value,
) -> Result<tauri::ipc::Response, Problem> {
    only_main(&window)?;
    let engine = houses.engine_soon().await?;
    let signs_in = name == "accounts.connect";
    let host = Desktop {
        app: app.clone(),
        cancelled: if signs_in { houses.begin_sign_in() } else { CancellationToken::new() },
    };
    let answer = api::call_text(&engine, &host, &name, given).await;
    if signs_in {
        window::close_consent(&app);
    }
    let mut text = answer?;
    if name == "practice.forget" {
        houses.forget_practised();
    }
    // Where the sandbox's page is, only its host knows.
    if name == "house.show"
        && let Some(page) = houses.page()
    {
        text = with_page(&text, &page);
    }
    Ok(tauri::ipc::Response::new(text))
}

fn with_page(text: &str, page: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(mut view)) => {
            view.insert("sandbox_page".into(), page.into());
            Value::Object(view).to_string()
        }
        _ => text.to_string(),
    }
}

/// The consent window shows pages of a platform; it may ask nothing. (No capability names it either.)
fn only_main(window: &WebviewWindow) -> Outcome<()> {
    match window.label() == window::MAIN {
        true => Ok(()),
        false => Err(Problem::block(Code::NotNow, "Only Slipway's own window may ask.")),
    }
}

/// What only a desktop can do for the engine.
struct Desktop {
    app: AppHandle,
    cancelled: CancellationToken,
}

impl Host for Desktop {
    fn open(&self, address: &Url) {
        let practice = self.app.state::<Arc<Houses>>().engine().is_ok_and(|engine| engine.is_sandbox());
        if practice {
            // A simulated page in a window of its own: practising needs no browser, and no page of a real platform is ever shown here.
            window::open_consent(&self.app, address);
        } else if address.scheme() == "https" {
            let _ = self.app.opener().open_url(address.as_str(), None::<&str>);
        }
    }

    fn cancelled(&self) -> CancellationToken {
        self.cancelled.clone()
    }
}

#[derive(Serialize)]
pub struct About {
    version: String,
    sandbox: bool,
    platform: &'static str,
    display_language: String,
    /// What the number of a video is put behind for the player, where that is not `media:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    player: Option<String>,
    start: Begin,
}

#[derive(Serialize)]
struct Begin {
    compose: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post: Option<i64>,
}

#[tauri::command]
pub async fn about(app: AppHandle, window: WebviewWindow, houses: Kept<'_>) -> Result<About, Problem> {
    only_main(&window)?;
    // It is being opened, or did not open: then whoever asks again wants it tried again.
    houses.inner().ensure(&app).await?;
    let compose = houses.start.compose.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    Ok(About {
        version: app.package_info().version.to_string(),
        sandbox: houses.engine()?.is_sandbox(),
        platform: std::env::consts::OS,
        display_language: crate::words::system_language(),
        player: app.state::<crate::Played>().0.clone(),
        start: Begin { compose, post: houses.start.post },
    })
}

/// The window has painted: now it may be seen.
#[tauri::command]
pub fn ready(app: AppHandle, window: WebviewWindow, houses: Kept<'_>) -> Result<(), Problem> {
    only_main(&window)?;
    if !houses.start.hidden {
        window::show(&app);
    }
    Ok(())
}

#[tauri::command]
pub fn quit(app: AppHandle, window: WebviewWindow) -> Result<(), Problem> {
    only_main(&window)?;
    app.exit(0);
    Ok(())
}

#[tauri::command]
pub async fn world(
    app: AppHandle,
    window: WebviewWindow,
    houses: Kept<'_>,
    to: World,
) -> Result<(), Problem> {
    only_main(&window)?;
    houses.inner().clone().enter(&app, to).await
}

#[tauri::command]
pub fn consent_cancel(app: AppHandle, window: WebviewWindow, houses: Kept<'_>) -> Result<(), Problem> {
    only_main(&window)?;
    houses.cancel_sign_in();
    window::close_consent(&app);
    Ok(())
}

#[tauri::command]
pub fn open_folder(app: AppHandle, window: WebviewWindow, houses: Kept<'_>) -> Result<(), Problem> {
    only_main(&window)?;
    app.opener().open_path(houses.folder().to_string_lossy(), None::<&str>).map_err(not_opened)
}

/// Opens a page in the person's browser: https, or the sandbox's own pages.
#[tauri::command]
pub fn open_url(app: AppHandle, window: WebviewWindow, houses: Kept<'_>, url: String) -> Result<(), Problem> {
    only_main(&window)?;
    let refused = || Problem::block(Code::BadRequest, "Slipway does not open such an address.");
    let parsed = Url::parse(&url).map_err(|_| refused())?;
    let sandbox = houses.page().and_then(|page| Url::parse(&page).ok()).map(|page| page.origin());
    if parsed.scheme() != "https" && Some(parsed.origin()) != sandbox {
        return Err(refused());
    }
    app.opener().open_url(parsed.as_str(), None::<&str>).map_err(not_opened)
}

/// Shows a video in the system's file browser.
#[tauri::command]
pub fn reveal(app: AppHandle, window: WebviewWindow, houses: Kept<'_>, media: i64) -> Result<(), Problem> {
    only_main(&window)?;
    let (path, _) = houses.engine()?.media_file(media)?;
    app.opener().reveal_item_in_dir(path).map_err(not_opened)
}

fn not_opened(error: tauri_plugin_opener::Error) -> Problem {
    Problem::block(Code::NotNow, "The system could not open it.").detail(error)
}

#[tauri::command]
pub fn autostart(app: AppHandle, window: WebviewWindow, on: bool) -> Result<bool, Problem> {
    only_main(&window)?;
    let manager = app.autolaunch();
    let changed = if on { manager.enable() } else { manager.disable() };
    // Taking away what is not there is no failure.
    if let (Err(error), true) = (changed, on) {
        return Err(
            Problem::block(Code::NotNow, "The system did not take it up for the start.").detail(error)
        );
    }
    Ok(manager.is_enabled().unwrap_or(false))
}

/// The copies of the queue, where no queue is open that could be asked.
#[tauri::command]
pub async fn backups(window: WebviewWindow, houses: Kept<'_>) -> Result<Vec<api::BackupView>, Problem> {
    only_main(&window)?;
    let folder = houses.data_folder();
    let found = tauri::async_runtime::spawn_blocking(move || api::backup_views(&folder)).await;
    found.map_err(|error| Problem::block(Code::Internal, "Looking at the copies broke.").detail(error))
}

/// Puts a copy of the queue in the place of the queue, which is kept aside; without a name a new, empty one begins. The queue need not
/// be open: a damaged one is not.
#[tauri::command]
pub async fn restore_backup(
    app: AppHandle,
    window: WebviewWindow,
    houses: Kept<'_>,
    name: Option<String>,
) -> Result<(), Problem> {
    only_main(&window)?;
    let (folder, world) = (houses.data_folder(), houses.remembered());
    let database = slipway_core::engine::database_path(&folder);
    let choice = match name {
        Some(name) => {
            // Looked for before anything is closed.
            slipway_core::store::backup_named(&database, &name)?;
            slipway_core::store::Choice::Named(name)
        }
        None => slipway_core::store::Choice::Empty,
    };
    houses.leave().await;
    let restored = match slipway_core::engine::InstanceLock::take(&folder) {
        Ok(_lock) => slipway_core::store::restore(&database, &choice).map(|_| ()),
        Err(problem) => Err(problem),
    };
    let entered = houses.inner().clone().enter(&app, world).await;
    restored.and(entered)
}
