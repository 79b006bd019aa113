//! `Choice`: which artifact of an asset a runtime runs, and why none of the others.

use super::compat::Program;
use super::{BackEnd, Mismatch};
use crate::{Artifact, Asset};
use std::fmt;

/// Which artifact of an asset a [`Runtime`](crate::Runtime) runs, and why none of the others.
///
/// As text, it has a line for each:
///
/// ```text
/// x86_64-unknown-linux-gnu: fits, and x86_64-unknown-linux-gnu+v3 uses more of this machine
/// x86_64-unknown-linux-gnu+v3: chosen
/// x86_64-unknown-linux-gnu+v4: needs the CPU feature avx512f, which this machine lacks
/// portable: for portable, this runtime has machine code as its back end
/// ```
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    back_end: BackEnd,
    chosen: Option<&'a Artifact>,
    mismatches: Vec<Mismatch>,
    verdicts: Vec<(&'a Artifact, Vec<Mismatch>)>,
}

impl<'a> Choice<'a> {
    pub(crate) fn new(program: &Program<'_>, asset: &'a Asset) -> Self {
        let (chosen, mismatches) = match program.choose(asset) {
            Ok(artifact) => (Some(artifact), Vec::new()),
            Err(mismatches) => (None, mismatches),
        };
        let verdicts = program.verdicts(asset).collect();
        Self { back_end: program.back_end, chosen, mismatches, verdicts }
    }

    /// What would run it.
    #[must_use]
    pub fn back_end(&self) -> BackEnd {
        self.back_end
    }

    /// The artifact; none where none fits.
    #[must_use]
    pub fn chosen(&self) -> Option<&'a Artifact> {
        self.chosen
    }

    /// Where none fits, in what the one that comes closest does not.
    #[must_use]
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// Each artifact, with all in which it does not fit.
    pub fn verdicts(&self) -> impl Iterator<Item = (&'a Artifact, &[Mismatch])> {
        self.verdicts.iter().map(|(artifact, mismatches)| (*artifact, mismatches.as_slice()))
    }
}

impl fmt::Display for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (artifact, mismatches)) in self.verdicts.iter().enumerate() {
            let line = if i == 0 { "" } else { "\n" };
            write!(f, "{line}{}: ", artifact.target())?;
            match self.chosen {
                Some(chosen) if std::ptr::eq(chosen, *artifact) => f.write_str("chosen")?,
                Some(chosen) if mismatches.is_empty() => {
                    write!(f, "fits, and {} uses more of this machine", chosen.target())?;
                }
                _ => {
                    for (i, mismatch) in mismatches.iter().enumerate() {
                        write!(f, "{}{mismatch}", if i == 0 { "" } else { "; " })?;
                    }
                }
            }
        }
        if self.verdicts.is_empty() {
            f.write_str("it has no artifact")?;
        }
        Ok(())
    }
}
