//! The page that people put on a web space of their own, for Meta's https redirects: it passes an answer on to this computer, and does
//! nothing else. Its logic is run where there is a Node; its shape is held everywhere.

use std::process::Command;

const PAGE: &str = include_str!("../../../../../docs/slipway-redirect.html");

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

fn script() -> &'static str {
    between(PAGE, "<script>", "</script>")
}

#[test]
fn the_page_loads_nothing_and_runs_one_script() {
    assert_eq!(PAGE.matches("<script").count(), 1);
    assert_eq!(PAGE.matches("<style").count(), 1);
    for word in [
        "src=",
        "https://",
        "url(",
        "@import",
        "fetch(",
        "XMLHttp",
        "cookie",
        "localStorage",
        "innerHTML",
        "onclick",
    ] {
        assert!(!PAGE.contains(word), "{word}");
    }
    let policy = between(PAGE, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert!(script().contains("\"http://127.0.0.1:\" + port"));
}

/// Runs JavaScript and gives what it printed; nothing where there is no Node.
fn node(program: &str) -> Option<String> {
    let out = Command::new("node").args(["-e", program]).output().ok()?;
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Some(String::from_utf8(out.stdout).unwrap().trim().to_string())
}

/// Where a browser would go that came with this query.
fn goes(search: &str, framed: bool) -> Option<String> {
    node(&format!(
        "const parts = {{}};\n\
         const document = {{ getElementById: (id) => (parts[id] ??= {{ hidden: true }}) }};\n\
         let went = null;\n\
         const location = {{ search: {search:?}, hash: '#_=_', replace: (to) => {{ went = to; }} }};\n\
         const window = {{ self: 1, top: {} }};\n\
         {}\n\
         const shown = Object.keys(parts).filter((id) => parts[id].hidden === false).join();\n\
         if ((went === null) !== (shown === 'nothing') || (went !== null && parts.go.href !== went)) throw new Error(shown);\n\
         console.log(went === null ? 'nowhere' : went);",
        if framed { 2 } else { 1 },
        script()
    ))
}

#[test]
fn only_an_answer_to_slipway_is_passed_on_and_only_to_this_computer() {
    const RANDOM: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let to = |port: &str| format!("http://127.0.0.1:{port}/?code=AQ%2Fx&state={port}.{RANDOM}");
    for (search, want) in [
        (format!("?code=AQ%2Fx&state=49152.{RANDOM}"), to("49152")),
        (format!("?code=AQ%2Fx&state=1024.{RANDOM}"), to("1024")),
        (format!("?code=AQ%2Fx&state=65535.{RANDOM}"), to("65535")),
        (
            format!("?error=access_denied&state=2000.{RANDOM}"),
            format!("http://127.0.0.1:2000/?error=access_denied&state=2000.{RANDOM}"),
        ),
        (format!("?state=1023.{RANDOM}"), "nowhere".into()),
        (format!("?state=65536.{RANDOM}"), "nowhere".into()),
        (format!("?state=049152.{RANDOM}"), "nowhere".into()),
        (format!("?state=443.{RANDOM}"), "nowhere".into()),
        (format!("?state=2000@evil.example/.{RANDOM}"), "nowhere".into()),
        (format!("?state=2000.{RANDOM}&state=2001.{RANDOM}"), "nowhere".into()),
        ("?state=2000.short".into(), "nowhere".into()),
        ("?code=x".into(), "nowhere".into()),
        (String::new(), "nowhere".into()),
    ] {
        let Some(went) = goes(&search, false) else { return };
        assert_eq!(went, want, "{search}");
    }
    let framed = goes(&format!("?state=2000.{RANDOM}"), true);
    assert_eq!(framed.as_deref(), Some("nowhere"), "a page of somebody else's does not steer it");
}

#[test]
fn the_policy_allows_exactly_what_stands_in_the_page() {
    let policy = between(PAGE, "Content-Security-Policy\" content=\"", "\"");
    for (tag, directive) in [("script", "script-src"), ("style", "style-src")] {
        let text = between(PAGE, &format!("<{tag}>"), &format!("</{tag}>"));
        let program =
            format!("console.log(require('crypto').createHash('sha256').update({text:?}).digest('base64'))");
        let Some(hash) = node(&program) else { return };
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{directive} {hash}");
    }
}
