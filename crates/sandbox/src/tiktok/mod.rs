//! TikTok as its developers see it: www.tiktok.com (consent), open.tiktokapis.com (API), open-upload.tiktokapis.com (bytes).

use crate::App;
use crate::exchange::{Answer, Ask, Ending};
use crate::state::View;
use crate::world::{World, lock, random_text};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The real host names, each with a listener of its own.
pub(crate) const HOSTS: [&str; 3] = ["www.tiktok.com", "open.tiktokapis.com", "open-upload.tiktokapis.com"];

pub(crate) struct TikTok {
    books: Mutex<Books>,
}

#[derive(Serialize, Deserialize)]
struct Books {
    app: App,
    /// Serial of blobs.
    serial: u64,
}

impl TikTok {
    pub(crate) fn new() -> TikTok {
        let app = App {
            client_id: format!("aw{}", random_text(16).to_lowercase()),
            client_secret: random_text(32),
        };
        TikTok { books: Mutex::new(Books { app, serial: crate::store::TIKTOK_BLOBS }) }
    }

    pub(crate) fn taken_up(written: serde_json::Value) -> anyhow::Result<TikTok> {
        Ok(TikTok { books: Mutex::new(serde_json::from_value(written)?) })
    }

    pub(crate) fn written(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::to_value(&*lock(&self.books))?)
    }

    pub(crate) fn app(&self) -> App {
        lock(&self.books).app.clone()
    }

    pub(crate) fn forget(&self) -> Vec<u64> {
        Vec::new()
    }

    pub(crate) fn expire(&self, _access: bool, _refresh: bool) {}

    pub(crate) fn grant(&self, _world: &World, _account: &str, _scopes: &[&str]) -> crate::Granted {
        crate::Granted { access_token: String::new(), refresh_token: String::new() }
    }

    pub(crate) fn media(&self, _id: &str) -> Option<(u64, u64, String)> {
        None
    }
}

pub(crate) fn look(_world: &World) -> View {
    View { videos: Vec::new(), sessions: Vec::new(), quota: BTreeMap::new() }
}

pub(crate) async fn serve(world: &Arc<World>, mut ask: Ask) -> Ending {
    world.calls.note(ask.seq, |call| call.unknown = true);
    ask.drain(world).await;
    Answer::json(404, &json!({ "error": { "code": "not_found", "message": "", "log_id": "" } })).into()
}
