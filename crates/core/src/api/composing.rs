//! Posts being written: saved after every change, in no queue. They become posts by `posts.add`, which takes them away.
//!
//! Everything in one may be half done, so little is checked here; `posts.check` says what is missing.

use super::{Host, Id, Nothing};
use crate::engine::{Engine, sql};
use crate::event::What;
use crate::platform::{Options, Words};
use crate::problem::{Code, Outcome, Problem};
use crate::schedule::when::parse_when;
use crate::settings::Settings;
use crate::store::delivery::text;
use crate::store::setting;
use jiff::Timestamp;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the composer saves. `id` is `null` for a new one.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SaveComposing {
    #[serde(default)]
    pub id: Option<i64>,
    #[serde(flatten)]
    pub draft: Draft,
}

/// What is written in one so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Draft {
    pub path: Option<String>,
    /// Accounts, by number.
    pub to: Vec<i64>,
    pub words: Words,
    /// Platform → words of its own.
    pub words_for: BTreeMap<String, Words>,
    pub options: BTreeMap<String, Options>,
    /// As written (see `schedule::when`); `null`: as soon as possible.
    pub at: Option<String>,
    pub zone: Option<String>,
    pub fold: bool,
}

/// One that is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Composing {
    pub id: i64,
    #[serde(flatten)]
    pub draft: Draft,
    /// The media its file was looked at as.
    pub media: Option<i64>,
    /// Name of the file, without its folder.
    pub file: Option<String>,
    pub updated_at: Timestamp,
    /// The instant its time stands for today; `null` when there is none, or it can't be read.
    pub due: Option<Timestamp>,
}

/// Nobody writes so much by hand; whatever sends it is broken.
const LONGEST: usize = 100_000;
const MOST_ACCOUNTS: usize = 64;
const MOST: i64 = 500;

fn too_much(given: &Draft) -> bool {
    let words = std::iter::once(&given.words).chain(given.words_for.values());
    let written: usize = words.map(|words| words.title.len() + words.caption.len()).sum();
    given.path.as_ref().is_some_and(|path| path.len() > 4096)
        || written + text(&given.options).len() > LONGEST
        || given.to.len() > MOST_ACCOUNTS
        || given.words_for.len() > MOST_ACCOUNTS
        || given.at.as_ref().is_some_and(|at| at.len() > 100)
        || given.zone.as_ref().is_some_and(|zone| zone.len() > 100)
}

pub(super) async fn save(engine: &Engine, _: &dyn Host, given: SaveComposing) -> Outcome<Composing> {
    if too_much(&given.draft) {
        return Err(Problem::block(Code::BadRequest, "That is more than a post can hold."));
    }
    let (now, wanted, draft) = (engine.clock().now(), given.id, text(&given.draft));
    let id = engine
        .inner
        .store
        .write(move |tx| {
            let id = match wanted {
                Some(id) => {
                    let changed = sql(tx.execute(
                        "UPDATE composing SET draft = ?2, updated_at = ?3 WHERE id = ?1",
                        rusqlite::params![id, draft, now.as_millisecond()],
                    ))?;
                    if changed == 0 {
                        return Err(not_found());
                    }
                    id
                }
                None => {
                    let there: i64 =
                        sql(tx.query_row("SELECT count(*) FROM composing", [], |row| row.get(0)))?;
                    if there >= MOST {
                        return Err(Problem::block(
                            Code::NotNow,
                            "There are too many drafts. Finish or discard some first.",
                        ));
                    }
                    sql(tx.execute(
                        "INSERT INTO composing (draft, updated_at) VALUES (?1, ?2)",
                        rusqlite::params![draft, now.as_millisecond()],
                    ))?;
                    tx.last_insert_rowid()
                }
            };
            tx.say(What::Composing { id });
            Ok(id)
        })
        .await?;
    all(engine)?.into_iter().find(|one| one.id == id).ok_or_else(not_found)
}

pub(super) async fn list(engine: &Engine, _: &dyn Host, _: Nothing) -> Outcome<Vec<Composing>> {
    all(engine)
}

fn all(engine: &Engine) -> Outcome<Vec<Composing>> {
    let now = engine.clock().now();
    engine.read(|sql| {
        let settings: Settings = setting::get(sql, Settings::KEY)?;
        let rows: Vec<(i64, String, i64)> = sql
            .prepare_cached("SELECT id, draft, updated_at FROM composing ORDER BY id")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut kept = Vec::new();
        for (id, draft, updated) in rows {
            // One that a newer version wrote in another shape is left alone, not lost.
            let Ok(draft) = serde_json::from_str::<Draft>(&draft) else { continue };
            let media = match &draft.path {
                Some(path) => sql
                    .prepare_cached("SELECT id FROM media WHERE path = ?1 ORDER BY id DESC LIMIT 1")?
                    .query_row([path], |row| row.get(0))
                    .optional()?,
                None => None,
            };
            let zone = draft.zone.as_deref().unwrap_or(&settings.zone);
            let due = draft
                .at
                .as_deref()
                .and_then(|at| parse_when(at, zone, now).ok())
                .map(|when| when.resolved.at);
            kept.push(Composing {
                id,
                media,
                file: draft
                    .path
                    .as_deref()
                    .map(|path| crate::worker::job::file_name(std::path::Path::new(path))),
                updated_at: Timestamp::from_millisecond(updated).unwrap_or_default(),
                due,
                draft,
            });
        }
        Ok(kept)
    })
}

pub(super) async fn remove(engine: &Engine, _: &dyn Host, given: Id) -> Outcome<Nothing> {
    let id = given.id;
    engine.inner.store.write(move |tx| take(tx, id)).await?;
    Ok(Nothing {})
}

/// Takes one away; that it is gone already is no failure.
pub(super) fn take(tx: &mut crate::store::Tx, id: i64) -> Outcome<()> {
    sql(tx.execute("DELETE FROM composing WHERE id = ?1", [id]))?;
    tx.say(What::Composing { id });
    Ok(())
}

fn not_found() -> Problem {
    Problem::block(Code::NotFound, "That draft is not there any more.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_written_draft_is_taken_and_an_absurd_one_is_not() {
        let half: Draft = serde_json::from_str(r#"{"id": null, "words": {"title": "R"}, "at": "2026-1"}"#)
            .expect("half done");
        assert!(!too_much(&half));
        for absurd in [
            Draft { path: Some("x".repeat(5000)), ..half.clone() },
            Draft { words: Words { title: String::new(), caption: "x".repeat(LONGEST + 1) }, ..half.clone() },
            Draft { to: vec![1; 65], ..half.clone() },
            Draft { at: Some("x".repeat(101)), ..half.clone() },
        ] {
            assert!(too_much(&absurd));
        }
    }

    #[test]
    fn the_number_of_a_draft_is_the_rows_and_never_in_its_text() {
        let given: SaveComposing =
            serde_json::from_str(r#"{"id": 7, "path": "/videos/rye.mp4"}"#).expect("one to save");
        assert_eq!(given.id, Some(7));
        let kept = text(&given.draft);
        assert!(kept.contains("rye.mp4") && !kept.contains("\"id\""), "{kept}");
    }
}
