#[path = "../src/files.rs"]
mod files;
#[path = "../src/wasm.rs"]
mod wasm;
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
use std::time::Instant;
fn main() {
    let dir = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    let n: u32 = std::env::args().nth(2).unwrap().parse().unwrap();
    let mut imp = wasmport_build::configure().root(dir.join("assets")).out_dir(dir.join("out"));
    if let Some(j) = std::env::args().nth(3) {
        imp = imp.jobs(j.parse().unwrap());
    }
    let mut min = f64::MAX;
    for _ in 0..n {
        let t = Instant::now();
        let r = imp.run(&()).unwrap();
        min = min.min(t.elapsed().as_secs_f64());
        std::hint::black_box(r);
    }
    println!("min {:.3} ms", min * 1e3);
}
