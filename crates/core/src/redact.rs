//! Cuts what could be a secret out of text that other people wrote before it reaches a log, the history or an error.
//!
//! Platforms echo tokens and session addresses in error bodies, so we trust none of it: addresses go, and so does every long run
//! of characters that is not a word. Not here: our own secrets, which are `Sensitive` and never become text in the first place.

/// At most `max` characters of `text`, on one line, HTML tags, addresses and anything like a token cut out.
pub fn excerpt(text: &str, max: usize) -> String {
    let mut out = String::new();
    for word in strip_tags(text).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&clean(word));
        if out.chars().count() >= max {
            break;
        }
    }
    match out.char_indices().nth(max) {
        Some((at, _)) => format!("{}…", &out[..at]),
        None => out,
    }
}

/// One word: an address becomes `<address>`, a token-like run becomes `<cut>`, all else stays.
fn clean(word: &str) -> String {
    if let Some(at) = word.find("://") {
        let start = word[..at].rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |i| i + 1);
        return format!("{}<address>", &word[..start]);
    }
    let mut out = String::new();
    let mut run = String::new();
    for c in word.chars() {
        if is_token_char(c) {
            run.push(c);
        } else {
            out.push_str(&judge(&run));
            run.clear();
            out.push(c);
        }
    }
    out + &judge(&run)
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '~' | '%' | '=')
}

/// Long runs that mix digits and letters are tokens, ids of sessions or codes; long plain words (`quotaExceeded`, a path of an
/// API) are not.
fn judge(run: &str) -> String {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let letters = run.chars().filter(char::is_ascii_alphabetic).count();
    let known_shape = ["ya29.", "1//", "4/0"].iter().any(|head| run.starts_with(head)) && run.len() > 8;
    if known_shape || (run.len() >= 24 && (digits >= 2 && letters >= 2)) || run.len() >= 64 {
        "<cut>".into()
    } else {
        run.into()
    }
}

fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4096));
    let mut inside = false;
    for c in text.chars().take(8192) {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                out.push(' ');
            }
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn tokens_and_addresses_are_cut_and_words_stay() {
        for (given, want) in [
            ("quotaExceeded in youtube.quota", "quotaExceeded in youtube.quota"),
            ("see https://example.org/upload?upload_id=AbC123 now", "see <address> now"),
            ("href=\"https://x.y/z\"", "href=\"<address>"),
            ("token ya29.a0Af-abc_def is bad", "token <cut> is bad"),
            ("Bearer abcdefghij0123456789ABCDEF!", "Bearer <cut>!"),
            ("{\"refresh_token\":\"1//0gAbcDef\"}", "{\"refresh_token\":\"<cut>\"}"),
            ("You <a href=\"/quota\">exceeded</a> it", "You exceeded it"),
            ("line\none", "line one"),
        ] {
            assert_eq!(excerpt(given, 300), want.to_string(), "{given}");
        }
        assert_eq!(excerpt("ключ ключ ключ", 6), "ключ к…");
    }
}
