//! What happens inside, told on standard error with `-v`, and kept in a file while the queue runs.
//!
//! Only our own crates are heard: they never log a token, a session address, a title or a path; other crates might.

use crate::args::{Cli, Command};
use crate::home::Place;
use std::fs::{File, OpenOptions};
use std::path::Path;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// A log longer than this makes room at the next start; one older is kept.
const LONGEST: u64 = 5_000_000;

pub fn start(cli: &Cli) {
    let level = match cli.global.verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let told = fmt::layer().with_writer(std::io::stderr).with_filter(ours(level));
    let file = match &cli.command {
        Command::Run { .. } => Place::find(&cli.global).ok().and_then(|place| open(&place.folder)),
        _ => None,
    };
    let kept = file.map(|file| {
        fmt::layer().json().with_writer(std::sync::Mutex::new(file)).with_filter(ours(LevelFilter::INFO))
    });
    tracing_subscriber::registry().with(told).with(kept).init();
}

fn ours(level: LevelFilter) -> Targets {
    Targets::new()
        .with_target("slipway", level)
        .with_target("slipway_core", level)
        .with_target("slipway_platforms", level)
        .with_target("slipway_sandbox", level)
}

/// `logs/slipway.log` in the data folder. That it can't be written is no reason not to run.
fn open(folder: &Path) -> Option<File> {
    let folder = folder.join("logs");
    crate::home::make_private_folder(&folder).ok()?;
    let path = folder.join("slipway.log");
    if std::fs::metadata(&path).is_ok_and(|meta| meta.len() > LONGEST) {
        let _ = std::fs::rename(&path, path.with_extension("log.1"));
    }
    OpenOptions::new().create(true).append(true).open(path).ok()
}
