//! Imports the two modules.

use wasmport_build::AssetSettings;

fn main() -> Result<(), wasmport_build::Error> {
    let mut slugs = AssetSettings::matching("slugs.wasm");
    slugs.api = Some(include_str!("slugs.api").into());
    wasmport_build::configure()
        .root("../../modules/small.wasm")
        .root("../../../../../fixtures/assets/guests/slugs.wasm")
        .asset(slugs)
        .import()?;
    Ok(())
}
