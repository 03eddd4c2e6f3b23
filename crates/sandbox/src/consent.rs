//! The form of a consent page, the same on every platform: who are you, what may the app do, yes or no. Works without script, and a
//! program can drive it: hidden `request`, one of `account`, every ticked `scope`, and `decision` (`allow` or `deny`).
//! What stands in it, and what becomes of the answer, is the platform's.

use crate::exchange::escape;
use std::fmt::Write as _;

/// One account to pick.
pub(crate) struct Person {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) about: String,
    pub(crate) checked: bool,
}

/// One permission to tick.
pub(crate) struct Tick {
    pub(crate) value: String,
    pub(crate) about: String,
    pub(crate) small: String,
    /// Cannot be unticked.
    pub(crate) fixed: bool,
}

pub(crate) struct Form<'a> {
    pub(crate) title: &'a str,
    /// Path the answer is posted to, on the page's own host.
    pub(crate) action: &'a str,
    pub(crate) request: &'a str,
    pub(crate) people: Vec<Person>,
    pub(crate) ticks: Vec<Tick>,
    /// Further questions of this platform, as HTML between the ticks and the buttons.
    pub(crate) more: String,
}

impl Form<'_> {
    /// The whole page.
    pub(crate) fn page(&self) -> String {
        let mut accounts = String::new();
        for person in &self.people {
            let _ = write!(
                accounts,
                "<label class=row><input type=radio name=account value=\"{}\"{}><span><b>{}</b><br><small>{}</small></span></label>",
                person.key,
                if person.checked { " checked" } else { "" },
                escape(person.name),
                escape(&person.about)
            );
        }
        let mut scopes = String::new();
        for tick in &self.ticks {
            let _ = write!(
                scopes,
                "<label class=row><input type=checkbox name=scope value=\"{}\" checked{}><span>{}<br><small>{}</small></span></label>",
                escape(&tick.value),
                if tick.fixed { " disabled" } else { "" },
                escape(&tick.about),
                escape(&tick.small)
            );
        }
        crate::page::frame(
            "Sign in",
            &format!(
                "<h1>{}</h1>\
                 <form method=post action=\"{}\"><input type=hidden name=request value=\"{}\">\
                 <h2>Choose an account</h2>{accounts}<h2>What it may do</h2>{scopes}{}\
                 <p class=buttons><button class=main name=decision value=allow autofocus>Allow</button> <button name=decision value=deny>Deny</button></p></form>",
                escape(self.title),
                self.action,
                escape(self.request),
                self.more
            ),
            None,
        )
    }
}

/// The platform's own error page: a mistake of the app stays here and is never sent to it.
pub(crate) fn error_page(about: &str, code: &str) -> String {
    let body = format!(
        "<h1>Access blocked</h1><p>{}</p><p class=code>{}</p><p><small>The app is not told; it has to stop waiting by itself.</small></p>",
        escape(about),
        escape(code)
    );
    crate::page::frame("Access blocked", &body, None)
}
