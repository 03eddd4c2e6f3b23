//! The platforms, each a pure protocol in a folder of its own: no async, no HTTP, no clock, no store.
//!
//! This file is the registry and nothing else. A new platform is a folder and a line in `all`.

#![cfg_attr(test, allow(clippy::string_slice))]

use slipway_core::platform::AnyPlatform;
use std::sync::Arc;

mod facebook;
mod graph;
mod instagram;
mod tiktok;
mod youtube;

/// Every platform Slipway can speak to, in the order they are shown.
pub fn all() -> Vec<Arc<dyn AnyPlatform>> {
    vec![
        Arc::new(youtube::YouTube),
        Arc::new(tiktok::TikTok),
        Arc::new(instagram::Instagram),
        Arc::new(facebook::Facebook),
    ]
}

/// The platform with this `Facts::id`.
pub fn by_id(id: &str) -> Option<Arc<dyn AnyPlatform>> {
    all().into_iter().find(|platform| platform.facts().id == id)
}
