//! Extended headers of tar: names, links and times that do not fit into the fixed ones.
//!
//! Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>.

/// Key of our own record: the entry is read-only for guests.
pub(super) const READ_ONLY: &str = "WASMPORT.readonly";

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// Parts the records of an extended header. Values may contain any bytes, also line ends.
pub(super) fn records(mut bytes: &[u8]) -> Result<Vec<(&str, &[u8])>, &'static str> {
    const DAMAGED: &str = "its extended header is damaged";
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ').ok_or(DAMAGED)?;
        let len = std::str::from_utf8(&bytes[..space]).ok().and_then(|len| len.parse().ok());
        let len: usize = len.ok_or(DAMAGED)?;
        let record = bytes.get(space + 1..len).and_then(|record| record.strip_suffix(b"\n"));
        let record = record.ok_or(DAMAGED)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or(DAMAGED)?;
        let key = std::str::from_utf8(&record[..equals]).map_err(|_| DAMAGED)?;
        records.push((key, &record[equals + 1..]));
        bytes = &bytes[len..];
    }
    Ok(records)
}

/// Writes nanoseconds since 1970 as a record has them.
pub(super) fn time(nanos: u64) -> String {
    match nanos % SECOND {
        0 => (nanos / SECOND).to_string(),
        rest => format!("{}.{rest:09}", nanos / SECOND),
    }
}

/// Reads the time of a record as nanoseconds since 1970; times before are 1970.
pub(super) fn parse_time(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let (text, is_before) = match text.strip_prefix('-') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    if is_before {
        return Some(0);
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let seconds = seconds.parse().unwrap_or(u64::MAX);
    Some(from_seconds(seconds).saturating_add(digits.parse().ok()?))
}

/// Returns seconds as nanoseconds.
pub(super) fn from_seconds(seconds: u64) -> u64 {
    seconds.saturating_mul(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_parted_by_their_length() {
        let parted = records(b"12 path=a\nb\n7 k==\n\n").unwrap();
        assert_eq!(parted, [("path", &b"a\nb"[..]), ("k", b"=\n")]);
        for damaged in [
            "12 path=a\n",
            "x path=a\n",
            "0 a=b\n",
            "3 a=b\n",
            "18446744073709551616 a=b\n",
            "7 pathx\n",
            "9",
        ] {
            assert!(records(damaged.as_bytes()).is_err(), "{damaged}");
        }
    }

    #[test]
    fn times_have_nanoseconds() {
        for nanos in [0, 1, 999_999_999, SECOND, 1_700_000_000_123_456_789, u64::MAX] {
            assert_eq!(parse_time(time(nanos).as_bytes()), Some(nanos));
        }
        assert_eq!(parse_time(b"1.5"), Some(1_500_000_000));
        assert_eq!(parse_time(b"1.1234567899"), Some(1_123_456_789));
        assert_eq!(parse_time(b"-1.5"), Some(0));
        assert_eq!(parse_time(b"99999999999999999999"), Some(u64::MAX));
        for damaged in ["", ".", "1e9", "+1", "--1", "1.-5", "\u{0661}"] {
            assert_eq!(parse_time(damaged.as_bytes()), None, "{damaged}");
        }
    }
}
