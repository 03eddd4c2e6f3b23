//! The engine: queue, punctuality, resumable sending, sign-in, vault.
//!
//! It knows no Tauri, no platform's name and no URL; a platform reaches it as data (`facts`) and as a pure protocol (`platform`).
//! The one door for window, command line and agents is `api`.

pub mod backoff;
pub mod facts;
pub mod platform;
pub mod post;
pub mod problem;
pub mod redact;
pub mod sensitive;
