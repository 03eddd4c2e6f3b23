//! core

pub mod backoff;
pub mod clock;
pub mod schedule;
pub mod throttle;
