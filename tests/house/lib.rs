//! Shared people and places for the stories.
