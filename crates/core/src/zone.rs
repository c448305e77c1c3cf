//! The zones in which people choose and read times.
//!
//! They come with the program, in the compact form of RFC 9636: tables with an address in every line would
//! have to be put right at each start of the program, which took longer than all else it does then.

use std::fmt;
use std::str::FromStr;

use chrono::{
    FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone, Utc,
};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZoneDatabase};

/// A time zone of the IANA database, by its name there.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(jiff::tz::TimeZone);

/// There is no zone of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone called \"{0}\"")]
pub struct NoSuchZone(String);

impl Zone {
    /// The zone without an offset.
    pub const UTC: Self = Self(jiff::tz::TimeZone::UTC);

    /// Its name in the database, such as `Europe/Berlin`.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl FromStr for Zone {
    type Err = NoSuchZone;

    /// Takes the name as the database writes it.
    fn from_str(name: &str) -> Result<Self, NoSuchZone> {
        TimeZoneDatabase::bundled()
            .get(name)
            .ok()
            .map(Self)
            .filter(|zone| zone.name() == name && !zone.0.is_unknown())
            .ok_or_else(|| NoSuchZone(name.to_owned()))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TimeZone for Zone {
    type Offset = FixedOffset;

    fn from_offset(offset: &FixedOffset) -> Self {
        let offset = Offset::from_seconds(offset.local_minus_utc());
        Self(offset.map_or(jiff::tz::TimeZone::UTC, jiff::tz::TimeZone::fixed))
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<FixedOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
        // Read as if it were a time without an offset, which it is taken from again.
        let civil = Offset::UTC.to_datetime(timestamp(local));
        match self.0.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => MappedLocalTime::Single(fixed(offset)),
            AmbiguousOffset::Gap { .. } => MappedLocalTime::None,
            AmbiguousOffset::Fold { before, after } => {
                MappedLocalTime::Ambiguous(fixed(before), fixed(after))
            }
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> FixedOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
        fixed(self.0.to_offset(timestamp(utc)))
    }
}

/// A time beyond the years that jiff knows (-9999 to 9999) has the offset of the first or last of them.
fn timestamp(time: &NaiveDateTime) -> Timestamp {
    let time = time.and_utc();
    let (seconds, nanos) = (time.timestamp(), time.timestamp_subsec_nanos());
    Timestamp::new(seconds, nanos.min(999_999_999).cast_signed()).unwrap_or(if seconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

fn fixed(offset: Offset) -> FixedOffset {
    // No zone is a day off, which is all that chrono refuses.
    FixedOffset::east_opt(offset.seconds()).unwrap_or(Utc.fix())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn local(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn meant(name: &str, text: &str) -> MappedLocalTime<String> {
        zone(name)
            .from_local_datetime(&local(text))
            .map(|at| at.to_rfc3339())
    }

    #[test]
    fn a_time_has_the_offset_of_its_day_also_in_years_to_come() {
        for (name, at, shown) in [
            (
                "Europe/Berlin",
                "2026-07-01T10:00:00",
                "2026-07-01T12:00:00+02:00",
            ),
            (
                "Europe/Berlin",
                "2026-12-01T10:00:00",
                "2026-12-01T11:00:00+01:00",
            ),
            (
                "Europe/Berlin",
                "2099-07-01T10:00:00",
                "2099-07-01T12:00:00+02:00",
            ),
            (
                "America/St_Johns",
                "2026-01-15T00:00:00",
                "2026-01-14T20:30:00-03:30",
            ),
            (
                "Asia/Kathmandu",
                "2026-01-15T00:00:00",
                "2026-01-15T05:45:00+05:45",
            ),
            ("UTC", "2026-01-15T00:00:00", "2026-01-15T00:00:00+00:00"),
        ] {
            let at = local(at).and_utc().with_timezone(&zone(name));
            assert_eq!(at.to_rfc3339(), shown, "{name}");
        }
    }

    #[test]
    fn a_time_that_is_skipped_is_none_and_one_that_comes_twice_is_two() {
        assert_eq!(
            meant("Europe/Berlin", "2027-03-28T02:30:00"),
            MappedLocalTime::None
        );
        assert_eq!(
            meant("Europe/Berlin", "2026-10-25T02:30:00"),
            MappedLocalTime::Ambiguous(
                "2026-10-25T02:30:00+02:00".into(),
                "2026-10-25T02:30:00+01:00".into()
            )
        );
        assert_eq!(
            meant("America/New_York", "2026-07-04T12:00:00"),
            MappedLocalTime::Single("2026-07-04T12:00:00-04:00".into())
        );
    }

    #[test]
    fn only_names_of_the_database_are_zones() {
        for name in [
            "Mars/Base",
            "europe/berlin",
            "",
            "Etc/Unknown",
            "../etc/passwd",
        ] {
            assert_eq!(name.parse::<Zone>(), Err(NoSuchZone(name.into())));
        }
        for name in [
            "UTC",
            "Etc/UTC",
            "Asia/Calcutta",
            "US/Pacific",
            "Pacific/Apia",
        ] {
            assert_eq!(zone(name).name(), name);
        }
    }

    #[test]
    fn an_offset_is_a_zone_too() {
        let offset = FixedOffset::west_opt(3 * 3600 + 1800).unwrap();
        assert_eq!(
            Zone::from_offset(&offset).offset_from_utc_datetime(&local("2026-01-01T00:00:00")),
            offset
        );
    }

    #[test]
    fn times_that_are_far_off_have_an_offset() {
        let berlin = zone("Europe/Berlin");
        for time in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            let _ = berlin.offset_from_utc_datetime(&time);
            let _ = berlin.offset_from_local_datetime(&time);
        }
    }
}
