//! What happens next with a delivery, and what holds its channel.

use super::{Next, NextStep};
use crate::post::{Moments, State, Then, deadline};
use crate::problem::Fix;
use crate::store::delivery::Delivery;
use crate::store::hold::Hold;
use jiff::Timestamp;

/// The hold that keeps this account from beginning something new, the longest first.
pub(super) fn held(holds: &[Hold], account: i64, app: i64, now: Timestamp) -> Option<&Hold> {
    holds
        .iter()
        .filter(|hold| hold.is_of(account, app))
        .filter(|hold| hold.until > now)
        .max_by_key(|hold| hold.until)
}

/// The hold that keeps this account from doing anything at all.
pub(super) fn held_whole(holds: &[Hold], account: i64, app: i64, now: Timestamp) -> Option<&Hold> {
    let active = holds.iter().filter(|hold| hold.until > now && hold.is_whole());
    active.filter(|hold| hold.is_of(account, app)).max_by_key(|hold| hold.until)
}

/// What happens next and when, for every state that is not final (C12, C14).
pub(super) fn next(row: &Delivery, account: &str, hold: Option<&Hold>, now: Timestamp) -> Option<Next> {
    let you = |text: &str| Some(Next { at: None, then: NextStep::You, text: text.into() });
    if row.state.is_final() {
        return None;
    }
    if row.cancelling && row.state != State::Stuck {
        return Some(Next {
            at: row.next,
            then: NextStep::Look,
            text: "Is looked for at the platform and taken back.".into(),
        });
    }
    if row.paused {
        return you("Paused. It goes on when you resume it.");
    }
    match row.state {
        State::Draft => return you("A draft. It goes out when you schedule it."),
        State::Stuck => {
            let fix = row.problem.as_ref().map(|problem| &problem.fix);
            return you(match fix {
                Some(Fix::SignIn { .. }) => "Goes on by itself after you sign in again.",
                Some(Fix::Decide) => "Look at the platform, then say whether it is there.",
                Some(Fix::Edit { .. }) => "Edit it, then retry.",
                Some(Fix::ChooseFile) => "Put the file back or choose another, then retry.",
                _ => "Retry, edit or cancel it.",
            });
        }
        _ => {}
    }
    if account == "sign_in" {
        return you("Waits for a new sign-in of its channel.");
    }
    let waits_for_lane = matches!(row.state, State::Due | State::Parked);
    if let Some(hold) = hold.filter(|_| waits_for_lane) {
        let text = format!("Waits: {}", hold.problem.message);
        return Some(Next { at: Some(hold.until.max(row.next.unwrap_or(now))), then: NextStep::Begin, text });
    }
    let moments = Moments { next: row.next, due: row.due, claimed: row.claimed, now };
    let end = deadline(row.state, moments)?;
    let (then, text) = match (row.state, end.then) {
        (State::Working, _) => (NextStep::Begin, "Under way; taken up again by then if it stands still."),
        (State::Parked, _) => (NextStep::Begin, "Waits, then goes on by itself."),
        (_, Then::Begin) => (NextStep::Begin, "Begins by itself."),
        (_, Then::Publish) => {
            (NextStep::Publish, "The bytes are there; one small request makes it public at its minute.")
        }
        (State::ToFinish, Then::Look) => (
            NextStep::You,
            "It is there as a draft. Finish it in the platform's own app; Slipway looks whether you did.",
        ),
        (_, Then::Look) => (NextStep::Look, "The platform publishes it; Slipway looks whether it did."),
        (_, Then::Ask) => (NextStep::Ask, "If it is not public by then, you are asked."),
    };
    let at = match (row.state, row.due) {
        (State::Working, _) => row.next.unwrap_or(end.at),
        // Looks on the way there are no event.
        (State::HandedOver, Some(due)) if due > now => due,
        _ => end.at,
    };
    Some(Next { at: Some(at), then, text: text.into() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::platform::{GoesOut, Options, Whose};
    use crate::problem::{Code, Problem};
    use crate::store::delivery;

    fn row(state: State) -> Delivery {
        Delivery {
            id: 1,
            post: 1,
            account: 5,
            state,
            stage: None,
            options: Options::new(),
            words: None,
            goes_out: GoesOut::Now,
            due: None,
            next: None,
            paused: false,
            cancelling: false,
            claimed: None,
            in_flight: None,
            tries: 0,
            failures: 0,
            failed_ever: 0,
            memo: None,
            confirmed: 0,
            remote: None,
            privacy: None,
            problem: None,
            public_at: None,
            began_at: None,
            wall: None,
            revision: 1,
            sent_revision: None,
            created_at: Timestamp::UNIX_EPOCH,
            must_ask: delivery::MustAsk::Nothing,
        }
    }

    #[test]
    fn what_a_platform_holds_is_next_seen_at_its_minute() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let later = |seconds: i64| Some(Timestamp::from_second(1_800_000_000 + seconds).unwrap());
        let four_days = 4 * 86_400;
        let held = Delivery { due: later(four_days), next: later(19), ..row(State::HandedOver) };
        assert_eq!(next(&held, "ok", None, now).unwrap().at, later(four_days));
        // After its minute, the looks are what comes.
        let late = Delivery { due: later(-60), next: later(19), ..row(State::HandedOver) };
        assert_eq!(next(&late, "ok", None, now).unwrap().at, later(19));
    }

    #[test]
    fn every_open_delivery_says_what_happens_next_c12() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let hold = Hold {
            whose: Whose::App,
            id: 3,
            bucket: "uploads".into(),
            until: now,
            failures: 0,
            problem: Problem::block(Code::QuotaSpent, "Today's uploads are used up."),
        };
        for state in State::ALL {
            for (account, hold, paused, cancelling) in [
                ("ok", None, false, false),
                ("ok", Some(&hold), false, false),
                ("sign_in", None, false, false),
                ("ok", None, true, false),
                ("ok", None, false, true),
            ] {
                let row = Delivery { paused, cancelling, ..row(state) };
                let next = next(&row, account, hold, now);
                assert_eq!(next.is_none(), state.is_final(), "{}", state.as_str());
                let Some(next) = next else { continue };
                assert!(!next.text.is_empty(), "{}", state.as_str());
                let waits_for_a_person = matches!(next.then, NextStep::You);
                assert!(
                    waits_for_a_person || next.at.is_some() || cancelling,
                    "{} neither has a time nor needs anybody",
                    state.as_str()
                );
            }
        }
    }
}
