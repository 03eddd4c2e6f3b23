//! The other channels of a post, for whoever edits it on one of them.

use crate::post::State;
use crate::store::{account, delivery};
use serde::{Deserialize, Serialize};

/// Another delivery of the same post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Sibling {
    pub id: i64,
    pub account: i64,
    pub platform: String,
    pub state: State,
    pub own_words: bool,
    pub own_time: bool,
}

pub(super) fn of(sql: &rusqlite::Connection, post: i64, id: i64) -> rusqlite::Result<Vec<Sibling>> {
    let all = delivery::of_post(sql, post)?;
    all.iter()
        .filter(|row| row.id != id)
        .map(|row| {
            Ok(Sibling {
                id: row.id,
                account: row.account,
                platform: account::get(sql, row.account)?.map(|one| one.platform).unwrap_or_default(),
                state: row.state,
                own_words: row.words.is_some(),
                own_time: row.wall.is_some(),
            })
        })
        .collect()
}
