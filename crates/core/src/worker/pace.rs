//! How long a platform takes from the last byte to "public": measured where a post can only be begun early enough (C26).

use super::{Desk, Ticket};
use crate::engine::Engine;
use crate::platform::GoesOut;
use crate::post::State;
use crate::problem::Outcome;
use crate::store::attempt::{self, Attempt};
use jiff::Timestamp;
use std::time::Duration;

/// The time between the answer to the last byte and now, when the post was just found public. `None` where nothing is to be learned:
/// the post could go ahead, or its bytes went long ago (this computer slept in between).
pub(super) fn last_byte_to_public(
    engine: &Engine,
    ticket: &Ticket,
    desk: &Desk,
    line: Option<&Attempt>,
    now: Timestamp,
) -> Outcome<Option<Duration>> {
    // What a creator finishes by hand says nothing of the pace.
    if ticket.errand.is_some()
        || ticket.delivery.state == State::ToFinish
        || !matches!(desk.platform.goes_out(&desk.job), GoesOut::AtTheMinute | GoesOut::Now)
    {
        return Ok(None);
    }
    let id = ticket.delivery.id;
    let history = engine.read(|sql| attempt::of_delivery(sql, id))?;
    let sent = history.iter().chain(line).filter(|attempt| attempt.sent.is_some_and(|sent| sent > 0));
    let Some(at) = sent.map(|attempt| attempt.at).max() else { return Ok(None) };
    let took = Duration::try_from(now.duration_since(at)).ok();
    Ok(took.filter(|took| *took < LONGEST))
}

/// A platform that is slower than this was waited for by something else than processing: moderation, a sleep.
const LONGEST: Duration = Duration::from_secs(900);
