//! Cuts what could be a secret out of text that other people wrote before it reaches a log, the history or an error.
//!
//! Platforms echo tokens and session addresses in error bodies, so we trust none of it: addresses go, and so does every long run
//! of characters that is not a word, and every value that stands behind the name of a secret. Not here: our own secrets, which are
//! `Sensitive` and never become text in the first place.

/// Characters of a text that are looked at; an error page may be megabytes long.
const LOOKED_AT: usize = 8192;

/// At most `max` characters of `text`, on one line, HTML tags, addresses and anything like a token cut out.
///
/// Never panics, whatever the text is.
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
    if out.chars().nth(max).is_none() {
        return out;
    }
    let mut short: String = out.chars().take(max).collect();
    short.push('…');
    short
}

/// One word: an address becomes `<address>`, a token-like run becomes `<cut>`, all else stays.
fn clean(word: &str) -> String {
    match word.split_once("://") {
        // JSON without blanks is one word: what stands before its first address is no safer than what stands behind.
        Some((before, _)) => {
            format!("{}<address>", runs(before.trim_end_matches(|c: char| c.is_ascii_alphabetic())))
        }
        None => runs(word),
    }
}

fn runs(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    // The name of a secret was just read, and only what may stand between a name and its value followed it.
    let mut named = false;
    for c in text.chars().chain(std::iter::once('\0')) {
        if is_token_char(c) {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            out.push_str(&if named { "<cut>".into() } else { judge(&run) });
            named = !named && names_secret(&run);
            run.clear();
        }
        named &= matches!(c, '"' | '\'' | ':' | '\\');
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '~' | '%' | '=')
}

/// Is this the name of a value that is a secret, as the platforms' contracts write them?
fn names_secret(name: &str) -> bool {
    let name = name.rsplit(['.', '/']).next().unwrap_or(name).to_ascii_lowercase();
    const ENDINGS: [&str; 8] =
        ["_token", "_secret", "_proof", "_verifier", "upload_id", "authorization", "password", "signature"];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Long runs that mix digits and letters are tokens, ids of sessions or codes, and so are long runs of letters that are no words, and
/// numbers longer than a post's; long plain words (`quotaExceeded`, a path of an API) are not.
fn judge(run: &str) -> String {
    if let Some((name, value)) = run.split_once('=')
        && names_secret(name)
        && !value.is_empty()
    {
        return format!("{name}=<cut>");
    }
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let letters = run.chars().filter(char::is_ascii_alphabetic).count();
    let known_shape = ["ya29.", "1//", "4/0"]
        .iter()
        .any(|head| run.starts_with(head) || run.contains(&format!("={head}")) || run.contains("ya29."))
        && run.len() > 8;
    let long = run.len() >= 24 && ((digits >= 2 && letters >= 2) || !are_words(run));
    // Meta's ids have up to seventeen digits; TikTok's uploads have as many as its posts, which are shown by themselves.
    let number = digits >= 18 && letters == 0;
    if known_shape || long || number || run.len() >= 64 { "<cut>".into() } else { run.into() }
}

/// Is every part of it written as words are? One in fifteen secrets of this length has fewer than two digits, so that alone tells none.
fn are_words(run: &str) -> bool {
    run.split(|c: char| !c.is_ascii_alphanumeric()).all(|part| {
        let mut rest = part.trim_end_matches(|c: char| c.is_ascii_digit()).as_bytes();
        // Written in capitals only, as constants are.
        if rest.iter().all(u8::is_ascii_uppercase) {
            return true;
        }
        let mut humps = 0;
        while !rest.is_empty() {
            let upper = rest.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
            let lower = rest.iter().skip(upper).take_while(|byte| byte.is_ascii_lowercase()).count();
            // One shorthand in capitals may lead (`OAuthException`, `IGApiException`); then it is a capital and at least two more.
            let fits = if humps == 0 { upper <= 4 } else { upper == 1 };
            if !fits || (lower < 2 && lower < rest.len()) {
                return false;
            }
            humps += 1;
            rest = rest.get(upper + lower..).unwrap_or_default();
        }
        true
    })
}

fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LOOKED_AT));
    let mut inside = false;
    let mut rest = text.chars();
    for _ in 0..LOOKED_AT {
        let here = rest.as_str();
        let Some(c) = rest.next() else { return out };
        match c {
            // Our own marks, in a text that went through here before.
            '<' if ["<cut>", "<address>"].iter().any(|mark| here.starts_with(mark)) => out.push(c),
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                out.push(' ');
            }
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    // The last word may be the head of a secret that is too short to be known as one.
    match out.rsplit_once(char::is_whitespace) {
        Some((whole, _)) => whole.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::excerpt;
    use proptest::prelude::*;

    /// Secrets as platforms issue them: known shapes of any length, and long runs that mix letters and digits.
    fn secret() -> impl Strategy<Value = String> {
        prop_oneof![
            "ya29\\.[a-zA-Z0-9_-]{8,60}",
            "1//0[a-zA-Z0-9_-]{30,60}",
            "EAA[a-zA-Z]{10}[0-9]{4}[a-zA-Z0-9]{20,90}",
            "act\\.[a-z]{8}[0-9]{2}[a-zA-Z0-9]{16,60}",
        ]
    }

    /// What may stand beside it: any characters, and those that a byte index is most likely to cut through.
    fn beside() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[詳細はссылка«»“”‘’🎬👩‍👩‍👧تفاصيل…—\u{200b}\u{301}]{0,6}",
            "(詳細は|«|“|🎬|ссылка|تفاصيل)https",
            Just("https".to_string()),
        ]
    }

    proptest! {
        #[test]
        fn excerpt_never_panics_and_stays_short(text in any::<String>(), max in 0usize..400) {
            prop_assert!(excerpt(&text, max).chars().count() <= max + 1);
        }

        #[test]
        fn address_behind_any_text_is_cut(before in beside(), after in beside()) {
            let said = excerpt(&format!("{before}://example.com/?access_token=ya29.a0abc{after}"), 10_000);
            prop_assert!(!said.contains("ya29.a0abc"), "{}", said);
        }

        #[test]
        fn planted_secret_never_survives(before in beside(), secret in secret(), after in beside(), glue in "(://| |=|:|\"|)") {
            let said = excerpt(&format!("{before}{glue}{secret}{after}"), 10_000);
            prop_assert!(!said.contains(&secret), "{}", said);
        }

        #[test]
        fn value_behind_the_name_of_a_secret_is_cut(
            before in beside(),
            name in "(access|refresh|page_access)_token|client_secret|appsecret_proof|code_verifier",
            glue in "=|\":\"|': '|\\\\\":\\\\\"",
            value in "[a-z]{4}[0-9]{6}",
        ) {
            let said = excerpt(&format!("{before} {name}{glue}{value}\""), 10_000);
            prop_assert!(!said.contains(&value) || glue.contains(' '), "{}", said);
        }
    }

    #[test]
    fn address_behind_a_character_of_several_bytes_is_cut() {
        for before in ["詳細は", "«", "“", "‘", "ссылка:", "🎬", "تفاصيل", "e\u{301}", "\u{a0}"]
        {
            let body = format!(
                r#"{{"error":{{"message":"{before}https://example.com/?access_token=ya29.a0abc"}}}}"#
            );
            let said = excerpt(&body, 300);
            assert!(!said.contains("a0abc") && said.contains("<address>"), "{said}");
        }
    }

    #[test]
    fn text_that_is_cut_short_ends_before_its_last_word() {
        let said = excerpt(&format!("<{}> ya29.{}", "b".repeat(8180), "a".repeat(60)), 300);
        assert_eq!(said, "");
        assert_eq!(excerpt(&format!("<{}> good {}", "b".repeat(8100), "a".repeat(900)), 300), "good");
    }

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
