//! A cancel while TikTok may have the whole upload: asked until it is certain.

use super::*;

fn withdraw(house: &House, left: Left) -> House {
    let step = AnyPlatform::withdraw(&TikTok, &house.job, &house.memo, left).unwrap();
    House { job: house.job.clone(), memo: Vec::new(), step }.settled()
}

fn is_over(house: &House) -> bool {
    matches!(house.step.act, Act::Nothing)
}

#[test]
fn cancel_before_the_last_chunk_left_whole_is_over_at_once() {
    let last = House::all_but_last(job()).sends("tiktok.upload.put");
    assert!(is_over(&withdraw(&last, Left::Nothing)) && is_over(&withdraw(&last, Left::Part)));
    assert!(is_over(&withdraw(&House::opened(job()), Left::Unheard)), "the last chunk is still here");
    assert!(is_over(&withdraw(&House::begin(job()), Left::Unheard)));
}

#[test]
fn cancel_after_an_unheard_last_chunk_asks_what_became_of_it() {
    let asked = || withdraw(&House::all_but_last(job()), Left::Unheard).sends("tiktok.status.fetch");
    assert!(asked().hears(uploading(SIZE)).job.remote.is_some(), "TikTok has it");
    asked().hears(complete(json!([POST_ID]))).done();
    assert!(is_over(&asked().hears(failed("internal"))));
    assert!(matches!(asked().fails(refusal(400, "invalid_publish_id")), Fault::Unsure { .. }));
    // Not there yet: it is looked for about a minute, and nothing is sent meanwhile.
    let (mut house, mut waited) = (asked(), Duration::ZERO);
    loop {
        house = house.hears(uploading(LAST));
        if is_over(&house) {
            break;
        }
        waited += house.wait();
        house = withdraw(&house, Left::Unheard).sends("tiktok.status.fetch");
    }
    assert!((60..90).contains(&waited.as_secs()), "{waited:?}");
    // Without numbers it stays unknown, and a person decides.
    let mut house = asked();
    while let Ok(step) = AnyPlatform::after(&TikTok, &house.job, &house.memo, &status("PROCESSING_UPLOAD")) {
        assert!(matches!(step.act, Act::Wait(_)), "{:?}", step.act);
        house = withdraw(&House { step, ..house }.settled(), Left::Unheard);
    }
    assert!(matches!(house.fails(status("PROCESSING_UPLOAD")), Fault::Unsure { .. }));
}
