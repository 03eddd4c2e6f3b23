//! What a fault plan does to a call, as far as that is the same on every platform: cuts, stalls and web pages happen here, and the
//! rest is handed to the platform, which alone knows the shape of its errors and what a session or a token of its own is.

use crate::exchange::{Answer, Ask, Ending};
use crate::faults::{Deed, Hurt, Named, StatusAnswer};
use crate::world::World;
use http::header::{HeaderName, HeaderValue};
use std::time::Duration;

/// What is done to a call that goes on.
#[derive(Default)]
pub(crate) struct Twist {
    pub(crate) lost: bool,
    pub(crate) answer_after: Option<StatusAnswer>,
    pub(crate) stall_after: Option<Duration>,
    pub(crate) half_answer: bool,
    pub(crate) cut_after: Option<u64>,
    pub(crate) slow: Option<u64>,
    pub(crate) wrong_offset: bool,
    /// The token that was sent dies before the call is looked at.
    pub(crate) token_expired: bool,
}

impl Twist {
    /// The ending a call is given once all is done. `shaped` makes the platform's own error answer.
    pub(crate) async fn close(&self, ending: Ending, shaped: impl FnOnce(&StatusAnswer) -> Answer) -> Ending {
        if let Some(stall) = self.stall_after {
            tokio::time::sleep(stall).await;
        }
        match &self.answer_after {
            _ if self.lost => Ending::Cut,
            Some(planned) => match &planned.body {
                Some(body) => exactly(planned, body).into(),
                None => shaped(planned).into(),
            },
            None => match ending {
                Ending::Answer(answer) if self.half_answer => answer.half().into(),
                ending => ending,
            },
        }
    }
}

/// What becomes of a call.
pub(crate) enum Fate {
    Goes(Twist),
    /// An error in the platform's own shape, without any effect.
    Status(StatusAnswer),
    /// The upload session of this call ends for good, and the call is answered as one about no session.
    SessionGone,
    Over(Ending),
}

/// An answer of whoever stands on the way, and not of the platform.
fn exactly(planned: &StatusAnswer, body: &str) -> Answer {
    let json = serde_json::from_str::<serde_json::Value>(body).is_ok();
    let mut answer = Answer::text(planned.status, body);
    if json {
        answer = answer.header("content-type", "application/json");
    }
    for (name, value) in &planned.headers {
        // What can't stand in a header is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            answer.headers.insert(name, value);
        }
    }
    answer
}

/// Looks whether something is planned for this call, notes its name in the log, and does what needs no knowledge of the platform.
/// `streams`: its body has not been read yet.
pub(crate) async fn fate(world: &World, ask: &mut Ask, named: Named<'_>, streams: bool) -> Fate {
    world.calls.note(ask.seq, |call| {
        call.platform = named.platform.into();
        call.api = named.api.into();
        call.file = named.names.first().cloned();
    });
    let Some((plan, hurt)) = world.plans.take(&named, ask.seq, world.now_ms()) else {
        return Fate::Goes(Twist::default());
    };
    world.calls.note(ask.seq, |call| call.fault = Some(plan));
    let mut twist = Twist::default();
    match hurt {
        Hurt::Status(planned) => {
            ask.drain(world).await;
            return match &planned.body {
                Some(body) => Fate::Over(exactly(&planned, body).into()),
                None => Fate::Status(planned),
            };
        }
        Hurt::Deed(Deed::Cut) => return Fate::Over(Ending::Cut),
        // Only a stream can be cut half-way; a body that was read whole is cut before it has any effect.
        Hurt::Deed(Deed::CutAfter(n)) if streams => twist.cut_after = Some(n),
        Hurt::Deed(Deed::CutAfter(_)) => return Fate::Over(Ending::Cut),
        Hurt::Deed(Deed::Html) => {
            ask.drain(world).await;
            let page = "<!doctype html><title>Sign in to the network</title><p>Please accept our terms.";
            return Fate::Over(Answer::html(200, page.into()).into());
        }
        Hurt::Deed(Deed::StallMs(ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Hurt::Deed(Deed::Lost) => twist.lost = true,
        Hurt::Deed(Deed::StatusAfter(status)) => {
            twist.answer_after = Some(StatusAnswer { status, ..StatusAnswer::default() });
        }
        Hurt::Deed(Deed::AnswerAfter(planned)) => twist.answer_after = Some(planned),
        Hurt::Deed(Deed::StallAfterMs(ms)) => twist.stall_after = Some(Duration::from_millis(ms)),
        Hurt::Deed(Deed::HalfAnswer) => twist.half_answer = true,
        Hurt::Deed(Deed::SlowBytesPerS(rate)) => twist.slow = Some(rate),
        Hurt::Deed(Deed::WrongOffset) => twist.wrong_offset = true,
        Hurt::Deed(Deed::SessionGone) => return Fate::SessionGone,
        Hurt::Deed(Deed::TokenExpired) => twist.token_expired = true,
    }
    Fate::Goes(twist)
}
