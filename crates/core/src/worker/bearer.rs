//! The access token a call goes out with, and what it means when there is none.

use super::Desk;
use super::owner::NoOwner;
use crate::engine::Engine;
use crate::platform::{Answer, AnyPlatform, Call, Fault, Question, Reply};
use crate::problem::{Code, Fix, Problem};
use crate::secrets::SecretFault;
use crate::sensitive::SecretString;
use crate::sign_in::{Access, AppCredentials, Granted, RefreshFault, Way};
use crate::store::{account, app};
use crate::wire::{Bearer, Files, Sent};
use futures_util::FutureExt;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;

/// A long token with less left than this is traded for its successor.
const RENEW_AHEAD: SignedDuration = SignedDuration::from_hours(24 * 30);
/// An account's own token is asked for anew after this long; it has no end of its own.
const ACCOUNT_TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(12);

/// A token whose owner could not be asked for is used for so long, and then asked about again.
const UNPROVEN_LIFE: SignedDuration = SignedDuration::from_mins(10);

pub(super) enum NoBearer {
    Fault(Fault),
    Vault(Problem),
}

/// The account's access token; refreshed by one of many callers, ahead of its end.
pub(super) async fn bearer(engine: &Engine, desk: &Desk) -> Result<Option<Bearer>, NoBearer> {
    engine.bearer(&desk.account, &desk.app, &desk.platform).await.map(Some).map_err(|trouble| match trouble {
        BearerTrouble::Vault(problem) => NoBearer::Vault(problem),
        BearerTrouble::Refresh(RefreshFault::SignInAgain { detail }) => NoBearer::Fault(Fault::SignIn { detail }),
        BearerTrouble::Refresh(RefreshFault::AppRefused { detail }) => NoBearer::Fault(Fault::Refused(
            Problem::block(Code::AppRefused, "The platform refuses the developer app of this channel. Check it in the platform's console, then retry.")
                .fix(Fix::AddApp { platform: desk.account.platform.clone() })
                .detail(detail),
        )),
        BearerTrouble::Refresh(RefreshFault::Later { after, detail }) => NoBearer::Fault(Fault::Again { after, detail }),
        BearerTrouble::Refresh(RefreshFault::Offline) => {
            NoBearer::Fault(Fault::Again { after: Some(Duration::from_secs(5)), detail: "offline while renewing the sign-in".into() })
        }
    })
}

/// Why there is no access token.
pub(crate) enum BearerTrouble {
    /// The vault did not give it, or it is that of another channel.
    Vault(Problem),
    Refresh(RefreshFault),
}

/// Why a fetch ended without one.
pub(super) enum Trouble {
    Vault(Problem),
    Refresh(RefreshFault),
}

impl From<SecretFault> for Trouble {
    fn from(fault: SecretFault) -> Trouble {
        Trouble::Vault(fault.into())
    }
}

impl From<RefreshFault> for Trouble {
    fn from(fault: RefreshFault) -> Trouble {
        Trouble::Refresh(fault)
    }
}

impl Engine {
    /// An access token with some life left. What a refresh brings is stored before it is used (rotating tokens).
    pub(crate) async fn bearer(
        &self,
        account: &account::Account,
        app: &app::App,
        platform: &Arc<dyn AnyPlatform>,
    ) -> Result<Bearer, BearerTrouble> {
        let vault_fault = Arc::new(std::sync::Mutex::new(None));
        let (engine, slot, id) = (self.clone(), vault_fault.clone(), account.id);
        let (account, app, platform) = (account.clone(), app.clone(), platform.clone());
        let fetch = move || {
            async move {
                engine.fetch_token(&account, &app, &platform).await.map_err(|trouble| match trouble {
                    Trouble::Refresh(fault) => fault,
                    Trouble::Vault(problem) => {
                        let detail = problem.message.clone();
                        *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(problem);
                        RefreshFault::Later { after: None, detail }
                    }
                })
            }
            .boxed()
        };
        let fetched = self.inner.tokens.bearer(id, fetch).await;
        fetched.map_err(|fault| {
            match vault_fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
                Some(problem) => BearerTrouble::Vault(problem),
                None => BearerTrouble::Refresh(fault),
            }
        })
    }

    /// A new token, whose owner the platform has named since this program began to use its sign-in.
    async fn fetch_token(
        &self,
        account: &account::Account,
        app: &app::App,
        platform: &Arc<dyn AnyPlatform>,
    ) -> Result<Granted, Trouble> {
        let mut again = true;
        loop {
            let (stored, mut granted) = self.new_token(account, app, platform).await?;
            // Its successor is the same sign-in.
            let sign_in = granted.refresh.as_ref().unwrap_or(&stored);
            if !self.inner.owners.is_proven(account.id, &account.remote_id, &stored) {
                match self.ask_owner(account, app, platform, &granted.access.bearer()).await {
                    Ok(true) => {}
                    Ok(false) => {
                        let soon = self.clock().now().saturating_add(UNPROVEN_LIFE);
                        granted.access.expires_at = granted.access.expires_at.min(soon.unwrap_or_default());
                        return Ok(granted);
                    }
                    // A fresh one may cure it, as it does for posts.
                    Err(NoOwner::Dead { .. }) if again => {
                        again = false;
                        continue;
                    }
                    Err(no) => return Err(no.into()),
                }
            }
            self.inner.owners.prove(account.id, &account.remote_id, sign_in);
            return Ok(granted);
        }
    }

    /// The refresh token as it is stored, and what it was traded for.
    async fn new_token(
        &self,
        account: &account::Account,
        app: &app::App,
        platform: &Arc<dyn AnyPlatform>,
    ) -> Result<(SecretString, Granted), Trouble> {
        let facts = platform.facts();
        let secrets = &self.inner.secrets;
        let stored = secrets.account(account.id).await?;
        let Some(stored) = stored.and_then(|stored| stored.refresh) else {
            return Err(RefreshFault::SignInAgain { detail: "nothing in the keychain".into() }.into());
        };
        let way = Way::of(facts, &account.way).ok_or_else(|| RefreshFault::AppRefused {
            detail: "this version does not know the way this channel signed in by".into(),
        })?;
        let credentials = AppCredentials::of(app, facts, secrets.app(app.id).await?);
        let granted = match way.sign_in.renew {
            crate::facts::Renew::RefreshToken => self.renewed(account.id, way, &credentials, &stored).await?,
            crate::facts::Renew::Exchange { .. } => {
                self.exchanged(account.id, way, &credentials, &stored).await?
            }
        };
        if !way.sign_in.account_tokens {
            return Ok((stored, granted));
        }
        let known = account.for_job(app.for_job(facts));
        let owner = granted.access.token.clone();
        let token = self.account_token(platform, &known, &granted.access.bearer()).await?;
        let ends = self.clock().now().saturating_add(ACCOUNT_TOKEN_LIFE).unwrap_or(granted.access.expires_at);
        let expires_at = ends.min(granted.access.expires_at);
        let proof = granted.access.proof.clone();
        let access = Access { token: Arc::new(token), owner: Some(owner), expires_at, proof };
        Ok((stored, Granted { access, ..granted }))
    }

    /// Traded for a new one, which is kept before anybody uses it.
    async fn renewed(
        &self,
        id: i64,
        way: Way,
        app: &AppCredentials,
        stored: &SecretString,
    ) -> Result<Granted, Trouble> {
        let granted = crate::sign_in::refresh(&self.inner.wire, self.clock(), way, app, stored).await?;
        if granted.refresh.is_some() {
            self.inner.secrets.keep_refresh(id, granted.refresh.clone()).await?;
        }
        if let Some(ends) = granted.refresh_ends {
            let kept = self.write(move |tx| account::set_sign_in_ends(tx, id, Some(ends))).await;
            if kept.is_err() {
                // The next renewal says it again.
                tracing::warn!("when a sign-in ends could not be written down");
            }
        }
        Ok(granted)
    }

    /// A long token is its own access token. It is traded for its successor well ahead of its end; as long as it lives, a trade that
    /// does not work is no harm.
    async fn exchanged(
        &self,
        id: i64,
        way: Way,
        app: &AppCredentials,
        stored: &SecretString,
    ) -> Result<Granted, Trouble> {
        let now = self.clock().now();
        // As it stands now: another call may have renewed it since the caller read the account.
        let ends = self.read(|sql| account::get(sql, id)).ok().flatten().and_then(|row| row.sign_in_ends);
        let as_it_is = |ends| Granted {
            access: Access {
                token: Arc::new(stored.clone()),
                owner: None,
                expires_at: ends,
                proof: app.proof(way),
            },
            refresh: None,
            refresh_ends: None,
            scopes: Vec::new(),
        };
        let lives = ends.filter(|ends| *ends > now);
        if let Some(ends) = lives.filter(|ends| ends.duration_since(now) > RENEW_AHEAD) {
            return Ok(as_it_is(ends));
        }
        match (self.renewed(id, way, app, stored).await, lives) {
            (Ok(granted), _) => Ok(granted),
            (Err(Trouble::Refresh(RefreshFault::SignInAgain { detail })), None) => {
                Err(RefreshFault::SignInAgain { detail }.into())
            }
            // Whether it is really over is seen when it is used.
            (Err(Trouble::Refresh(_)), Some(ends)) => {
                Ok(as_it_is(ends.min(now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(ends))))
            }
            (Err(trouble), _) => Err(trouble),
        }
    }

    /// The token an account acts under, asked for with its sign-in's own.
    pub(crate) async fn account_token(
        &self,
        platform: &Arc<dyn AnyPlatform>,
        account: &crate::platform::JobAccount,
        owner: &Bearer,
    ) -> Result<SecretString, RefreshFault> {
        let call = platform.ask(&Question::Token, account);
        let reply = self.reply_to(platform, call, owner).await?;
        match platform.answer(&Question::Token, account, &reply) {
            Ok(Answer::Token(token)) => Ok(token),
            Ok(_) => Err(RefreshFault::Later { after: None, detail: "an answer to another question".into() }),
            Err(fault) => Err(refresh_fault(fault)),
        }
    }

    /// The platform's reply to a question about a token; what passes by itself is a fault.
    pub(super) async fn reply_to(
        &self,
        platform: &Arc<dyn AnyPlatform>,
        call: Call,
        bearer: &Bearer,
    ) -> Result<Reply, RefreshFault> {
        let hosts = platform.facts().hosts;
        let sent =
            self.inner.wire.send(hosts, call, Some(bearer), &Files::default(), &Default::default()).await;
        let later = |detail: String| RefreshFault::Later { after: None, detail };
        match sent {
            Sent::Reply(reply) if reply.status < 500 => Ok(reply),
            Sent::Reply(reply) => Err(RefreshFault::Later {
                after: reply.retry_after(),
                detail: format!("HTTP {}", reply.status),
            }),
            Sent::Offline { .. } => Err(RefreshFault::Offline),
            Sent::Cut { detail } => Err(later(detail)),
            Sent::Forbidden { host } => Err(later(format!("{host} is not a host we may call"))),
            Sent::File(_) | Sent::Stopped => Err(later("the call was broken off".into())),
        }
    }
}

/// What a platform's answer to a question about a token means for the sign-in.
pub(super) fn refresh_fault(fault: Fault) -> RefreshFault {
    let later = |detail: String| RefreshFault::Later { after: None, detail };
    match fault {
        Fault::SignIn { detail } | Fault::Permission { detail, .. } => RefreshFault::SignInAgain { detail },
        Fault::Refused(problem) | Fault::Failed(problem) => {
            RefreshFault::SignInAgain { detail: problem.message }
        }
        Fault::Limit { problem, .. } => later(problem.message),
        Fault::Again { after, detail } => RefreshFault::Later { after, detail },
        Fault::Lost { detail } | Fault::Unsure { detail } | Fault::Strange { detail } => later(detail),
    }
}
