//! What the engine does about a fault: who waits, until when, and what the user is told. Decided once, for all platforms.

use super::{Engine, sql};
use crate::backoff::{self, Breaker};
use crate::event::What;
use crate::platform::{Fault, NearLimit, Stage, Until, Whose, later};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue::{self, Ticket};
use crate::schedule::next_midnight;
use crate::store::Tx;
use crate::store::account::{self, AccountState};
use crate::store::attempt::Attempt;
use crate::store::delivery::MustAsk;
use crate::store::hold::{self, FAILURES, Hold};
use crate::worker::{Desk, flush, mended_by_sign_in};
use jiff::Timestamp;
use std::time::Duration;

/// A reply nobody understands is tried this often before it is shown.
const STRANGE_TRIES: u32 = 5;
/// So often is a post made anew of which a platform says that nothing came of it. Each time costs its whole upload.
const MADE_ANEW: u32 = 3;
/// Between two looks whether the network is back, when nothing tells us.
const OFFLINE_LOOK: Duration = Duration::from_secs(20);
/// The bucket of a limit that is near; like every bucket it holds only what would open something new.
const NEAR: &str = "near";
/// Between two looks whether the keychain is open.
const VAULT_LOOK: Duration = Duration::from_secs(15);

impl Engine {
    /// Turns a platform's fault into rest for the claim. `last` is the last call's stage and bucket.
    pub(crate) async fn settle(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        fault: Fault,
        line: Option<Attempt>,
        last: Option<(Stage, Option<&'static str>)>,
    ) -> Outcome<()> {
        let mut line = line;
        if self.looked_in_vain(ticket, desk, &fault, &mut line).await? {
            return Ok(());
        }
        let now = self.clock().now();
        let name = desk.platform.facts().name;
        match fault {
            // Put back from an earlier state: what came of it then may have been made anew since.
            Fault::Failed(_) if ticket.errand.is_none() && ticket.delivery.must_ask == MustAsk::Look => {
                let detail = "the platform made nothing of what was sent under this id, and the queue was put back since".into();
                Box::pin(self.settle(ticket, desk, Fault::Unsure { detail }, line, last)).await
            }
            Fault::SignIn { detail } => {
                let id = desk.account.id;
                let problem = Problem::block(
                    Code::SignInNeeded,
                    format!(
                        "{name} ended the sign-in of {}. Sign in again; its posts go on by themselves.",
                        desk.account.name
                    ),
                )
                .fix(Fix::SignIn { account: id })
                .detail(detail);
                self.inner.tokens.forget(id);
                let ticket = ticket.clone();
                self.write(move |tx| {
                    flush(tx, &ticket, line)?;
                    account::set_state(tx, id, AccountState::SignIn)?;
                    tx.say(What::Account { id });
                    queue::stick(tx, &ticket, &problem)
                })
                .await
            }
            Fault::Permission { scope, detail } => {
                let message = match scope {
                    Some(scope) => format!(
                        "{name} says a permission is missing ({scope}). Sign in again and leave it ticked."
                    ),
                    None => format!(
                        "{name} says a permission is missing. Sign in again and leave all boxes ticked."
                    ),
                };
                let fix = Fix::SignIn { account: desk.account.id };
                self.stick(
                    ticket,
                    Problem::block(Code::PermissionMissing, message).fix(fix).detail(detail),
                    line,
                )
                .await
            }
            Fault::Refused(problem) => self.stick(ticket, problem, line).await,
            Fault::Limit { whose, until, problem } => {
                let until = match until {
                    Until::For(lasting) => later(now, lasting),
                    Until::MidnightIn(zone) => {
                        next_midnight(zone, now).unwrap_or_else(|_| later(now, Duration::from_secs(3600)))
                    }
                };
                self.limited(ticket, desk, whose, last.and_then(|(_, bucket)| bucket), until, problem, line)
                    .await
            }
            Fault::Again { after, detail } => self.again(ticket, desk, after, detail, line).await,
            Fault::Lost { detail } if ticket.errand.is_none() && desk.job.remote.is_some() => {
                // It has an id there: beginning anew could make a second one (C4).
                Box::pin(self.settle(ticket, desk, Fault::Unsure { detail }, line, last)).await
            }
            Fault::Lost { detail } => {
                let problem = Problem::block(
                    Code::PlatformDown,
                    format!("{name} let go of the upload; it begins again."),
                )
                .detail(detail);
                let (failures, ever) = self.read(|sql| queue::failures(sql, ticket))?;
                if let Some(problem) = gave_up(name, failures, ever, &problem) {
                    return self.stick(ticket, problem, line).await;
                }
                let at = later(now, pause(failures + 1));
                let ticket = ticket.clone();
                self.write(move |tx| {
                    flush(tx, &ticket, line)?;
                    queue::begin_anew(tx, &ticket, at, &problem)
                })
                .await
            }
            Fault::Failed(problem) => {
                let (failures, ever) = self.read(|sql| queue::failures(sql, ticket))?;
                let made = self.read(|sql| queue::made_anew(sql, ticket))?;
                if made >= MADE_ANEW || gave_up(name, failures, ever, &problem).is_some() {
                    let (again, problem) = (ticket.clone(), Problem { fix: Fix::Retry, ..problem });
                    return self
                        .write(move |tx| {
                            flush(tx, &again, line)?;
                            queue::nothing_came(tx, &again, None, &problem, now)
                        })
                        .await;
                }
                let at = later(now, pause(failures + made + 1));
                let (again, why) = (ticket.clone(), Problem { fix: Fix::WaitUntil { at }, ..problem });
                self.write(move |tx| {
                    flush(tx, &again, line)?;
                    queue::nothing_came(tx, &again, Some(at), &why, now)
                })
                .await
            }
            Fault::Unsure { detail }
                if ticket.errand.is_none()
                    && self.read(|sql| queue::is_cancelling(sql, ticket.delivery.id))? =>
            {
                let problem = Problem::block(
                    Code::NotCancelled,
                    format!("You cancelled this post, and it is not certain whether {name} has it. Look there and delete it there, then say whether it is there."),
                )
                .fix(Fix::Decide)
                .detail(detail);
                self.stick(ticket, problem, line).await
            }
            Fault::Unsure { detail } => {
                let problem = Problem::block(
                    Code::Unsure,
                    format!("It is not certain whether {name} has this post. Nothing is sent again until you looked there: say \"it is there\" or \"post again\"."),
                )
                .fix(Fix::Decide)
                .detail(detail);
                self.stick(ticket, problem, line).await
            }
            Fault::Strange { detail } => {
                if self.read(|sql| queue::failures(sql, ticket))?.0 + 1 >= STRANGE_TRIES {
                    let message = format!(
                        "{name} answered in a way Slipway does not know. The answer is in the history."
                    );
                    return self
                        .stick(
                            ticket,
                            Problem::block(Code::Strange, message).fix(Fix::Retry).detail(detail),
                            line,
                        )
                        .await;
                }
                self.again(ticket, desk, None, detail, line).await
            }
        }
    }

    /// A passing failure: counted, backed off, and given up for good at the caps (C6).
    async fn again(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        after: Option<Duration>,
        detail: String,
        line: Option<Attempt>,
    ) -> Outcome<()> {
        let now = self.clock().now();
        let name = desk.platform.facts().name;
        let (failures, ever) = self.read(|sql| queue::failures(sql, ticket))?;
        let at = later(now, after.unwrap_or_default().max(pause(failures + 1)));
        let problem = Problem::block(
            Code::PlatformDown,
            format!("{name} can't be reached properly right now. Slipway tries again by itself."),
        )
        .fix(Fix::WaitUntil { at })
        .detail(detail);
        if let Some(problem) = gave_up(name, failures, ever, &problem) {
            return self.stick(ticket, problem, line).await;
        }
        let (ticket, account, app) = (ticket.clone(), desk.account.id, desk.account.app);
        self.write(move |tx| {
            flush(tx, &ticket, line)?;
            lane_failed(tx, Whose::Account, account, now, &problem)?;
            lane_failed(tx, Whose::App, app, now, &problem)?;
            queue::park(tx, &ticket, at, &problem, true)
        })
        .await
    }

    #[allow(clippy::too_many_arguments)]
    async fn limited(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        whose: Whose,
        bucket: Option<&'static str>,
        until: Timestamp,
        problem: Problem,
        line: Option<Attempt>,
    ) -> Outcome<()> {
        let problem = Problem { fix: Fix::WaitUntil { at: until }, ..problem };
        let (ticket, account, app) = (ticket.clone(), desk.account.id, desk.account.app);
        self.write(move |tx| {
            flush(tx, &ticket, line)?;
            let hold = |id: i64, bucket: &str| Hold {
                whose,
                id,
                bucket: bucket.into(),
                until,
                failures: 0,
                problem: problem.clone(),
            };
            match whose {
                Whose::Delivery => {}
                Whose::Account => {
                    hold::set(tx, &hold(account, bucket.unwrap_or("limit")))?;
                    tx.say(What::Account { id: account });
                }
                Whose::App => {
                    hold::set(tx, &hold(app, bucket.unwrap_or_default()))?;
                    tx.say(What::App { id: app });
                }
            }
            queue::park(tx, &ticket, until, &problem, false)
        })
        .await
    }

    /// Our own ledger says that today's share of this bucket is used up (C33).
    pub(crate) async fn quota_is_spent(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        bucket: &'static str,
    ) -> Outcome<()> {
        let facts = desk.platform.facts();
        let Some(quota) = facts.quota(bucket) else {
            return Err(Problem::block(Code::Internal, "A bucket without a quota was spent."));
        };
        let now = self.clock().now();
        let until =
            next_midnight(quota.resets_in, now).unwrap_or_else(|_| later(now, Duration::from_secs(3600)));
        let problem = Problem::block(
            Code::QuotaSpent,
            format!(
                "Today's {} of your {} developer app are used up. It goes on by itself after the reset.",
                quota.label, facts.name
            ),
        );
        self.limited(ticket, desk, Whose::App, Some(bucket), until, problem, None).await
    }

    /// No connection was made, so nothing was sent and nothing is counted against the post; the lane waits for the network.
    pub(crate) async fn is_offline(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        detail: String,
        line: Option<Attempt>,
    ) -> Outcome<()> {
        let now = self.clock().now();
        let at = later(now, OFFLINE_LOOK.min(pause(self.read(|sql| queue::failures(sql, ticket))?.0 + 2)));
        // A socket is an open file, too: that is not the network's fault.
        let problem = if crate::handles::are_out() {
            crate::handles::problem()
        } else {
            let name = desk.platform.facts().name;
            Problem::block(
                Code::Offline,
                format!("No connection to {name}. It goes on as soon as there is one."),
            )
        };
        let problem = problem.fix(Fix::WaitUntil { at }).detail(detail);
        let (ticket, account) = (ticket.clone(), desk.account.id);
        self.write(move |tx| {
            flush(tx, &ticket, line)?;
            // The whole lane, or a long queue would be tried row by row against a dead line.
            let before =
                sql(hold::get(tx, Whose::Account, account, FAILURES))?.map_or(0, |hold| hold.failures);
            let failures = before.max(1);
            hold::set(
                tx,
                &Hold {
                    whose: Whose::Account,
                    id: account,
                    bucket: FAILURES.into(),
                    until: at,
                    failures,
                    problem: problem.clone(),
                },
            )?;
            queue::park(tx, &ticket, at, &problem, false)
        })
        .await
    }

    /// The keychain is locked or gone: deliveries wait, nothing is lost.
    pub(crate) async fn vault_waits(&self, ticket: &Ticket, desk: &Desk, problem: Problem) -> Outcome<()> {
        if mended_by_sign_in(&problem) {
            return self.sign_in_is_needed(ticket, desk, problem, None).await;
        }
        let until = later(self.clock().now(), VAULT_LOOK);
        let ticket = ticket.clone();
        let account = desk.account.id;
        self.write(move |tx| {
            let hold = Hold {
                whose: Whose::Account,
                id: account,
                bucket: String::new(),
                until,
                failures: 0,
                problem: problem.clone(),
            };
            hold::set(tx, &hold)?;
            tx.say(What::Account { id: account });
            queue::park(tx, &ticket, until, &problem, false)
        })
        .await
    }

    pub(crate) async fn stick(
        &self,
        ticket: &Ticket,
        problem: Problem,
        line: Option<Attempt>,
    ) -> Outcome<()> {
        let ticket = ticket.clone();
        self.write(move |tx| {
            flush(tx, &ticket, line)?;
            queue::stick(tx, &ticket, &problem)
        })
        .await
    }

    /// A platform says that a limit is near: nothing new is opened for a while, and what is under way goes on.
    pub(crate) async fn nears_limit(&self, desk: &Desk, near: NearLimit) -> Outcome<()> {
        let now = self.clock().now();
        let until = later(now, near.wait);
        let (whose, id) = match near.whose {
            Whose::App => (Whose::App, desk.account.app),
            Whose::Account | Whose::Delivery => (Whose::Account, desk.account.id),
        };
        let known = self.read(|sql| hold::get(sql, whose, id, NEAR))?;
        // Every reply says it; one write a minute will do.
        if known
            .is_some_and(|hold| hold.until.duration_since(until).abs() < jiff::SignedDuration::from_mins(1))
        {
            return Ok(());
        }
        let account = desk.account.id;
        self.write(move |tx| {
            let problem = Problem { fix: Fix::WaitUntil { at: until }, ..near.problem };
            hold::set(tx, &Hold { whose, id, bucket: NEAR.into(), until, failures: 0, problem })?;
            tx.say(What::Account { id: account });
            Ok(())
        })
        .await
    }

    /// An answer came: the lane's row of failures is over.
    pub(crate) async fn heard_well(&self, desk: &Desk) -> Outcome<()> {
        let (account, app) = (desk.account.id, desk.account.app);
        let failing = self.read(|sql| {
            Ok(hold::get(sql, Whose::Account, account, FAILURES)?.is_some()
                || hold::get(sql, Whose::App, app, FAILURES)?.is_some())
        })?;
        if !failing {
            return Ok(());
        }
        self.write(move |tx| {
            hold::clear(tx, Whose::Account, account, FAILURES)?;
            hold::clear(tx, Whose::App, app, FAILURES)?;
            tx.say(What::Account { id: account });
            Ok(())
        })
        .await
    }
}

/// Something broke inside Slipway at this claim.
pub(crate) fn broken(tx: &mut Tx, ticket: &Ticket, problem: &Problem, now: Timestamp) -> Outcome<()> {
    match problem.code {
        // The machine's trouble, not the post's: it waits and goes on.
        Code::DiskFull | Code::ReadOnly | Code::NotNow | Code::TooManyFiles => {
            queue::park(tx, ticket, later(now, Duration::from_secs(30)), problem, false)
        }
        _ => queue::stick(tx, ticket, problem),
    }
}

/// The network is back: what waited for it is due now.
pub(crate) fn network_is_back(tx: &mut Tx, now: Timestamp) -> Outcome<()> {
    hold::end_failures(tx, now)?;
    let woken = sql(tx.execute(
        "UPDATE delivery SET next_at = ?1 WHERE state = 'parked' AND claim IS NULL AND json_extract(problem, '$.code') = 'offline'",
        [now.as_millisecond()],
    ))?;
    sql(tx.execute(
        "UPDATE errand SET next_at = ?1 WHERE state = 'waiting' AND claim IS NULL AND json_extract(problem, '$.code') = 'offline'",
        [now.as_millisecond()],
    ))?;
    if woken > 0 {
        tracing::info!(woken, "the network is back");
    }
    Ok(())
}

/// Counts a failure of a lane; after several in a row it rests as a whole, longer each time.
fn lane_failed(tx: &mut Tx, whose: Whose, id: i64, now: Timestamp, problem: &Problem) -> Outcome<()> {
    let before = sql(hold::get(tx, whose, id, FAILURES))?;
    let breaker = before.map_or(Breaker::default(), |hold| Breaker {
        failures: hold.failures,
        open_until: (hold.until > now).then_some(hold.until),
    });
    let breaker = breaker.failed(now, jitter());
    let until = breaker.open_until.unwrap_or(now);
    hold::set(
        tx,
        &Hold {
            whose,
            id,
            bucket: FAILURES.into(),
            until,
            failures: breaker.failures,
            problem: problem.clone(),
        },
    )
}

fn gave_up(name: &str, failures: u32, ever: u32, last: &Problem) -> Option<Problem> {
    let over =
        failures + 1 >= backoff::ATTEMPTS_WITHOUT_PROGRESS || ever + 1 >= backoff::ATTEMPTS_IN_A_LIFETIME;
    over.then(|| {
        Problem::block(Code::GaveUp, format!("{name} failed too often for this post. Slipway stopped trying; look at the history, then retry."))
            .fix(Fix::Retry)
            .detail(last.detail.clone().unwrap_or_default())
    })
}

fn pause(failures: u32) -> Duration {
    backoff::delay(failures, backoff::BASE, backoff::CAP, jitter())
}

fn jitter() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness all wait the same, which is allowed, only less kind.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// After a new sign-in everything that waited for one goes on.
pub(crate) fn signed_in_again(tx: &mut Tx, id: i64, now: Timestamp) -> Outcome<()> {
    let waiting: Vec<i64> = sql(tx
        .prepare_cached(
            "SELECT id FROM delivery WHERE account_id = ?1 AND state = 'stuck' AND json_extract(problem, '$.code') IN ('sign_in_needed', 'permission_missing', 'wrong_channel', 'secret_damaged')",
        )
        .and_then(|mut get| get.query_map([id], |row| row.get(0))?.collect()))?;
    for delivery in waiting {
        queue::retry(tx, delivery, now)?;
    }
    queue::retry_errands(tx, id, now)?;
    hold::clear(tx, Whose::Account, id, "")?;
    hold::clear(tx, Whose::Account, id, FAILURES)?;
    Ok(())
}
