//! `Pass`: the trait of a project's own passes; `Passes`: those of a project.

#[cfg(feature = "compiler")]
use super::Patterns;
use super::Transform;
use crate::error::PatternError;
#[cfg(feature = "compiler")]
use crate::names::nearest;

/// A project's own pass over a module, for [`Importer::pass`](crate::Importer::pass).
///
/// The importer validates the result. The result must depend on the module and on the pass's version
/// alone: an asset is imported again only if one of the two changes.
#[cfg(feature = "compiler")]
pub trait Pass: Send + Sync {
    /// Returns the name, for messages, reports and the patterns in the settings.
    fn name(&self) -> &str;

    /// Returns the version, which must change with everything else that the result depends on.
    fn version(&self) -> &str;

    /// Returns the module that replaces the module of the asset `source`, or `None` if the pass does
    /// not change it.
    ///
    /// # Errors
    ///
    /// Fails with any error that the pass has. The error becomes the asset's error.
    fn run(
        &self,
        source: &str,
        wasm: &[u8],
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>>;
}

/// The project's own passes, in the order in which they run.
#[derive(Clone, Default)]
pub struct Passes {
    #[cfg(feature = "compiler")]
    pub(crate) list: Vec<std::sync::Arc<dyn Pass>>,
}

impl Passes {
    /// Returns names and versions of the passes that run for an asset.
    pub(crate) fn of(&self, transform: &Transform) -> Result<Vec<(String, String)>, PatternError> {
        #[cfg(feature = "compiler")]
        return Ok(self
            .selected(transform)?
            .map(|p| (p.name().into(), p.version().into()))
            .collect());
        #[cfg(not(feature = "compiler"))]
        {
            let _ = transform;
            Ok(Vec::new())
        }
    }

    /// Returns the patterns that select no pass, with their indices.
    #[cfg(feature = "compiler")]
    pub(crate) fn unknown<'t>(
        &self,
        transform: &'t Transform,
    ) -> impl Iterator<Item = (usize, &'t String)> {
        let is_unknown = |(_, pattern): &(usize, &String)| {
            let one = Patterns::one(pattern);
            one.is_ok_and(|one| !self.list.iter().any(|pass| one.matches(pass.name(), false)))
        };
        transform.passes.iter().flatten().enumerate().filter(is_unknown)
    }

    /// Returns the name of the pass that is nearest to `name`, if one is near.
    #[cfg(feature = "compiler")]
    pub(crate) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.list.iter().map(|pass| pass.name()))
    }

    /// Returns the passes that run for an asset.
    #[cfg(feature = "compiler")]
    pub(crate) fn selected(
        &self,
        transform: &Transform,
    ) -> Result<impl Iterator<Item = &dyn Pass>, PatternError> {
        let patterns = Patterns::new(transform.passes.as_ref())?;
        let is_on = transform.is_on();
        let passes = self.list.iter().map(AsRef::as_ref);
        Ok(passes.filter(move |pass| is_on && patterns.matches(pass.name(), true)))
    }
}

impl std::fmt::Debug for Passes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.of(&Transform::default()).unwrap_or_default()).finish()
    }
}
