//! The engine: queue, punctuality, resumable sending, sign-in, vault.
//!
//! It knows no Tauri, no platform's name and no URL; a platform reaches it as data (`facts`) and as a pure protocol (`platform`).
//! The one door for window, command line and agents is `api`.

#![cfg_attr(test, allow(clippy::string_slice))]

pub mod api;
pub mod backoff;
pub mod check;
pub mod clock;
pub mod engine;
pub mod event;
pub mod facts;
mod handles;
pub mod home;
pub mod media;
pub mod panic_hook;
pub mod platform;
pub mod post;
pub mod problem;
mod queue;
mod rates;
pub mod redact;
pub mod schedule;
pub mod secrets;
pub mod sensitive;
pub mod settings;
pub mod sign_in;
pub mod store;
pub mod throttle;
pub mod vault;
pub mod view;
pub mod wire;
mod worker;
