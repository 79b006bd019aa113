//! wasmport with a component and output of `cargo wasmport import`.

#[rustfmt::skip]
mod assets;
mod component;

fn main() -> measure::Result {
    let run = measure::Run::from_args()?;
    match run.module() {
        "component" => run.component::<component::World>(),
        _ => run.unknown(),
    }
}
