//! Hands the page and the set-up to Tauri.

fn main() {
    tauri_build::build();
}
