//! Components of random interfaces, whose functions do nothing but trap.

use arbitrary::{Error, Result, Unstructured};
use wasmparser::{Validator, WasmFeatures};
use wit_component::{
    ComponentEncoder, DecodedWasm, StringEncoding, dummy_module, embed_component_metadata,
};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// How many functions there must be: of most bytes no more than empty interfaces come.
const FUNCTIONS: usize = 6;

/// A component that imports and exports random interfaces.
///
/// # Errors
///
/// Where the bytes do not come to one.
pub(super) fn component(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let config = wit_smith::Config {
        async_: u.arbitrary()?,
        futures: u.arbitrary()?,
        streams: u.arbitrary()?,
        ..wit_smith::Config::default()
    };
    let wit = wit_smith::smith(&config, u)?;
    let Ok(DecodedWasm::WitPackage(resolve, _)) = wit_component::decode(&wit) else {
        return Err(Error::IncorrectFormat);
    };
    let world = world(&resolve, u)?;
    let component = encode(resolve, &world).map_err(|_| Error::IncorrectFormat)?;
    let features = WasmFeatures::default() | WasmFeatures::CM_ASYNC;
    match Validator::new_with_features(features).validate_all(&component) {
        Ok(_) => Ok(component),
        Err(_) => Err(Error::IncorrectFormat),
    }
}

/// A world of some of the interfaces, as text. Random ones import an interface under several names,
/// which Wasmtime does not have.
fn world(resolve: &Resolve, u: &mut Unstructured<'_>) -> Result<String> {
    let (mut items, mut functions) = (String::new(), 0);
    for (_, interface) in &resolve.interfaces {
        let (Some(name), Some(package)) = (&interface.name, interface.package) else { continue };
        let package = &resolve.packages[package].name;
        let version = package.version.as_ref().map(|v| format!("@{v}")).unwrap_or_default();
        // Escaped, since they can be keywords.
        let path = format!("%{}:%{}/%{name}{version}", package.namespace, package.name);
        for side in ["import", "export"] {
            if u.arbitrary()? {
                items += &format!("{side} {path};\n");
                functions += interface.functions.len();
            }
        }
    }
    if functions < FUNCTIONS {
        return Err(Error::IncorrectFormat);
    }
    Ok(format!("package the:component;\nworld random {{\n{items}}}\n"))
}

fn encode(mut resolve: Resolve, world: &str) -> crate::Result<Vec<u8>> {
    let package = resolve.push_str("random.wit", world)?;
    let world = resolve.select_world(&[package], None)?;
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut module = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default().validate(true).module(&module)?.encode()?)
}
