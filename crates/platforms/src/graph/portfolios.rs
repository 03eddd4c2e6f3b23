//! All Pages of a sign-in, list by list: a person's own, and those of the business portfolios they belong to, which the first list leaves
//! out (seen by other programs in 2026; Graph API: Business, owned and client Pages).
//!
//! Where the walk stands is the cursor that the engine hands back, so nothing is kept between two calls. Not here: which of the Pages
//! are a channel of a platform.

use super::{at, pages};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slipway_core::platform::{Auth, Call, Fault, JobAccount, Reply};

const A_PAGE: &str = "100";
/// Portfolios that are looked through.
const MOST: usize = 8;
/// Names kept for an explanation.
const NAMES: usize = 5;

/// What the three calls are called by a platform.
pub(crate) struct Names {
    pub accounts: &'static str,
    pub businesses: &'static str,
    pub pages: &'static str,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// `/me/accounts`.
    #[default]
    Own,
    /// The portfolios themselves.
    Portfolios,
    /// Pages that the first of the portfolios owns.
    Owned,
    /// Pages of others that it works for.
    Client,
    End,
}

/// Where the walk stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Walk {
    step: Step,
    /// Cursor within a list.
    after: Option<String>,
    /// Portfolios that are not looked through yet, the current one first.
    left: Vec<String>,
    /// A channel was among the Pages so far.
    pub found: bool,
    /// There was a Page at all.
    pub any: bool,
    /// Names of Pages that this person may not post on.
    pub barred: Vec<String>,
}

impl Walk {
    /// A cursor that is none of ours ends the walk.
    pub(crate) fn at(cursor: Option<&str>) -> Walk {
        match cursor {
            None => Walk::default(),
            Some(cursor) => {
                serde_json::from_str(cursor).unwrap_or(Walk { step: Step::End, ..Walk::default() })
            }
        }
    }

    /// The cursor to go on from. `None`: all lists were read.
    pub(crate) fn next(&self) -> Option<String> {
        if self.step == Step::End {
            return None;
        }
        serde_json::to_string(self).ok()
    }

    pub(crate) fn call(&self, names: &Names, fields: &str) -> Call {
        let after = self.after.as_deref();
        let first = self.left.first().map_or("me", String::as_str);
        let edge = match self.step {
            Step::Own | Step::End => return pages::accounts(names.accounts, fields, after),
            Step::Portfolios => {
                let call = Call::new(names.businesses, Method::GET, at("me/businesses"));
                return call.auth(Auth::OwnerBearer).query("fields", "id,name").query("limit", A_PAGE);
            }
            Step::Owned => "owned_pages",
            Step::Client => "client_pages",
        };
        let call = Call::new(names.pages, Method::GET, at(&format!("{first}/{edge}")))
            .auth(Auth::OwnerBearer)
            .query("fields", fields)
            .query("limit", A_PAGE);
        match after {
            Some(after) => call.query("after", after),
            None => call,
        }
    }

    /// The Pages in a reply; the walk goes on by one list, or within it. `portfolios`: those are looked through, too.
    pub(crate) fn read(
        &mut self,
        reply: &Reply,
        platform: &str,
        portfolios: bool,
    ) -> Result<Vec<Value>, Fault> {
        let (items, next) = match pages::list(reply, platform) {
            Ok(list) => list,
            // A person without the permission for portfolios has none to show; that is no reason to have no channel.
            Err(Fault::Permission { .. } | Fault::Refused(_)) if self.step != Step::Own => (Vec::new(), None),
            Err(fault) => return Err(fault),
        };
        self.after = next;
        if self.step == Step::Portfolios {
            self.after = None;
            self.left = items.iter().filter_map(|one| super::id(&one["id"])).take(MOST).collect();
            self.step = if self.left.is_empty() { Step::End } else { Step::Owned };
            return Ok(Vec::new());
        }
        if self.after.is_none() {
            self.step = match self.step {
                Step::Own if portfolios => Step::Portfolios,
                Step::Owned => Step::Client,
                Step::Client if self.left.len() > 1 => {
                    self.left.remove(0);
                    Step::Owned
                }
                _ => Step::End,
            };
        }
        self.any |= !items.is_empty();
        Ok(items)
    }

    pub(crate) fn bar<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.barred.extend(names.map(String::from));
        self.barred.truncate(NAMES);
    }
}

/// Does the app ask for what portfolios are seen with?
pub(crate) fn wanted(account: &JobAccount) -> bool {
    account.app.flags.get(super::sign_in::PORTFOLIO.key).copied().unwrap_or(true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    const NAMES: Names = Names { accounts: "accounts", businesses: "businesses", pages: "pages" };

    fn heard(walk: &mut Walk, status: u16, body: &Value) -> Vec<String> {
        let reply = Reply { status, body: body.to_string().into_bytes(), ..Reply::default() };
        let items = walk.read(&reply, "Loaf", true).unwrap();
        // The engine keeps the cursor alone.
        *walk = Walk::at(Some(&walk.next().unwrap_or_else(|| "over".into())));
        items.iter().map(|page| page["id"].as_str().unwrap().to_string()).collect()
    }

    fn asks(walk: &Walk) -> String {
        match walk.call(&NAMES, "id").target {
            slipway_core::platform::Target::At(_, path) => path.trim_start_matches("/v25.0/").to_string(),
            _ => panic!(),
        }
    }

    fn pages_of(ids: &[&str], more: Option<&str>) -> Value {
        let data: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        match more {
            Some(after) => {
                json!({ "data": data, "paging": { "cursors": { "after": after }, "next": "https://x" } })
            }
            None => json!({ "data": data }),
        }
    }

    #[test]
    fn walk_goes_through_own_owned_and_client_pages() {
        let mut walk = Walk::at(None);
        assert_eq!(asks(&walk), "me/accounts");
        assert_eq!(heard(&mut walk, 200, &pages_of(&["1"], Some("c"))), ["1"]);
        let query = walk.call(&NAMES, "id").query;
        assert!(query.contains(&("after", "c".to_string())), "{query:?}");
        assert_eq!(heard(&mut walk, 200, &pages_of(&["2"], None)), ["2"]);
        assert_eq!(asks(&walk), "me/businesses");
        assert_eq!(heard(&mut walk, 200, &pages_of(&["71", "72"], None)), Vec::<String>::new());
        let mut seen = Vec::new();
        for (path, ids) in [
            ("71/owned_pages", vec!["3"]),
            ("71/client_pages", vec![]),
            ("72/owned_pages", vec![]),
            ("72/client_pages", vec!["4"]),
        ] {
            assert_eq!(asks(&walk), path);
            seen.extend(heard(&mut walk, 200, &pages_of(&ids, None)));
        }
        assert_eq!(seen, ["3", "4"]);
        assert_eq!(walk.next(), None);
    }

    #[test]
    fn refused_portfolios_are_none_and_refused_pages_are_told() {
        let refused = json!({ "error": { "message": "no", "code": 200 } });
        let mut walk = Walk::at(None);
        heard(&mut walk, 200, &pages_of(&[], None));
        heard(&mut walk, 400, &refused);
        assert_eq!(walk.next(), None);
        let reply = Reply { status: 400, body: refused.to_string().into_bytes(), ..Reply::default() };
        assert!(matches!(Walk::at(None).read(&reply, "Loaf", true), Err(Fault::Permission { .. })));
        // What passes by itself is asked again and not taken for an end.
        let mut walk = Walk::at(None);
        heard(&mut walk, 200, &pages_of(&[], None));
        let down = Reply { status: 503, ..Reply::default() };
        assert!(matches!(walk.read(&down, "Loaf", true), Err(Fault::Again { .. })));
    }
}
