//! The life of a delivery: its states, the legal moves between them, and what ends each wait. Pure.
//!
//! Only `queue` applies moves. Not here: rows, time, or what a platform says.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Where one post to one account stands. Stage, times and problems stand beside it in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being written; nothing happens by itself.
    Draft,
    /// Will begin at its start time.
    Due,
    /// Somebody is at it.
    Working,
    /// The bytes are there; waits for its minute.
    Ready,
    /// The platform will publish it by itself.
    HandedOver,
    /// The platform has it as a draft; the creator finishes it there (C15).
    ToFinish,
    /// Waits until a known instant, for a known reason; goes on by itself.
    Parked,
    /// Needs a person; the problem says what for.
    Stuck,
    Published,
    Cancelled,
}

impl State {
    pub const ALL: [State; 10] = [
        State::Draft,
        State::Due,
        State::Working,
        State::Ready,
        State::HandedOver,
        State::ToFinish,
        State::Parked,
        State::Stuck,
        State::Published,
        State::Cancelled,
    ];

    /// As it stands in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Due => "due",
            State::Working => "working",
            State::Ready => "ready",
            State::HandedOver => "handed_over",
            State::ToFinish => "to_finish",
            State::Parked => "parked",
            State::Stuck => "stuck",
            State::Published => "published",
            State::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == text)
    }

    pub fn is_final(self) -> bool {
        matches!(self, State::Published | State::Cancelled)
    }

    /// May words, options and time still be changed without asking the platform?
    pub fn is_ours(self) -> bool {
        matches!(self, State::Draft | State::Due | State::Parked | State::Stuck)
    }
}

/// May a delivery go from one state to another? The whole table; everything not here is a bug.
pub fn legal(from: State, to: State) -> bool {
    use State::*;
    match from {
        Draft => matches!(to, Due | Cancelled),
        // Claimed; or taken back, or missed before it began, or its time or account changed.
        Due => matches!(to, Draft | Working | Parked | Stuck | Cancelled),
        // Also back to Due: the claim of a process that died, or a pause.
        Working => matches!(to, Due | Ready | HandedOver | ToFinish | Parked | Stuck | Published | Cancelled),
        // Its minute came (Working), was missed (Stuck), or its words changed and it begins anew (Due).
        Ready => matches!(to, Working | Due | Parked | Stuck | Cancelled),
        HandedOver => matches!(to, Working | Parked | Stuck | Published | Cancelled),
        // Finished there, seen or said to be; given up there; or nobody did for too long.
        ToFinish => matches!(to, Stuck | Published | Cancelled),
        Parked => matches!(to, Draft | Due | Working | Stuck | Cancelled),
        // A person decided: try again, it is there, or forget it.
        Stuck => matches!(to, Draft | Due | Published | Cancelled),
        Published | Cancelled => false,
    }
}

/// When something must have happened, and what happens if it did not (C14, C16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub at: Timestamp,
    pub then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Begin, or begin again.
    Begin,
    /// Send the one small request.
    Publish,
    /// Ask the platform what became of it.
    Look,
    /// Ask the user.
    Ask,
}

/// What a deadline is reckoned from. All instants in UTC.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    /// The next thing the engine will do with it.
    pub next: Option<Timestamp>,
    pub due: Option<Timestamp>,
    /// Since when somebody is at it.
    pub claimed: Option<Timestamp>,
    pub now: Timestamp,
}

/// A worker that has not moved for this long is taken for lost.
pub const CLAIM_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// How long after its minute a handed-over post may stay unpublished before we ask the user.
pub const HAND_OVER_GRACE: SignedDuration = SignedDuration::from_hours(2);
/// How long after its minute a draft may wait at the platform for its creator before we ask whether it is still wanted.
pub const FINISH_GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// When the creator is reminded of a draft: TikTok is said to drop them after 24 hours.
pub const FINISH_REMINDER: SignedDuration = SignedDuration::from_hours(20);

/// Every state that is neither final nor the user's own (Draft, Stuck) has a deadline and a defined next step.
pub fn deadline(state: State, moments: Moments) -> Option<Deadline> {
    let Moments { next, due, claimed, now } = moments;
    match state {
        State::Draft | State::Stuck | State::Published | State::Cancelled => None,
        State::Due | State::Parked => Some(Deadline { at: next.unwrap_or(now), then: Then::Begin }),
        State::Working => Some(Deadline {
            at: claimed.unwrap_or(now).checked_add(CLAIM_LIFE).unwrap_or(Timestamp::MAX),
            then: Then::Begin,
        }),
        State::Ready => Some(Deadline { at: due.or(next).unwrap_or(now), then: Then::Publish }),
        State::HandedOver | State::ToFinish => {
            let look = next.or(due).unwrap_or(now);
            let grace = if state == State::HandedOver { HAND_OVER_GRACE } else { FINISH_GRACE };
            let patience = due.unwrap_or(look).checked_add(grace).unwrap_or(Timestamp::MAX);
            if look <= patience {
                Some(Deadline { at: look, then: Then::Look })
            } else {
                Some(Deadline { at: patience, then: Then::Ask })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row a state: where it may go. Written out so that a change of the table must be written twice.
    const TABLE: [(State, &str); 10] = [
        (State::Draft, "due cancelled"),
        (State::Due, "draft working parked stuck cancelled"),
        (State::Working, "due ready handed_over to_finish parked stuck published cancelled"),
        (State::Ready, "due working parked stuck cancelled"),
        (State::HandedOver, "working parked stuck published cancelled"),
        (State::ToFinish, "stuck published cancelled"),
        (State::Parked, "draft due working stuck cancelled"),
        (State::Stuck, "draft due published cancelled"),
        (State::Published, ""),
        (State::Cancelled, ""),
    ];

    #[test]
    fn the_legal_moves_are_these_and_no_others() {
        for (from, to) in TABLE {
            let got: Vec<_> =
                State::ALL.into_iter().filter(|to| legal(from, *to)).map(State::as_str).collect();
            assert_eq!(got.join(" "), to, "from {}", from.as_str());
        }
    }

    #[test]
    fn final_states_are_left_by_no_move_c37() {
        for from in State::ALL.into_iter().filter(|state| state.is_final()) {
            assert!(State::ALL.into_iter().all(|to| !legal(from, to)), "{} is final", from.as_str());
        }
    }

    #[test]
    fn every_state_that_waits_has_an_end_c14() {
        let now = Timestamp::from_second(1_800_000_000).expect("in range");
        for state in State::ALL {
            for (next, due) in [(None, None), (Some(now), None), (None, Some(now)), (Some(now), Some(now))] {
                let end = deadline(state, Moments { next, due, claimed: None, now });
                let users = matches!(state, State::Draft | State::Stuck) || state.is_final();
                assert_eq!(end.is_none(), users, "{}", state.as_str());
            }
        }
    }

    #[test]
    fn names_go_there_and_back() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).expect("plain"), state.as_str());
        }
        assert_eq!(State::parse("posted"), None);
    }
}
