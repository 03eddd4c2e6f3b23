//! Slipway's window: a thin shell around the engine. It opens windows, shows the tray, tells notifications and hands files over; what
//! is done with posts is decided in the engine, behind the one list of commands.
//!
//! Not here: anything about posts, platforms or secrets.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod args;
mod events;
#[cfg(test)]
mod fence;
mod files;
mod house;
mod media;
mod notify;
mod player;
mod poster;
mod rpc;
mod tray;
mod window;
mod words;

use args::Start;
use house::{Houses, World};
use std::sync::Arc;
use tauri::{Manager, RunEvent, WindowEvent};
use tauri_plugin_window_state::StateFlags;

fn main() {
    slipway_core::panic_hook::install();
    let start = match Start::read(std::env::args_os().skip(1)) {
        Ok(start) => start,
        Err(said) => {
            eprintln!("{said}");
            std::process::exit(2);
        }
    };
    logs(start.verbose);
    let mut context = tauri::generate_context!();
    let player = player(&mut context);
    let base = Played(player.as_ref().map(player::Player::base));
    let app = tauri::Builder::default()
        // First of all, so that a second start ends before it opens anything.
        .plugin(tauri_plugin_single_instance::init(|app, args, _folder| {
            if let Ok(more) = Start::read(args.into_iter().skip(1).map(Into::into)) {
                window::take_up(app, &more);
            }
            window::show(app);
        }))
        .plugin(
            tauri_plugin_window_state::Builder::new()
                // Whether it is seen is decided at each start: at login it is not.
                .with_state_flags(StateFlags::all() - StateFlags::VISIBLE)
                .with_denylist(&[window::CONSENT])
                .build(),
        )
        .plugin(tauri_plugin_autostart::Builder::new().app_name("Slipway").args(["--hidden"]).build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .register_asynchronous_uri_scheme_protocol("media", media::answer)
        .invoke_handler(tauri::generate_handler![
            rpc::rpc,
            rpc::about,
            rpc::ready,
            rpc::quit,
            rpc::world,
            rpc::consent_cancel,
            rpc::open_folder,
            rpc::open_url,
            rpc::reveal,
            rpc::autostart,
            rpc::backups,
            rpc::restore_backup,
            files::pick_videos,
            files::pick_file,
            files::expand,
        ])
        .setup(move |app| {
            let houses = Arc::new(Houses::new(start.clone())?);
            app.manage(houses.clone());
            app.manage(base);
            if let Some(player) = player {
                let houses = houses.clone();
                tauri::async_runtime::spawn(async move {
                    if let Err(error) = player.serve(houses).await {
                        tracing::warn!(%error, "the player's port is closed");
                    }
                });
            }
            tray::make(app.handle())?;
            window::open(app.handle(), !start.hidden)?;
            // Beside the webview, which takes longer.
            let app = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                if let Err(problem) = houses.ensure(&app).await {
                    // The window says it in its own words, with a button to try again.
                    tracing::warn!(code = problem.code.as_str(), "the queue did not open");
                }
            });
            Ok(())
        })
        .on_window_event(|window, event| match event {
            WindowEvent::CloseRequested { api, .. } if window.label() == window::MAIN => {
                if window::closes_to_tray(window.app_handle()) {
                    api.prevent_close();
                    let _ = window.hide();
                } else {
                    window.app_handle().exit(0);
                }
            }
            WindowEvent::Destroyed if window.label() == window::CONSENT => {
                window::consent_closed(window.app_handle());
            }
            _ => {}
        })
        .build(context);
    let app = match app {
        Ok(app) => app,
        Err(error) => {
            eprintln!("Slipway's window could not be opened: {error}");
            std::process::exit(1);
        }
    };
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            let houses = app.state::<Arc<Houses>>().inner().clone();
            tauri::async_runtime::block_on(houses.leave());
        }
    });
}

/// Where the window's player finds videos; nothing where it takes them from `media:`.
struct Played(Option<String>);

/// Takes the player's port, and lets the window's content policy name it. Without a port videos show their picture.
fn player(context: &mut tauri::Context<tauri::Wry>) -> Option<player::Player> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let player = player::Player::bind()
        .inspect_err(|error| tracing::warn!(%error, "there is no port for the player"))
        .ok()?;
    window::allow_player(context.config_mut(), &player.origin());
    Some(player)
}

/// On standard error, our own crates alone: they never log a token, a session address, a title or a path; others might.
fn logs(verbose: bool) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    let level = if verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
    let ours = ["slipway_desktop", "slipway_core", "slipway_platforms", "slipway_sandbox"];
    let filter = ours.iter().fold(Targets::new(), |all, name| all.with_target(*name, level));
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .with(filter)
        .init();
}

/// What a command answers when no house is open.
fn closed() -> slipway_core::problem::Problem {
    use slipway_core::problem::{Code, Fix, Problem};
    Problem::block(Code::NotNow, "Slipway's queue is not open. Try again in a moment.").fix(Fix::Retry)
}

/// Is this the world people practise in?
fn is_practice(world: World) -> bool {
    world == World::Sandbox
}
