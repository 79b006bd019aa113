//! `Partition`: one of the parts into which several jobs split an import.

use serde::{Serialize, Serializer};
use std::fmt;
use std::num::{NonZeroU32, ParseIntError};
use std::str::FromStr;

/// Part K of N of an import that N jobs share. Parts count from 1, and the text is `K/N`.
///
/// ```
/// # use wasmport_build::Partition;
/// let partition: Partition = "2/4".parse().unwrap();
/// assert_eq!((partition.part(), partition.parts()), (2, 4));
/// assert_eq!(partition.to_string(), "2/4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition {
    part: NonZeroU32,
    parts: NonZeroU32,
}

/// The reason why a part does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The text has no slash.
    #[error("it is part and number of parts, such as `2/4`")]
    Malformed,
    /// The text has something else than numbers around the slash.
    #[error(
        "`{text}` is no number of a part: {source}; it is part and number of parts, such as `2/4`"
    )]
    NotANumber {
        /// The text.
        text: String,
        /// The reason.
        source: ParseIntError,
    },
    /// The part or the number of parts is 0.
    #[error("parts count from 1: four parts are `1/4` to `4/4`")]
    Zero,
    /// There are fewer parts.
    #[error("there is no part {part} of {parts}: the last one is `{parts}/{parts}`")]
    Beyond {
        /// The part.
        part: u32,
        /// The number of parts.
        parts: u32,
    },
}

impl Partition {
    /// Returns part `part` of `parts`.
    ///
    /// # Errors
    ///
    /// Fails with [`PartitionError`] if one of the numbers is 0, or if there are fewer parts.
    pub fn new(part: u32, parts: u32) -> Result<Self, PartitionError> {
        let (Some(one), Some(all)) = (NonZeroU32::new(part), NonZeroU32::new(parts)) else {
            return Err(PartitionError::Zero);
        };
        if part > parts {
            return Err(PartitionError::Beyond { part, parts });
        }
        Ok(Self { part: one, parts: all })
    }

    /// Returns the part, from 1.
    #[must_use]
    pub fn part(self) -> u32 {
        self.part.get()
    }

    /// Returns the number of parts.
    #[must_use]
    pub fn parts(self) -> u32 {
        self.parts.get()
    }
}

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, PartitionError> {
        let (part, parts) = text.split_once('/').ok_or(PartitionError::Malformed)?;
        let number = |text: &str| {
            let not_a_number = |source| PartitionError::NotANumber {
                text: text.escape_debug().to_string(),
                source,
            };
            text.parse().map_err(not_a_number)
        };
        Self::new(number(part)?, number(parts)?)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.parts)
    }
}

impl Serialize for Partition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_count_from_1_to_their_number() {
        let parse = |text: &str| text.parse::<Partition>();
        for text in ["1/1", "1/4", "4/4", "4294967295/4294967295"] {
            assert_eq!(parse(text).map(|partition| partition.to_string()), Ok(text.into()));
        }
        for (text, message) in [
            ("", "it is part and number of parts, such as `2/4`"),
            ("3", "it is part and number of parts, such as `2/4`"),
            ("0/4", "parts count from 1: four parts are `1/4` to `4/4`"),
            ("0/0", "parts count from 1: four parts are `1/4` to `4/4`"),
            ("1/0", "parts count from 1: four parts are `1/4` to `4/4`"),
            ("5/4", "there is no part 5 of 4: the last one is `4/4`"),
        ] {
            assert_eq!(
                parse(text).map_err(|error| error.to_string()),
                Err(message.into()),
                "{text}"
            );
        }
        for text in ["/", "a/4", "1/b", "1/4/4", "-1/4", "1/-4", " 1/4", "1/4294967296", "$K/4"] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, PartitionError::NotANumber { .. }), "{text}: {error}");
        }
    }
}
