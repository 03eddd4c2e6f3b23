//! What the window is kept from, held word by word: a wider fence is a change here, seen in review.

use serde_json::Value;

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("the shell's own files are JSON")
}

#[test]
fn the_window_may_listen_and_nothing_else_of_the_framework() {
    let capability = read(include_str!("capabilities/main.json"));
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    assert_eq!(
        capability["permissions"],
        serde_json::json!(["core:event:allow-listen", "core:event:allow-unlisten"])
    );
    assert!(capability.get("remote").is_none(), "no page from elsewhere may ask anything");
    let kept =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src-tauri/capabilities")).expect("a folder");
    assert_eq!(kept.count(), 1, "one capability, one window");
}

#[test]
fn the_player_may_load_from_its_one_port_and_nothing_else_may() {
    let read = |text: &str| serde_json::from_str::<tauri::Config>(text).expect("a configuration");
    let before = read(include_str!("../tauri.conf.json"));
    let mut after = before.clone();
    crate::window::allow_player(&mut after, "http://127.0.0.1:4000");
    let policy = |config: &tauri::Config| serde_json::to_value(&config.app.security.csp).expect("JSON");
    let (mut before, after) = (policy(&before), policy(&after));
    assert_eq!(after["media-src"], "media: http://media.localhost http://127.0.0.1:4000");
    before["media-src"] = after["media-src"].clone();
    assert_eq!(before, after);
}

#[test]
fn the_content_policy_is_strict() {
    let conf = read(include_str!("../tauri.conf.json"));
    let app = &conf["app"];
    assert_eq!(app["withGlobalTauri"], false);
    assert_eq!(app["security"]["freezePrototype"], true);
    assert!(app["security"].get("dangerousDisableAssetCspModification").is_none());
    let policy = app["security"]["csp"].as_object().expect("a policy");
    assert_eq!(policy["default-src"], "'none'");
    assert_eq!(policy["script-src"], "'self'");
    assert_eq!(policy["style-src"], "'self'");
    for (directive, sources) in policy {
        let sources = sources.as_str().expect("sources are words");
        for unsafe_word in ["unsafe-inline", "unsafe-eval", "https:", "*", "data:"] {
            assert!(!sources.contains(unsafe_word), "{directive} allows {unsafe_word}");
        }
        for source in sources.split(' ').filter(|source| source.starts_with("http:")) {
            // The forms Tauri's own schemes take on Windows; no network is behind them.
            assert!(
                ["http://media.localhost", "http://ipc.localhost"].contains(&source),
                "{directive}: {source}"
            );
        }
    }
}
