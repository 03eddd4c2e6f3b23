//! core
pub mod sensitive;
pub mod vault;
