//! Moments in the three forms of the AWS protocols.

use crate::schema::TimestampFormat;
use lambent_types::Timestamp;

const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// Seconds since the epoch; the value is rounded to microseconds. `None` outside of what a clock can show.
pub(crate) fn from_epoch_seconds(seconds: f64) -> Option<Timestamp> {
    const LIMIT: f64 = 9_000_000_000_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
    (seconds.abs() < LIMIT).then(|| Timestamp::from_micros((seconds * 1_000_000.0).round() as i64))
}

/// Seconds with as many digits after the point as are needed, and no more than six.
pub(crate) fn to_epoch_seconds(moment: Timestamp) -> String {
    let micros = moment.as_micros();
    let sign = if micros < 0 { "-" } else { "" };
    let text = format!(
        "{sign}{}.{:06}",
        micros.unsigned_abs() / 1_000_000,
        micros.unsigned_abs() % 1_000_000
    );
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads a moment from text outside of a JSON document.
pub(crate) fn parse(text: &str, format: TimestampFormat) -> Option<Timestamp> {
    match format {
        TimestampFormat::EpochSeconds => text.parse().ok().and_then(from_epoch_seconds),
        TimestampFormat::Iso8601 => text
            .parse::<jiff::Timestamp>()
            .ok()
            .map(|moment| Timestamp::from_micros(moment.as_microsecond())),
        TimestampFormat::HttpDate => jiff::fmt::rfc2822::parse(text)
            .ok()
            .map(|moment| Timestamp::from_micros(moment.timestamp().as_microsecond())),
    }
}

/// Writes a moment as text.
pub(crate) fn print(moment: Timestamp, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::EpochSeconds => to_epoch_seconds(moment),
        TimestampFormat::Iso8601 => moment.to_iso_millis(),
        TimestampFormat::HttpDate => moment.format(HTTP_DATE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_reads_what_it_prints() {
        let moment = Timestamp::from_micros(1_795_435_534_000_000);
        for format in [
            TimestampFormat::EpochSeconds,
            TimestampFormat::Iso8601,
            TimestampFormat::HttpDate,
        ] {
            assert_eq!(parse(&print(moment, format), format), Some(moment), "{format:?}");
        }
        assert_eq!(to_epoch_seconds(Timestamp::from_micros(1_500_000)), "1.5");
        assert_eq!(to_epoch_seconds(Timestamp::from_micros(-20_000_000)), "-20");
        assert_eq!(parse("yesterday", TimestampFormat::Iso8601), None);
        assert_eq!(from_epoch_seconds(f64::NAN), None);
        assert_eq!(from_epoch_seconds(1e300), None);
    }
}
