//! wasmport with `build.rs`.

mod real;
mod small;

/// The output of `build.rs`.
mod assets {
    ::wasmport::include_assets!();
}

fn main() -> measure::Result {
    let run = measure::Run::from_args()?;
    match run.module() {
        "small" => run.small::<small::Small>(),
        "real" => run.real::<real::Slugs>(),
        _ => run.unknown(),
    }
}
