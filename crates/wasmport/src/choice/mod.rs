//! `Choice`: the artifact of an asset that a runtime runs, and why it rejects the others.

mod program;

pub(crate) use program::Program;

use crate::asset::{AnyAsset, Artifact};
use crate::engine::{BackEnd, Mismatch};
use std::fmt;

/// The artifact of an asset that a [`Runtime`](crate::Runtime) runs, and why it rejects the others.
///
/// `Display` writes a line for each artifact:
///
/// ```text
/// x86_64-unknown-linux-gnu: fits, and x86_64-unknown-linux-gnu+v3 uses more of this machine
/// x86_64-unknown-linux-gnu+v3: chosen
/// x86_64-unknown-linux-gnu+v4: needs the CPU feature avx512f, which this machine lacks
/// portable: for portable, the back end of this runtime is machine code
/// ```
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    back_end: BackEnd,
    chosen: Option<&'a Artifact>,
    mismatches: Vec<Mismatch>,
    verdicts: Vec<(&'a Artifact, Vec<Mismatch>)>,
}

impl<'a> Choice<'a> {
    pub(crate) fn new(program: &Program<'_>, asset: &'a AnyAsset) -> Self {
        let (chosen, mismatches) = match program.choose(asset) {
            Ok(artifact) => (Some(artifact), Vec::new()),
            Err(mismatches) => (None, mismatches),
        };
        let verdicts = program.verdicts(asset).collect();
        Self { back_end: program.back_end, chosen, mismatches, verdicts }
    }

    /// Returns the back end that runs it.
    #[must_use]
    pub fn back_end(&self) -> BackEnd {
        self.back_end
    }

    /// Returns the chosen artifact; none if no artifact fits.
    #[must_use]
    pub fn chosen(&self) -> Option<&'a Artifact> {
        self.chosen
    }

    /// Returns the mismatches of the closest artifact if no artifact fits.
    #[must_use]
    pub fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// Returns each artifact with all of its mismatches.
    pub fn verdicts(&self) -> impl Iterator<Item = (&'a Artifact, &[Mismatch])> {
        self.verdicts.iter().map(|(artifact, mismatches)| (*artifact, mismatches.as_slice()))
    }
}

impl fmt::Display for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.verdicts.is_empty() {
            return f.write_str("the asset has no artifact");
        }
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
        Ok(())
    }
}
