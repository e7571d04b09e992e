//! Reading times and days: by a source's `time_format` or in the default forms, in its zone.
//!
//! Formats of fixed width (`%Y-%m-%d %H:%M`) and the default forms are read by hand, others by chrono.
//! Where a zone's day has one offset all day, which is nearly always, that offset is remembered.

use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::model::civil;
use crate::model::{Date, Timestamp};

/// A time as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// The instant.
    pub(super) at: Timestamp,
    /// As it was written, whatever the zone.
    pub(super) civil: NaiveDateTime,
}

/// Reads the times of one source.
#[derive(Debug)]
pub(super) struct Times {
    format: Format,
    zone: Tz,
    /// By day number modulo its length.
    days: Vec<Day>,
    last: Option<(String, Moment)>,
}

#[derive(Debug)]
enum Format {
    /// RFC 3339, with or without its offset, or a date.
    Default,
    /// chrono's items and, where all are of fixed width, the same as steps.
    Custom { text: String, items: Vec<Item<'static>>, steps: Option<Vec<Step>> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Literal(u8),
}

/// What is known of a day in the zone.
#[derive(Clone, Copy, Debug)]
struct Day {
    number: i32,
    /// Seconds east of UTC, where the same all day.
    offset: Option<i32>,
}

/// How many days' offsets are remembered: a little over a year's.
const DAYS: i32 = 512;

impl Times {
    /// Times of a format in a zone.
    pub(super) fn new(format: Option<&str>, zone: Tz) -> Self {
        let format = format.map_or(Format::Default, |text| Format::Custom {
            text: text.to_owned(),
            items: StrftimeItems::new(text).map(Item::to_owned).collect(),
            steps: steps(text),
        });
        let unknown = Day { number: i32::MIN, offset: None };
        Self { format, zone, days: vec![unknown; DAYS.unsigned_abs() as usize], last: None }
    }

    /// The form that is expected, for messages.
    pub(super) fn expected(&self) -> &str {
        match &self.format {
            Format::Default => "2027-03-01T09:00:00+08:00 or 2027-03-01",
            Format::Custom { text, .. } => text,
        }
    }

    /// Reads a time; `None` where it isn't one or its year isn't in 1 to 9999.
    pub(super) fn time(&mut self, text: &str) -> Option<Moment> {
        if let Some((last, moment)) = &self.last
            && last == text
        {
            return Some(*moment);
        }
        let (civil, offset) = match &self.format {
            Format::Default => default_form(text)?,
            Format::Custom { items, steps, .. } => match steps.as_deref().and_then(|steps| walk(steps, text))
            {
                Some(civil) => (civil, None),
                None => by_items(items, text)?,
            },
        };
        if !(1..=9999).contains(&civil.year()) {
            return None;
        }
        let at = match offset {
            Some(offset) => shifted(civil, offset),
            None => self.resolve(civil),
        };
        let moment = Moment { at, civil };
        let (last, known) = self.last.get_or_insert_with(|| (String::new(), moment));
        last.clear();
        last.push_str(text);
        *known = moment;
        Some(moment)
    }

    /// Reads a day: a date, or the day a time in the source's form names.
    pub(super) fn date(&mut self, text: &str) -> Option<Date> {
        let day = match iso_date(text) {
            Some(day) => day,
            None => match &self.format {
                Format::Default => default_form(text)?.0.date(),
                Format::Custom { items, .. } => by_items(items, text)?.0.date(),
            },
        };
        (1..=9999).contains(&day.year()).then(|| Date::from(day))
    }

    /// The civil time in the zone at an instant.
    pub(super) fn civil(&self, at: Timestamp) -> NaiveDateTime {
        civil::local(at, self.zone).unwrap_or_default()
    }

    fn resolve(&mut self, civil: NaiveDateTime) -> Timestamp {
        let number = Date::from(civil.date()).0;
        let place = usize::try_from(number.rem_euclid(DAYS)).unwrap_or(0);
        let zone = self.zone;
        let offset = match self.days.get_mut(place) {
            Some(day) if day.number == number => day.offset,
            Some(day) => {
                *day = Day { number, offset: offset_all_day(civil.date(), zone) };
                day.offset
            }
            None => None,
        };
        offset.map_or_else(|| civil::resolve(civil, zone), |offset| shifted(civil, offset))
    }
}

fn shifted(civil: NaiveDateTime, offset: i32) -> Timestamp {
    Timestamp(civil.and_utc().timestamp_millis() - i64::from(offset) * 1_000)
}

/// A day's offset from UTC in seconds, if every full hour of it has the same and only one.
fn offset_all_day(day: NaiveDate, zone: Tz) -> Option<i32> {
    let midnight = day.and_time(NaiveTime::MIN);
    let mut offsets = (0..=24).map(|hours| {
        match zone.offset_from_local_datetime(&(midnight.checked_add_signed(chrono::Duration::hours(hours))?))
        {
            MappedLocalTime::Single(offset) => Some(offset.fix().local_minus_utc()),
            MappedLocalTime::Ambiguous(..) | MappedLocalTime::None => None,
        }
    });
    let first = offsets.next()??;
    offsets.all(|offset| offset == Some(first)).then_some(first)
}

/// The steps of a format all of whose parts have a fixed width and that names a whole minute at least.
fn steps(format: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut bytes = format.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => match bytes.next()? {
                b'Y' => steps.push(Step::Year),
                b'm' => steps.push(Step::Month),
                b'd' => steps.push(Step::Day),
                b'H' => steps.push(Step::Hour),
                b'M' => steps.push(Step::Minute),
                b'S' => steps.push(Step::Second),
                _ => return None,
            },
            // Blanks match any number of blanks in chrono.
            b' ' | b'-' | b'/' | b'.' | b':' | b'T' => steps.push(Step::Literal(byte)),
            _ => return None,
        }
    }
    let once = |wanted: Step| steps.iter().filter(|&&step| step == wanted).count() == 1;
    let whole = [Step::Year, Step::Month, Step::Day, Step::Hour, Step::Minute].into_iter().all(once);
    (whole && steps.iter().filter(|&&step| step == Step::Second).count() <= 1).then_some(steps)
}

/// Reads by steps; `None` wherever chrono might see it otherwise.
fn walk(steps: &[Step], text: &str) -> Option<NaiveDateTime> {
    let mut rest = text.as_bytes();
    let (mut year, mut month, mut day, mut hour, mut minute, mut second) = (0, 0, 0, 0, 0, 0);
    for step in steps {
        match step {
            Step::Year => year = i32::try_from(digits(&mut rest, 4)?).ok()?,
            Step::Month => month = digits(&mut rest, 2)?,
            Step::Day => day = digits(&mut rest, 2)?,
            Step::Hour => hour = digits(&mut rest, 2)?,
            Step::Minute => minute = digits(&mut rest, 2)?,
            Step::Second => second = digits(&mut rest, 2)?,
            Step::Literal(byte) => literal(&mut rest, *byte)?,
        }
    }
    if !rest.is_empty() {
        return None;
    }
    NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second)
}

/// Takes so many digits off the front.
fn digits(rest: &mut &[u8], count: usize) -> Option<u32> {
    let (front, behind) = rest.split_at_checked(count)?;
    let mut number = 0;
    for byte in front {
        number = number * 10 + u32::from(byte.is_ascii_digit().then(|| byte - b'0')?);
    }
    *rest = behind;
    Some(number)
}

fn literal(rest: &mut &[u8], byte: u8) -> Option<()> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    (*first == byte).then_some(())
}

fn iso_date(text: &str) -> Option<NaiveDate> {
    let mut rest = text.as_bytes();
    let day = date_part(&mut rest)?;
    rest.is_empty().then_some(day)
}

fn date_part(rest: &mut &[u8]) -> Option<NaiveDate> {
    let year = i32::try_from(digits(rest, 4)?).ok()?;
    literal(rest, b'-')?;
    let month = digits(rest, 2)?;
    literal(rest, b'-')?;
    NaiveDate::from_ymd_opt(year, month, digits(rest, 2)?)
}

/// `2027-03-01`, `2027-03-01T09:00`, `2027-03-01 09:00:00.5`, the latter two also with `Z` or `+08:00`.
fn default_form(text: &str) -> Option<(NaiveDateTime, Option<i32>)> {
    let mut rest = text.as_bytes();
    let day = date_part(&mut rest)?;
    let Some((separator, behind)) = rest.split_first() else {
        return Some((day.and_time(NaiveTime::MIN), None));
    };
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    rest = behind;
    let hour = digits(&mut rest, 2)?;
    literal(&mut rest, b':')?;
    let minute = digits(&mut rest, 2)?;
    let (mut second, mut nanosecond) = (0, 0);
    if rest.first() == Some(&b':') {
        literal(&mut rest, b':')?;
        second = digits(&mut rest, 2)?;
        if rest.first() == Some(&b'.') {
            literal(&mut rest, b'.')?;
            nanosecond = fraction(&mut rest)?;
        }
    }
    // A leap second is the second after which it comes.
    let second = if second == 60 { 59 } else { second };
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanosecond)?;
    Some((day.and_time(time), offset(rest)?))
}

/// The digits of a fraction of a second, in nanoseconds.
fn fraction(rest: &mut &[u8]) -> Option<u32> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (front, behind) = rest.split_at_checked(count).filter(|(front, _)| !front.is_empty())?;
    *rest = behind;
    let padded = front.iter().map(|byte| u32::from(byte - b'0')).chain(std::iter::repeat(0));
    Some(padded.take(9).fold(0, |number, digit| number * 10 + digit))
}

/// What follows the time: nothing, or an offset in seconds. The outer `None`: neither.
#[expect(clippy::option_option, reason = "no offset and no valid offset are different answers")]
fn offset(mut rest: &[u8]) -> Option<Option<i32>> {
    let sign = match rest {
        [] => return Some(None),
        [b'Z' | b'z'] => return Some(Some(0)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    rest = rest.get(1..)?;
    let hours = digits(&mut rest, 2)?;
    if rest.first() == Some(&b':') {
        literal(&mut rest, b':')?;
    }
    let minutes = digits(&mut rest, 2)?;
    let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
    (rest.is_empty() && hours < 24 && minutes < 60).then_some(Some(sign * seconds))
}

/// Reads by chrono: a format may leave out seconds, minutes or the whole time of day, and may hold an
/// offset or a Unix time.
fn by_items(items: &[Item<'static>], text: &str) -> Option<(NaiveDateTime, Option<i32>)> {
    let mut parsed = Parsed::new();
    chrono::format::parse(&mut parsed, text, items.iter()).ok()?;
    if parsed.timestamp().is_some() {
        return Some((parsed.to_naive_datetime_with_offset(0).ok()?, Some(0)));
    }
    let day = parsed.to_naive_date().ok()?;
    let timeless = parsed.hour_mod_12().is_none() && parsed.minute().is_none();
    if timeless {
        return Some((day.and_time(NaiveTime::MIN), parsed.offset()));
    }
    if parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    Some((day.and_time(parsed.to_naive_time().ok()?), parsed.offset()))
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::London;
    use proptest::prelude::*;

    use super::*;

    fn read(format: Option<&str>, zone: Tz, text: &str) -> Option<String> {
        Times::new(format, zone).time(text).map(|moment| moment.at.to_string())
    }

    #[test]
    fn a_time_without_an_offset_is_in_the_zone() {
        let form = Some("%Y-%m-%d %H:%M");
        assert_eq!(read(form, London, "2010-12-01 08:26").as_deref(), Some("2010-12-01T08:26:00Z"));
        assert_eq!(read(form, London, "2011-07-01 08:26").as_deref(), Some("2011-07-01T07:26:00Z"));
        assert_eq!(
            read(None, chrono_tz::Asia::Shanghai, "2027-03-01").as_deref(),
            Some("2027-02-28T16:00:00Z")
        );
        assert_eq!(read(None, London, "2011-07-01 08:26").as_deref(), Some("2011-07-01T07:26:00Z"));
    }

    #[test]
    fn an_offset_wins_over_the_zone() {
        assert_eq!(read(None, London, "2027-07-01T09:00:00+08:00").as_deref(), Some("2027-07-01T01:00:00Z"));
        assert_eq!(
            read(None, London, "2027-07-01T09:00:00.25Z").as_deref(),
            Some("2027-07-01T09:00:00.250Z")
        );
        let form = Some("%d.%m.%Y %H:%M %z");
        assert_eq!(read(form, London, "01.07.2027 09:00 +0800").as_deref(), Some("2027-07-01T01:00:00Z"));
        assert_eq!(read(Some("%s"), London, "86400").as_deref(), Some("1970-01-02T00:00:00Z"));
    }

    #[test]
    fn a_skipped_time_means_the_moment_after_the_gap_and_a_repeated_one_the_first() {
        assert_eq!(read(None, London, "2027-03-28T01:30").as_deref(), Some("2027-03-28T01:00:00Z"));
        assert_eq!(read(None, London, "2027-10-31T01:30").as_deref(), Some("2027-10-31T00:30:00Z"));
        let form = Some("%Y-%m-%d %H:%M");
        assert_eq!(read(form, London, "2027-03-28 01:30").as_deref(), Some("2027-03-28T01:00:00Z"));
        assert_eq!(read(form, London, "2027-10-31 01:30").as_deref(), Some("2027-10-31T00:30:00Z"));
    }

    #[test]
    fn formats_may_leave_out_the_time_of_day_or_its_smaller_parts() {
        assert_eq!(read(Some("%d/%m/%Y"), London, "1/7/2027").as_deref(), Some("2027-06-30T23:00:00Z"));
        assert_eq!(read(Some("%Y%m%d %H"), London, "20270101 09").as_deref(), Some("2027-01-01T09:00:00Z"));
        assert_eq!(
            read(Some("%m/%d/%y %I:%M %p"), London, "01/02/27 03:04 PM").as_deref(),
            Some("2027-01-02T15:04:00Z")
        );
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2027-02-29",
            "2027-13-01",
            "27-01-01",
            "2027-01-01T25:00",
            "2027-01-01T09:00+25:00",
            "0000-01-01",
            "2027-01-01x",
        ] {
            assert_eq!(read(None, London, text), None, "{text}");
        }
        assert_eq!(read(Some("%Y-%m-%d %H:%M"), London, "2027-01-01"), None);
        assert_eq!(read(Some("%Y-%m-%d %H:%M"), London, "2027-01-01 09:00 "), None);
    }

    #[test]
    fn a_day_is_read_from_a_date_or_a_time() {
        let mut times = Times::new(Some("%d/%m/%Y %H:%M"), London);
        assert_eq!(times.date("2027-03-01"), Date::parse("2027-03-01"));
        assert_eq!(times.date("01/03/2027 23:59"), Date::parse("2027-03-01"));
        assert_eq!(Times::new(None, London).date("2027-03-01T23:59:00-05:00"), Date::parse("2027-03-01"));
    }

    proptest! {
        #[test]
        fn reading_by_hand_is_reading_by_chrono(text in "[0-9]{4}-[0-9]{1,2}-[0-9]{2} [0-2]?[0-9]:[0-6][0-9]") {
            let form = "%Y-%m-%d %H:%M";
            let mut times = Times::new(Some(form), London);
            let expected = NaiveDateTime::parse_from_str(&text, form).ok()
                .filter(|civil| (1..=9999).contains(&civil.year()))
                .map(|civil| civil::resolve(civil, London));
            prop_assert_eq!(times.time(&text).map(|moment| moment.at), expected);
        }

        #[test]
        fn the_remembered_offset_is_the_zones(
            days in 0_i64..40_000, minutes in 0_i64..1_440,
            zone in prop::sample::select(vec![London, chrono_tz::Australia::Lord_Howe, chrono_tz::Pacific::Apia, chrono_tz::Africa::Casablanca]),
        ) {
            let civil = NaiveDateTime::default() + chrono::Duration::minutes(days * 1_440 + minutes);
            let mut times = Times::new(None, zone);
            prop_assert_eq!(times.resolve(civil), civil::resolve(civil, zone));
            prop_assert_eq!(times.resolve(civil), civil::resolve(civil, zone));
        }
    }
}
