//! Wasmtime with `bindgen!` and `Component::deserialize_file`.

mod component;

fn main() -> measure::Result {
    let run = measure::Run::from_args()?;
    match run.module() {
        "component" => run.component::<component::World>(),
        _ => run.unknown(),
    }
}
