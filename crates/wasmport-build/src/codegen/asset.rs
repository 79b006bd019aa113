//! `ASSET`: a wrapper's description of its asset, with the digests that artifacts must have.

use super::description::Description;
use super::format::Section;
use crate::project::manifest::ArtifactEntry;
use proc_macro2::{Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};
use target_lexicon::{Architecture, Environment, OperatingSystem, Triple};
use wasmport::EngineConfig;
use wasmport::engine::{Knob, WasmFeature};
use wasmport::support::CONTRACT;

/// The import of the runtime's support module.
pub(super) fn import() -> TokenStream {
    quote!(
        use ::wasmport::support as __rt;
    )
}

/// The checks that generator and runtime have the same contract, and that the runtime has the cargo
/// features that the asset needs, apart from that of a component's [gate](super::component::cargo_feature).
pub(super) fn contract(asset: &Description<'_>, is_async: bool, needs_wasi: bool) -> Section {
    let mut cargo_features: Vec<&str> = asset
        .features
        .iter()
        .filter_map(|f| f.cargo_feature())
        .filter(|feature| !feature.starts_with(COMPONENT_MODEL))
        .collect();
    let is_compressed = asset.artifacts.iter().any(|artifact| artifact.uncompressed.is_some());
    let others = [(is_async, "async"), (is_compressed, "zstd"), (needs_wasi, "wasi")];
    cargo_features
        .extend(others.into_iter().filter_map(|(is_needed, name)| is_needed.then_some(name)));
    cargo_features.sort_unstable();
    cargo_features.dedup();
    let name = asset.name();
    let mut text = format!("const _: () = __rt::check_contract({CONTRACT});\n");
    for feature in cargo_features {
        text.push_str(&format!("::wasmport::{}!({name:?});\n", require(feature)));
    }
    Section::Text(text)
}

const COMPONENT_MODEL: &str = "component-model";

/// The macro that ends compilation without a cargo feature.
pub(super) fn require(feature: &str) -> Ident {
    format_ident!("__require_{}", feature.replace('-', "_"))
}

/// The `ASSET` of a wrapper.
pub(super) fn description(asset: &Description<'_>) -> Section {
    let Description { source, wasmtime, .. } = asset;
    let (vis, name, digest) = (asset.visibility(), asset.name(), digest(asset.source_digest));
    let engine = engine(&quote!(__rt), asset.engine);
    let features = asset.features.iter().map(|feature| format_ident!("{feature:?}"));
    let artifacts = asset.artifacts.iter().map(|a| artifact(asset, a));
    let is_component = asset.features.contains(WasmFeature::ComponentModel);
    let kind = if is_component { quote!(Component) } else { quote!(Module) };
    let items = quote! {
        /// The asset: its source and its artifacts.
        #vis static ASSET: __rt::Asset<__rt::#kind> = (
            #name,
            #source,
            #digest,
            #wasmtime,
            #engine,
            __rt::RequiredFeatures::of(&[#(__rt::WasmFeature::#features),*]),
            &[#(#artifacts),*],
        );
    };
    Section::MacroCall { path: "__rt::unmodified_importer_output", items }
}

fn digest(digest: wasmport::Digest) -> TokenStream {
    let hex = digest.to_string();
    quote!(__rt::digest(#hex))
}

/// The engine config as an expression: only knobs that differ from the defaults, which are part of the
/// contract. `root` is the path of its types.
pub(super) fn engine(root: &TokenStream, engine: &EngineConfig) -> TokenStream {
    let defaults = EngineConfig::new().knobs();
    let knobs = engine.knobs().into_iter().zip(defaults).filter(|(own, default)| own != default);
    let setters = knobs.map(|(Knob { name, value }, _)| {
        let setter = format_ident!("{name}");
        let value = knob_value(root, name, &value);
        quote!(.#setter(#value))
    });
    quote!(#root::EngineConfig::new() #(#setters)*)
}

fn knob_value(root: &TokenStream, name: &str, value: &str) -> TokenStream {
    let ty = match name {
        "opt_level" => format_ident!("OptLevel"),
        "regalloc_algorithm" => format_ident!("RegallocAlgorithm"),
        "inlining" => format_ident!("Inlining"),
        "collector" => format_ident!("Collector"),
        // Numbers, `true`, `None` and `Some(…)` are Rust already; if ever one is not, parsing the whole
        // file fails.
        _ => return value.parse().map(grouped).unwrap_or_default(),
    };
    let variant = format_ident!("{value}");
    quote!(#root::engine::#ty::#variant)
}

/// The tokens with the digits of whole numbers in groups of three.
fn grouped(tokens: TokenStream) -> TokenStream {
    let group = |token: TokenTree| match &token {
        TokenTree::Literal(literal) => match literal.to_string().parse::<u64>() {
            Ok(value) => number(value),
            Err(_) => token.into(),
        },
        TokenTree::Group(inner) => {
            let stream = grouped(inner.stream());
            TokenTree::from(proc_macro2::Group::new(inner.delimiter(), stream)).into()
        }
        _ => TokenStream::from(token),
    };
    tokens.into_iter().map(group).collect()
}

/// A whole number with its digits in groups of three.
fn number(value: u64) -> TokenStream {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    let literal = text.parse::<Literal>().unwrap_or_else(|_| Literal::u64_unsuffixed(value));
    quote!(#literal)
}

/// An entry of the macro's list of artifacts: a call of one of the descriptions in its documentation.
fn artifact(asset: &Description<'_>, artifact: &ArtifactEntry) -> TokenStream {
    let stored = stored(asset, artifact);
    match artifact.uncompressed {
        Some(bytes) => {
            let bytes = number(bytes);
            quote!(compressed(#stored, #bytes))
        }
        None => stored,
    }
}

fn stored(asset: &Description<'_>, artifact: &ArtifactEntry) -> TokenStream {
    let target = artifact.target.to_string();
    let (bytes, digest, path) =
        (number(artifact.bytes), artifact.blake3.to_string(), &artifact.path);
    if !asset.embed {
        return quote!(file(#target, #bytes, #digest, #path));
    }
    // Relative to the wrapper's file.
    let include = format!("{}{path}", "../".repeat(asset.module.len() - 1));
    let machine = artifact.target.triple().map(|triple| {
        let (arch, os) = machine(triple);
        quote!(, #arch, #os)
    });
    quote!(embedded(#target, #bytes, #digest, #include #machine))
}

/// rustc's names of the architecture and the system of programs that can use artifacts of `triple`,
/// whatever their C library.
fn machine(triple: &Triple) -> (String, String) {
    let arch = match triple.architecture {
        Architecture::Aarch64(_) => "aarch64".into(),
        Architecture::Riscv64(_) => "riscv64".into(),
        other => other.to_string(),
    };
    let os = match triple.operating_system {
        OperatingSystem::Linux if triple.environment == Environment::Android => "android".into(),
        OperatingSystem::Darwin(_) => "macos".into(),
        other => other.to_string(),
    };
    (arch, os)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmport::engine::OptLevel;

    #[test]
    fn only_knobs_that_differ_are_written() {
        let text = |config: &EngineConfig| engine(&quote!(r), config).to_string().replace(' ', "");
        assert_eq!(text(&EngineConfig::new()), "r::EngineConfig::new()");
        let config =
            EngineConfig::new().opt_level(OptLevel::None).memory_reservation(Some(1 << 20));
        assert_eq!(
            text(&config),
            "r::EngineConfig::new().opt_level(r::engine::OptLevel::None).memory_reservation(Some(1_048_576))"
        );
    }
}
