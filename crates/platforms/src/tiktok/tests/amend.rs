//! What TikTok lets nobody do is said, and never tried.

use super::*;

fn errand(errand: Errand, id: &str, job: Job) -> Job {
    let url = "https://www.tiktok.com/@mira.bakes".into();
    Job { errand, remote: Some(Remote { id: id.into(), url }), ..job }
}

#[test]
fn a_change_is_refused_with_where_to_make_it() {
    let job = errand(Errand::Amend, PUBLISH_ID, job());
    let problem = refused(AnyPlatform::begin(&TikTok, &job).unwrap_err());
    assert_eq!(problem.code, Code::NotNow);
    let extra = Extra { step: "thumbnail".into(), input: json!({}) };
    let job = errand(Errand::Extra(extra), PUBLISH_ID, job);
    assert_eq!(refused(AnyPlatform::begin(&TikTok, &job).unwrap_err()).code, Code::BadRequest);
}

#[test]
fn taking_back_looks_first() {
    let take_back =
        |job: Job| House::begin(errand(Errand::Retract, PUBLISH_ID, job)).sends("tiktok.status.fetch");
    for (job, said, left) in [
        (draft(job()), status("SEND_TO_USER_INBOX"), Some(Code::FinishThere)),
        (draft(job()), uploading(SIZE), Some(Code::FinishThere)),
        (job(), failed("internal"), None),
    ] {
        let house = take_back(job).hears(said);
        let done = house.done();
        assert_eq!((done.remote.as_ref(), done.notes.first().map(|note| note.code)), (None, left));
    }
    for (job, said) in [
        (job(), uploading(SIZE)),
        (job(), status("A_NEW_WORD")),
        (job(), complete(json!([]))),
        (draft(job()), complete(json!([POST_ID]))),
    ] {
        assert_eq!(refused(take_back(job).fails(said)).code, Code::AlreadyPublic);
    }
    let house = take_back(job());
    assert!(matches!(house.fails(refusal(400, "invalid_publish_id")), Fault::Unsure { .. }));
    assert!(matches!(house.fails(html(200)), Fault::Strange { .. }), "a hotel's page proves nothing");
    house.wakes().sends("tiktok.status.fetch");
}

#[test]
fn what_has_its_number_is_public_and_what_has_no_id_never_was() {
    let public = errand(Errand::Retract, &POST_ID.to_string(), job());
    assert_eq!(refused(AnyPlatform::begin(&TikTok, &public).unwrap_err()).code, Code::AlreadyPublic);
    assert_eq!(House::begin(Job { errand: Errand::Retract, ..job() }).done().remote, None);
}
