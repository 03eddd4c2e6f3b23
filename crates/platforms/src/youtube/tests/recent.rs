//! What came to the channel since then.

use super::*;

fn listed(ids: &[(&str, i64)], next: Option<&str>) -> Reply {
    let items: Vec<Value> = ids
        .iter()
        .map(|(id, seconds)| json!({"snippet": {"publishedAt": at(*seconds).to_string()}, "contentDetails": {"videoId": id}}))
        .collect();
    reply(200, json!({"kind": "youtube#playlistItemListResponse", "items": items, "nextPageToken": next}))
}

#[test]
fn list_is_read_back_to_the_instant_and_its_videos_are_asked_about() {
    let account = job().account;
    let channel = Platform::recent(&YouTube, &account, at(0), None).unwrap();
    assert_eq!(channel.name, "playlistItems.list");
    let first =
        Platform::recently(&YouTube, &account, at(0), None, &listed(&[("a", 20), ("b", 10)], Some("P2")));
    let first = first.unwrap();
    assert_eq!((first.found.len(), first.next.as_deref()), (0, Some("a,b|P2")));
    let details = json!({"kind": "youtube#videoListResponse", "items": [{
        "id": "a",
        "snippet": {"title": "Bread", "description": "x"},
        "status": {"privacyStatus": "private"},
        "contentDetails": {"duration": "PT1M3S"},
        "fileDetails": {"fileSize": "77"},
    }]});
    let seen =
        Platform::recently(&YouTube, &account, at(0), first.next.as_deref(), &reply(200, details)).unwrap();
    assert_eq!((seen.found[0].size, seen.found[0].duration_ms), (Some(77), Some(63_000)));
    // One without details may be anything.
    assert_eq!((seen.found[1].remote.id.as_str(), seen.found[1].size), ("b", None));
    assert_eq!(seen.next.as_deref(), Some("|P2"));
    let older = listed(&[("c", 5), ("d", -5)], Some("P3"));
    let last = Platform::recently(&YouTube, &account, at(0), seen.next.as_deref(), &older).unwrap();
    assert_eq!(last.next.as_deref(), Some("c|"), "the list reaches back, so its next page is not asked for");
}

#[test]
fn only_a_list_says_that_there_is_nothing() {
    let account = job().account;
    let none = reply(404, json!({"error": {"errors": [{"reason": "playlistNotFound"}]}}));
    assert_eq!(Platform::recently(&YouTube, &account, at(0), None, &none), Ok(Recent::default()));
    let page = reply(200, json!("<html>"));
    assert!(Platform::recently(&YouTube, &account, at(0), None, &page).is_err());
}
