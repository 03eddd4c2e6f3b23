//! What an edit changes, and what it leaves alone, over any post.

use super::*;
use proptest::prelude::*;

/// Apart from the ids of everything else.
const FIRST: i64 = 9000;

fn words(text: &str) -> Words {
    Words { title: format!("title {text}"), caption: format!("caption {text}") }
}

fn wall(hour: i8) -> WallTime {
    let local = jiff::civil::date(2026, 12, 1).at(hour, 0, 0, 0);
    WallTime { local, zone: "Europe/Berlin".into(), fold: false }
}

fn row(n: i64, state: State, words: Option<Words>, wall: Option<Option<WallTime>>) -> Delivery {
    let blank = super::super::posts::row_to_be(500 + n, &Options::new(), None, Timestamp::UNIX_EPOCH);
    Delivery { id: FIRST + n, post: 40, state, words, wall, ..blank }
}

fn a_post(wall: Option<WallTime>) -> post::Post {
    let words = words("shared");
    post::Post { id: 40, media: 1, words, wall, revision: 1, created_at: Timestamp::UNIX_EPOCH }
}

/// What each delivery goes out with once the wishes are written.
fn outcome(post: &post::Post, rows: &[Delivery], wishes: &Wishes) -> Vec<(Words, Option<WallTime>)> {
    let after = post::Post {
        words: wishes.words.clone().unwrap_or_else(|| post.words.clone()),
        wall: wishes.wall.clone().unwrap_or_else(|| post.wall.clone()),
        ..post.clone()
    };
    let rows = rows.iter().zip(&wishes.rows).map(|(row, wish)| {
        assert_eq!(row.id, wish.id);
        Delivery { words: wish.words.clone(), wall: wish.wall.clone(), ..row.clone() }
    });
    rows.map(|row| (row.spoken(&after).clone(), row.plan(&after).cloned())).collect()
}

fn a_plan() -> impl Strategy<Value = Option<WallTime>> {
    proptest::option::of((0_i8..24).prop_map(wall))
}

fn a_row() -> impl Strategy<Value = (State, Option<Words>, Option<Option<WallTime>>)> {
    let states = proptest::sample::select(State::ALL.to_vec());
    let own = proptest::option::of("[a-c]".prop_map(|text| words(&text)));
    (states, own, proptest::option::of(a_plan()))
}

proptest! {
    #[test]
    fn an_edit_of_one_delivery_changes_nothing_of_its_siblings(
        rows in proptest::collection::vec(a_row(), 1..5),
        plan in a_plan(),
        chosen in 0_usize..4,
        also in proptest::collection::vec(0_i64..4, 0..2),
        title in proptest::option::of("[a-c]"),
        caption in proptest::option::of("[a-c]"),
        moved in proptest::option::of(a_plan()),
    ) {
        let rows: Vec<Delivery> =
            rows.into_iter().zip(0..).map(|((state, own, wall), n)| row(n, state, own, wall)).collect();
        let post = a_post(plan);
        let id = rows[chosen % rows.len()].id;
        let also = also.into_iter().map(|n| FIRST + n % rows.len() as i64).collect();
        let given = EditPost { id, also, title: title.clone(), caption: caption.clone(), ..EditPost::default() };
        let wishes = given.wishes(&post, &rows, moved.as_ref());
        let after = outcome(&post, &rows, &wishes);
        for ((row, wish), (spoken, plan)) in rows.iter().zip(&wishes.rows).zip(after) {
            let before = row.spoken(&post);
            if row.id == id || given.also.contains(&row.id) {
                prop_assert_eq!(&spoken.title, title.as_ref().unwrap_or(&before.title));
                prop_assert_eq!(&spoken.caption, caption.as_ref().unwrap_or(&before.caption));
                prop_assert_eq!(plan, moved.clone().unwrap_or_else(|| row.plan(&post).cloned()));
                prop_assert_eq!(wish.re_timed, moved.is_some());
            } else {
                prop_assert_eq!(&spoken, before);
                prop_assert_eq!(plan, row.plan(&post).cloned());
                prop_assert!(!wish.re_timed);
            }
            prop_assert_eq!(wish.other_words, spoken != *before);
        }
    }

    #[test]
    fn an_edit_of_the_whole_post_leaves_what_is_a_channels_own_unless_asked(
        rows in proptest::collection::vec(a_row(), 1..5),
        plan in a_plan(),
        own_too in any::<bool>(),
        title in "[d-f]",
        moved in proptest::option::of(a_plan()),
    ) {
        let rows: Vec<Delivery> =
            rows.into_iter().zip(0..).map(|((state, own, wall), n)| row(n, state, own, wall)).collect();
        let post = a_post(plan);
        let given =
            EditPost { id: FIRST, whole: true, own_too, title: Some(title.clone()), ..EditPost::default() };
        let wishes = given.wishes(&post, &rows, moved.as_ref());
        for ((row, wish), (spoken, plan)) in rows.iter().zip(&wishes.rows).zip(outcome(&post, &rows, &wishes)) {
            let before = row.spoken(&post);
            let follows = own_too || row.words.is_none();
            prop_assert_eq!(&spoken.title, if follows { &title } else { &before.title });
            prop_assert_eq!(&spoken.caption, &before.caption);
            let moves = !is_at_its_end(row) && (own_too || row.wall.is_none());
            let wanted = moved.clone().filter(|_| moves).unwrap_or_else(|| row.plan(&post).cloned());
            prop_assert_eq!(plan, wanted);
            prop_assert_eq!(wish.re_timed, moved.is_some() && moves);
        }
    }
}

#[test]
fn an_edit_of_the_only_delivery_is_an_edit_of_the_post() {
    let rows = [row(0, State::Due, None, None)];
    let given = EditPost { id: FIRST, title: Some("another".into()), ..EditPost::default() };
    let wishes = given.wishes(&a_post(None), &rows, Some(&Some(wall(9))));
    assert_eq!(wishes.words.map(|words| words.title).as_deref(), Some("another"));
    assert_eq!(wishes.wall, Some(Some(wall(9))));
    assert_eq!((&wishes.rows[0].words, &wishes.rows[0].wall), (&None, &None));
}
