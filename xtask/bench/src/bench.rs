//! The table of measurements: a new one is a function and an entry here.

use crate::{
    Result, call, cold, consumers, host, instance, load, noop, preinit, rustc, strings, values,
};

/// One measurement.
pub(crate) struct Bench {
    pub name: &'static str,
    pub unit: &'static str,
    /// The largest value that is good enough, where one is set.
    pub goal: Option<f64>,
    pub run: fn() -> Result<f64>,
}

/// In the order in which they run: what takes minutes comes last.
pub(crate) const BENCHES: &[Bench] = &[
    Bench { name: "load_owned_100k", unit: "ratio", goal: Some(1.5), run: load::owned_100k },
    Bench { name: "load_owned_5m", unit: "ratio", goal: Some(1.5), run: load::owned_5m },
    Bench { name: "call_extra_ns_0", unit: "ns", goal: Some(2.0), run: call::no_params },
    Bench { name: "call_extra_ns_2", unit: "ns", goal: Some(2.0), run: call::two_params },
    Bench { name: "call_extra_ns_8", unit: "ns", goal: Some(2.0), run: call::eight_params },
    Bench { name: "call_extra_ns_multi", unit: "ns", goal: Some(2.0), run: call::several_results },
    Bench { name: "call_session_extra_ns", unit: "ns", goal: Some(4.0), run: call::session },
    Bench { name: "host_extra_ns", unit: "ns", goal: Some(2.0), run: host::host_function },
    Bench { name: "global_extra_ns", unit: "ns", goal: Some(2.0), run: values::global },
    Bench { name: "memory_extra_ns", unit: "ns", goal: Some(2.0), run: values::memory },
    Bench { name: "table_extra_ns", unit: "ns", goal: Some(2.0), run: values::table },
    Bench { name: "string_roundtrip", unit: "ratio", goal: Some(1.1), run: strings::roundtrip },
    Bench { name: "instantiate_extra_us_3", unit: "us", goal: Some(1.0), run: instance::few },
    Bench { name: "instantiate_extra_us_2000", unit: "us", goal: Some(1.0), run: instance::many },
    Bench { name: "preinit_reactor", unit: "ratio", goal: None, run: preinit::reactor },
    Bench { name: "noop_start_ms", unit: "ms", goal: Some(60.0), run: noop::start_ms },
    Bench { name: "noop_1000", unit: "ratio", goal: Some(2.0), run: noop::import_1000 },
    Bench { name: "peak_corpus", unit: "ratio", goal: Some(1.3), run: cold::peak },
    Bench { name: "cold_parallel", unit: "ratio", goal: Some(0.55), run: cold::parallel },
    Bench { name: "cold_corpus", unit: "ratio", goal: Some(0.85), run: cold::against_a_loop },
    Bench { name: "rustc_1000", unit: "ratio", goal: Some(0.5), run: rustc::against_bindgen },
    Bench { name: "rustc_growth", unit: "ratio", goal: Some(12.0), run: rustc::growth },
    Bench { name: "binary_thin", unit: "ratio", goal: Some(0.12), run: consumers::binary_size },
    Bench { name: "build_thin_cpu", unit: "ratio", goal: None, run: consumers::build_cpu },
];

impl Bench {
    /// Runs it and prints its line.
    pub fn measure(&self) -> Result {
        eprintln!("{}: measuring", self.name);
        let value = (self.run)()?;
        println!("{}\t{value:.3}\t{}", self.name, self.unit);
        match self.goal {
            Some(goal) if value > goal => eprintln!("{}: misses its goal {goal}", self.name),
            _ => {}
        }
        Ok(())
    }

    /// The goal for listings.
    pub fn goal_text(&self) -> String {
        self.goal.map_or("no goal".into(), |goal| format!("<= {goal}"))
    }
}
