//! The second step: the generator of `bindgen!`, from a prepared world to Rust items.

use super::error::ComponentError;
use super::prepare::Prepared;
use crate::panics::catch_panic;
use proc_macro2::TokenStream;
use syn::Item;

/// Runs the generator.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the generator refuses the world, panics or writes invalid Rust.
pub(super) fn generate(prepared: &mut Prepared) -> Result<Vec<Item>, ComponentError> {
    // The generator panics at types that it does not know.
    let text = catch_panic(|| prepared.opts.generate(&mut prepared.resolve, prepared.world));
    let text = text.map_err(ComponentError::GeneratorPanicked)?;
    let text = text.map_err(|error| ComponentError::Generator(error.into_boxed_dyn_error()))?;
    let tokens: TokenStream = text.parse()?;
    let file = syn::parse2::<syn::File>(prepared.aliases.restore(tokens));
    Ok(file.map_err(ComponentError::GeneratedSyntax)?.items)
}
