//! Times as a person writes them, and the instants they mean.

use chrono::{
    DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
};
use evergrant_core::{Instant, Zone};

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// It could not be read.
    #[error(
        "\"{0}\" is not a time; write it like 18:00, \"tomorrow 9:00\", \"2026-12-24 18:00\", \
         \"in 30m\" or 2026-12-24T18:00:00+01:00"
    )]
    NotATime(String),
    /// It could not be read.
    #[error("\"{0}\" is not a length of time; write it like 30m, 2h, 1h30m or 3d")]
    NotASpan(String),
    /// There is no such zone.
    #[error("\"{0}\" is not a time zone; write it like Europe/Berlin or UTC")]
    NotAZone(String),
    /// The clocks skip it.
    #[error(
        "{local} does not exist in {zone}: the clocks are put forward over it; choose an earlier \
         or a later time"
    )]
    Skipped {
        /// As it was written.
        local: String,
        /// Where.
        zone: String,
    },
    /// The clocks show it twice.
    #[error(
        "{local} comes twice in {zone}, because the clocks are put back; write {first} or {second}"
    )]
    Twice {
        /// As it was written.
        local: String,
        /// Where.
        zone: String,
        /// The earlier one, with its offset.
        first: String,
        /// The later one, with its offset.
        second: String,
    },
    /// It is over.
    #[error("{0} is in the past")]
    Past(String),
}

/// A time somebody may write a little late.
const GRACE: TimeDelta = TimeDelta::minutes(1);

/// The instant that `text` means in `zone`, seen from `now`.
///
/// A time of day alone is the next one: today's, or tomorrow's if that is over.
pub fn parse(text: &str, zone: &Zone, now: Instant) -> Result<Instant, WhenError> {
    let text = text.trim();
    let wrong = || WhenError::NotATime(text.to_owned());
    if text.eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    if let Some(rest) = strip_word(text, "in") {
        return now.checked_add_signed(span(rest)?).ok_or_else(wrong);
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return not_past(at.to_utc(), text, now);
    }
    let today = now.with_timezone(zone).date_naive();
    let local = if let Some(time) = time_of_day(text) {
        let at = resolve(today.and_time(time), zone)?;
        if at >= now {
            return Ok(at);
        }
        today.succ_opt().ok_or_else(wrong)?.and_time(time)
    } else if let Some(rest) = strip_word(text, "today") {
        today.and_time(time_of_day(rest).ok_or_else(wrong)?)
    } else if let Some(rest) = strip_word(text, "tomorrow") {
        today
            .succ_opt()
            .ok_or_else(wrong)?
            .and_time(time_of_day(rest).ok_or_else(wrong)?)
    } else {
        date_and_time(text).ok_or_else(wrong)?
    };
    not_past(resolve(local, zone)?, text, now)
}

/// A length of time such as `30m`, `2h`, `1h30m` or `3 days`; seconds need their unit too.
pub fn span(text: &str) -> Result<TimeDelta, WhenError> {
    let wrong = || WhenError::NotASpan(text.trim().to_owned());
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut rest = compact.as_str();
    let mut total = TimeDelta::zero();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let seconds = match rest[..letters].to_ascii_lowercase().as_str() {
            "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 604_800,
            _ => return Err(wrong()),
        };
        rest = &rest[letters..];
        let part = number.checked_mul(seconds).and_then(TimeDelta::try_seconds);
        total = part
            .and_then(|part| total.checked_add(&part))
            .ok_or_else(wrong)?;
    }
    Ok(total)
}

/// The zone of that name; this computer's if none is given.
pub fn zone(name: Option<&str>) -> Result<Zone, WhenError> {
    if let Some(name) = name {
        return name
            .parse()
            .map_err(|_| WhenError::NotAZone(name.to_owned()));
    }
    let asked = std::env::var("TZ").ok();
    let here = asked.and_then(|name| name.trim_start_matches(':').parse().ok());
    Ok(here.unwrap_or_else(|| {
        iana_time_zone::get_timezone()
            .ok()
            .and_then(|name| name.parse().ok())
            .unwrap_or(Zone::UTC)
    }))
}

fn resolve(local: NaiveDateTime, zone: &Zone) -> Result<Instant, WhenError> {
    let written = || local.format("%Y-%m-%d %H:%M").to_string();
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => Ok(at.to_utc()),
        MappedLocalTime::None => Err(WhenError::Skipped {
            local: written(),
            zone: zone.name().to_owned(),
        }),
        MappedLocalTime::Ambiguous(first, second) => {
            let with_offset = |at: DateTime<Zone>| {
                at.with_timezone(&at.offset().fix())
                    .format("%Y-%m-%dT%H:%M:%S%:z")
                    .to_string()
            };
            Err(WhenError::Twice {
                local: written(),
                zone: zone.name().to_owned(),
                first: with_offset(first),
                second: with_offset(second),
            })
        }
    }
}

fn not_past(at: Instant, text: &str, now: Instant) -> Result<Instant, WhenError> {
    if at + GRACE < now {
        Err(WhenError::Past(text.to_owned()))
    } else {
        Ok(at)
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then(|| rest.trim())
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

fn date_and_time(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.split_once(['T', ' '])?;
    let date = NaiveDate::parse_from_str(date.trim(), "%Y-%m-%d").ok()?;
    Some(date.and_time(time_of_day(time.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> Zone {
        "Europe/Berlin".parse().unwrap()
    }

    fn at(text: &str) -> Instant {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn noon() -> Instant {
        at("2026-07-01T10:00:00Z")
    }

    #[test]
    fn a_time_is_read_in_the_zone() {
        for (text, meant) in [
            ("2026-12-24 18:00", "2026-12-24T17:00:00Z"),
            ("2026-12-24T18:00", "2026-12-24T17:00:00Z"),
            ("2026-07-24 18:00:30", "2026-07-24T16:00:30Z"),
            ("18:00", "2026-07-01T16:00:00Z"),
            ("9:00", "2026-07-02T07:00:00Z"),
            ("today 18:00", "2026-07-01T16:00:00Z"),
            ("Tomorrow 9:00", "2026-07-02T07:00:00Z"),
            ("2026-12-24T18:00:00-05:00", "2026-12-24T23:00:00Z"),
            ("in 30m", "2026-07-01T10:30:00Z"),
            ("in 1 day 2 hours", "2026-07-02T12:00:00Z"),
            ("now", "2026-07-01T10:00:00Z"),
        ] {
            assert_eq!(parse(text, &berlin(), noon()), Ok(at(meant)), "{text}");
        }
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_refused() {
        let error = parse("2027-03-28 02:30", &berlin(), noon()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2027-03-28 02:30 does not exist in Europe/Berlin: the clocks are put forward over it; \
             choose an earlier or a later time"
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_refused_with_both_written_out() {
        let error = parse("2026-10-25 02:30", &berlin(), noon()).unwrap_err();
        let WhenError::Twice { first, second, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(first, "2026-10-25T02:30:00+02:00");
        assert_eq!(
            parse(&first, &berlin(), noon()),
            Ok(at("2026-10-25T00:30:00Z"))
        );
        assert_eq!(
            parse(&second, &berlin(), noon()),
            Ok(at("2026-10-25T01:30:00Z"))
        );
    }

    #[test]
    fn nonsense_and_the_past_are_told_apart() {
        for text in [
            "",
            "soon",
            "25:00",
            "2026-13-01 10:00",
            "tomorrow",
            "2026-12-24",
        ] {
            assert!(
                matches!(parse(text, &berlin(), noon()), Err(WhenError::NotATime(_))),
                "{text}"
            );
        }
        for text in ["2026-06-30 18:00", "today 9:00", "2020-01-01T00:00:00Z"] {
            assert!(
                matches!(parse(text, &berlin(), noon()), Err(WhenError::Past(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_span_needs_its_unit() {
        assert_eq!(span("1h30m"), Ok(TimeDelta::minutes(90)));
        assert_eq!(span("2 days"), Ok(TimeDelta::days(2)));
        for text in [
            "",
            "30",
            "h",
            "5x",
            "-1h",
            "99999999999999999999h",
            "9999999999999999w",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_unknown_zone_is_refused() {
        assert_eq!(
            zone(Some("Mars/Base")),
            Err(WhenError::NotAZone("Mars/Base".into()))
        );
        assert_eq!(zone(Some("Europe/Berlin")), Ok(berlin()));
    }
}
