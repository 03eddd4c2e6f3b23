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
        // JSON without blanks is one word: what stands before its first address is no safer than what stands behind.
        return format!("{}<address>", runs(&word[..start]));
    }
    runs(word)
}

fn runs(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars() {
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

/// Long runs that mix digits and letters are tokens, ids of sessions or codes, and so are long runs of letters that are no words, and
/// numbers longer than a post's; long plain words (`quotaExceeded`, a path of an API) are not.
fn judge(run: &str) -> String {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let letters = run.chars().filter(char::is_ascii_alphabetic).count();
    let known_shape = ["ya29.", "1//", "4/0"].iter().any(|head| run.starts_with(head)) && run.len() > 8;
    let long = run.len() >= 24 && ((digits >= 2 && letters >= 2) || !are_words(run));
    // Meta's ids have up to seventeen digits; TikTok's uploads have as many as its posts, which are shown by themselves.
    let number = digits >= 18 && letters == 0;
    if known_shape || long || number || run.len() >= 64 { "<cut>".into() } else { run.into() }
}

/// Is every part of it written as words are? One in fifteen secrets of this length has fewer than two digits, so that alone tells none.
fn are_words(run: &str) -> bool {
    run.split(|c: char| !c.is_ascii_alphanumeric()).all(|part| {
        let mut rest = part.trim_end_matches(|c: char| c.is_ascii_digit());
        // Written in capitals only, as constants are.
        if rest.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return true;
        }
        let mut humps = 0;
        while !rest.is_empty() {
            let upper = rest.bytes().take_while(u8::is_ascii_uppercase).count();
            let lower = rest[upper..].bytes().take_while(u8::is_ascii_lowercase).count();
            // One shorthand in capitals may lead (`OAuthException`, `IGApiException`); then it is a capital and at least two more.
            let fits = if humps == 0 { upper <= 4 } else { upper == 1 };
            if !fits || (lower < 2 && lower < rest.len()) {
                return false;
            }
            humps += 1;
            rest = &rest[upper + lower..];
        }
        true
    })
}

fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4096));
    let mut inside = false;
    for (at, c) in text.char_indices().take(8192) {
        match c {
            // Our own marks, in a text that went through here before.
            '<' if ["<cut>", "<address>"].iter().any(|mark| text[at..].starts_with(mark)) => out.push(c),
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
            ("token <cut> at <address> in <b>bold</b>", "token <cut> at <address> in bold"),
            (
                "{\"token\":\"act.abcdefghij0123456789ABCD\",\"at\":\"https://x.y/z?s=1\"}",
                "{\"token\":\"<cut>\",\"at\":\"<address>",
            ),
            ("secret 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 said", "secret <cut> said"),
            ("upload 7412345678901234567 of 17841400008460056", "upload <cut> of 17841400008460056"),
            (
                "(#100) IGApiException, youtubeSignupRequiredForUploads",
                "(#100) IGApiException, youtubeSignupRequiredForUploads",
            ),
            (
                "unaudited_client_can_only_post_to_private_accounts",
                "unaudited_client_can_only_post_to_private_accounts",
            ),
            (
                "OAuthExceptionFromSomebodyElse ACCOUNT_IS_NOT_AUTHORIZED_HERE",
                "OAuthExceptionFromSomebodyElse ACCOUNT_IS_NOT_AUTHORIZED_HERE",
            ),
            ("/v2/post/publish/creator_info/query/", "/v2/post/publish/creator_info/query/"),
        ] {
            assert_eq!(excerpt(given, 300), want.to_string(), "{given}");
        }
        assert_eq!(excerpt("ключ ключ ключ", 6), "ключ к…");
    }

    /// Letters alone make no token a word: of all that could be one, as good as none is left standing.
    #[test]
    fn letters_at_random_are_cut() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut left = 0;
        for _ in 0..20_000 {
            let text: String = (0..24)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let at = usize::try_from((state >> 33) % 52).unwrap_or_default();
                    char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[at])
                })
                .collect();
            left += usize::from(excerpt(&text, 300) == text);
        }
        assert!(left <= 20, "{left} of 20000 were taken for words");
    }
}
