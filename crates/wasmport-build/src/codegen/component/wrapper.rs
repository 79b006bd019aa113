//! The source file of a component's wrapper, and the cargo features that it needs.

use super::prepare::Choices;
use super::rewrite::type_name;
use super::visibility::keep_in_crate;
use super::{Bindings, ComponentError, bindings};
use crate::asset::Kind;
use crate::codegen::description::{Description, Wrapper};
use crate::codegen::format::{Section, raw_string};
use crate::codegen::lacking::Lacking;
use crate::codegen::{asset, docs, file};
use crate::component::World;
use crate::settings::{AssetSettings, Visibility};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use std::collections::HashMap;
use syn::Item;
use wasmport::engine::RequiredFeatures;

const COMPONENT_MODEL: &str = "component-model";

/// Generates the wrapper of a component of `world`.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the component's settings do not fit it, its world cannot be Rust, or it
/// needs an engine with concurrency that the project does not have.
pub(crate) fn wrapper(asset: &Description<'_>, world: &World) -> Result<Wrapper, ComponentError> {
    let settings = asset.settings;
    let mut world = world.clone();
    world.rename(settings.type_name.as_deref().unwrap_or(asset.own_module()));
    let mut bindings = bindings(&world.resolve, world.id, &Choices::of(settings))?;
    if bindings.needs_wasi_p3 && !asset.engine.concurrency_support {
        return Err(ComponentError::NeedsConcurrency);
    }
    if settings.visibility == Some(Visibility::Crate) {
        keep_in_crate(&mut bindings.items);
    }
    let items = &bindings.items;
    let mut sections = vec![
        Section::Items(quote!(#(#items)*)),
        Section::Items(interface_of(
            asset,
            &bindings.ty,
            &bindings.lacking,
            bindings.needs_wasi,
            &bindings.items,
        )?),
    ];
    if !asset.is_interface {
        sections.push(asset::description(asset));
    }
    sections.extend([contract(asset, &bindings), requirements(asset, &bindings)]);
    let Bindings { needs_wasi, needs_wasi_p3, needs_wasi_http, .. } = bindings;
    let docs = docs::component(asset, needs_wasi, needs_wasi_p3, needs_wasi_http);
    let source = file::source(asset, &docs, &sections)?;
    bindings.warnings.extend(settings.without_effect(Kind::Component));
    Ok(Wrapper { source, methods: HashMap::new(), warnings: bindings.warnings })
}

/// Writes the description of the imports and exports of the wrapper `ty`, which has these `items`.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the generated code is invalid.
pub(super) fn interface_of(
    asset: &Description<'_>,
    ty: &Ident,
    lacking: &Lacking,
    needs_wasi: bool,
    items: &[Item],
) -> Result<TokenStream, ComponentError> {
    let (vis, name) = (asset.visibility(), asset.name());
    let (imports, exports, definitions) = asset.interface.items.texts();
    let [imports, exports] = [imports, exports].map(|groups| {
        let groups = groups.iter().map(|(interface, lines)| {
            let lines = raw_string(lines);
            quote!((#interface, #lines))
        });
        quote!(&[#(#groups),*])
    });
    let definitions = raw_string(&definitions);
    let wasi = needs_wasi.then(|| quote!(.with_wasi()));
    let described = lacking.described();
    // That of all versions is beside them.
    let kind = (!asset.is_version)
        .then(|| lacking.kind(&vis, &kind_ident(ty, items), &quote!(::wasmport::LoadedComponent)));
    Ok(quote! {
        /// The imports and exports that this wrapper is for: a line for each, with its name and type.
        #vis static INTERFACE: __rt::Interface<__rt::Component> =
            __rt::interface(#name, #imports, #exports, #definitions) #wasi #described;

        #kind
    })
}

/// Returns a name that no other type of the wrapper has, for the type that tells its kind.
fn kind_ident(ty: &Ident, items: &[Item]) -> Ident {
    let mut name = format!("{ty}Kind");
    let is_taken = |name: &str| items.iter().filter_map(type_name).any(|ty| ty == name);
    while is_taken(&name) {
        name.push('_');
    }
    format_ident!("{name}")
}

/// The reason why a component has a wrapper without methods.
pub(crate) enum Untyped<'a> {
    /// WIT cannot express this part of it.
    BeyondWit(&'a str),
    /// The wrapper would be larger than its limit.
    TooLarge,
    /// The generator cannot write it in Rust.
    BeyondRust(&'a str),
}

/// Generates a wrapper without methods: the asset alone.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the generated code is invalid.
pub(crate) fn untyped_wrapper(
    asset: &Description<'_>,
    reason: &Untyped<'_>,
) -> Result<Wrapper, ComponentError> {
    let sections = [
        Section::Items(asset::import()),
        asset::description(asset),
        asset::contract(asset, false, false),
    ];
    let max = asset.settings.limits.wrapper_bytes();
    let docs = docs::untyped_component(asset, &reason.documentation(max));
    let source = file::source(asset, &docs, &sections)?;
    Ok(Wrapper { source, methods: HashMap::new(), warnings: vec![reason.warning(max)] })
}

impl Untyped<'_> {
    /// Returns the reason as text; `max` is the limit of wrappers in bytes.
    pub fn text(&self, max: u64) -> String {
        match self {
            Self::BeyondWit(what) => format!("{BEYOND_WIT}{what}"),
            Self::BeyondRust(why) => format!("{BEYOND_RUST}{why}; report this bug to wasmport"),
            Self::TooLarge => too_large(max),
        }
    }

    /// Returns the warning of the import; `max` is the limit of wrappers in bytes.
    fn warning(&self, max: u64) -> String {
        let reason = self.text(max);
        format!("the wrapper has no methods, because {reason}; run it with `Session::of`")
    }

    /// Returns the reason as documentation.
    fn documentation(&self, max: u64) -> String {
        match self {
            Self::BeyondWit(what) => format!("{BEYOND_WIT}{}", docs::code(what)),
            Self::BeyondRust(why) => format!("{BEYOND_RUST}{}", docs::code(why)),
            Self::TooLarge => too_large(max),
        }
    }
}

const BEYOND_WIT: &str = "the component cannot be described in WIT: ";

const BEYOND_RUST: &str = "the world cannot be written in Rust: ";

fn too_large(max: u64) -> String {
    format!("its types need more than the {max} bytes of `limits.max-wrapper-bytes`")
}

/// The check of the contract, and of cargo features that modules have too.
fn contract(asset: &Description<'_>, bindings: &Bindings) -> Section {
    let Bindings { is_async, needs_wasi, needs_wasi_p3, needs_wasi_http, .. } = *bindings;
    // Both of the longer features enable them.
    let is_enabled = needs_wasi_p3 || needs_wasi_http;
    asset::contract(asset, is_async && !is_enabled, needs_wasi && !is_enabled)
}

/// The checks of the other cargo features, apart from [the one around the file](cargo_feature).
fn requirements(asset: &Description<'_>, bindings: &Bindings) -> Section {
    let Bindings { needs_wasi_p3, needs_wasi_http, needs_store, .. } = *bindings;
    let others = [
        (needs_wasi_p3, "wasi-p3"),
        (needs_wasi_http, "wasi-http"),
        (needs_store, "component-model-async"),
    ];
    let others = others
        .iter()
        .filter(|(is_needed, feature)| *is_needed && *feature != cargo_feature(asset.features));
    let name = asset.name();
    let macros =
        others.map(|(_, feature)| format!("::wasmport::{}!({name:?});\n", asset::require(feature)));
    Section::Text(macros.collect())
}

/// Returns the cargo feature without which nothing in a component's wrapper compiles: the file is included
/// through a macro that checks it, so that there is one error instead of hundreds.
pub(crate) fn cargo_feature(features: RequiredFeatures) -> &'static str {
    let features = features.iter().filter_map(|feature| feature.cargo_feature());
    let features = features.filter(|feature| feature.starts_with(COMPONENT_MODEL));
    // The longer one enables the other.
    features.max_by_key(|feature| feature.len()).unwrap_or(COMPONENT_MODEL)
}

/// Lists the cargo features that the wrapper of a component of `world` needs beside those of its wasm.
///
/// # Errors
///
/// Fails with [`ComponentError`] if the world cannot be Rust.
pub(crate) fn needs(world: &World) -> Result<Vec<&'static str>, ComponentError> {
    let settings = AssetSettings::default();
    let bindings = bindings(&world.resolve, world.id, &Choices::of(&settings))?;
    let Bindings { is_async, needs_wasi, needs_wasi_p3, needs_wasi_http, .. } = bindings;
    // Each of the last two enables the others.
    let is_enabled = needs_wasi_p3 || needs_wasi_http;
    let needs = [
        (is_async && !is_enabled, "async"),
        (needs_wasi && !is_enabled, "wasi"),
        (needs_wasi_http, "wasi-http"),
        (needs_wasi_p3, "wasi-p3"),
    ];
    Ok(needs.into_iter().filter_map(|(needs, feature)| needs.then_some(feature)).collect())
}

#[cfg(test)]
mod tests {
    use super::{ComponentError, Untyped};

    #[test]
    fn a_world_that_the_generator_refuses_is_a_wrapper_without_methods() {
        let error = ComponentError::Generator("a type has no name".into());
        assert!(error.is_of_world());
        assert!(!ComponentError::NeedsConcurrency.is_of_world());
        let why = error.to_string();
        let reason = Untyped::BeyondRust(&why);
        assert_eq!(
            reason.warning(0),
            "the wrapper has no methods, because the world cannot be written in Rust: Wasmtime's generator of \
             wrappers: a type has no name; report this bug to wasmport; run it with `Session::of`"
        );
        assert_eq!(
            reason.documentation(0),
            "the world cannot be written in Rust: `Wasmtime's generator of wrappers: a type has no name`"
        );
    }
}
