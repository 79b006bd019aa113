//! A minimal program with `wasmport`: loads an embedded artifact and calls it.

#[path = "../../../../../fixtures/generated/src/assets/calc.rs"]
mod calc;

fn main() -> wasmport::Result<()> {
    let runtime = wasmport::Runtime::new(calc::ASSET.engine())?;
    let mut calc = calc::CalcSession::new(&runtime, ())?;
    println!("{}", calc.add(20, 22)?);
    Ok(())
}
