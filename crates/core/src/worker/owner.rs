//! Whose a token is, in the platform's own words, before anything is sent with it.
//!
//! The vault's entry names a channel; whether its token really is that channel's only the platform knows. It is asked once for each
//! sign-in and run of the program, when the first token is fetched: at the beginning of an upload as a rule, never once a chunk.
//! Tokens that a proven sign-in is traded for later are that channel's, too. Not here: what is stored (`secrets`).

use super::bearer::{Trouble, refresh_fault};
use super::job::quota_day;
use super::{Desk, flush};
use crate::engine::Engine;
use crate::event::What;
use crate::platform::{Answer, AnyPlatform, Cost, Fault, Question, Until};
use crate::problem::{Code, Fix, Outcome, Problem};
use crate::queue::{self, Ticket};
use crate::secrets::wrong_channel;
use crate::sensitive::SecretString;
use crate::sign_in::RefreshFault;
use crate::store::account::{self, AccountState};
use crate::store::app;
use crate::store::attempt::Attempt;
use crate::wire::Bearer;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The sign-ins whose owner is known, by account. Holds hashes, no tokens.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    proven: Mutex<HashMap<i64, blake3::Hash>>,
}

impl Owners {
    /// Did the platform say that this sign-in speaks for this channel?
    pub(crate) fn is_proven(&self, account: i64, remote_id: &str, sign_in: &SecretString) -> bool {
        self.proven().get(&account) == Some(&mark(remote_id, sign_in))
    }

    /// It did.
    pub(crate) fn prove(&self, account: i64, remote_id: &str, sign_in: &SecretString) {
        self.proven().insert(account, mark(remote_id, sign_in));
    }

    fn proven(&self) -> MutexGuard<'_, HashMap<i64, blake3::Hash>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn mark(remote_id: &str, sign_in: &SecretString) -> blake3::Hash {
    let mut hash = blake3::Hasher::new();
    hash.update(remote_id.as_bytes()).update(b"\0").update(sign_in.expose().as_bytes());
    hash.finalize()
}

/// Why the owner of a token is not known to be the account's channel.
pub(super) enum NoOwner {
    /// It is another channel's.
    Other(Problem),
    /// The token is refused; a fresh one may do.
    Dead(RefreshFault),
    Refresh(RefreshFault),
}

impl From<NoOwner> for Trouble {
    fn from(no: NoOwner) -> Trouble {
        match no {
            NoOwner::Other(problem) => Trouble::Vault(problem),
            NoOwner::Dead(fault) | NoOwner::Refresh(fault) => Trouble::Refresh(fault),
        }
    }
}

impl Engine {
    /// Asks the platform whose this token is, and compares. False: it could not be asked before the day's quota is back.
    pub(super) async fn ask_owner(
        &self,
        account: &account::Account,
        app: &app::App,
        platform: &Arc<dyn AnyPlatform>,
        bearer: &Bearer,
    ) -> Result<bool, NoOwner> {
        let known = account.for_job(app.for_job(platform.facts()));
        let call = platform.ask(&Question::Owner, &known);
        self.charge(app, platform, &call.costs).await;
        let reply = self.reply_to(platform, call, bearer).await.map_err(NoOwner::Refresh)?;
        match platform.answer(&Question::Owner, &known, &reply) {
            Ok(Answer::Owner(owner)) if owner == account.remote_id => Ok(true),
            Ok(Answer::Owner(owner)) => {
                tracing::warn!(
                    account = account.id,
                    "a token is another channel's; nothing was sent with it"
                );
                Err(NoOwner::Other(wrong_channel(account.id, &account.name, &owner)))
            }
            Ok(_) => Err(NoOwner::Refresh(RefreshFault::Later {
                after: None,
                detail: "an answer to another question".into(),
            })),
            // With its quota spent the platform opens nothing new, and an upload that was opened before must not wait for midnight.
            Err(Fault::Limit { until: Until::MidnightIn(_), .. }) => Ok(false),
            Err(fault) if platform.token_died(&reply) => Err(NoOwner::Dead(refresh_fault(fault))),
            Err(fault) => Err(NoOwner::Refresh(refresh_fault(fault))),
        }
    }

    /// Counts a question in the app's ledger (C33). One that can't be counted is asked all the same.
    async fn charge(&self, app: &app::App, platform: &Arc<dyn AnyPlatform>, costs: &[Cost]) {
        for cost in costs {
            let Some(quota) = platform.facts().quota(cost.bucket) else { continue };
            let Ok(day) = quota_day(quota.resets_in, self.clock().now()) else { continue };
            let (id, bucket, units) = (app.id, quota.bucket, cost.units);
            let counted = self.inner.store.write(move |tx| app::spend(tx, id, bucket, &day, units)).await;
            if counted.is_err() {
                tracing::warn!(bucket, "a question could not be counted");
            }
        }
    }

    /// A call was made, and its answer is about another channel's post: nothing more is done before a person looked.
    pub(super) async fn answered_for_another(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        other: &str,
        line: Option<Attempt>,
    ) -> Outcome<()> {
        let (platform, name) = (desk.platform.facts().name, &desk.account.name);
        let message = format!(
            "{platform} answered for another channel ({other}) than {name}. Slipway stopped here. Look at both channels, then sign in again with {name}."
        );
        let problem =
            Problem::block(Code::WrongChannel, message).fix(Fix::SignIn { account: desk.account.id });
        self.sign_in_is_needed(ticket, desk, problem, line).await
    }

    /// Only a new sign-in mends this: the channel waits for one as a whole, and the post says why.
    pub(crate) async fn sign_in_is_needed(
        &self,
        ticket: &Ticket,
        desk: &Desk,
        problem: Problem,
        line: Option<Attempt>,
    ) -> Outcome<()> {
        let id = desk.account.id;
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
}

/// Is it a trouble with the stored sign-in that a new one mends?
pub(crate) fn mended_by_sign_in(problem: &Problem) -> bool {
    matches!(problem.code, Code::WrongChannel | Code::SecretDamaged)
        && matches!(problem.fix, Fix::SignIn { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_proven_for_one_channel_and_one_token() {
        let owners = Owners::default();
        let (one, two) = (SecretString::from("1//secret"), SecretString::from("1//other"));
        assert!(!owners.is_proven(1, "UC1", &one));
        owners.prove(1, "UC1", &one);
        assert!(owners.is_proven(1, "UC1", &one));
        for (account, channel, token) in [(2, "UC1", &one), (1, "UC2", &one), (1, "UC1", &two)] {
            assert!(!owners.is_proven(account, channel, token), "{account} {channel}");
        }
        assert!(!format!("{owners:?}").contains("1//secret"));
    }
}
