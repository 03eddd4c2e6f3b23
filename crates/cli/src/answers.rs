//! What the words need of the engine's answers. JSON goes through untouched; only what is said in words is read here.
//!
//! Fields that are not shown are not named, so an answer may grow without a change here.

use jiff::Timestamp;
use serde::Deserialize;
use slipway_core::media::Probe;
use slipway_core::platform::{GoesOut, Remote, Stage, Words};
use slipway_core::post::State;
use slipway_core::problem::Problem;
use slipway_core::schedule::WallTime;
use slipway_core::store::account::AccountState;
use slipway_core::store::errand::ErrandState;

#[derive(Debug, Deserialize)]
pub struct App {
    pub id: i64,
    pub platform: String,
    pub client_id: String,
    pub quotas: Vec<Quota>,
}

#[derive(Debug, Deserialize)]
pub struct Quota {
    pub label: String,
    pub used: u32,
    pub per_day: u32,
    pub resets_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
pub struct Account {
    pub id: i64,
    pub platform_name: String,
    pub name: String,
    pub handle: Option<String>,
    pub url: Option<String>,
    pub state: AccountState,
    pub sign_in_ends: Option<Timestamp>,
    pub waits: Option<Waits>,
}

#[derive(Debug, Deserialize)]
pub struct Waits {
    pub until: Timestamp,
    pub problem: Problem,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Delivery {
    pub id: i64,
    pub account_name: String,
    pub platform: String,
    pub title: String,
    pub file: String,
    pub state: State,
    pub stage: Option<Stage>,
    pub goes_out: GoesOut,
    pub wall: Option<WallTime>,
    pub due: Option<Timestamp>,
    pub next: Option<Next>,
    pub paused: bool,
    pub cancelling: bool,
    pub confirmed: u64,
    pub size: u64,
    pub remote: Option<Remote>,
    pub privacy: Option<String>,
    pub public_at: Option<Timestamp>,
    pub late_ms: Option<i64>,
    pub problem: Option<Problem>,
}

impl Delivery {
    /// Its title, or its file where it has none.
    pub fn label(&self) -> &str {
        if self.title.is_empty() { &self.file } else { &self.title }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct Next {
    pub at: Option<Timestamp>,
    pub text: String,
}

#[derive(Debug, Deserialize)]
pub struct Detail {
    #[serde(flatten)]
    pub line: Delivery,
    pub words: Words,
    pub options: serde_json::Map<String, serde_json::Value>,
    pub path: String,
    pub tries: u32,
    pub created_at: Timestamp,
    pub extras: Vec<Extra>,
    pub attempts: Vec<Attempt>,
}

#[derive(Debug, Deserialize)]
pub struct Extra {
    pub step: String,
    pub state: ErrandState,
    pub next: Option<Timestamp>,
    pub problem: Option<Problem>,
}

#[derive(Debug, Deserialize)]
pub struct Attempt {
    pub at: Timestamp,
    pub step: String,
    pub outcome: String,
    pub status: Option<u16>,
    pub sent: Option<u64>,
    pub confirmed: Option<u64>,
    pub took_ms: Option<u64>,
    pub detail: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Added {
    pub deliveries: Vec<Delivery>,
    pub warnings: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
pub struct Checked {
    pub ok: bool,
    pub media: Probe,
    pub due: Option<Timestamp>,
    pub channels: Vec<CheckedChannel>,
}

#[derive(Debug, Deserialize)]
pub struct CheckedChannel {
    pub name: String,
    pub platform: String,
    pub goes_out: GoesOut,
    pub problems: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
pub struct Disconnected {
    pub revoked: bool,
    pub waiting: usize,
    pub handed_over: usize,
}
