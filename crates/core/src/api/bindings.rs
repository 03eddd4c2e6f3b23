//! The window's types, generated from what crosses: `ui/src/bindings.ts`. Present in tests only.
//!
//! `./dev bindings` writes the file; without it the test here fails when the file says anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use ts_rs::{Config, TS, TypeVisitor};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/bindings.ts");

const HEAD: &str = "\
// What goes over the border between the engine and the window. Generated from the engine's types by `./dev bindings`; a test there
// (`the_windows_bindings_are_the_engines`) fails when it is anything else. Instants are text in UTC.

";

/// JSON of a platform's own, which nobody here looks into.
const OPTIONS: &str = "Options";
const OPEN: (&str, &str) = ("{ [key in string]: JsonValue }", "Record<string, unknown>");

/// What was told of so far.
pub(super) struct Shapes {
    config: Config,
    types: BTreeMap<String, String>,
    seen: BTreeSet<&'static str>,
    commands: Vec<String>,
}

impl Shapes {
    /// A command, by what it is given and what it answers.
    pub(super) fn command<G: TS + 'static, A: TS + 'static>(&mut self, name: &str) {
        self.visit::<G>();
        self.visit::<A>();
        let (given, answer) = (G::name(&self.config), A::name(&self.config));
        self.commands.push(format!("  \"{name}\": {{ given: {given}; answer: {answer} }};\n"));
    }
}

impl TypeVisitor for Shapes {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        let rust = std::any::type_name::<T>();
        if !self.seen.insert(rust) {
            return;
        }
        if T::output_path().is_some() && rust.starts_with("slipway") {
            let name = T::ident(&self.config);
            let other = self.types.insert(name.clone(), T::decl(&self.config));
            assert!(other.is_none(), "two types are called {name}");
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// The whole file.
fn written() -> String {
    let mut shapes = Shapes {
        config: Config::new().with_large_int("number"),
        types: BTreeMap::new(),
        seen: BTreeSet::new(),
        commands: Vec::new(),
    };
    super::shapes(&mut shapes);
    shapes.visit::<crate::event::Event>();
    let mut text = String::from(HEAD);
    let _ = writeln!(text, "export type {OPTIONS} = {};\n", OPEN.1);
    for declared in shapes.types.values() {
        let _ = writeln!(text, "export {}\n", laid_out(&plain(&bare(declared))));
    }
    text.push_str("export interface Commands {\n");
    for line in &shapes.commands {
        text.push_str(&plain(line));
    }
    text.push_str("}\n");
    text
}

/// Maps by their common name.
fn plain(text: &str) -> String {
    let mut text = text.replace(OPEN.0, OPTIONS);
    while let Some((before, rest)) = text.split_once("{ [key in string]: ") {
        let end = rest.find(" }").expect("a map ends");
        text = format!("{before}Record<string, {}>{}", &rest[..end], &rest[end + 2..]);
    }
    text
}

/// Without Rust's comments, which speak to Rust.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/**") {
        bare.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A field or a variant a line, where there is more than fits one.
fn laid_out(declared: &str) -> String {
    let declared = declared.replace(", }", " }");
    if declared.len() <= 120 {
        return declared;
    }
    let (name, body) = declared.split_once(" = ").expect("a type has a name");
    let body = body.trim_end_matches(';');
    let fields = [" | ", " & "].iter().all(|apart| parts(body, apart).len() == 1) && body.starts_with('{');
    let (inside, apart) = if fields { (body[1..body.len() - 1].trim(), ", ") } else { (body, " | ") };
    let parts = parts(inside, apart);
    if parts.len() == 1 {
        format!("{name} = {inside};")
    } else if fields {
        format!("{name} = {{\n  {};\n}};", parts.join(";\n  "))
    } else {
        format!("{name} =\n  | {};", parts.join("\n  | "))
    }
}

/// What lies between these, outside all brackets.
fn parts<'a>(text: &'a str, apart: &str) -> Vec<&'a str> {
    let (mut parts, mut from, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' | '[' | '(' | '<' => depth += 1,
            '}' | ']' | ')' | '>' => depth -= 1,
            _ if depth == 0 && at >= from && text[at..].starts_with(apart) => {
                parts.push(&text[from..at]);
                from = at + apart.len();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[test]
fn the_windows_bindings_are_the_engines() {
    let text = written();
    if std::env::var_os("SLIPWAY_WRITE_BINDINGS").is_some_and(|said| said == "1") {
        std::fs::write(FILE, &text).expect("the bindings can be written");
    }
    let there = std::fs::read_to_string(FILE).expect("the bindings are there").replace("\r\n", "\n");
    let differs = text.lines().zip(there.lines()).find(|(ours, theirs)| ours != theirs);
    assert!(
        text == there,
        "ui/src/bindings.ts is not what the engine says: run ./dev bindings ({differs:?})"
    );
}
