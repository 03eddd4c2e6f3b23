//! What came to the Page since then.

use super::*;

#[test]
fn videos_reels_and_planned_posts_are_asked_for_in_turn() {
    let account = job().account;
    let asked = |cursor: Option<&str>| Platform::recent(&Facebook, &account, at(0), cursor).unwrap().name;
    let answer = |cursor: Option<&str>, items: Value| {
        Platform::recently(&Facebook, &account, at(0), cursor, &reply(200, json!({"data": items})))
    };
    assert_eq!(asked(None), "facebook.videos.list");
    let new = at(30).as_second();
    let old = at(-30).as_second();
    let videos = json!([
        {"id": "900", "title": "T", "description": "D", "created_time": new, "length": 12.5},
        {"id": "899", "created_time": old},
    ]);
    let videos = answer(None, videos).unwrap();
    assert_eq!(videos.found.len(), 1);
    assert_eq!((videos.found[0].duration_ms, videos.found[0].words.title.as_str()), (Some(12_500), "T"));
    assert_eq!(asked(videos.next.as_deref()), "facebook.reels.list");
    let reels =
        answer(videos.next.as_deref(), json!([{"id": "901", "description": "R", "created_time": new}]))
            .unwrap();
    assert_eq!(reels.found[0].words.caption, "R");
    assert_eq!(asked(reels.next.as_deref()), "facebook.scheduled_posts");
    let planned = json!([{"id": "1_2", "message": "M", "created_time": new, "attachments": {"data": [{"target": {"id": "902"}}]}}]);
    let planned = answer(reels.next.as_deref(), planned).unwrap();
    assert_eq!((planned.found[0].remote.id.as_str(), planned.found[0].words.caption.as_str()), ("902", "M"));
    assert_eq!(planned.next, None);

    let full: Vec<Value> =
        (0..50).map(|n| json!({"id": (1000 + n).to_string(), "created_time": new})).collect();
    assert!(matches!(answer(None, json!(full)), Err(Fault::Unsure { .. })));
    assert!(answer(None, json!("<html>")).is_err());
}
