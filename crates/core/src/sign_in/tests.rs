//! The sign-in against a token server of its own on loopback. Time moves by hand.
#![allow(clippy::unwrap_used)]

mod cache;
mod exchange;
mod fake;
mod flow;
mod refusals;
mod renewal;
