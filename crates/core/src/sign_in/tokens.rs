//! The access tokens in use, by account: in memory only, renewed ahead of their end, by one refresh at a time.
//!
//! Not here: how to refresh and where refresh tokens are kept (the caller's `fetch`).

use super::{Access, Granted, RefreshFault};
use crate::clock::Clock;
use crate::sensitive::Sensitive;
use crate::wire::Bearer;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// A token with less left than this is renewed first, so that none ends in the middle of a call (C23).
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The cache. Cheap to clone; all clones share it.
#[derive(Clone, Debug)]
pub struct Tokens {
    clock: Clock,
    lanes: Arc<Mutex<HashMap<i64, Arc<Lane>>>>,
}

impl Tokens {
    pub fn new(clock: Clock) -> Tokens {
        Tokens { clock, lanes: Arc::default() }
    }

    /// A bearer with some life left: the one there is, or what `fetch` brings. Of many callers one fetches; the others get its
    /// token or its fault (C28).
    ///
    /// `fetch` runs as a task of its own and to its end even if every caller goes away: it stores a rotated refresh token, and that
    /// token is lost for good if it is broken off between answer and vault. So it must store before it returns.
    pub async fn bearer<Fetch, Fetching>(&self, account: i64, fetch: Fetch) -> Result<Bearer, RefreshFault>
    where
        Fetch: FnOnce() -> Fetching,
        Fetching: Future<Output = Result<Granted, RefreshFault>> + Send + 'static,
    {
        let lane = self.lane(account);
        let came = {
            let kept = lane.kept();
            if let Some(token) = kept.fresh(self.clock.now()) {
                return Ok(token);
            }
            kept.fetches
        };
        let turn = lane.turn.clone().lock_owned().await;
        let forgets = {
            let kept = lane.kept();
            if let Some(token) = kept.fresh(self.clock.now()) {
                return Ok(token);
            }
            if let Some(fault) = kept.fault.as_ref().filter(|_| kept.fetches != came) {
                return Err(fault.clone());
            }
            kept.forgets
        };
        let (clock, fetching) = (self.clock.clone(), fetch());
        let fetched = tokio::spawn(async move {
            let ended = fetching.await;
            let result = lane.kept().land(ended, forgets, clock.now());
            drop(turn);
            result
        });
        fetched.await.unwrap_or_else(|_| {
            Err(RefreshFault::Later { after: None, detail: "the refresh broke off inside Slipway".into() })
        })
    }

    /// The platform said 401 to this token: it is not handed out again. A newer one stays.
    pub fn spoil(&self, account: i64, token: &Sensitive<String>) {
        let lane = self.lane(account);
        let mut kept = lane.kept();
        if kept.access.as_ref().is_some_and(|access| access.token.expose() == token.expose()) {
            kept.access = None;
        }
    }

    /// Drops the account's token; one that is being fetched will not be kept. To also keep a fetch under way from storing its
    /// refresh token after the caller removed it, take a [`Tokens::hold`] first.
    pub fn forget(&self, account: i64) {
        self.lane(account).kept().forget();
    }

    /// Waits for a refresh under way and keeps others out until dropped: for replacing or removing what is stored for an account,
    /// which a late refresh would otherwise overwrite or bring back.
    pub async fn hold(&self, account: i64) -> Hold {
        let lane = self.lane(account);
        let turn = lane.turn.clone().lock_owned().await;
        Hold { clock: self.clock.clone(), lane, _turn: turn }
    }

    fn lane(&self, account: i64) -> Arc<Lane> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).entry(account).or_default().clone()
    }
}

/// See [`Tokens::hold`].
#[derive(Debug)]
pub struct Hold {
    clock: Clock,
    lane: Arc<Lane>,
    _turn: OwnedMutexGuard<()>,
}

impl Hold {
    /// The account has a new sign-in.
    pub fn put(&self, access: &Access) {
        let mut kept = self.lane.kept();
        kept.forget();
        kept.keep(access, self.clock.now());
    }

    /// The account is gone.
    pub fn forget(&self) {
        self.lane.kept().forget();
    }
}

#[derive(Debug, Default)]
struct Lane {
    /// Held by whoever fetches. Apart from `kept`, so that a token can be spoiled or forgotten meanwhile.
    turn: Arc<tokio::sync::Mutex<()>>,
    kept: Mutex<Kept>,
}

impl Lane {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Kept {
    access: Option<Access>,
    /// From here on `access` is renewed before use.
    renew_at: Timestamp,
    /// How many fetches have ended, and how the last one failed: who waited for it shares its fault.
    fetches: u64,
    fault: Option<RefreshFault>,
    /// Tells a fetch that its account was forgotten meanwhile.
    forgets: u64,
}

impl Kept {
    fn fresh(&self, now: Timestamp) -> Option<Bearer> {
        self.access.as_ref().filter(|_| now < self.renew_at).map(Access::bearer)
    }

    fn keep(&mut self, access: &Access, now: Timestamp) {
        // A token that lives shorter than twice the margin is used for half its life; else every call would refresh.
        let half = access.expires_at.duration_since(now) / 2;
        self.renew_at = access.expires_at.saturating_sub(half.min(AHEAD)).unwrap_or(now);
        self.access = Some(access.clone());
    }

    fn forget(&mut self) {
        self.access = None;
        self.fault = None;
        self.forgets += 1;
    }

    fn land(
        &mut self,
        ended: Result<Granted, RefreshFault>,
        forgets: u64,
        now: Timestamp,
    ) -> Result<Bearer, RefreshFault> {
        self.fetches += 1;
        let granted = match ended {
            Ok(granted) => granted,
            Err(fault) => {
                self.fault = Some(fault.clone());
                return Err(fault);
            }
        };
        self.fault = None;
        if self.forgets == forgets {
            self.keep(&granted.access, now);
        }
        Ok(granted.access.bearer())
    }
}
