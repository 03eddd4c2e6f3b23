//! Everything one running sandbox holds, shared by its listeners: clock, settings, plans, log, bytes, and each platform's own state.
//! With a home it is written there as one JSON file, soon after a change and once more at the end. Fault plans and the call log are
//! of the moment and not kept.

use crate::App;
use crate::calls::Calls;
use crate::clock::Clock;
use crate::faults::Plans;
use crate::google::Google;
use crate::meta::Meta;
use crate::settings::Settings;
use crate::store::Store;
use crate::tiktok::TikTok;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) plans: Plans,
    pub(crate) calls: Calls,
    pub(crate) store: Store,
    pub(crate) google: Google,
    pub(crate) tiktok: TikTok,
    pub(crate) meta: Meta,
    settings: RwLock<Settings>,
    secrets: Mutex<Vec<(String, String)>>,
    /// Host name (and `page`) to base address; set once, when the listeners are bound.
    bases: OnceLock<BTreeMap<String, String>>,
    ports: Mutex<BTreeMap<String, u16>>,
    home: Option<PathBuf>,
    changed: tokio::sync::Notify,
}

/// The file under home.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Written {
    clock_offset_ms: i64,
    settings: Option<Settings>,
    secrets: Vec<String>,
    /// What kind each of them is of, in the same order.
    secret_kinds: Vec<String>,
    ports: BTreeMap<String, u16>,
    google: Option<serde_json::Value>,
    tiktok: Option<serde_json::Value>,
    meta: Option<serde_json::Value>,
}

impl World {
    pub(crate) fn open(home: Option<PathBuf>, settings: Settings) -> anyhow::Result<World> {
        let written = match &home {
            Some(home) => read(home)?,
            None => Written::default(),
        };
        let store = Store::new(home.as_ref())?;
        let google = match written.google {
            Some(value) => Google::taken_up(value).context("reading the sandbox's Google state")?,
            None => Google::new(),
        };
        let tiktok = match written.tiktok {
            Some(value) => TikTok::taken_up(value).context("reading the sandbox's TikTok state")?,
            None => TikTok::new(),
        };
        let meta = match written.meta {
            Some(value) => Meta::taken_up(value).context("reading the sandbox's Meta state")?,
            None => Meta::new(),
        };
        let clock = Clock::default();
        clock.set_offset_ms(written.clock_offset_ms);
        let mut kinds = written.secret_kinds.into_iter();
        let secrets =
            written.secrets.into_iter().map(|text| (kinds.next().unwrap_or_default(), text)).collect();
        let world = World {
            clock,
            plans: Plans::default(),
            calls: Calls::default(),
            store,
            google,
            tiktok,
            meta,
            settings: RwLock::new(written.settings.unwrap_or(settings)),
            secrets: Mutex::new(secrets),
            bases: OnceLock::new(),
            ports: Mutex::new(written.ports),
            home,
            changed: tokio::sync::Notify::new(),
        };
        for (name, app) in world.apps() {
            world.secret(&format!("{name}.client_secret"), &app.client_secret);
        }
        Ok(world)
    }

    /// The registered app of each platform, by platform id.
    pub(crate) fn apps(&self) -> BTreeMap<String, App> {
        // As its owner would say of it in Slipway.
        let flags = BTreeMap::from([("audited".to_string(), self.settings().tiktok.audited)]);
        let tiktok = App { flags, ..self.tiktok.app() };
        let apps = [("youtube", self.google.app()), ("tiktok", tiktok)];
        let mut apps: BTreeMap<_, _> =
            apps.into_iter().chain(self.meta.apps()).map(|(name, app)| (name.to_string(), app)).collect();
        // Here everybody sees what it posts.
        if let Some(app) = apps.get_mut("facebook") {
            app.flags.insert("live".into(), true);
        }
        apps
    }

    /// Kept bytes of a video, whichever platform's: blob, length and media type.
    pub(crate) fn media(&self, id: &str) -> Option<(u64, u64, String)> {
        self.google.media(id).or_else(|| self.tiktok.media(id)).or_else(|| self.meta.media(id))
    }

    /// A picture that was set for a video, the same way.
    pub(crate) fn thumbnail(&self, id: &str) -> Option<(u64, u64, String)> {
        self.google.thumbnail(id).or_else(|| self.meta.thumbnail(id))
    }

    /// Kills every token of a kind at once, of one platform or of all.
    pub(crate) fn expire(&self, platform: Option<&str>, access: bool, refresh: bool) {
        let meant = |id: &str| platform.is_none_or(|platform| platform == id);
        if meant("youtube") {
            self.google.expire(access, refresh);
        }
        if meant("tiktok") {
            self.tiktok.expire(access, refresh);
        }
        for id in ["facebook", "instagram"].into_iter().filter(|id| meant(id)) {
            self.meta.expire(id, access, refresh);
        }
        self.changed();
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        self.changed();
    }

    /// Notes something that must never show up in a log, a database or an error text of ours. `kind` is the platform and what it is.
    pub(crate) fn secret(&self, kind: &str, value: &str) {
        let mut secrets = lock(&self.secrets);
        if !secrets.iter().any(|(_, known)| known == value) {
            secrets.push((kind.to_string(), value.to_string()));
        }
    }

    /// Kind and text of each.
    pub(crate) fn secrets(&self) -> Vec<(String, String)> {
        lock(&self.secrets).clone()
    }

    pub(crate) fn set_bases(&self, bases: BTreeMap<String, String>, ports: BTreeMap<String, u16>) {
        // Called once, before the first listener serves; a second call would be a mistake here and changes nothing.
        let _ = self.bases.set(bases);
        *lock(&self.ports) = ports;
    }

    /// Where `host` listens, without a slash at the end.
    pub(crate) fn base(&self, host: &str) -> String {
        self.bases.get().and_then(|bases| bases.get(host)).cloned().unwrap_or_default()
    }

    /// The port `host` had when this home was last used: session addresses a client has written down stay good.
    pub(crate) fn last_port(&self, host: &str) -> Option<u16> {
        lock(&self.ports).get(host).copied()
    }

    pub(crate) fn changed(&self) {
        self.changed.notify_one();
    }

    /// Forgets everything that happened; the apps' ids, the addresses and the settings stay.
    pub(crate) fn reset(&self) {
        for blob in [self.google.forget(), self.tiktok.forget(), self.meta.forget()].concat() {
            self.store.remove(blob);
        }
        self.plans.clear();
        self.calls.clear();
        self.clock.set_offset_ms(0);
        self.changed();
    }

    /// Deletes bytes under home that are a day old, every hour, until the task is dropped.
    pub(crate) async fn keep_bytes_short(&self) {
        let Some(home) = self.home.clone() else { return };
        loop {
            if let Err(error) = self.forget_bytes(&home, crate::store::KEPT) {
                tracing::warn!(%error, "old bytes could not be deleted");
            }
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        }
    }

    fn forget_bytes(&self, home: &Path, older_than: std::time::Duration) -> std::io::Result<()> {
        let forgotten = crate::store::forget(home, older_than);
        self.store.close_deleted();
        forgotten
    }

    /// Deletes all bytes under home.
    pub(crate) fn forget_all_bytes(&self) -> std::io::Result<()> {
        match &self.home {
            Some(home) => self.forget_bytes(home, std::time::Duration::ZERO),
            None => Ok(()),
        }
    }

    /// Writes to home after each burst of changes, until the task is dropped.
    pub(crate) async fn keep_writing(&self) {
        loop {
            self.changed.notified().await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            if let Err(error) = self.write() {
                tracing::warn!(%error, "the sandbox could not write its state");
            }
        }
    }

    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let Some(home) = &self.home else { return Ok(()) };
        let (secret_kinds, secrets) = self.secrets().into_iter().unzip();
        let written = Written {
            clock_offset_ms: self.clock.offset_ms(),
            settings: Some(self.settings()),
            secrets,
            secret_kinds,
            ports: lock(&self.ports).clone(),
            google: Some(self.google.written()?),
            tiktok: Some(self.tiktok.written()?),
            meta: Some(self.meta.written()?),
        };
        let mut file = tempfile::NamedTempFile::new_in(home).context("making a new state file")?;
        serde_json::to_writer(&mut file, &written).context("writing the state")?;
        file.persist(home.join(FILE)).context("putting the state in place")?;
        Ok(())
    }
}

const FILE: &str = "sandbox.json";

fn read(home: &Path) -> anyhow::Result<Written> {
    std::fs::create_dir_all(home).context("making the sandbox's home")?;
    match std::fs::read(home.join(FILE)) {
        Ok(bytes) => serde_json::from_slice(&bytes).context("reading the sandbox's state"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Written::default()),
        Err(error) => Err(error).context("opening the sandbox's state"),
    }
}

/// A lock whose holder panicked is still good here: every change is a few plain assignments.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Letters and digits that cannot be guessed and are safe in any address.
pub(crate) fn random_text(len: usize) -> String {
    const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut bytes = vec![0u8; len];
    getrandom::fill(&mut bytes).expect("the operating system always has random bytes");
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}
