//! The queue against a real file: claims, counts, guards.
#![allow(clippy::unwrap_used)]

mod cancels;

use super::*;
use crate::event::Events;
use crate::platform::{GoesOut, Identity, Remote, Words};
use crate::problem::Fix;
use crate::schedule::lead::MissedRule;
use crate::store::account::{self, Connected};
use crate::store::delivery::NewDelivery;
use crate::store::{Store, World, delivery, media, post};
use std::collections::BTreeMap;

const BOOT: i64 = 77;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

struct House {
    store: Store,
    _folder: tempfile::TempDir,
    accounts: Vec<i64>,
}

impl House {
    async fn new(accounts: usize) -> House {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&folder.path().join("slipway.db"), World::Sandbox, Events::default()).unwrap();
        let accounts = store
            .write(move |tx| {
                // Ids of different kinds start apart, so that mixing them up fails.
                tx.execute_batch(
                    "INSERT INTO sqlite_sequence (name, seq) VALUES ('delivery', 9000), ('account', 500), ('post', 40), ('errand', 70000)",
                )
                .map_err(problem)?;
                let app = app::upsert(
                    tx,
                    &app::NewApp {
                        platform: "p",
                        client_id: "client",
                        way: "",
                        quotas: &BTreeMap::new(),
                        flags: &BTreeMap::new(),
                        redirect: None,
                        config: None,
                    },
                    at(0),
                )?;
                (0..accounts)
                    .map(|n| {
                        let identity = Identity {
                            remote_id: format!("channel-{n}"),
                            name: format!("Channel {n}"),
                            handle: None,
                            url: None,
                            live: serde_json::Value::Null,
                        };
                        let new = Connected { platform: "p", app, identity: &identity, scopes: &[], sign_in_ends: None, way: "", person: None };
                        account::connect(tx, &new, &MissedRule::Ask, at(0))
                    })
                    .collect::<Outcome<Vec<_>>>()
            })
            .await
            .unwrap();
        House { store, _folder: folder, accounts }
    }

    async fn add(&self, account: usize, due: i64, next: i64) -> i64 {
        let account = self.accounts[account];
        self.store
            .write(move |tx| {
                let probe = crate::media::probe_bytes(&crate::media::fixture::mp4().bytes()).unwrap();
                let stamp =
                    serde_json::from_value(serde_json::json!({"len": 1, "modified_ns": 1, "identity": null}))
                        .unwrap();
                let print =
                    serde_json::from_value(serde_json::json!(format!("f1:{}", "0".repeat(64)))).unwrap();
                let media = media::add(tx, "/v.mp4", &stamp, &print, &probe, at(0))?;
                let post = post::insert(tx, media, &Words::default(), None, at(0))?;
                delivery::insert(
                    tx,
                    &NewDelivery {
                        post,
                        account,
                        state: State::Due,
                        options: Default::default(),
                        words: None,
                        goes_out: GoesOut::Now,
                        due: Some(at(due)),
                        next: Some(at(next)),
                    },
                    at(0),
                )
            })
            .await
            .unwrap()
    }

    fn lanes(&self) -> Vec<Lane> {
        self.accounts
            .iter()
            .map(|account| Lane { account: *account, may_open: true, processing_s_per_min: 30 })
            .collect()
    }

    async fn claim(&self, now: i64) -> Option<Ticket> {
        let lanes = self.lanes();
        self.store.write(move |tx| claim_heavy(tx, &lanes, at(now), BOOT)).await.unwrap()
    }

    fn get(&self, id: i64) -> Delivery {
        self.store.read(|sql| delivery::get(sql, id)).unwrap().unwrap()
    }
}

fn begun(memo: &[u8]) -> Begun<'_> {
    Begun { memo, stage: Stage::Opening, remote: None, confirmed: None }
}

#[tokio::test]
async fn the_earliest_minute_of_all_lanes_is_claimed_first_and_once() {
    let house = House::new(2).await;
    let late = house.add(0, 300, 0).await;
    let early = house.add(1, 100, 0).await;
    let not_yet = house.add(1, 50, 40).await;
    let claimed = house.claim(10).await.unwrap();
    assert_eq!(
        (claimed.delivery.id, claimed.from, claimed.delivery.state),
        (early, State::Due, State::Working)
    );
    assert_eq!(house.claim(10).await.unwrap().delivery.id, late);
    assert!(house.claim(10).await.is_none(), "the third may not begin yet");
    assert_eq!(house.claim(41).await.unwrap().delivery.id, not_yet);
    assert!(house.claim(41).await.is_none(), "nothing is claimed twice");
}

#[tokio::test]
async fn a_lane_that_may_not_open_goes_on_with_what_was_begun() {
    let house = House::new(1).await;
    let fresh = house.add(0, 1, 0).await;
    let begun_before = house.add(0, 2, 0).await;
    house
        .store
        .write(move |tx| {
            tx.execute("UPDATE delivery SET memo = x'00' WHERE id = ?1", [begun_before]).map_err(problem)
        })
        .await
        .unwrap();
    let closed = vec![Lane { account: house.accounts[0], may_open: false, processing_s_per_min: 30 }];
    let lanes = closed.clone();
    let claimed = house.store.write(move |tx| claim_heavy(tx, &lanes, at(5), BOOT)).await.unwrap().unwrap();
    assert_eq!(claimed.delivery.id, begun_before);
    let lanes = closed.clone();
    assert!(house.store.write(move |tx| claim_heavy(tx, &lanes, at(5), BOOT)).await.unwrap().is_none());
    assert_eq!(house.store.read(|sql| next_wake(sql, &closed, &[])).unwrap(), None, "nothing to wake up for");
    assert_eq!(house.claim(5).await.unwrap().delivery.id, fresh);
}

#[tokio::test]
async fn the_memo_and_the_count_are_on_disk_before_the_act() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    let leave = house
        .store
        .write(move |tx| act_begins(tx, &ticket, &begun(b"before"), "videos.insert", &[]))
        .await
        .unwrap();
    assert_eq!(leave, Leave::Go);
    let row = house.get(id);
    assert_eq!(
        (row.memo.as_deref(), row.in_flight.as_deref(), row.tries),
        (Some(&b"before"[..]), Some("videos.insert"), 1)
    );
}

#[tokio::test]
async fn a_spent_bucket_lets_nothing_pass_and_counts_nothing_c33() {
    let house = House::new(1).await;
    house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    let charge = |units| Charge { app: 1, bucket: "uploads", day: "2027-01-15".into(), units, limit: 2 };
    for (units, leave) in [(1, Leave::Go), (1, Leave::Go), (1, Leave::Spent("uploads"))] {
        let (ticket, charge) = (ticket.clone(), charge(units));
        let got = house
            .store
            .write(move |tx| act_begins(tx, &ticket, &begun(b"m"), "open", &[charge]))
            .await
            .unwrap();
        assert_eq!(got, leave);
    }
    assert_eq!(house.store.read(|sql| app::spent(sql, 1, "uploads", "2027-01-15")).unwrap(), 2);
    assert_eq!(house.store.read(|sql| app::spent(sql, 1, "uploads", "2027-01-16")).unwrap(), 0, "a new day");
}

#[tokio::test]
async fn a_dead_claim_is_due_now_with_its_memo_and_a_line_in_the_history_c13() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    house
        .store
        .write(move |tx| act_begins(tx, &ticket, &begun(b"where it stood"), "put", &[]))
        .await
        .unwrap();
    assert_eq!(
        house.store.write(|tx| release_dead(tx, BOOT, at(9))).await.unwrap(),
        0,
        "our own claims stay"
    );
    assert_eq!(house.store.write(|tx| release_dead(tx, BOOT + 1, at(9))).await.unwrap(), 1);
    let row = house.get(id);
    assert_eq!(
        (row.state, row.memo.as_deref(), row.next),
        (State::Due, Some(&b"where it stood"[..]), Some(at(9)))
    );
    let history = house.store.read(|sql| attempt::of_delivery(sql, id)).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!((history[0].step.as_str(), history[0].outcome.as_str()), ("put", "interrupted"));
}

#[tokio::test]
async fn a_claim_that_was_taken_away_writes_nothing_but_the_remote_id_c4() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    house
        .store
        .write(move |tx| {
            go(tx, id, State::Stuck)?;
            tx.execute("UPDATE delivery SET claim = NULL WHERE id = ?1", [id]).map_err(problem)
        })
        .await
        .unwrap();
    let remote = Remote { id: "v1".into(), url: "https://example.org/v1".into() };
    let (late, known) = (ticket.clone(), remote.clone());
    let leave = house
        .store
        .write(move |tx| {
            let begun = Begun { remote: Some(&known), ..begun(b"late") };
            act_begins(tx, &late, &begun, "videos.list", &[])
        })
        .await
        .unwrap();
    assert_eq!(leave, Leave::Gone);
    house.store.write(move |tx| lay_down(tx, &ticket, at(6))).await.unwrap();
    let row = house.get(id);
    assert_eq!((row.state, row.memo, row.remote), (State::Stuck, None, Some(remote)));
}

#[tokio::test]
async fn published_needs_an_id_and_happens_once_c10_c37() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    let nothing = Published { remote: None, privacy: None, public_at: None, notes: Vec::new() };
    let again = ticket.clone();
    let refused = house.store.write(move |tx| published(tx, &again, &nothing, &[], at(6))).await;
    assert_eq!(refused.unwrap_err().code, Code::Internal);
    assert_eq!(house.get(id).state, State::Working, "a refused write leaves nothing behind");
    let remote = Some(Remote { id: "v1".into(), url: "u".into() });
    let done = Published { remote, privacy: Some("public".into()), public_at: None, notes: Vec::new() };
    house.store.write(move |tx| published(tx, &ticket, &done, &[], at(7))).await.unwrap();
    assert_eq!(house.get(id).state, State::Published);
    for wish in ["retry", "schedule", "re-time"] {
        let refused = house
            .store
            .write(move |tx| match wish {
                "retry" => retry(tx, id, at(8)),
                "schedule" => schedule(tx, id, at(99), at(99), GoesOut::Now),
                _ => re_time(tx, id, at(99), at(99), GoesOut::Now, at(8)),
            })
            .await;
        assert_eq!(refused.unwrap_err().code, Code::NotNow, "{wish}");
    }
    assert!(house.claim(1000).await.is_none());
}

#[tokio::test]
async fn one_post_goes_to_one_account_once_c1() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let row = house.get(id);
    let twice = house
        .store
        .write(move |tx| {
            delivery::insert(
                tx,
                &NewDelivery {
                    post: row.post,
                    account: row.account,
                    state: State::Due,
                    options: Default::default(),
                    words: None,
                    goes_out: GoesOut::Now,
                    due: None,
                    next: None,
                },
                at(1),
            )
        })
        .await;
    assert!(twice.is_err());
}

/// A full queue of a lane that waits for tomorrow's quota must not be walked through at each look. Counted in steps of SQLite's own
/// machine, so the answer does not depend on the machine's speed.
#[tokio::test]
async fn a_full_queue_costs_a_claim_no_more_than_an_empty_one() {
    async fn steps(rows: i64) -> i32 {
        let house = House::new(1).await;
        let first = house.add(0, 1, 0).await;
        let post = house.get(first).post;
        house
            .store
            .write(move |tx| {
                tx.execute(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                     INSERT INTO post (media_id, words, created_at) SELECT media_id, words, created_at FROM post, n WHERE post.id = ?2",
                    params![rows, post],
                )
                .map_err(problem)?;
                tx.execute(
                    "INSERT INTO delivery (post_id, account_id, state, goes_out, due_at, next_at, created_at) \
                     SELECT id, (SELECT id FROM account), CASE id % 3 WHEN 0 THEN 'handed_over' ELSE 'due' END, 'now', 2000000000000 + id, \
                     CASE id % 3 WHEN 0 THEN 2000000000000 ELSE 0 END, 0 FROM post WHERE id <> ?1",
                    [post],
                )
                .map_err(problem)
            })
            .await
            .unwrap();
        let lanes = vec![Lane { account: house.accounts[0], may_open: false, processing_s_per_min: 30 }];
        house
            .store
            .read(|sql| {
                let mut count = 0;
                for query in [
                    format!("SELECT min(next_at) FROM delivery INDEXED BY delivery_lane_open WHERE account_id = ?1 AND {}{}", claim::HEAVY, claim::OPEN),
                    format!("SELECT min(next_at) FROM delivery INDEXED BY delivery_lane_next WHERE account_id = ?1 AND {}", claim::HEAVY),
                    "SELECT id FROM delivery INDEXED BY delivery_light WHERE state IN ('working', 'ready', 'handed_over', 'to_finish') AND claim IS NULL AND paused = 0 AND next_at <= ?1 ORDER BY next_at LIMIT 9".into(),
                ] {
                    let mut query = sql.prepare(&query)?;
                    query.query([lanes[0].account])?.next()?;
                    count += query.get_status(rusqlite::StatementStatus::VmStep);
                }
                assert_eq!(next_wake(sql, &lanes, &[])?.map(Timestamp::as_millisecond).filter(|at| *at < 1_000), None);
                Ok(count)
            })
            .unwrap()
    }
    let (few, many) = (steps(10).await, steps(3_000).await);
    assert!(many <= few + 50, "{few} steps with 10 rows, {many} with 3000");
}

#[tokio::test]
async fn only_a_draft_is_scheduled() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let again = |house: &House| {
        let store = house.store.clone();
        async move { store.write(move |tx| schedule(tx, id, at(99), at(99), GoesOut::Now)).await }
    };
    assert_eq!(again(&house).await.unwrap_err().code, Code::NotNow, "due already");
    let ticket = house.claim(5).await.unwrap();
    assert_eq!(again(&house).await.unwrap_err().code, Code::NotNow, "somebody is at it");
    let unsure = Problem::block(Code::Unsure, "It may be there.");
    house.store.write(move |tx| stick(tx, &ticket, &unsure)).await.unwrap();
    assert_eq!(
        again(&house).await.unwrap_err().code,
        Code::NotNow,
        "a person has to decide, not to schedule over it (C2)"
    );
    assert_eq!(house.get(id).state, State::Stuck);
}

#[tokio::test]
async fn only_what_may_be_there_is_decided() {
    for fix in [Fix::Retry, Fix::None, Fix::ChooseFile, Fix::Decide] {
        for there in [true, false] {
            let house = House::new(1).await;
            let id = house.add(0, 1, 0).await;
            let ticket = house.claim(5).await.unwrap();
            let why = Problem::block(Code::Refused, "why").fix(fix.clone());
            house.store.write(move |tx| stick(tx, &ticket, &why)).await.unwrap();
            let url = "https://example.com/1".to_string();
            let remote = there.then(|| Remote { id: "1".into(), url });
            let decided = house.store.write(move |tx| decide(tx, id, remote.as_ref(), at(9))).await;
            let state = match (&fix, there) {
                (Fix::Decide, true) => State::Published,
                (Fix::Decide, false) => State::Due,
                _ => State::Stuck,
            };
            assert_eq!(decided.is_ok(), fix == Fix::Decide, "{fix:?}");
            assert_eq!(house.get(id).state, state, "{fix:?}, there: {there}");
        }
    }
}

#[tokio::test]
async fn another_time_revives_what_was_missed_and_nothing_that_is_unsure_c17() {
    for (code, state) in [(Code::Missed, State::Due), (Code::Unsure, State::Stuck)] {
        let house = House::new(1).await;
        let id = house.add(0, 1, 0).await;
        let ticket = house.claim(5).await.unwrap();
        let why = Problem::block(code, "why");
        house.store.write(move |tx| stick(tx, &ticket, &why)).await.unwrap();
        house.store.write(move |tx| re_time(tx, id, at(500), at(400), GoesOut::Now, at(9))).await.unwrap();
        let row = house.get(id);
        assert_eq!((row.state, row.due), (state, Some(at(500))), "{code:?}");
        assert_eq!(house.claim(450).await.is_some(), state == State::Due, "{code:?}");
    }
}

impl House {
    async fn reorder(&self, id: i64, before: Option<i64>) -> Outcome<Vec<i64>> {
        self.store.write(move |tx| reorder(tx, id, before)).await
    }

    /// What would be claimed one after the other.
    async fn line(&self) -> Vec<i64> {
        let mut line = Vec::new();
        while let Some(ticket) = self.claim(10).await {
            line.push(ticket.delivery.id);
        }
        line
    }

    async fn sql(&self, text: &'static str) {
        self.store.write(move |tx| tx.execute_batch(text).map_err(problem)).await.unwrap();
    }
}

#[tokio::test]
async fn a_person_may_change_the_order_of_what_waits() {
    // Two of the same minute, in two lanes.
    for (moved, before, expected) in [
        (3, Some(0), [3, 0, 1, 2]),
        (0, None, [1, 2, 3, 0]),
        (0, Some(3), [1, 2, 0, 3]),
        (2, Some(1), [0, 2, 1, 3]),
        (1, Some(1), [0, 1, 2, 3]),
        (3, None, [0, 1, 2, 3]),
    ] {
        let house = House::new(2).await;
        let mut ids = Vec::new();
        for (account, due) in [(0, 100), (1, 200), (0, 200), (1, 300)] {
            ids.push(house.add(account, due, 0).await);
        }
        let changed = house.reorder(ids[moved], before.map(|at: usize| ids[at])).await.unwrap();
        assert_eq!(changed.is_empty(), expected == [0, 1, 2, 3], "{moved} before {before:?}");
        assert_eq!(house.line().await, expected.map(|at| ids[at]), "{moved} before {before:?}");
    }
}

#[tokio::test]
async fn what_is_planned_later_still_comes_by_its_minute_and_another_time_gives_the_place_up() {
    let house = House::new(1).await;
    let (first, second) = (house.add(0, 100, 0).await, house.add(0, 200, 0).await);
    let third = house.add(0, 400, 0).await;
    house.reorder(third, Some(first)).await.unwrap();
    let new = house.add(0, 150, 0).await;
    house.store.write(move |tx| re_time(tx, second, at(50), at(0), GoesOut::Now, at(9))).await.unwrap();
    assert_eq!(house.line().await, [second, third, new, first]);
}

#[tokio::test]
async fn an_order_that_would_cost_a_minute_gives_way() {
    let day = 86_400;
    for (due, planned, kept) in [(day, true, true), (200, true, false), (200, false, true)] {
        let house = House::new(2).await;
        let first = house.add(0, due, 0).await;
        let second = house.add(1, 2 * day, 0).await;
        if planned {
            house.sql("UPDATE post SET wall = '{}'").await;
        }
        house.reorder(second, Some(first)).await.unwrap();
        let line = if kept { [second, first] } else { [first, second] };
        assert_eq!(house.line().await, line, "due at {due}, planned {planned}");
    }
    // Enough time for either, but not for one after the other: the second would be late.
    let house = House::new(2).await;
    let hour = 3_600;
    let soon = [house.add(0, hour, 0).await, house.add(0, hour + 1, 0).await];
    let later = house.add(1, day, 0).await;
    house.sql("UPDATE post SET wall = '{}'").await;
    house.reorder(later, Some(soon[0])).await.unwrap();
    // Each takes half an hour at the speed of an unmeasured line; three of them are not through in time.
    house.sql("UPDATE media SET size = 300000000").await;
    for (now, expected) in [(10, soon[0]), (1_610, soon[1]), (3_210, later)] {
        assert_eq!(house.claim(now).await.unwrap().delivery.id, expected);
    }
}

#[tokio::test]
async fn only_what_waits_in_the_same_state_has_places_to_change() {
    let house = House::new(2).await;
    let (working, due) = (house.add(0, 1, 0).await, house.add(1, 2, 0).await);
    house.claim(5).await.unwrap();
    for (id, before, code) in [
        (working, None, Code::NotNow),
        (due, Some(working), Code::NotNow),
        (1, None, Code::NotFound),
        (due, Some(1), Code::NotFound),
    ] {
        assert_eq!(house.reorder(id, before).await.unwrap_err().code, code);
    }
}

/// Gives the post of a delivery a planned minute, and its file a size.
async fn plan(house: &House, id: i64, size: i64) {
    house
        .store
        .write(move |tx| {
            tx.execute(
                "UPDATE post SET wall = '{\"local\":\"2027-01-15T08:00:00\",\"zone\":\"UTC\"}' WHERE id = (SELECT post_id FROM delivery WHERE id = ?1)",
                [id],
            )
            .map_err(problem)?;
            tx.execute(
                "UPDATE media SET size = ?2 WHERE id = (SELECT media_id FROM post JOIN delivery ON delivery.post_id = post.id WHERE delivery.id = ?1)",
                params![id, size],
            )
            .map_err(problem)?;
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn delivery_presses_when_waiting_would_cost_its_minute_and_not_before() {
    let house = House::new(1).await;
    let lanes = house.lanes();
    let pressing = |now: i64| house.store.read(|sql| pressing(sql, &lanes, at(now))).unwrap();
    // "As soon as possible" never presses.
    house.add(0, 0, 0).await;
    assert_eq!(pressing(0), Default::default());
    // Due in an hour; 15 MB at the unmeasured speed are 80 s, 30 s for a minute of video that has begun, and a minute of reserve.
    let planned = house.add(0, 3600, 0).await;
    plan(&house, planned, 15_000_000).await;
    let from = 3600 - 80 - 30 - 60;
    assert_eq!(pressing(0).next, Some(at(from)));
    assert_eq!(pressing(from - 1).now, None);
    for now in [from, 3600, 3600 + 599] {
        assert_eq!(pressing(now).now, Some((at(3600), planned)), "{now}");
    }
    // What is so late has lost its minute: the lane's order is kept.
    assert_eq!(pressing(3600 + 600), Default::default());
    let lanes = house.lanes();
    let ticket = house.store.write(move |tx| claim_pressing(tx, &lanes, at(3600), BOOT)).await.unwrap();
    assert_eq!(ticket.map(|ticket| ticket.delivery.id), Some(planned));
    let lanes = house.lanes();
    let none = house.store.write(move |tx| claim_pressing(tx, &lanes, at(3600), BOOT)).await.unwrap();
    assert!(none.is_none(), "it was claimed already");
    let minute = house.store.read(|sql| minute_of(sql, planned, 30)).unwrap().unwrap();
    assert!(!minute.presses(at(from - 1)) && minute.presses(at(from)) && !minute.presses(at(4200)));
}

#[tokio::test]
async fn of_several_that_press_the_earliest_minute_is_first_and_what_cannot_begin_yet_is_none() {
    let house = House::new(2).await;
    let lanes = house.lanes();
    let later = house.add(0, 200, 0).await;
    let sooner = house.add(1, 100, 0).await;
    let waits = house.add(1, 50, 40).await;
    for id in [later, sooner, waits] {
        plan(&house, id, 1).await;
    }
    let found = house.store.read(|sql| pressing(sql, &lanes, at(30))).unwrap();
    assert_eq!((found.now, found.next), (Some((at(100), sooner)), Some(at(40))));
}
