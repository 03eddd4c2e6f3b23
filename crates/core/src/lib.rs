//! core
pub mod media;
