//! What somebody probably meant who wrote an offset (`GMT+2`, `UTC-5`, `utc+05:30`) where the name of a zone belongs.
//!
//! An offset is no zone: it knows no summer. The names that look like one, `Etc/GMT-2`, have the sign the other way around: hours
//! *west* of Greenwich are positive there. So the hint names a city, and the `Etc` zone that really is that offset.

/// A city for each offset in winter, in minutes east of Greenwich.
const CITIES: [(i32, &str); 30] = [
    (-600, "Pacific/Honolulu"),
    (-570, "Pacific/Marquesas"),
    (-540, "America/Anchorage"),
    (-480, "America/Los_Angeles"),
    (-420, "America/Denver"),
    (-360, "America/Chicago"),
    (-300, "America/New_York"),
    (-240, "America/Halifax"),
    (-210, "America/St_Johns"),
    (-180, "America/Sao_Paulo"),
    (-120, "America/Noronha"),
    (-60, "Atlantic/Cape_Verde"),
    (0, "Europe/London"),
    (60, "Europe/Berlin"),
    (120, "Europe/Helsinki"),
    (180, "Europe/Istanbul"),
    (210, "Asia/Tehran"),
    (240, "Asia/Dubai"),
    (270, "Asia/Kabul"),
    (300, "Asia/Karachi"),
    (330, "Asia/Kolkata"),
    (345, "Asia/Kathmandu"),
    (360, "Asia/Dhaka"),
    (390, "Asia/Yangon"),
    (420, "Asia/Bangkok"),
    (480, "Asia/Shanghai"),
    (540, "Asia/Tokyo"),
    (570, "Australia/Darwin"),
    (600, "Australia/Brisbane"),
    (720, "Pacific/Auckland"),
];

/// The zones for what was asked; `None` where it is no offset. An offset that no place has gives an empty list.
pub(super) fn zones_for(asked: &str) -> Option<Vec<String>> {
    let minutes = minutes_east(asked)?;
    let mut zones: Vec<String> =
        CITIES.iter().filter(|(offset, _)| *offset == minutes).map(|(_, city)| (*city).to_owned()).collect();
    if minutes % 60 == 0 {
        let hours = minutes / 60;
        let fixed = if hours == 0 { "Etc/UTC".into() } else { format!("Etc/GMT{:+}", -hours) };
        zones.extend(super::find_zone(&fixed).is_ok().then_some(fixed));
    }
    Some(zones)
}

/// `GMT+2`, `UTC-5:30`, `utc+0530`, `+01:00`: minutes east of Greenwich.
fn minutes_east(asked: &str) -> Option<i32> {
    let text = asked.trim().to_ascii_uppercase().replace('\u{2212}', "-");
    let text = text.strip_prefix("ETC/").unwrap_or(&text);
    let text = ["GMT", "UTC", "UT", "Z"]
        .iter()
        .find_map(|name| text.strip_prefix(name))
        .unwrap_or(text)
        .trim_start();
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(east), _) => (1, east),
        (_, Some(west)) => (-1, west),
        _ => return None,
    };
    let digits = digits.trim_start();
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours.to_owned(), minutes.to_owned()),
        None if digits.len() > 2 => {
            let minutes: String =
                digits.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
            (digits.strip_suffix(&minutes)?.to_owned(), minutes)
        }
        None => (digits.to_owned(), "0".into()),
    };
    let number = |text: &str| {
        let fits = (1..=2).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
        text.parse::<i32>().ok().filter(|_| fits)
    };
    let (hours, minutes) = (number(&hours)?, number(&minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn hint_has_the_sign_that_was_meant() {
        let check = |asked: &str, want: &[&str]| assert_eq!(zones_for(asked).unwrap(), want, "{asked}");
        check("GMT+2", &["Europe/Helsinki", "Etc/GMT-2"]);
        check("UTC+2", &["Europe/Helsinki", "Etc/GMT-2"]);
        check("utc+02:00", &["Europe/Helsinki", "Etc/GMT-2"]);
        check("+0200", &["Europe/Helsinki", "Etc/GMT-2"]);
        check("GMT-5", &["America/New_York", "Etc/GMT+5"]);
        check("UTC\u{2212}5", &["America/New_York", "Etc/GMT+5"]);
        check("UTC+5:30", &["Asia/Kolkata"]);
        check("UTC+0545", &["Asia/Kathmandu"]);
        check("UTC-5:30", &[]);
        check("UTC+0", &["Europe/London", "Etc/UTC"]);
        check("GMT+14", &["Etc/GMT-14"]);
        for no in [
            "GMT",
            "UTC",
            "Europe/Berlin",
            "GMT+15",
            "GMT+2:60",
            "GMT+",
            "+",
            "GMT+1x",
            "GMT+123456",
            "Etc/GMT",
            "час+2",
        ] {
            assert_eq!(zones_for(no), None, "{no}");
        }
    }

    /// Every zone that is named really has the offset it is named for, in its winter.
    #[test]
    fn every_city_has_its_offset() {
        for (minutes, city) in CITIES {
            let zone = super::super::find_zone(city).unwrap();
            let offsets = ["2027-01-10T00:00:00Z", "2027-07-10T00:00:00Z"]
                .map(|at| zone.to_offset(at.parse::<Timestamp>().unwrap()).seconds());
            assert_eq!(offsets.iter().min(), Some(&(minutes * 60)), "{city}");
        }
    }
}
