//! `cargo wasmport`: argument parsing and rendering over `wasmport-build`.
//!
//! The crate is a library as well: an `xtask` can offer the same commands.
//!
//! ```no_run
//! # use clap::Parser;
//! #[derive(Parser)]
//! enum Xtask {
//!     #[command(flatten)]
//!     Wasmport(wasmport_cli::Command),
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let Xtask::Wasmport(command) = Xtask::parse();
//!     wasmport_cli::run(&command, None)
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod args;
#[cfg(feature = "audit")]
mod audit;
#[cfg(feature = "bundle")]
mod bundle;
mod cache;
mod check;
mod clean;
mod completions;
mod config;
mod diff;
mod doctor;
mod exit;
mod expand;
mod guest;
mod import;
mod inspect;
#[cfg(feature = "bundle")]
mod key;
mod list;
mod man;
mod new;
mod output;
mod overview;
#[cfg(feature = "page")]
mod page;
mod precompile;
mod progress;
#[cfg(feature = "oci")]
mod registry;
mod report;
mod summary;
mod targets;
mod text;
mod watch;

pub use args::{
    ApiArgs, CacheArgs, CacheCommand, CleanArgs, Command, CompletionsArgs, ConfigArgs, DenyKind,
    DiffArgs, DiffFormat, DoctorArgs, ExpandArgs, Format, GuestArgs, ImportArgs, InspectArgs,
    Language, ManArgs, MergeArgs, NewArgs, OptionArgs, ProfileName, ProjectArgs, ReportArgs,
    RunArgs, SelectionArgs, ShellName, TargetsArgs, WatchArgs,
};

#[cfg(feature = "audit")]
pub use args::AuditArgs;
#[cfg(feature = "oci")]
pub use args::{AddArgs, FetchArgs, PullArgs, PushArgs, RegistryArgs, RegistryCommand, UpdateArgs};
#[cfg(feature = "bundle")]
pub use args::{BundleArgs, KeyCommand};
use args::{ColorName, Program};
use clap::Parser;
use output::Output;
use std::path::Path;
use std::process::ExitCode;

/// Runs the program `cargo-wasmport`, which cargo starts for `cargo wasmport`.
#[must_use]
pub fn main() -> ExitCode {
    // Cargo passes `wasmport` as the first argument; a direct call does not.
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_none_or(|arg| arg != "wasmport") {
        args.insert(1, "wasmport".into());
    }
    ColorName::among(&args).apply();
    let Program::Wasmport(program) = Program::parse_from(args);
    program.color.apply();
    run(&program.command, None)
}

/// Runs the program `wasmport-worker`, which another program starts by `wasmport::Worker`.
#[must_use]
pub fn worker() -> ExitCode {
    wasmport_build::serve_worker();
    eprintln!(
        "wasmport-worker compiles plug-ins for a program that names it with `wasmport::Worker::program`"
    );
    ExitCode::from(2)
}

/// Runs a command. Without `--config`, the settings come from `default_config`, else from
/// `wasmport.toml` in the current folder, if there is one.
#[must_use]
pub fn run(command: &Command, default_config: Option<&Path>) -> ExitCode {
    match command {
        Command::Import(args) => {
            import::import(args, default_config, &output(&args.selection.options))
        }
        Command::Merge(args) => import::merge(args, default_config, &output(&args.options)),
        Command::Watch(args) => {
            let out = output(&args.import.selection.options).one_line_documents();
            watch::watch(args, default_config, &out)
        }
        Command::List(args) => list::list(args, default_config, &output(&args.options)),
        Command::Expand(args) => {
            expand::expand(args, default_config, &Output::new(Format::Human, false, 0))
        }
        Command::Clean(args) => {
            clean::clean(args, default_config, &Output::new(args.format, args.quiet, 0))
        }
        Command::Doctor(args) => {
            doctor::doctor(args, default_config, &Output::new(args.format, args.quiet, 0))
        }
        Command::New(args) => new::new(args, &Output::new(args.format, false, 0)),
        Command::Completions(args) => completions::completions(args),
        Command::Man(args) => man::man(args, &Output::new(Format::Human, false, 0)),
        Command::Check(args) => check::check(args, default_config, &output(&args.options)),
        Command::Targets(args) => {
            targets::targets(args, default_config, &Output::new(args.format, false, 0))
        }
        Command::Cache(command) => cache::cache(command, default_config),
        #[cfg(feature = "bundle")]
        Command::Bundle(args) => bundle::bundle(args, default_config),
        #[cfg(feature = "audit")]
        Command::Audit(args) => {
            let out = Output::new(args.format, args.quiet, args.verbose);
            audit::audit(args, default_config, &out)
        }
        #[cfg(feature = "bundle")]
        Command::Key(command) => key::key(command),
        #[cfg(feature = "oci")]
        Command::Registry(command) => registry::run(command, default_config),
        Command::Config(args) => {
            config::config(args, default_config, &output(&args.selection.options))
        }
        Command::Diff(args) => diff::diff(args),
        Command::Guest(args) => {
            guest::guest(args, default_config, &Output::new(Format::Human, false, 0))
        }
        Command::Precompile(args) => {
            precompile::precompile(args, default_config, &Output::new(args.format, false, 0))
        }
        Command::Api(args) => api::api(args, &Output::new(Format::Human, false, 0)),
        Command::Inspect(args) => {
            inspect::inspect(args, default_config, &Output::new(args.format, false, 0))
        }
        Command::Report(args) => {
            report::report(args, default_config, &output(&args.selection.options))
        }
    }
    .into()
}

fn output(args: &OptionArgs) -> Output {
    Output::new(args.format, args.quiet, args.verbose)
}
