//! Opens the house and owns everything in it: store, wire, vault, tokens, platforms, clock. No globals.
//!
//! An `Engine` that is only opened answers and takes commands (a second process does just that); the one that holds the instance
//! lock also `run`s. Not here: what a claim does (`worker`), the loop (`engine/run.rs`), what the user may ask for (`api`).

mod maintenance;
mod restored;
mod run;
mod settle;
mod time;

pub(crate) use restored::sends_more;
pub use run::Until;
pub(crate) use settle::{broken, signed_in_again};

use crate::clock::Clock;
use crate::event::Events;
use crate::platform::AnyPlatform;
use crate::problem::{Code, Outcome, Problem};
use crate::secrets::Secrets;
use crate::sign_in::tokens::Tokens;
use crate::store::{Store, World, problem as sql_problem};
use crate::throttle::Throttle;
use crate::vault::{Vault, VaultHandle};
use crate::wire::hosts::Hosts;
use crate::wire::{Gauge, Wire};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What an engine is made of.
pub struct House {
    /// The data folder of its world (the sandbox has one of its own).
    pub folder: PathBuf,
    pub hosts: Hosts,
    pub vault: Arc<dyn Vault>,
    pub platforms: Vec<Arc<dyn AnyPlatform>>,
    pub clock: Clock,
}

/// The engine. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub folder: PathBuf,
    pub store: Store,
    pub wire: Wire,
    pub secrets: Secrets,
    pub tokens: Tokens,
    pub owners: crate::worker::Owners,
    pub platforms: Vec<Arc<dyn AnyPlatform>>,
    pub clock: Clock,
    pub throttle: Throttle,
    pub rates: crate::rates::Rates,
    /// When posts under way had their last byte answered, for measuring.
    pub last_bytes: crate::worker::LastBytes,
    /// Sign-ins that speak for several channels, until somebody said which.
    pub choosing: crate::api::Choosing,
    /// Uploads under way in this process, by delivery.
    pub gauges: Mutex<HashMap<i64, Arc<Gauge>>>,
    /// Something was written that the loop should look at.
    pub nudge: tokio::sync::Notify,
}

impl Engine {
    /// Opens the queue's file (made and migrated as needed). Starts nothing.
    pub fn open(house: House) -> Outcome<Engine> {
        let world = if house.hosts.is_sandbox() { World::Sandbox } else { World::Real };
        let events = Events::default();
        let store = Store::open(&database_path(&house.folder), world, events)?;
        let throttle = Throttle::default();
        let wire = Wire::new(house.hosts, throttle.clone(), house.clock.clone())?;
        Ok(Engine {
            inner: Arc::new(Inner {
                folder: house.folder,
                secrets: Secrets::new(VaultHandle::new(house.vault), store.clone()),
                store,
                wire,
                tokens: Tokens::new(house.clock.clone()),
                owners: crate::worker::Owners::default(),
                platforms: house.platforms,
                clock: house.clock,
                throttle,
                rates: crate::rates::Rates::default(),
                last_bytes: crate::worker::LastBytes::default(),
                choosing: crate::api::Choosing::default(),
                gauges: Mutex::default(),
                nudge: tokio::sync::Notify::new(),
            }),
        })
    }

    pub fn events(&self) -> &Events {
        self.inner.store.events()
    }

    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub fn is_sandbox(&self) -> bool {
        self.inner.wire.hosts().is_sandbox()
    }

    pub fn platforms(&self) -> &[Arc<dyn AnyPlatform>] {
        &self.inner.platforms
    }

    pub fn platform(&self, id: &str) -> Outcome<&Arc<dyn AnyPlatform>> {
        self.inner.platforms.iter().find(|platform| platform.facts().id == id).ok_or_else(|| {
            let known: Vec<_> = self.inner.platforms.iter().map(|platform| platform.facts().id).collect();
            Problem::block(
                Code::PlatformUnknown,
                format!("There is no platform \"{id}\". Known: {}.", known.join(", ")),
            )
        })
    }

    /// Bytes of the media that the running call of this delivery has sent, if it is being sent by this process.
    pub fn moving(&self, delivery: i64) -> Option<u64> {
        self.gauges().get(&delivery).map(|gauge| gauge.sent())
    }

    pub(crate) fn gauges(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Arc<Gauge>>> {
        // A map of handles is whole after a panic elsewhere.
        self.inner.gauges.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Makes the loop look at the table now.
    pub(crate) fn nudge(&self) {
        self.inner.nudge.notify_one();
    }

    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Outcome<T> {
        self.inner.store.read(work)
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Outcome<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut crate::store::Tx) -> Outcome<T> + Send + 'static,
    {
        let result = self.inner.store.write(work).await;
        self.nudge();
        result
    }

    /// Takes the lock that says "this process runs the queue". Patient for a moment: a command that looks whether somebody runs it
    /// holds the lock for an instant.
    async fn lock(&self) -> Outcome<InstanceLock> {
        for _ in 0..5 {
            match InstanceLock::take(&self.inner.folder) {
                Err(problem) if problem.code == Code::AlreadyRunning => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                taken => return taken,
            }
        }
        InstanceLock::take(&self.inner.folder)
    }

    /// Is some process running the queue of this folder?
    pub fn is_running(&self) -> bool {
        matches!(InstanceLock::take(&self.inner.folder), Err(problem) if problem.code == Code::AlreadyRunning)
    }
}

/// Where the queue's file of a data folder is.
pub fn database_path(folder: &Path) -> PathBuf {
    folder.join("slipway.db")
}

/// Held by the one process that runs the queue; the system releases it when the process ends, however it ends.
pub struct InstanceLock {
    _file: std::fs::File,
}

impl InstanceLock {
    /// Problems: `already_running`, `read_only`.
    pub fn take(folder: &Path) -> Outcome<InstanceLock> {
        let path = folder.join("slipway.lock");
        let read_only = |error: std::io::Error| {
            if crate::handles::ran_out(&error) {
                return crate::handles::problem();
            }
            Problem::block(Code::ReadOnly, "Slipway may not write to its data folder.").detail(error)
        };
        let file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(read_only)?;
        match file.try_lock() {
            Ok(()) => Ok(InstanceLock { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Problem::block(
                Code::AlreadyRunning,
                "Slipway is already running this queue. Commands still work; it picks them up within a second.",
            )),
            Err(std::fs::TryLockError::Error(error)) => Err(read_only(error)),
        }
    }
}

/// For errors of SQLite inside a write.
pub(crate) fn sql<T>(result: rusqlite::Result<T>) -> Outcome<T> {
    result.map_err(sql_problem)
}
