//! Another file for a post: the same one at its new place, or, as long as nothing of the old one was sent, one in its stead.

use super::Host;
use super::posts::{AddPost, look_at, read_file, storable};
use crate::engine::Engine;
use crate::post::State;
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue;
use crate::store::delivery::{self, Delivery};
use crate::store::{media, post};
use crate::view::DeliveryView;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Refile {
    /// Any delivery of the post.
    pub id: i64,
    pub path: PathBuf,
}

pub(super) async fn refile(engine: &Engine, _: &dyn Host, given: Refile) -> Outcome<Vec<DeliveryView>> {
    let now = engine.clock().now();
    let row = engine.read(|sql| delivery::get(sql, given.id))?.ok_or_else(|| queue::not_found(given.id))?;
    let old = engine.read(|sql| post::get(sql, row.post))?.ok_or_else(|| queue::not_found(given.id))?;
    let was = engine.read(|sql| media::get(sql, old.media))?.ok_or_else(|| queue::not_found(given.id))?;
    let path = std::path::absolute(&given.path).unwrap_or(given.path);
    let (stamp, print, probe) = read_file(&path).await?;
    let stored = storable(&path)?;
    if print != was.fingerprint {
        let rows = engine.read(|sql| delivery::of_post(sql, old.id))?;
        rows.iter().try_for_each(untouched)?;
        fits(engine, &old, &rows, &path).await?;
    }
    let ids = engine
        .write(move |tx| {
            let rows = delivery::of_post(tx, old.id).map_err(crate::store::problem)?;
            if print != was.fingerprint {
                // Looked at again where nobody can come between.
                rows.iter().try_for_each(untouched)?;
            }
            let media = media::add(tx, &stored, &stamp, &print, &probe, now)?;
            post::set_media(tx, old.id, media)?;
            for row in &rows {
                let waits = row.problem.as_ref().is_some_and(|problem| problem.fix == Fix::ChooseFile);
                if row.state == State::Stuck && waits {
                    queue::retry(tx, row.id, now)?;
                }
                tx.say(crate::event::What::Delivery { id: row.id });
            }
            Ok(rows.iter().map(|row| row.id).collect::<Vec<i64>>())
        })
        .await?;
    ids.into_iter().map(|id| engine.delivery_view(id)).collect()
}

/// Half of one file and half of another would be a video that nobody made.
fn untouched(row: &Delivery) -> Outcome<()> {
    let sent = row.memo.is_some() || row.remote.is_some() || row.claimed.is_some();
    if sent || row.state == State::Published {
        let message = "This is another file, and a platform has something of the first one already. Cancel this post and make a new one.";
        return Err(Problem::block(Code::NotNow, message));
    }
    Ok(())
}

/// Holds another file against every platform the post goes to, as if the post were new.
async fn fits(engine: &Engine, old: &post::Post, rows: &[Delivery], path: &Path) -> Outcome<()> {
    for row in rows.iter().filter(|row| !row.state.is_final()) {
        let account = engine
            .read(|sql| crate::store::account::get(sql, row.account))?
            .ok_or_else(|| queue::not_found(row.id))?;
        let asked = AddPost {
            path: path.to_path_buf(),
            to: vec![account.id.to_string()],
            words: row.words.clone().unwrap_or_else(|| old.words.clone()),
            options: BTreeMap::from([(account.platform, row.options.clone())]),
            ..AddPost::default()
        };
        let draft = look_at(engine, &asked).await?;
        let problems = draft.channels.into_iter().flat_map(|channel| channel.problems);
        if let Some(first) = problems.into_iter().find(Problem::blocks) {
            return Err(first);
        }
    }
    Ok(())
}
