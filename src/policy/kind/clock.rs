//! Times of day: `"09:30"`.

use crate::policy::codes;
use crate::policy::raw::Reader;

/// Minutes of a day.
pub(crate) const DAY: u16 = 24 * 60;

/// Reads `"09:30"` as minutes since midnight; `"24:00"` is the end of the day.
fn parse(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hour, minute) = (number(hour)?, number(minute).filter(|_| minute.len() == 2)?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some(minutes)
}

/// Reads the time of day under a key, in minutes since midnight, and reports what is none.
pub(crate) fn read(reader: &Reader<'_>, key: &str) -> Option<u16> {
    let text = reader.text(key)?;
    let minutes = parse(&text.value);
    if minutes.is_none() {
        reader
            .sink
            .problem(&codes::table::BAD_CLOCK, &text.place, format!("`{}` is no time of day", text.value))
            .help("hours and minutes of 24 hours, as in \"09:30\"")
            .report();
    }
    minutes
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_time_of_day_is_hours_and_minutes() {
        assert_eq!(parse("09:30"), Some(570));
        assert_eq!(parse("9:30"), Some(570));
        assert_eq!(parse("00:00"), Some(0));
        assert_eq!(parse("24:00"), Some(1_440));
        for text in ["24:01", "9", "9:3", "09:60", "-1:00", "9:30 pm", "009:30", "", ":"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
