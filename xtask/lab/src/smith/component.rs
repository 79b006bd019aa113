//! Generates components of random worlds, whose functions only trap.

use super::world::{Optional, world};
use arbitrary::{Error, Result, Unstructured};
use wasmparser::{Validator, WasmFeatures};
use wit_component::{
    ComponentEncoder, DecodedWasm, StringEncoding, dummy_module, embed_component_metadata,
};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, WorldId};

/// Number of bytes for the world itself: the generator of interfaces uses all others.
const OWN: usize = 6 << 10;

/// Generates a component that implements a random world.
///
/// # Errors
///
/// Fails if the bytes give no component.
pub(super) fn component(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let own = u.bytes(OWN)?;
    let optional = Optional {
        functions: u.arbitrary()?,
        futures: u.arbitrary()?,
        streams: u.arbitrary()?,
        error_contexts: u.arbitrary()?,
        maps: u.arbitrary()?,
        fixed_lists: u.arbitrary()?,
    };
    let config = wit_smith::Config {
        async_: optional.functions,
        futures: optional.futures,
        streams: optional.streams,
        error_context: optional.error_contexts,
        fixed_length_lists: optional.fixed_lists,
        ..wit_smith::Config::default()
    };
    let wit = wit_smith::smith(&config, u)?;
    let Ok(DecodedWasm::WitPackage(resolve, _)) = wit_component::decode(&wit) else {
        return Err(Error::IncorrectFormat);
    };
    let world = world(&resolve, optional, &mut Unstructured::new(own))?;
    let component = of_text(resolve, &world).map_err(|_| Error::IncorrectFormat)?;
    let features = WasmFeatures::default()
        | WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_ERROR_CONTEXT
        | WasmFeatures::CM_MAP
        | WasmFeatures::CM_FIXED_LENGTH_LISTS;
    match Validator::new_with_features(features).validate_all(&component) {
        Ok(_) => Ok(component),
        Err(_) => Err(Error::IncorrectFormat),
    }
}

fn of_text(mut resolve: Resolve, world: &str) -> crate::Result<Vec<u8>> {
    let package = resolve.push_str("random.wit", world)?;
    let world = resolve.select_world(&[package], None)?;
    encode(resolve, world)
}

/// Makes a component of a world, whose functions only trap.
pub(crate) fn encode(resolve: Resolve, world: WorldId) -> crate::Result<Vec<u8>> {
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default().validate(true).module(&module)?.encode()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_optional_proposals_occur() {
        let mut wanted = vec![
            WasmFeatures::CM_ERROR_CONTEXT,
            WasmFeatures::CM_FIXED_LENGTH_LISTS,
            WasmFeatures::CM_MAP,
        ];
        for attempt in 0..1_000_u64 {
            let mut random = vec![0; 16 << 10];
            let mut hasher = blake3::Hasher::new();
            hasher.update(&attempt.to_le_bytes()).finalize_xof().fill(&mut random);
            let Ok(component) = component(&mut Unstructured::new(&random)) else { continue };
            let is_valid_without = |feature: &WasmFeatures| {
                let others = WasmFeatures::all().difference(*feature);
                Validator::new_with_features(others).validate_all(&component).is_ok()
            };
            wanted.retain(is_valid_without);
            if wanted.is_empty() {
                return;
            }
        }
        panic!("no component has {wanted:?}");
    }
}
