//! Cancels that come while something is under way.

use super::*;

#[tokio::test]
async fn nothing_there_is_believed_once_no_call_can_happen_any_more() {
    let lines = [
        ("interrupted", None, None, true),
        ("cut", None, None, true),
        // All of its bytes, or more than there are.
        ("cut", None, Some(u64::from(u32::MAX)), true),
        ("cut", None, Some(0), false),
        ("answered", Some(504), None, true),
        ("answered", Some(200), None, false),
        ("stopped", None, Some(0), false),
    ];
    for (outcome, status, sent, held) in lines {
        let house = House::new(1).await;
        let id = house.add(0, 1, 0).await;
        let ticket = house.claim(5).await.unwrap();
        let claimed = ticket.clone();
        house
            .store
            .write(move |tx| {
                tx.execute("UPDATE delivery SET cancelling = 1", []).map_err(problem)?;
                let (step, outcome) = ("publish".into(), outcome.into());
                let line = Attempt { at: at(10), step, outcome, status, sent, ..Attempt::default() };
                act_ended(tx, &claimed, line)?;
                nothing_there(tx, &claimed, at(20))
            })
            .await
            .unwrap();
        let row = house.get(id);
        if held {
            assert_eq!((row.state, row.next), (State::Due, Some(at(70))), "{outcome}");
            let ticket = house.claim(70).await.unwrap();
            house.store.write(move |tx| nothing_there(tx, &ticket, at(70))).await.unwrap();
        }
        assert_eq!(house.get(id).state, State::Cancelled, "{outcome} {status:?} {sent:?}");
    }
}

#[tokio::test]
async fn a_cancel_in_the_moment_it_is_read_back_as_public_takes_it_back() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    house
        .store
        .write(move |tx| {
            let remote = Remote { id: "v1".into(), url: "https://example.org/v1".into() };
            assert_eq!(cancel(tx, id, at(6))?, Cancelled::UnderWay);
            let there =
                Published { remote: Some(remote.clone()), privacy: None, public_at: None, notes: Vec::new() };
            done(tx, &ticket, &Begun { remote: Some(&remote), ..begun(b"there") }, &there, &[], at(7))
        })
        .await
        .unwrap();
    let row = house.get(id);
    assert_eq!((row.state, row.cancelling), (State::Working, true));
    assert_eq!(row.remote.map(|remote| remote.id).as_deref(), Some("v1"));
    let tasks: Vec<String> = house
        .store
        .read(|sql| sql.prepare("SELECT task FROM errand")?.query_map([], |row| row.get(0))?.collect())
        .unwrap();
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert!(tasks[0].contains("retract"), "{tasks:?}");
}

#[tokio::test]
async fn a_cancel_in_the_moment_of_a_wait_does_not_wait() {
    for known in [false, true] {
        let house = House::new(1).await;
        let id = house.add(0, 1, 0).await;
        if known {
            house
                .store
                .write(|tx| tx.execute("UPDATE delivery SET cancelling = 1", []).map(drop).map_err(problem))
                .await
                .unwrap();
        }
        let ticket = house.claim(5).await.unwrap();
        house
            .store
            .write(move |tx| {
                if !known {
                    cancel(tx, id, at(6))?;
                }
                wait(tx, &ticket, &begun(b"asked"), at(3000))
            })
            .await
            .unwrap();
        let next = if known { at(3000) } else { Timestamp::UNIX_EPOCH };
        assert_eq!(house.get(id).next, Some(next), "known at the claim: {known}");
    }
}

#[tokio::test]
async fn a_cancel_in_the_moment_a_draft_arrives_tells_that_it_is_there() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    house
        .store
        .write(move |tx| {
            cancel(tx, id, at(6))?;
            let there = Problem::warn(Code::FinishThere, "in the inbox");
            to_finish(tx, &ticket, &begun(b"draft"), at(90), &there, at(7))
        })
        .await
        .unwrap();
    let row = house.get(id);
    assert_eq!((row.state, row.cancelling), (State::Cancelled, false));
    assert_eq!(row.problem.map(|problem| problem.code), Some(Code::FinishThere));
}

/// A cancel that did not get through, tried again at its minute, while the delivery is looked at: one of the two tells how it ended.
#[tokio::test]
async fn a_cancel_that_is_tried_again_is_a_cancel_again() {
    let house = House::new(1).await;
    let id = house.add(0, 1, 0).await;
    let ticket = house.claim(5).await.unwrap();
    let remote = || Remote { id: "v1".into(), url: "https://example.org/v1".into() };
    let claimed = ticket.clone();
    let (look, retraction) = house
        .store
        .write(move |tx| {
            let known = remote();
            handed_over(
                tx,
                &claimed,
                &Begun { remote: Some(&known), ..begun(b"there") },
                at(50),
                &[],
                at(6),
            )?;
            assert_eq!(cancel(tx, id, at(7))?, Cancelled::UnderWay);
            let retraction = claim_errands(tx, &[], at(8), BOOT, 9)?.remove(0);
            stick(tx, &retraction, &Problem::block(Code::Strange, "it says something else"))?;
            let row = delivery::get(tx, id).map_err(problem)?.unwrap();
            assert!(!row.cancelling && row.next.is_some(), "it stays, and is looked after");
            retry(tx, id, at(60))?;
            let row = delivery::get(tx, id).map_err(problem)?.unwrap();
            assert_eq!((row.cancelling, row.next), (true, None));
            // A look that was claimed just before.
            tx.execute("UPDATE delivery SET cancelling = 0, next_at = 1 WHERE id = ?1", [id])
                .map_err(problem)?;
            let look = claim_light(tx, &[], at(60), BOOT, 9)?.remove(0);
            Ok((look, claim_errands(tx, &[], at(60), BOOT, 9)?.remove(0)))
        })
        .await
        .unwrap();
    house
        .store
        .write(move |tx| {
            let known = remote();
            let there =
                Published { remote: Some(remote()), privacy: None, public_at: None, notes: Vec::new() };
            done(tx, &look, &Begun { remote: Some(&known), ..begun(b"there") }, &there, &[], at(61))?;
            errand_done(tx, &retraction, &[], at(62))
        })
        .await
        .unwrap();
    assert_eq!(house.get(id).state, State::Cancelled);
}
