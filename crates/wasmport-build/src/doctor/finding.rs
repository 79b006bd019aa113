//! `Finding`: the result of one check, with the command that mends it.

use serde::Serialize;
use std::fmt::Display;

/// The weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// It may surprise.
    Note,
    /// It works, and something is slow, unused or out of date.
    Warning,
    /// An import, a build or a program fails because of it.
    Error,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Finding {
    /// The name of the check, such as `toolchain`.
    pub check: &'static str,
    /// The weight.
    pub level: Level,
    /// The thing that was checked, such as `rustc`.
    pub subject: String,
    /// The state of it, and for a problem its cause.
    pub cause: String,
    /// The mend, mostly a command to type; null if nothing is wrong.
    pub mend: Option<String>,
}

/// The number of findings by level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DiagnosisSummary {
    /// The number of things that are as they should be.
    pub ok: usize,
    /// The number of notes.
    pub notes: usize,
    /// The number of warnings.
    pub warnings: usize,
    /// The number of errors.
    pub errors: usize,
}

/// All findings, from [`diagnose`](super::diagnose).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Diagnosis {
    /// The version of the importer.
    pub version: &'static str,
    /// The findings, in the order of the checks.
    pub findings: Vec<Finding>,
    /// The number of findings by level.
    pub summary: DiagnosisSummary,
}

impl Diagnosis {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        let mut summary = DiagnosisSummary::default();
        for finding in &findings {
            *match finding.level {
                Level::Ok => &mut summary.ok,
                Level::Note => &mut summary.notes,
                Level::Warning => &mut summary.warnings,
                Level::Error => &mut summary.errors,
            } += 1;
        }
        Self { version: crate::VERSION, findings, summary }
    }
}

/// A check, which makes findings with its name.
#[derive(Clone, Copy)]
pub(super) struct Check(pub &'static str);

impl Check {
    pub fn ok(self, subject: &str, state: impl Into<String>) -> Finding {
        self.finding(Level::Ok, subject, state.into(), None)
    }

    pub fn find(
        self,
        level: Level,
        subject: &str,
        cause: impl Into<String>,
        mend: impl Into<String>,
    ) -> Finding {
        self.finding(level, subject, cause.into(), Some(mend.into()))
    }

    /// Reports an error, whose message may end with its help.
    pub fn failed(self, subject: &str, error: impl Display) -> Finding {
        self.failed_as(Level::Error, subject, error)
    }

    /// Reports an error as one of another level.
    pub fn failed_as(self, level: Level, subject: &str, error: impl Display) -> Finding {
        let text = error.to_string();
        match text.split_once("\n  help: ") {
            Some((cause, mend)) => self.finding(level, subject, cause.into(), Some(mend.into())),
            None => self.finding(level, subject, text, None),
        }
    }

    fn finding(self, level: Level, subject: &str, cause: String, mend: Option<String>) -> Finding {
        Finding { check: self.0, level, subject: subject.into(), cause, mend }
    }
}

/// Lists the first names of many.
pub(super) fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    let more = names.len().saturating_sub(SHOWN);
    let mut text = names
        .take(SHOWN)
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}
