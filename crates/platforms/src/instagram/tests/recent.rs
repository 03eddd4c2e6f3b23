//! What came to the channel since then.

use super::*;

#[test]
fn new_videos_and_stories_are_found_and_a_full_list_says_nothing() {
    let account = job().account;
    let item = |id: u64, seconds: i64, kind: &str| json!({"id": id.to_string(), "caption": "c", "media_type": kind, "timestamp": at(seconds).to_string()});
    let some =
        reply(200, json!({"data": [item(3, 30, "VIDEO"), item(2, 20, "IMAGE"), item(1, -1, "VIDEO")]}));
    let first = Platform::recently(&Instagram, &account, at(0), None, &some).unwrap();
    assert_eq!(first.found.iter().map(|one| one.remote.id.as_str()).collect::<Vec<_>>(), ["3"]);
    assert_eq!(first.found[0].size, None);
    let stories = Platform::recent(&Instagram, &account, at(0), first.next.as_deref()).unwrap();
    assert_eq!(stories.name, "instagram.stories");
    let none = reply(200, json!({"data": []}));
    let last = Platform::recently(&Instagram, &account, at(0), first.next.as_deref(), &none).unwrap();
    assert_eq!(last, Recent::default());
    let full: Vec<Value> = (1..=25).map(|n| item(n, 30, "VIDEO")).collect();
    let fault = Platform::recently(&Instagram, &account, at(0), None, &reply(200, json!({"data": full})));
    assert!(matches!(fault, Err(Fault::Unsure { .. })), "{fault:?}");
}
