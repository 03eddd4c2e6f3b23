//! Weekly slots: "Tuesdays and Fridays at 18:00", and the next one that is still free.
//!
//! Deliberately not here: which posts take a slot. Only unsent posts may be moved (C37) and an account's own least gap
//! and daily ceiling (C5) are kept where deliveries are claimed; this module only reckons.

use jiff::civil::{Time, Weekday};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::when::{MOST_YEARS_AHEAD, WhenFault};
use super::{WallTime, canonical_name, find_zone, resolve_in};

/// A time of the week, read on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Slot {
    /// Stored as `mon` … `sun`.
    #[serde(with = "weekday_name")]
    #[cfg_attr(test, ts(type = "\"mon\" | \"tue\" | \"wed\" | \"thu\" | \"fri\" | \"sat\" | \"sun\""))]
    pub weekday: Weekday,
    pub time: Time,
}

/// The first slot strictly after `after` that no instant in `taken` sits in. A slot is taken by anything within its
/// minute. Where a slot falls into a gap or an overlap the rules of [`super::resolve`] hold.
///
/// `None`: there are no slots, or none is free within ten years.
pub fn next_free_slot(
    slots: &[Slot],
    zone: &str,
    taken: &[Timestamp],
    after: Timestamp,
) -> Result<Option<(WallTime, Timestamp)>, WhenFault> {
    let tz = find_zone(zone)?;
    let name = canonical_name(&tz, zone);
    let minute = |at: Timestamp| at.as_second().div_euclid(60);
    let taken: std::collections::HashSet<i64> = taken.iter().copied().map(minute).collect();
    let first_day = tz.to_datetime(after).date();
    let mut best: Option<(Timestamp, WallTime)> = None;
    // With n posts in the way, n + 1 weeks hold a free slot, and two more days cover the ends.
    let days = (taken.len() as i64 + 2) * 7;
    // Yesterday first: a slot in a gap moves later, perhaps into today.
    for ahead in -1..days.min(MOST_YEARS_AHEAD * 366) {
        let Ok(day) = first_day.checked_add(Span::new().days(ahead)) else { break };
        let found_before = best.is_some();
        for slot in slots.iter().filter(|slot| slot.weekday == day.weekday()) {
            let local = day.to_datetime(slot.time);
            let at = resolve_in(&tz, local, false)?.at;
            let earlier = best.as_ref().is_none_or(|(best, _)| at < *best);
            if at > after && earlier && !taken.contains(&minute(at)) {
                best = Some((at, WallTime::new(local, name.clone())));
            }
        }
        // A slot in a gap moves later, perhaps behind one of the next day, so the next day has a say.
        if found_before {
            break;
        }
    }
    Ok(best.map(|(at, wall)| (wall, at)))
}

/// jiff gives weekdays no stored form; three letters are readable in the file a user may open.
mod weekday_name {
    use jiff::civil::Weekday;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    pub fn serialize<S: Serializer>(weekday: &Weekday, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(NAMES[weekday.to_monday_zero_offset() as usize])
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Weekday, D::Error> {
        let name = String::deserialize(from)?;
        let at = NAMES.iter().position(|known| *known == name);
        at.and_then(|at| Weekday::from_monday_zero_offset(at as i8).ok())
            .ok_or_else(|| D::Error::unknown_variant(&name, &NAMES))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn slot(weekday: Weekday, time: &str) -> Slot {
        Slot { weekday, time: time.parse().unwrap() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(slots: &[Slot], zone: &str, taken: &[&str], after: &str, wall: &str, expected: &str) {
        let taken: Vec<Timestamp> = taken.iter().map(|text| at(text)).collect();
        let (local, instant) = next_free_slot(slots, zone, &taken, at(after)).unwrap().unwrap();
        assert_eq!(local, WallTime::new(wall.parse().unwrap(), zone));
        assert_eq!(instant, at(expected));
    }

    #[test]
    fn the_next_slot_is_strictly_later_and_free() {
        let slots = [slot(Weekday::Friday, "18:00"), slot(Weekday::Tuesday, "09:30")];
        let berlin = "Europe/Berlin";
        // The 17th of November 2026 is a Tuesday.
        check(&slots, berlin, &[], "2026-11-16T12:00:00Z", "2026-11-17T09:30", "2026-11-17T08:30:00Z");
        check(&slots, berlin, &[], "2026-11-17T08:30:00Z", "2026-11-20T18:00", "2026-11-20T17:00:00Z");
        // Anything within the slot's minute takes it; a minute later does not.
        let near = ["2026-11-17T08:30:59Z"];
        check(&slots, berlin, &near, "2026-11-16T12:00:00Z", "2026-11-20T18:00", "2026-11-20T17:00:00Z");
        let beside = ["2026-11-17T08:31:00Z", "2026-11-17T08:29:59Z"];
        check(&slots, berlin, &beside, "2026-11-16T12:00:00Z", "2026-11-17T09:30", "2026-11-17T08:30:00Z");
        let all = ["2026-11-17T08:30:00Z", "2026-11-20T17:00:00Z", "2026-11-24T08:30:00Z"];
        check(&slots, berlin, &all, "2026-11-16T12:00:00Z", "2026-11-27T18:00", "2026-11-27T17:00:00Z");
    }

    #[test]
    fn no_slots_or_an_unknown_zone_is_an_answer_too() {
        assert_eq!(next_free_slot(&[], "Europe/Berlin", &[], at("2026-11-16T12:00:00Z")).unwrap(), None);
        let slots = [slot(Weekday::Monday, "10:00")];
        assert!(next_free_slot(&slots, "Europe/Berln", &[], at("2026-11-16T12:00:00Z")).is_err());
    }

    #[test]
    fn slots_keep_their_reading_across_a_change_c36() {
        let slots = [slot(Weekday::Sunday, "18:00")];
        let berlin = "Europe/Berlin";
        check(&slots, berlin, &[], "2026-10-18T17:00:00Z", "2026-10-25T18:00", "2026-10-25T17:00:00Z");
        check(&slots, berlin, &[], "2026-10-12T00:00:00Z", "2026-10-18T18:00", "2026-10-18T16:00:00Z");
        // 02:30 does not exist on the 29th of March 2026 and moves behind the slot at 03:15.
        let night = [slot(Weekday::Sunday, "02:30"), slot(Weekday::Sunday, "03:15")];
        check(&night, berlin, &[], "2026-03-28T12:00:00Z", "2026-03-29T03:15", "2026-03-29T01:15:00Z");
        check(&night, berlin, &[], "2026-03-29T01:15:00Z", "2026-03-29T02:30", "2026-03-29T01:30:00Z");
        // Samoa's missing Friday: its evening slot moves to Saturday, behind Saturday's own morning.
        let samoa = [slot(Weekday::Friday, "18:00"), slot(Weekday::Saturday, "09:00")];
        let after = "2011-12-30T09:00:00Z";
        check(&samoa, "Pacific/Apia", &[], after, "2011-12-31T09:00", "2011-12-30T19:00:00Z");
        let after = "2011-12-30T20:00:00Z";
        check(&samoa, "Pacific/Apia", &[], after, "2011-12-30T18:00", "2011-12-31T04:00:00Z");
    }

    #[test]
    fn filling_slots_never_gives_one_twice() {
        let slots =
            [slot(Weekday::Sunday, "02:30"), slot(Weekday::Sunday, "03:30"), slot(Weekday::Monday, "00:00")];
        let mut taken = Vec::new();
        for _ in 0..60 {
            let (_, at) =
                next_free_slot(&slots, "Europe/Berlin", &taken, at("2026-03-01T00:00:00Z")).unwrap().unwrap();
            assert!(!taken.contains(&at));
            assert!(taken.last().is_none_or(|last| *last < at), "slots are handed out in order");
            taken.push(at);
        }
    }

    #[test]
    fn a_slot_is_readable_where_it_is_stored() {
        let friday = slot(Weekday::Friday, "18:00");
        let json = serde_json::to_string(&friday).unwrap();
        assert_eq!(json, r#"{"weekday":"fri","time":"18:00:00"}"#);
        assert_eq!(serde_json::from_str::<Slot>(&json).unwrap(), friday);
        assert!(serde_json::from_str::<Slot>(r#"{"weekday":"Friday","time":"18:00:00"}"#).is_err());
    }
}
