//! The table of measurements: a new one is a function and an entry here.

use crate::{
    Result, Skipped, call, cold, component, consumers, contract, host, hosting, incremental,
    instance, load, load_corpus, meter, noop, partition, preinit, record, remote, rustc,
    sandboxed_c, snapshot, strings, values, virtual_files,
};

/// One measurement.
pub(crate) struct Bench {
    pub name: &'static str,
    pub unit: &'static str,
    /// What is good enough, where that is set.
    pub goal: Goal,
    pub run: fn() -> Result<f64>,
}

/// What is good enough.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    Unset,
}

use Goal::{AtLeast, AtMost, Unset};

/// In the order in which they run: what takes minutes comes last.
pub(crate) const BENCHES: &[Bench] = &[
    Bench { name: "load_owned_100k", unit: "ratio", goal: AtMost(1.5), run: load::owned_100k },
    Bench { name: "load_owned_5m", unit: "ratio", goal: AtMost(1.5), run: load::owned_5m },
    Bench { name: "load_file_owned", unit: "ratio", goal: AtMost(1.4), run: load::file_owned },
    Bench {
        name: "load_embedded_owned",
        unit: "ratio",
        goal: AtMost(1.5),
        run: load::embedded_owned,
    },
    Bench {
        name: "load_embedded_sealed",
        unit: "ratio",
        goal: AtMost(1.2),
        run: load::embedded_sealed,
    },
    Bench { name: "bundle_load", unit: "ratio", goal: AtMost(1.1), run: load::bundle },
    Bench { name: "load_mapped", unit: "ratio", goal: Unset, run: load::mapped },
    Bench { name: "call_extra_ns_0", unit: "ns", goal: AtMost(2.0), run: call::no_params },
    Bench { name: "call_extra_ns_2", unit: "ns", goal: AtMost(2.0), run: call::two_params },
    Bench { name: "call_extra_ns_8", unit: "ns", goal: AtMost(2.0), run: call::eight_params },
    Bench {
        name: "call_extra_ns_multi",
        unit: "ns",
        goal: AtMost(2.0),
        run: call::several_results,
    },
    Bench { name: "call_session_extra_ns", unit: "ns", goal: AtMost(4.0), run: call::session },
    Bench { name: "host_extra_ns", unit: "ns", goal: AtMost(2.0), run: host::host_function },
    Bench { name: "global_extra_ns", unit: "ns", goal: AtMost(2.0), run: values::global },
    Bench { name: "memory_extra_ns", unit: "ns", goal: AtMost(2.0), run: values::memory },
    Bench { name: "table_extra_ns", unit: "ns", goal: AtMost(2.0), run: values::table },
    Bench { name: "string_roundtrip", unit: "ratio", goal: AtMost(1.1), run: strings::roundtrip },
    Bench { name: "component_string", unit: "ratio", goal: AtMost(1.03), run: component::string },
    Bench { name: "component_records", unit: "ratio", goal: AtMost(1.03), run: component::records },
    Bench {
        name: "component_resource",
        unit: "ratio",
        goal: AtMost(1.03),
        run: component::resource,
    },
    Bench { name: "instantiate_extra_us_3", unit: "us", goal: AtMost(1.0), run: instance::few },
    Bench { name: "instantiate_extra_us_2000", unit: "us", goal: AtMost(1.0), run: instance::many },
    Bench { name: "pool_extra_us", unit: "us", goal: AtMost(1.0), run: instance::pooled },
    Bench { name: "contract_call_extra_ns", unit: "ns", goal: AtMost(2.0), run: contract::call },
    Bench {
        name: "contract_instantiate_extra_us",
        unit: "us",
        goal: AtMost(1.0),
        run: contract::instantiate,
    },
    Bench { name: "contract_inspect", unit: "ratio", goal: AtMost(1.3), run: contract::inspect },
    Bench { name: "dynamic_cached", unit: "ratio", goal: AtMost(1.2), run: hosting::cached },
    Bench { name: "dynamic_kept", unit: "ratio", goal: Unset, run: hosting::kept },
    Bench { name: "handle_call_us", unit: "ratio", goal: AtMost(1.3), run: hosting::handle_call },
    Bench { name: "replace_pause_us", unit: "us", goal: Unset, run: hosting::replace_pause },
    Bench { name: "worker_overhead", unit: "ratio", goal: AtMost(1.15), run: hosting::worker },
    Bench { name: "plugin_update", unit: "ratio", goal: AtLeast(4.0), run: hosting::update },
    Bench { name: "first_call", unit: "ratio", goal: AtMost(0.4), run: hosting::first_call },
    Bench {
        name: "first_call_cranelift",
        unit: "ratio",
        goal: AtMost(0.7),
        run: hosting::first_call_cranelift,
    },
    Bench { name: "epoch_fib", unit: "ratio", goal: AtMost(1.1), run: meter::epoch_fib },
    Bench { name: "epoch_memory_loop", unit: "ratio", goal: Unset, run: meter::epoch_memory_loop },
    Bench { name: "fuel_fib", unit: "ratio", goal: Unset, run: meter::fuel_fib },
    Bench { name: "fuel_memory_loop", unit: "ratio", goal: Unset, run: meter::fuel_memory_loop },
    Bench { name: "sandboxed_c", unit: "ratio", goal: Unset, run: sandboxed_c::sandboxed },
    Bench {
        name: "sandboxed_c_session",
        unit: "ratio",
        goal: Unset,
        run: sandboxed_c::one_session,
    },
    Bench { name: "sandboxed_c_fuel", unit: "ratio", goal: Unset, run: sandboxed_c::fuel },
    Bench { name: "sandboxed_c_wasm2c", unit: "ratio", goal: Unset, run: sandboxed_c::wasm2c },
    Bench { name: "sandboxed_c_start_us", unit: "us", goal: Unset, run: sandboxed_c::start_us },
    Bench { name: "vfs_read", unit: "ratio", goal: AtMost(0.5), run: virtual_files::read },
    Bench { name: "vfs_write", unit: "ratio", goal: AtMost(0.5), run: virtual_files::write },
    Bench { name: "vfs_read_small", unit: "ratio", goal: Unset, run: virtual_files::read_small },
    Bench { name: "vfs_write_small", unit: "ratio", goal: Unset, run: virtual_files::write_small },
    Bench { name: "vfs_open", unit: "ratio", goal: AtMost(0.5), run: virtual_files::open },
    Bench { name: "vfs_clone_us", unit: "us", goal: AtMost(5.0), run: virtual_files::clone_us },
    Bench {
        name: "vfs_first_write_us",
        unit: "us",
        goal: AtMost(50.0),
        run: virtual_files::first_write_us,
    },
    Bench { name: "record_overhead", unit: "ratio", goal: AtMost(1.3), run: record::calls },
    Bench { name: "record_overhead_long", unit: "ratio", goal: Unset, run: record::long },
    Bench { name: "record_overhead_compute", unit: "ratio", goal: Unset, run: record::compute },
    Bench {
        name: "snapshot_start",
        unit: "ratio",
        goal: AtMost(0.4),
        run: snapshot::from_snapshot,
    },
    Bench { name: "preinit_start", unit: "ratio", goal: Unset, run: snapshot::preinitialized },
    Bench { name: "preinit_reactor", unit: "ratio", goal: Unset, run: preinit::reactor },
    Bench { name: "noop_start_ms", unit: "ms", goal: AtMost(60.0), run: noop::start_ms },
    Bench { name: "noop_1000", unit: "ratio", goal: AtMost(2.0), run: noop::import_1000 },
    Bench { name: "peak_corpus", unit: "ratio", goal: AtMost(1.3), run: cold::peak },
    Bench { name: "cold_parallel", unit: "ratio", goal: AtMost(0.55), run: cold::parallel },
    Bench { name: "load_corpus", unit: "ratio", goal: AtLeast(150.0), run: load_corpus::owned },
    Bench {
        name: "load_corpus_sealed",
        unit: "ratio",
        goal: AtLeast(300.0),
        run: load_corpus::sealed,
    },
    Bench { name: "cold_corpus", unit: "ratio", goal: AtMost(0.85), run: cold::against_a_loop },
    Bench { name: "cold_portable", unit: "ratio", goal: Unset, run: cold::portable_against_a_loop },
    Bench { name: "cold_debug", unit: "ratio", goal: AtMost(0.55), run: hosting::cold_debug },
    Bench { name: "remote_hit", unit: "ratio", goal: Unset, run: remote::hit },
    Bench { name: "remote_dead_s", unit: "s", goal: AtMost(3.0), run: remote::dead },
    Bench { name: "store_overhead", unit: "ratio", goal: AtMost(1.1), run: incremental::overhead },
    Bench {
        name: "incremental_corpus",
        unit: "ratio",
        goal: AtLeast(20.0),
        run: incremental::corpus,
    },
    Bench { name: "partition_balance", unit: "ratio", goal: AtMost(1.25), run: partition::balance },
    Bench { name: "incremental_edit", unit: "ratio", goal: AtLeast(4.0), run: incremental::edit },
    Bench { name: "rustc_1000", unit: "ratio", goal: AtMost(0.5), run: rustc::against_bindgen },
    Bench { name: "rustc_growth", unit: "ratio", goal: AtMost(12.0), run: rustc::growth },
    Bench {
        name: "contract_rustc",
        unit: "ratio",
        goal: AtMost(1.0),
        run: rustc::versions_against_bindgen,
    },
    Bench {
        name: "component_rustc",
        unit: "ratio",
        goal: AtMost(1.0),
        run: rustc::component_against_bindgen,
    },
    Bench { name: "component_apart", unit: "ratio", goal: Unset, run: rustc::component_apart },
    Bench { name: "binary_thin", unit: "ratio", goal: AtMost(0.12), run: consumers::binary_size },
    Bench {
        name: "binary_feature_async",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("async"),
    },
    Bench {
        name: "binary_feature_backtrace",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("backtrace"),
    },
    Bench {
        name: "binary_feature_bundle",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("bundle"),
    },
    Bench {
        name: "binary_feature_compile",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("compile"),
    },
    Bench {
        name: "binary_feature_component_model",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("component-model"),
    },
    Bench {
        name: "binary_feature_component_model_async",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("component-model-async"),
    },
    Bench {
        name: "binary_feature_gc",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("gc"),
    },
    Bench {
        name: "binary_feature_pool",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("pool"),
    },
    Bench {
        name: "binary_feature_profiling",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("profiling"),
    },
    Bench {
        name: "binary_feature_pulley",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("pulley"),
    },
    Bench {
        name: "binary_feature_replay",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("replay"),
    },
    Bench {
        name: "binary_feature_snapshot",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("snapshot"),
    },
    Bench {
        name: "binary_feature_threads",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("threads"),
    },
    Bench {
        name: "binary_feature_tracing",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("tracing"),
    },
    Bench {
        name: "binary_feature_vfs",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("vfs"),
    },
    Bench {
        name: "binary_feature_wasi",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("wasi"),
    },
    Bench {
        name: "binary_feature_wasi_p3",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("wasi-p3"),
    },
    Bench {
        name: "binary_feature_zstd",
        unit: "bytes",
        goal: Unset,
        run: || consumers::feature_size("zstd"),
    },
    Bench { name: "build_thin_cpu", unit: "ratio", goal: Unset, run: consumers::build_cpu },
];

impl Bench {
    /// Runs it and prints its line.
    pub fn measure(&self) -> Result {
        eprintln!("{}: measuring", self.name);
        let value = match (self.run)() {
            Err(error) if error.is::<Skipped>() => {
                eprintln!("{}: skipped: {error}", self.name);
                return Ok(());
            }
            value => value?,
        };
        println!("{}\t{value:.3}\t{}", self.name, self.unit);
        let is_good = match self.goal {
            AtMost(goal) => value <= goal,
            AtLeast(goal) => value >= goal,
            Unset => true,
        };
        if !is_good {
            eprintln!("{}: misses its goal {}", self.name, self.goal_text());
        }
        Ok(())
    }

    /// The goal for listings.
    pub fn goal_text(&self) -> String {
        match self.goal {
            AtMost(goal) => format!("<= {goal}"),
            AtLeast(goal) => format!(">= {goal}"),
            Unset => "no goal".into(),
        }
    }
}
