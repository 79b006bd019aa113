//! Wasmtime with `Module::new` and `Component::new`.

mod component;
mod precompile;
mod real;
mod small;

fn main() -> measure::Result {
    let run = measure::Run::from_args()?;
    match run.module() {
        "small" => run.small::<small::Small>(),
        "real" => run.real::<real::Slugs>(),
        "component" => run.component::<component::World>(),
        "precompile" => precompile::modules(run.folder()),
        _ => run.unknown(),
    }
}
