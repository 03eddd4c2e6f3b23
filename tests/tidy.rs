//! Rules that review would otherwise have to repeat: who may import whom, who may do what, and that the map is true.
//!
//! Source is read as text with comments, strings and test code told apart (`source` below); no compiler is asked, so a rule can be
//! fooled by someone who tries. It is for those who forget. Not here: style, which is rustfmt's and clippy's affair.

#![allow(clippy::string_slice)] // Source text is cut where ASCII signs were found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[path = "tidy/migrations.rs"]
mod migrations;
#[path = "tidy/source.rs"]
mod source;
use migrations::MIGRATIONS;
use source::Source;

const MAP: &str = "ARCHITECTURE.md";
const MOST_LINES: usize = 600;

// ---------------------------------------------------------------------------------------------------------------- who imports whom

#[test]
fn crates_import_only_whom_they_may() {
    let ours = ["slipway-core", "slipway-platforms", "slipway-sandbox", "slipway-cli"];
    // Crate, which of ours it may use, which others it may not (by beginning).
    let rules: &[(&str, &[&str], &[&str])] = &[
        ("crates/core", &[], &["tauri", "clap", "indicatif"]),
        ("crates/platforms", &["slipway-core"], &["tauri"]),
        ("crates/sandbox", &[], &["tauri", "reqwest", "rusqlite", "keyring"]),
        (
            "crates/cli",
            &["slipway-core", "slipway-platforms", "slipway-sandbox"],
            &["tauri", "rusqlite", "keyring", "oauth2"],
        ),
    ];
    let mut wrong = Wrong::default();
    for (folder, may, may_not) in rules {
        for name in dependencies(&format!("{folder}/Cargo.toml"), false) {
            let of_ours = ours.contains(&name.as_str());
            if of_ours && !may.contains(&name.as_str()) {
                wrong.say(folder, format!("may not import {name}"));
            }
            if may_not.iter().any(|start| name.starts_with(start)) {
                wrong.say(folder, format!("has no business with {name}"));
            }
        }
    }
    // The sandbox is written from the contracts alone, its tests too: no mistake can be made twice in agreement.
    for name in dependencies("crates/sandbox/Cargo.toml", true) {
        if name.starts_with("slipway") {
            wrong.say("crates/sandbox", format!("may not test with {name}"));
        }
    }
    wrong.none(
        "imports go ui → shell → core ← platforms; cli → core, platforms, sandbox; sandbox → nothing of ours",
    );
}

#[test]
fn platforms_are_pure() {
    let pure = ["http", "jiff", "serde", "serde_json", "slipway-core"];
    let mut wrong = Wrong::default();
    for name in dependencies("crates/platforms/Cargo.toml", false) {
        if !pure.contains(&name.as_str()) {
            wrong.say("crates/platforms/Cargo.toml", format!("{name} is not among {}", pure.join(", ")));
        }
    }
    let doing = [
        "async fn",
        ".await",
        "std::net",
        "std::fs",
        "std::thread",
        "std::time::Instant",
        "std::env",
        "Timestamp::now",
    ];
    for file in sources("crates/platforms/src") {
        wrong.lines(&file, &file.code, |line| {
            doing.iter().find(|word| line.contains(*word)).map(|word| format!("does `{word}`"))
        });
    }
    wrong.none("a platform says what to send and reads what came back; it never waits, sends, stores or asks the time");
}

// ---------------------------------------------------------------------------------------------------------------- who does what

#[test]
fn the_engine_knows_no_platform_and_no_address() {
    let names = [
        "youtube",
        "tiktok",
        "instagram",
        "facebook",
        "linkedin",
        "twitter",
        "google",
        "vkontakte",
        "threads.net",
    ];
    let mut wrong = Wrong::default();
    for file in sources("crates/core/src") {
        wrong.lines(&file, &file.strings, |line| {
            let small = line.to_lowercase();
            names.iter().find(|name| small.contains(*name)).map(|name| format!("names {name}"))
        });
        wrong.lines(&file, &file.strings, |line| {
            // `https://{host}` is how an address is made of Facts; a host written out is one the engine should not know.
            let at = line.find("https://")?;
            let next = line[at + 8..].chars().next();
            next.is_some_and(|c| c.is_ascii_alphanumeric()).then(|| "holds an address".into())
        });
    }
    wrong.none("a platform reaches the engine as Facts and as a protocol, never by name");
}

#[test]
fn one_file_does_each_dangerous_thing() {
    // What is done, the words that show it, and the only places in the engine where it may be done.
    let rules: &[(&str, &[&str], &[&str])] = &[
        ("speaks HTTP", &["reqwest"], &["wire"]),
        ("asks the time", &["Timestamp::now", "SystemTime::now", "Zoned::now"], &["clock"]),
        ("opens the keychain", &["keyring", "secret_service::", "zbus", "security_framework"], &["vault"]),
        ("seals memos", &["aes_gcm", "argon2"], &["vault"]),
        ("opens SQLite", &["Connection::open"], &["store"]),
    ];
    let mut wrong = Wrong::default();
    for file in sources("crates/core/src") {
        for (deed, words, places) in rules {
            if places.iter().any(|place| is_in(&file.path, place)) {
                continue;
            }
            wrong.lines(&file, &file.code, |line| {
                words.iter().find(|word| line.contains(*word)).map(|word| format!("{deed} (`{word}`)"))
            });
        }
    }
    // The command line asks the engine; only the demo, which plays the person at a sandbox's consent page, is a browser itself.
    for file in sources("crates/cli/src").iter().filter(|file| !file.path.ends_with("/consent.rs")) {
        wrong.lines(file, &file.code, |line| {
            line.contains("reqwest").then(|| "speaks HTTP (`reqwest`)".into())
        });
    }
    wrong.none("wire speaks HTTP, clock knows the time, vault holds secrets, store holds the file");
}

#[test]
fn only_the_queue_moves_the_state_of_a_delivery() {
    let mut wrong = Wrong::default();
    for file in sources("crates").iter().filter(|file| !is_in(&file.path, "queue")) {
        let flat = file.strings.split_whitespace().collect::<Vec<_>>().join(" ");
        for statement in flat.split("UPDATE delivery SET ").skip(1) {
            let set = statement.split(" WHERE ").next().unwrap_or_default();
            if set.starts_with("state ") || set.starts_with("state=") || set.contains(", state =") {
                wrong.say(&file.path, format!("moves a delivery: {:.60}", set));
            }
        }
    }
    wrong.none("`queue::go` holds each move against the table of legal ones; nobody goes past it");
}

#[test]
fn sandbox_listeners_are_on_this_computer_only() {
    let mut wrong = Wrong::default();
    for folder in ["crates/core/src", "crates/sandbox/src", "crates/cli/src", "src-tauri"] {
        for file in sources(folder) {
            wrong.lines(&file, &file.strings, |line| {
                let open = ["0.0.0.0", "[::]:", "\"::\""].iter().find(|all| line.contains(*all));
                // Port 0 of every interface is how a socket that sends nothing asks for a route.
                open.filter(|_| !is_in(&file.path, "clock")).map(|all| format!("listens on {all}"))
            });
        }
    }
    wrong.none("nothing of Slipway can be reached from another computer");
}

// ---------------------------------------------------------------------------------------------------------------- the shape

#[test]
fn files_are_short_and_names_say_something() {
    let mut wrong = Wrong::default();
    for path in tracked() {
        let Some(text) =
            text_of(&path).filter(|_| path.ends_with(".rs") || path.ends_with(".sql") || path == "dev")
        else {
            continue;
        };
        let lines = text.lines().count();
        if lines > MOST_LINES {
            wrong.say(
                &path,
                format!("has {lines} lines; {MOST_LINES} is the end of a file: what is its second subject?"),
            );
        }
    }
    let empty = ["manager", "helper", "util"];
    for path in tracked() {
        let name = Path::new(&path)
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        if empty.iter().any(|word| name.contains(word)) {
            wrong.say(&path, "its name says nothing".into());
        }
    }
    for file in ["crates", "tests", "src-tauri"].into_iter().flat_map(sources).collect::<Vec<_>>().iter() {
        wrong.lines(file, &file.code, |line| {
            let words: Vec<_> = line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|word| !word.is_empty())
                .collect();
            let named = words
                .windows(2)
                .find(|pair| ["struct", "enum", "trait", "type", "mod"].contains(&pair[0]))?[1];
            let small = named.to_lowercase();
            empty
                .iter()
                .find(|word| small.contains(*word))
                .map(|word| format!("{named}: {word} says nothing"))
        });
    }
    wrong.none("short files, and names of the domain");
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut wrong = Wrong::default();
    for folder in
        ["crates/core/src", "crates/platforms/src", "crates/sandbox/src", "crates/cli/src", "src-tauri"]
    {
        for path in tracked().into_iter().filter(|path| path.starts_with(folder) && path.ends_with(".rs")) {
            let text = text_of(&path).unwrap_or_default();
            if !text.trim_start().starts_with("//!") {
                wrong.say(&path, "does not open with `//!`".into());
            }
        }
    }
    wrong.none("every module opens with what it is for and what is deliberately not here");
}

#[test]
fn nothing_of_one_machine_is_kept() {
    let here = root().to_string_lossy().into_owned();
    let mut traces = vec![
        concat!("/ro", "ot/").to_string(),
        concat!("/Us", "ers/").to_string(),
        concat!("C:\\\\Us", "ers").to_string(),
    ];
    traces.push(format!("{here}/"));
    // Where packages come from is each machine's own affair.
    traces.extend(
        ["regi", "mir"].iter().zip(["stry.npmjs", "rors."]).map(|(start, end)| format!("{start}{end}")),
    );
    traces.push(concat!("index.crates", ".io").to_string());
    let mut wrong = Wrong::default();
    for path in tracked() {
        let Some(text) = text_of(&path) else { continue };
        for trace in traces.iter().filter(|trace| text.contains(trace.as_str())) {
            wrong.say(&path, format!("holds {trace}"));
        }
        if path == "Cargo.lock" {
            for source in text.lines().filter(|line| line.starts_with("source = ")) {
                if !source.contains("github.com/rust-lang/crates.io-index") {
                    wrong.say(&path, source.into());
                }
            }
        }
    }
    wrong.none("a clone builds anywhere");
}

#[test]
fn released_migrations_never_change() {
    let mut wrong = Wrong::default();
    let known: BTreeMap<_, _> = MIGRATIONS.iter().copied().collect();
    let there: Vec<_> = tracked()
        .into_iter()
        .filter(|path| path.ends_with(".sql") && path.contains("/migrations/"))
        .collect();
    for path in &there {
        let hash = blake3::hash(&std::fs::read(root().join(path)).expect("a tracked file can be read"))
            .to_hex()
            .to_string();
        match known.get(path.as_str()) {
            None => wrong.say(path, format!("is new: add its line to MIGRATIONS, with {hash}")),
            Some(was) if **was != hash => {
                wrong.say(
                    path,
                    format!(
                        "was changed; a change is a new file. (Never released? Then its hash is {hash}.)"
                    ),
                );
            }
            Some(_) => {}
        }
    }
    for (path, _) in MIGRATIONS.iter().filter(|(path, _)| !there.iter().any(|there| there == path)) {
        wrong.say(path, "is gone".into());
    }
    wrong.none("somebody's queue was made by these very bytes");
}

// ---------------------------------------------------------------------------------------------------------------- the map

#[test]
fn every_path_named_in_the_documents_exists() {
    let mut wrong = Wrong::default();
    let mut named = 0;
    for path in tracked().into_iter().filter(|path| path.ends_with(".md")) {
        let text = text_of(&path).unwrap_or_default();
        let beside = Path::new(&path).parent().unwrap_or(Path::new("")).to_path_buf();
        for link in links(&text) {
            let link = link.split('#').next().unwrap_or_default();
            if !link.is_empty() && !link.contains("://") && !link.starts_with("mailto:") {
                named += 1;
                if !root().join(&beside).join(link).exists() {
                    wrong.say(&path, format!("links to {link}, which is not there"));
                }
            }
        }
        for code in codes(&text).into_iter().filter(|code| is_path(code)) {
            named += 1;
            if !root().join(&code).exists() {
                wrong.say(&path, format!("names {code}, which is not there"));
            }
        }
    }
    assert!(named > 60, "only {named} paths were found: is the map still written as this test reads it?");
    wrong.none("the map is the country");
}

#[test]
fn every_subject_of_the_engine_is_on_the_map() {
    let map = text_of(MAP).expect("the map is there");
    let named: BTreeSet<_> =
        codes(&map).into_iter().map(|code| code.trim_end_matches('/').to_string()).collect();
    let mut wrong = Wrong::default();
    let flat = |path: &String, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| !rest.contains('/') && rest.ends_with(".rs"))
    };
    for path in tracked() {
        if flat(&path, "crates/core/src/") && !path.ends_with("/lib.rs") && !named.contains(&path) {
            wrong.say(&path, format!("is not on the map: a line in {MAP}, in the same commit"));
        }
        if let Some(krate) = path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"))
            && !named.contains(&format!("crates/{krate}"))
        {
            wrong.say(&path, format!("this crate is not on the map: a line in {MAP}"));
        }
    }
    wrong.none("the map is complete");
}

/// The table of rules C1 to C40: whatever it says is held is held by tests that exist; the rest says "later".
#[test]
fn every_rule_that_is_claimed_has_its_test() {
    let map = text_of(MAP).expect("the map is there");
    let tests: BTreeMap<String, String> = sources("crates")
        .into_iter()
        .chain(sources("tests"))
        .chain(sources("src-tauri"))
        .flat_map(|file| file.tests.clone().into_iter().map(move |name| (name, file.path.clone())))
        .collect();
    let mut wrong = Wrong::default();
    let mut seen = BTreeSet::new();
    for row in map.lines().filter(|line| line.starts_with("| C")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        if !cells[0][1..].starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let [number, _, place, held] = cells[..] else {
            wrong.say(MAP, format!("this row has not four cells: {row}"));
            continue;
        };
        if !seen.insert(number.to_string()) {
            wrong.say(MAP, format!("{number} stands there twice"));
        }
        if held.starts_with("later") || place.starts_with("later") {
            continue;
        }
        let names = codes(held);
        if names.is_empty() {
            wrong.say(MAP, format!("{number} claims to be held and names no test"));
        }
        for name in names {
            if !tests.contains_key(&name) {
                wrong.say(MAP, format!("{number}: there is no test `{name}`"));
            }
        }
    }
    for number in 1..=40 {
        if !seen.contains(&format!("C{number}")) {
            wrong.say(MAP, format!("C{number} is not in the table"));
        }
    }
    wrong.none("a rule that is claimed is a rule that is tested");
}

/// What the privacy page promises is held by a test, which it names.
#[test]
fn every_promise_about_privacy_names_its_test() {
    let tests: BTreeSet<String> =
        ["crates", "tests", "src-tauri"].into_iter().flat_map(sources).flat_map(|file| file.tests).collect();
    let page = text_of("docs/privacy.md").expect("the page is there");
    let mut wrong = Wrong::default();
    // A promise is an item of a list; it ends at the next item or at a blank line.
    let promises: Vec<_> = page
        .split("\n- ")
        .skip(1)
        .map(|item| item.split("\n\n").next().unwrap_or_default().replace('\n', " "))
        .collect();
    for promise in &promises {
        let held = promise.split("Held by").nth(1).map(codes).unwrap_or_default();
        if held.is_empty() {
            wrong.say("docs/privacy.md", format!("names no test: {promise:.80}"));
        }
        for name in held.into_iter().filter(|name| !tests.contains(name)) {
            wrong.say("docs/privacy.md", format!("there is no test `{name}`"));
        }
    }
    assert!(!promises.is_empty(), "the page promises nothing");
    wrong.none("only what is tested is promised");
}

// ---------------------------------------------------------------------------------------------------------------- reading

/// What is wrong, all of it, so that one run tells everything.
#[derive(Default)]
struct Wrong(BTreeSet<String>);

impl Wrong {
    fn say(&mut self, path: &str, what: String) {
        self.0.insert(format!("{path}: {what}"));
    }

    fn lines(&mut self, file: &Source, text: &str, check: impl Fn(&str) -> Option<String>) {
        for (at, line) in text.lines().enumerate() {
            if let Some(what) = check(line) {
                self.say(&format!("{}:{}", file.path, at + 1), what);
            }
        }
    }

    #[track_caller]
    fn none(self, rule: &str) {
        let mut list = String::new();
        for what in &self.0 {
            let _ = write!(list, "\n  {what}");
        }
        assert!(self.0.is_empty(), "{rule}.{list}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the stories lie in the workspace").to_path_buf()
}

/// Every file that belongs to the project, by its path from the root, with `/`. Walked and not asked of git, so that an archive is
/// tidy, too.
fn tracked() -> Vec<String> {
    let not_ours = ["target", ".git", "node_modules", "dist", "shots", ".demo"];
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project can be read") {
            let entry = entry.expect("an entry of the project can be read");
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if not_ours.contains(&name.as_str()) || (!is_folder && name.ends_with(".log")) {
                continue;
            }
            if is_folder {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let path = path.strip_prefix(root()).expect("it was found under the root");
                found.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// Nothing for what is not text.
fn text_of(path: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).ok()?).ok()
}

/// Every Rust file below a folder, read; files that are only compiled for tests have no code left.
fn sources(folder: &str) -> Vec<Source> {
    let paths: Vec<_> = tracked()
        .into_iter()
        .filter(|path| path.starts_with(&format!("{folder}/")) && path.ends_with(".rs"))
        .collect();
    let mut read: Vec<_> =
        paths.iter().map(|path| Source::read(path, &text_of(path).unwrap_or_default())).collect();
    let only_tests: BTreeSet<String> = read.iter().flat_map(|file| file.test_modules.clone()).collect();
    for file in &mut read {
        let own = only_tests
            .iter()
            .any(|stem| file.path == format!("{stem}.rs") || file.path.starts_with(&format!("{stem}/")));
        let folder = file.path.split('/').nth(2).is_some_and(|part| part == "tests");
        if own || folder {
            file.forget_code();
        }
    }
    read
}

/// Is this file the engine's module `place`, or below it?
fn is_in(path: &str, place: &str) -> bool {
    path == format!("crates/core/src/{place}.rs") || path.starts_with(&format!("crates/core/src/{place}/"))
}

/// Names under `[dependencies]` (and per system), or under `[dev-dependencies]`.
fn dependencies(manifest: &str, dev: bool) -> Vec<String> {
    let text = text_of(manifest).unwrap_or_else(|| panic!("{manifest} can't be read"));
    let (mut names, mut inside) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            let wanted = if dev { "dev-dependencies" } else { "dependencies" };
            inside = section == wanted || section.ends_with(&format!(".{wanted}"));
        } else if inside && !line.starts_with('#') && line.contains('=') {
            names.extend(line.split(['.', '=', ' ']).next().map(String::from));
        }
    }
    assert!(
        dev || !names.is_empty(),
        "{manifest} has no dependencies: is it still written as this test reads it?"
    );
    names
}

/// What stands between single backticks, outside of fenced blocks.
fn codes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(String::from));
        }
    }
    found
}

fn links(text: &str) -> Vec<String> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(String::from).collect()
}

/// Written as a path of this project from its root.
fn is_path(code: &str) -> bool {
    let tops = ["crates/", "tests/", "docs/", "src-tauri/", "ui/", "icons/", ".ci/"];
    let plain = !code.contains([' ', '*', '…', '<', '{', '$']);
    plain
        && (tops.iter().any(|top| code.starts_with(top))
            || ["Cargo.toml", "README.md", "ARCHITECTURE.md", "dev"].contains(&code))
}
