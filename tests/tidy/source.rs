//! A Rust file told apart into code, strings and test code, so that a rule looks only at what it means.
//!
//! A small reader of comments, literals and braces, not a parser: it knows what `//`, `/* */`, `"…"`, `r#"…"#`, `'c'` and
//! `#[cfg(test)]` are. Not here: the rules.

/// One file. `code` and `strings` keep the file's lines, with blanks for what is not theirs.
pub struct Source {
    /// From the root, with `/`.
    pub path: String,
    /// Code without comments, strings and tests.
    pub code: String,
    /// What stands in string literals outside of tests.
    pub strings: String,
    /// Paths, without ending, of modules that are compiled for tests only.
    pub test_modules: Vec<String>,
    /// Names of the tests in it.
    pub tests: Vec<String>,
}

impl Source {
    pub fn read(path: &str, text: &str) -> Source {
        let (whole, mut strings) = apart(text);
        let mut code = whole.clone();
        let mut test_modules = Vec::new();
        for (from, to) in only_for_tests(&whole) {
            if let Some(name) =
                whole[from..to].trim_end_matches(';').rsplit_once("mod ").map(|(_, name)| name.trim())
                && whole[from..to].ends_with(';')
            {
                test_modules.push(format!("{}/{name}", folder_of(path)));
            }
            code = blank(&code, from, to);
            strings = blank(&strings, from, to);
        }
        Source { path: path.into(), code, strings, test_modules, tests: tests(&whole) }
    }

    /// All of it is compiled for tests only.
    pub fn forget_code(&mut self) {
        self.code.clear();
        self.strings.clear();
    }
}

/// Where the modules of this file lie.
fn folder_of(path: &str) -> String {
    let stem = path.trim_end_matches(".rs");
    match stem.rsplit_once('/') {
        Some((folder, "lib" | "main" | "mod")) => folder.into(),
        _ => stem.into(),
    }
}

fn blank(text: &str, from: usize, to: usize) -> String {
    let middle: String = text[from..to].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
    // Blanks are one byte each, so whatever came before must be as well: `apart` sees to that.
    format!("{}{middle}{}", &text[..from], &text[to..])
}

/// Code and strings, each as long as the text (in characters, all of them ASCII), comments in neither.
fn apart(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    let (mut code, mut strings) = (String::new(), String::new());
    let mut at = 0;
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    while at < chars.len() {
        let (end, kind) = match (get(at), get(at + 1)) {
            ('/', '/') => (line_end(&chars, at), Kind::Comment),
            ('/', '*') => (block_end(&chars, at), Kind::Comment),
            ('"', _) => (string_end(&chars, at + 1), Kind::Text),
            ('r', '"' | '#') if !follows_a_name(&chars, at) => match raw_end(&chars, at + 1) {
                Some(end) => (end, Kind::Text),
                None => (at + 1, Kind::Code),
            },
            ('\'', '\\') => (
                chars[at + 3..].iter().position(|c| *c == '\'').map_or(chars.len(), |n| at + n + 4),
                Kind::Code,
            ),
            ('\'', _) if get(at + 2) == '\'' => (at + 3, Kind::Char),
            _ => (at + 1, Kind::Code),
        };
        let end = end.min(chars.len());
        for c in &chars[at..end] {
            let kept = |mine: bool| if mine || *c == '\n' { *c } else { ' ' };
            code.push(kept(kind == Kind::Code));
            strings.push(kept(kind == Kind::Text));
        }
        at = end;
    }
    (code, strings)
}

#[derive(PartialEq)]
enum Kind {
    Code,
    Text,
    Char,
    Comment,
}

fn line_end(chars: &[char], from: usize) -> usize {
    chars[from..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| from + n)
}

/// Rust's block comments nest.
fn block_end(chars: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from..].iter().take_while(|c| **c == '#').count();
    let open = from + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    (open + 1..chars.len())
        .find(|at| {
            chars[*at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
        })
        .map(|at| at + 1 + hashes)
}

fn follows_a_name(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() && chars[at - 1] != 'b' || chars[at - 1] == '_')
}

/// From `#[cfg(test)]` to the end of what it stands before.
fn only_for_tests(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) =
        ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|mark| code[from..].find(mark)).min()
    {
        let start = from + start;
        let mut depth = 0;
        let mut end = code.len();
        for (at, c) in code[start..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if (c == '}' || c == ';') && depth == 0 {
                end = start + at + 1;
                break;
            }
        }
        found.push((start, end));
        from = end;
    }
    found
}

/// Names of functions below `#[test]` and its kin.
fn tests(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in code.lines().map(str::trim) {
        marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked) {
            found.extend(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(String::from));
            marked = false;
        }
    }
    found
}

#[test]
fn a_file_is_told_apart() {
    let text = r##"
//! reqwest in a comment
use a; /* b /* c */ d */ const X: &str = "say \"reqwest\""; const Y: char = '"'; fn f<'a>(r: &'a str) {}
let z = r#"raw "x" reqwest"#;
#[cfg(test)]
mod odd;
#[cfg(test)]
mod tests { fn g() { let x = "}"; } }
#[tokio::test]
async fn it_holds() {}
"##;
    let source = Source::read("crates/core/src/wire.rs", text);
    assert_eq!(source.code.lines().count(), text.lines().count());
    assert!(!source.code.contains("reqwest") && !source.code.contains("fn g"), "{}", source.code);
    assert!(
        source.code.contains("fn f<'a>(r: &'a str)") && source.code.contains("async fn it_holds"),
        "{}",
        source.code
    );
    assert_eq!(source.strings.matches("reqwest").count(), 2, "{}", source.strings);
    assert_eq!(source.test_modules, ["crates/core/src/wire/odd"]);
    assert_eq!(source.tests, ["it_holds"]);
}
