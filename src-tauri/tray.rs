//! The tray: what is next, what is being sent, pause, open, quit. Written only when its words change.

use crate::words::{Language, Words};
use crate::{events, window};
use serde_json::json;
use slipway_core::api;
use slipway_core::engine::Engine;
use slipway_core::view::Glance;
use std::sync::Mutex;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Wry};

const ID: &str = "slipway";

/// The menu's lines that change, and what they say.
struct Lines {
    next: MenuItem<Wry>,
    sending: MenuItem<Wry>,
    pause: MenuItem<Wry>,
    open: MenuItem<Wry>,
    quit: MenuItem<Wry>,
    said: Mutex<Option<Said>>,
}

/// What the tray says.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub next: String,
    pub sending: String,
    pub pause: String,
    pub open: String,
    pub quit: String,
    pub paused: bool,
    /// The post that a click on the first line opens.
    pub post: Option<i64>,
}

pub fn said(words: &Words, glance: &Glance, zone: &str) -> Said {
    let next = match &glance.next {
        Some(row) => {
            let at = row
                .due
                .and_then(|due| due.in_tz(zone).ok())
                .map(|due| due.strftime("%m-%d %H:%M").to_string());
            format!("{}: {} · {}", words.next, at.unwrap_or_default(), short(row.label()))
        }
        None => words.nothing_planned.to_string(),
    };
    let sending = match (glance.paused, glance.moving.as_slice()) {
        (true, _) => words.paused.to_string(),
        (false, []) => String::new(),
        (false, rows) => {
            let (sent, total) = rows
                .iter()
                .filter_map(|row| row.moving)
                .fold((0, 0), |(sent, total), moving| (sent + moving.sent, total + moving.total));
            let percent = (sent * 100).checked_div(total).unwrap_or(0);
            format!("{}: {} · {percent} %", words.sending, rows.len())
        }
    };
    Said {
        next,
        sending,
        pause: if glance.paused { words.resume } else { words.pause }.into(),
        open: words.open.into(),
        quit: words.quit.into(),
        paused: glance.paused,
        post: glance.next.as_ref().map(|row| row.id),
    }
}

/// A menu is no place for a long title.
fn short(title: &str) -> String {
    let mut chars = title.chars();
    let start: String = chars.by_ref().take(40).collect();
    if chars.next().is_some() { format!("{start}…") } else { start }
}

pub fn make(app: &AppHandle) -> tauri::Result<()> {
    let words = Language::English.words();
    let item = |id: &str, text: &str, on: bool| MenuItem::with_id(app, id, text, on, None::<&str>);
    let lines = Lines {
        next: item("next", words.nothing_planned, true)?,
        sending: item("sending", " ", false)?,
        pause: item("pause", words.pause, true)?,
        open: item("open", words.open, true)?,
        quit: item("quit", words.quit, true)?,
        said: Mutex::new(None),
    };
    let line = PredefinedMenuItem::separator(app)?;
    let menu =
        Menu::with_items(app, &[&lines.next, &lines.sending, &line, &lines.pause, &lines.open, &lines.quit])?;
    let icon = tauri::image::Image::from_bytes(include_bytes!("../icons/tray.png"))?;
    TrayIconBuilder::with_id(ID)
        .icon(icon)
        .tooltip("Slipway")
        .menu(&menu)
        .on_menu_event(|app, event| chosen(app, event.id().as_ref()))
        .on_tray_icon_event(|tray, event| {
            if let TrayIconEvent::DoubleClick { .. } = event {
                window::show(tray.app_handle());
            }
        })
        .build(app)?;
    app.manage(lines);
    Ok(())
}

fn chosen(app: &AppHandle, what: &str) {
    match what {
        "open" => window::show(app),
        "quit" => app.exit(0),
        "next" => match current(app).and_then(|said| said.post) {
            Some(post) => window::open_post(app, post),
            None => window::show(app),
        },
        "pause" => {
            let (Some(engine), paused) = (events::engine(app), current(app).is_some_and(|said| said.paused))
            else {
                return;
            };
            tauri::async_runtime::spawn(async move {
                let given = json!({ "paused": !paused });
                if let Err(problem) = api::call(&engine, &crate::house::Quiet, "settings.pause", given).await
                {
                    tracing::warn!(code = problem.code.as_str(), "not paused");
                }
            });
        }
        _ => {}
    }
}

fn current(app: &AppHandle) -> Option<Said> {
    let lines = app.try_state::<Lines>()?;
    let said = lines.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    said.clone()
}

pub fn refresh(app: &AppHandle, engine: &Engine) {
    let settings = engine.settings().unwrap_or_default();
    let words = Language::of(&settings).words();
    let new = match (engine.store().trouble(), engine.glance()) {
        (None, Ok(glance)) => said(words, &glance, &settings.zone),
        (None, Err(_)) => return,
        // A file that can't be read or written goes before whatever it would say.
        (Some(_), glance) => Said {
            next: words.trouble.into(),
            sending: words.trouble.into(),
            pause: words.pause.into(),
            open: words.open.into(),
            quit: words.quit.into(),
            paused: glance.is_ok_and(|glance| glance.paused),
            post: None,
        },
    };
    let Some(lines) = app.try_state::<Lines>() else { return };
    {
        let mut old = lines.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if old.as_ref() == Some(&new) {
            return;
        }
        *old = Some(new.clone());
    }
    let app = app.clone();
    let _ = app.clone().run_on_main_thread(move || {
        let Some(lines) = app.try_state::<Lines>() else { return };
        let _ = lines.next.set_text(&new.next);
        // An empty line would be no line at all in some menus.
        let _ = lines.sending.set_text(if new.sending.is_empty() { " " } else { &new.sending });
        let _ = lines.pause.set_text(&new.pause);
        let _ = lines.open.set_text(&new.open);
        let _ = lines.quit.set_text(&new.quit);
        if let Some(tray) = app.tray_by_id(ID) {
            let more = if new.sending.is_empty() { &new.next } else { &new.sending };
            let _ = tray.set_tooltip(Some(format!("Slipway · {more}")));
        }
    });
}
