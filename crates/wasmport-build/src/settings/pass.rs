//! `Pass`: the trait of a project's own passes.

/// A project's own pass over a module, for [`Importer::pass`](crate::Importer::pass).
///
/// The importer validates the result. The result must depend on the module and on the pass's version
/// alone: an asset is imported again only if one of the two changes.
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
