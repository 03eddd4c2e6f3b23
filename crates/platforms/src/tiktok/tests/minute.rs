//! TikTok can't be staged: all but the last chunk goes ahead, and the last bytes of that one leave at the minute.

use super::*;

fn paced(job: Job, bytes_per_s: Option<u64>) -> Job {
    Job { pace: Pace { bytes_per_s }, ..job }
}

#[test]
fn all_but_the_last_chunk_goes_ahead_and_the_last_one_at_its_minute() {
    assert_eq!(AnyPlatform::goes_out(&TikTok, &due_in(600)), GoesOut::AtTheMinute);
    let house = House::all_but_last(paced(due_in(600), Some(1_000_000)));
    // Ten seconds for ten million bytes, of which four fifths count. What TikTok takes afterwards does not.
    assert_eq!(house.early(), Duration::from_secs(8));
    assert_eq!(house.step.confirmed, Some(LAST));
    assert!(house.job.remote.is_none(), "nothing is posted yet, so nothing has to be taken back");
    let house = house.later(591).wakes();
    assert_eq!(house.early(), Duration::from_secs(8), "woken early: still not before its time");
    let house = house.later(592).wakes().sends("tiktok.upload.put");
    assert_eq!(house.sends_from().0, LAST, "the only call at the minute");
    assert_eq!(
        house.not_before(),
        house.job.due,
        "its last bytes leave at the minute, however quick the line is"
    );
    let house = house.hears(stored(201, SIZE)).hears(complete(json!([]))).waits();
    house.later(600).wakes().hears(complete(json!([POST_ID]))).done();
}

#[test]
fn what_was_never_measured_is_never_early() {
    for (speed, early) in [(None, 0), (Some(1_000_000), 8), (Some(0), 0)] {
        let house = House::all_but_last(paced(due_in(600), speed));
        assert_eq!(house.early(), Duration::from_secs(early), "{speed:?}");
    }
}

#[test]
fn only_the_last_chunk_is_held_back() {
    let house = House::opened(due_in(600));
    assert_eq!(house.sends_from().0, 0);
    assert_eq!(house.not_before(), None);
}

#[test]
fn a_file_in_one_piece_is_opened_ahead_and_sent_at_its_minute() {
    let house = House::opened(small(paced(due_in(300), Some(1_000_000))));
    assert_eq!(house.early(), Duration::from_millis(3200));
    let house = house.later(297).wakes().sends("tiktok.upload.put");
    assert_eq!(house.sends_from(), (0, 4_000_000, "bytes 0-3999999/4000000".into()));
    house.hears(reply(201, Value::Null)).sends("tiktok.status.fetch");
}

#[test]
fn a_post_that_is_late_or_now_waits_for_nothing() {
    for job in [job(), due_in(-5), due_in(0)] {
        House::all_but_last(job).sends("tiktok.upload.put");
    }
}

#[test]
fn nothing_is_opened_so_early_that_its_hour_ends_before_the_minute() {
    let park = |job: &Job| match AnyPlatform::begin(&TikTok, job) {
        Err(Fault::Limit { whose: Whose::Delivery, until: Until::For(wait), problem }) => {
            assert!(!problem.blocks());
            Some(wait.as_secs())
        }
        Ok(_) => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(park(&due_in(3000)), None);
    assert_eq!(park(&due_in(3001)), Some(1));
    assert_eq!(park(&due_in(10_000)), Some(7000));
    // Sixty million bytes in one piece, on a line that needs 1200 s for them.
    let mut slow = paced(due_in(10_000), Some(50_000));
    slow.media.size = 60_000_000;
    assert_eq!(park(&slow), Some(10_000 - (3600 - 120 - 1200)));
    // And then it goes all the way without opening twice.
    slow.now = at(10_000 - (3600 - 120 - 1200));
    let house = House::opened(slow);
    assert_eq!(house.early(), Duration::from_secs(960));
    assert_eq!(park(&draft(due_in(10_000))), Some(7000), "a draft, too");
}

#[test]
fn another_time_moves_the_last_chunk_with_it() {
    let mut house = House::all_but_last(due_in(600));
    house.early();
    // Further away, within the hour: it goes on waiting.
    house.job.due = Some(at(1800));
    let mut house = house.later(60).wakes();
    house.early();
    // Beyond the hour: what is there ends before, so it is begun in time.
    house.job.due = Some(at(20_000));
    let mut house = house.later(400);
    let Fault::Limit { until: Until::For(wait), .. } = house.wakes_to() else { panic!() };
    assert_eq!(wait.as_secs(), 20_000 - 400 - 3000);
    // The memo stayed; at that time it opens anew.
    house =
        house.later(17_000).wakes().sends("tiktok.creator_info").hears(creator()).sends("tiktok.video.init");
    house.hears(init()).sends("tiktok.upload.put");
    // Now.
    let mut house = House::all_but_last(due_in(600));
    house.job.due = Some(at(30));
    house.later(30).wakes().sends("tiktok.upload.put");
}

#[test]
fn an_address_that_ended_while_the_computer_slept_is_replaced_without_asking_it() {
    let house = House::all_but_last(due_in(600)).later(4000).wakes().sends("tiktok.creator_info");
    house.hears(creator()).hears(init()).sends("tiktok.upload.put");
}

#[test]
fn an_edit_while_it_waits_is_what_is_posted_c38() {
    let mut house = House::all_but_last(due_in(600));
    house.job.words.caption = "Rye".into();
    assert!(matches!(house.wakes_to(), Fault::Lost { .. }), "nothing was made of it: begun anew");
    let mut house = House::all_but_last(due_in(600));
    house.job.options = draft(job()).options;
    assert!(matches!(house.wakes_to(), Fault::Lost { .. }));
}
