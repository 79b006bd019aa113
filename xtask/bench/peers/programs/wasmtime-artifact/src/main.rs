//! Wasmtime with `Module::deserialize_file`.

mod real;
mod small;

fn main() -> measure::Result {
    let run = measure::Run::from_args()?;
    match run.module() {
        "small" => run.small::<small::Small>(),
        "real" => run.real::<real::Slugs>(),
        _ => run.unknown(),
    }
}
