//! The tokens in use.

use super::fake::{PATIENCE, PLAIN, World, allow, app, at, start};
use crate::clock::{Clock, Hand};
use crate::sensitive::Sensitive;
use crate::sign_in::tokens::Tokens;
use crate::sign_in::{Access, Granted, RefreshFault, Way, refresh, sign_in};
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Ids of accounts are far from those of anything else.
const ALICE: i64 = 7_000;
const BOB: i64 = 7_001;

/// Fetches numbered tokens, after a permit; fails while `down`.
struct Kitchen {
    tokens: Tokens,
    clock: Clock,
    hand: Hand,
    life: i64,
    fetched: Arc<AtomicI64>,
    gate: Arc<Semaphore>,
}

fn kitchen(life: i64) -> Kitchen {
    let (clock, hand) = Clock::by_hand(start());
    let tokens = Tokens::new(clock.clone());
    Kitchen { tokens, clock, hand, life, fetched: Arc::default(), gate: Arc::new(Semaphore::new(1_000)) }
}

fn access(number: i64, expires_at: jiff::Timestamp) -> Access {
    Access { token: Arc::new(format!("canary-{number}").into()), owner: None, expires_at, proof: None }
}

fn down() -> RefreshFault {
    RefreshFault::Later { after: Some(Duration::from_secs(9)), detail: "HTTP 503".into() }
}

impl Kitchen {
    async fn ask(
        &self,
        account: i64,
        fault: Option<RefreshFault>,
    ) -> Result<Arc<Sensitive<String>>, RefreshFault> {
        let (fetched, gate) = (self.fetched.clone(), self.gate.clone());
        let expires_at = self.clock.now() + jiff::SignedDuration::from_secs(self.life);
        let fetch = move || async move {
            let number = fetched.fetch_add(1, Ordering::SeqCst) + 1;
            gate.acquire().await.unwrap().forget();
            match fault {
                Some(fault) => Err(fault),
                None => Ok(Granted {
                    access: access(number, expires_at),
                    refresh: Some("canary-refresh".into()),
                    refresh_ends: None,
                    scopes: Vec::new(),
                }),
            }
        };
        self.tokens.bearer(account, fetch).await.map(|bearer| bearer.token)
    }

    async fn bearer(&self, account: i64) -> String {
        self.ask(account, None).await.unwrap().expose().clone()
    }

    fn fetched(&self) -> i64 {
        self.fetched.load(Ordering::SeqCst)
    }

    fn close_the_gate(&self) {
        self.gate.forget_permits(1_000);
    }
}

/// C28: one refresh at a time, whoever asks.
#[tokio::test]
async fn a_hundred_callers_make_one_refresh() {
    let kitchen = kitchen(3600);
    let tokens = join_all((0..100).map(|_| kitchen.bearer(ALICE))).await;
    assert_eq!(kitchen.fetched(), 1);
    assert!(tokens.iter().all(|token| token == "canary-1"));
}

#[tokio::test]
async fn a_hundred_callers_share_one_fault_and_the_next_one_asks_again() {
    let kitchen = kitchen(3600);
    for round in 1..=2 {
        let ended = join_all((0..100).map(|_| kitchen.ask(ALICE, Some(down())))).await;
        assert_eq!(kitchen.fetched(), round);
        assert!(ended.iter().all(|ended| ended.as_ref().err() == Some(&down())));
    }
    assert_eq!(kitchen.bearer(ALICE).await, "canary-3");
}

#[tokio::test]
async fn accounts_do_not_wait_for_each_other() {
    let kitchen = kitchen(3600);
    kitchen.close_the_gate();
    let mut alice = Box::pin(kitchen.bearer(ALICE));
    assert!((&mut alice).now_or_never().is_none());
    tokio::task::yield_now().await;
    let hold = kitchen.tokens.hold(BOB).await;
    hold.put(&access(50, at(3600)));
    drop(hold);
    assert_eq!(kitchen.bearer(BOB).await, "canary-50");
    kitchen.gate.add_permits(1);
    assert_eq!(alice.await, "canary-1");
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_ahead() {
    let kitchen = kitchen(3600);
    assert_eq!(kitchen.bearer(ALICE).await, "canary-1");
    kitchen.hand.set(at(3299));
    assert_eq!(kitchen.bearer(ALICE).await, "canary-1");
    kitchen.hand.set(at(3300));
    assert_eq!(kitchen.bearer(ALICE).await, "canary-2");
    kitchen.hand.set(at(9_000));
    assert_eq!(kitchen.bearer(ALICE).await, "canary-3", "also after a long sleep");
}

#[tokio::test]
async fn a_short_life_is_used_by_half_and_none_at_all_does_not_loop() {
    let short = kitchen(60);
    assert_eq!(short.bearer(ALICE).await, "canary-1");
    short.hand.set(at(29));
    assert_eq!(short.bearer(ALICE).await, "canary-1");
    short.hand.set(at(30));
    assert_eq!(short.bearer(ALICE).await, "canary-2");
    for life in [0, -60] {
        let dead = kitchen(life);
        assert_eq!(dead.bearer(ALICE).await, "canary-1", "what was just fetched is worth a try");
        assert_eq!(dead.bearer(ALICE).await, "canary-2");
        assert_eq!(dead.fetched(), 2);
    }
}

#[tokio::test]
async fn only_the_token_that_failed_is_spoiled() {
    let kitchen = kitchen(3600);
    let first = kitchen.ask(ALICE, None).await.unwrap();
    kitchen.tokens.spoil(BOB, &first);
    assert_eq!(kitchen.bearer(ALICE).await, "canary-1");
    kitchen.tokens.spoil(ALICE, &first);
    assert_eq!(kitchen.bearer(ALICE).await, "canary-2");
    // Another call that had carried the first token comes back late with its own 401.
    kitchen.tokens.spoil(ALICE, &first);
    assert_eq!(kitchen.bearer(ALICE).await, "canary-2");
    assert_eq!(kitchen.fetched(), 2);
}

#[tokio::test]
async fn a_forgotten_account_has_no_token_not_even_one_under_way() {
    let kitchen = kitchen(3600);
    kitchen.bearer(ALICE).await;
    kitchen.tokens.forget(ALICE);
    kitchen.close_the_gate();
    let mut late = Box::pin(kitchen.bearer(ALICE));
    assert!((&mut late).now_or_never().is_none());
    kitchen.tokens.forget(ALICE);
    kitchen.gate.add_permits(2);
    assert_eq!(late.await, "canary-2", "who asked before gets it");
    assert_eq!(kitchen.bearer(ALICE).await, "canary-3", "and nobody after");
}

/// A rotated refresh token exists nowhere but in this fetch until it is stored.
#[tokio::test]
async fn a_refresh_runs_to_its_end_without_its_callers() {
    let kitchen = kitchen(3600);
    kitchen.close_the_gate();
    let mut caller = Box::pin(kitchen.bearer(ALICE));
    assert!((&mut caller).now_or_never().is_none());
    drop(caller);
    kitchen.gate.add_permits(1);
    assert_eq!(kitchen.bearer(ALICE).await, "canary-1");
    assert_eq!(kitchen.fetched(), 1);
}

#[tokio::test]
async fn a_hold_waits_for_a_refresh_and_keeps_others_out() {
    let kitchen = kitchen(3600);
    kitchen.close_the_gate();
    let mut early = Box::pin(kitchen.bearer(ALICE));
    assert!((&mut early).now_or_never().is_none());
    let mut hold = Box::pin(kitchen.tokens.hold(ALICE));
    tokio::task::yield_now().await;
    assert!((&mut hold).now_or_never().is_none(), "a refresh is under way");
    kitchen.gate.add_permits(1);
    assert_eq!(early.await, "canary-1");
    let hold = hold.await;
    hold.forget();
    let mut next = Box::pin(kitchen.bearer(ALICE));
    assert!((&mut next).now_or_never().is_none());
    hold.put(&access(99, at(3600)));
    drop(hold);
    assert_eq!(next.await, "canary-99", "the new sign-in serves who waited");
    assert_eq!(kitchen.fetched(), 1);
}

#[tokio::test]
async fn a_refresh_that_panics_is_a_fault_and_nothing_more() {
    let kitchen = kitchen(3600);
    let ended = kitchen.tokens.bearer(ALICE, || async { panic!("planned") }).await;
    assert!(matches!(ended, Err(RefreshFault::Later { after: None, .. })), "{ended:?}");
    assert_eq!(kitchen.bearer(ALICE).await, "canary-1");
}

#[tokio::test]
async fn the_cache_does_not_show_its_tokens() {
    let kitchen = kitchen(3600);
    let token = kitchen.ask(ALICE, None).await.unwrap();
    let hold = kitchen.tokens.hold(BOB).await;
    hold.put(&access(5, at(3600)));
    let shown = format!("{:?} {token:?} {hold:?}", kitchen.tokens);
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("7000"), "{shown}");
}

/// Also proves that both futures may run as tasks.
#[tokio::test]
async fn a_sign_in_and_then_its_refreshes() {
    let world = World::new().await;
    let tokens = Tokens::new(world.clock.clone());
    let (wire, clock) = (world.wire.clone(), world.clock.clone());
    let signing = tokio::spawn(async move {
        let browse = |url: &url::Url| {
            tokio::spawn(allow(url.clone()));
        };
        sign_in(&wire, &clock, Way::first(&PLAIN), &app(), &browse, PATIENCE, &Default::default()).await
    });
    tokens.hold(ALICE).await.put(&signing.await.unwrap().unwrap().access);
    let bearer = || {
        let (wire, clock) = (world.wire.clone(), world.clock.clone());
        let fetch = || async move {
            refresh(&wire, &clock, Way::first(&PLAIN), &app(), &"1//canary-stored".into()).await
        };
        tokens.bearer(ALICE, fetch)
    };
    assert!(bearer().await.is_ok());
    assert_eq!(world.asked(), 1, "the sign-in's own token serves");
    world.hand.advance(Duration::from_secs(3400));
    let ended = join_all((0..100).map(|_| bearer())).await;
    assert!(ended.iter().all(Result::is_ok));
    assert_eq!(world.asked(), 2, "and then one refresh for all");
}
