//! Lets six workers share the import of the fixtures over one object store. One is killed, one only reads, one signs with a
//! key that nobody trusts, the clock of one is wrong, and the store stands still for a while.
//!
//! The result has to be that of one machine. An item, which is an artifact of an asset for a target, may be compiled twice
//! for four reasons alone, which are counted.

mod project;
mod tally;
mod worker;

use crate::remote::machine::Keys;
use crate::remote::servers::{Running, SERVERS};
use project::Project;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tally::Tally;
use worker::{Finished, Kind, Worker};

/// The workers: each has the part of its number.
const WORKERS: [Kind; 6] =
    [Kind::Killed, Kind::ReadOnly, Kind::Forged, Kind::WrongClock, Kind::Honest, Kind::Honest];

/// The time for which the store stands still: longer than workers wait for an answer.
const PAUSE: Duration = Duration::from_secs(4);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Targets of the import
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "x86_64-unknown-linux-gnu,x86_64-unknown-linux-gnu+v3,aarch64-unknown-linux-gnu,riscv64gc-unknown-linux-gnu,portable"
    )]
    targets: Vec<String>,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let store = SERVERS.iter().find(|server| server.name == "radosgw");
    let store = store.ok_or("there is no object store")?;
    store.check()?;
    worker::check_faketime()?;
    let keys = [Keys::create()?, Keys::create()?];
    let [honest, forged] = &keys;
    println!("an import on one machine");
    let alone = Project::new(&args.targets, None)?;
    let expected = alone.import()?;
    let running = store.start()?;
    let address = running.addresses.first().ok_or("the store has no address")?;
    let project = Project::new(&args.targets, Some((address, honest.public())))?;
    let key = |kind: Kind| if kind == Kind::Forged { forged } else { honest };
    let workers = WORKERS.iter().zip(1..).map(|(kind, part)| Worker::new(*kind, part, key(*kind)));
    let mut workers: Vec<Worker> = workers.collect::<crate::Result<_>>()?;
    for worker in &mut workers {
        worker.start(&project, worker.part())?;
    }
    disturb(&mut workers, &running)?;
    let mut tally = Tally::new(&expected);
    for worker in &mut workers {
        let finished = worker.finish()?;
        println!("{}", finished.describe(worker.kind(), worker.part()));
        tally.first_round(worker.kind(), &finished);
    }
    second_round(&mut workers, &project, &mut tally)?;
    let merged = merge(&project, honest)?;
    tally.compare(&expected, &merged);
    tally.finish()
}

/// Kills the worker that is to be killed as soon as it has results, and lets the store stand still.
fn disturb(workers: &mut [Worker], store: &Running) -> crate::Result {
    let began = Instant::now();
    let killed = workers.iter_mut().find(|worker| worker.kind() == Kind::Killed);
    let killed = killed.ok_or("no worker is killed")?;
    while killed.results()? < 2 {
        if began.elapsed() > Duration::from_secs(600) || killed.has_ended()? {
            return Err("the worker that should be killed ended before".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    killed.kill()?;
    store.processes.stop_last()?;
    let mut running = 0;
    for worker in workers.iter_mut() {
        running += usize::from(worker.kind().uploads() && !worker.has_ended()?);
    }
    println!("the store stands still while {running} workers upload");
    std::thread::sleep(PAUSE);
    store.processes.continue_last()?;
    if running == 0 {
        return Err("no worker uploads while the store stands still".into());
    }
    Ok(())
}

/// Gives the part of the killed worker to another one, and what is still missing to the last.
fn second_round(workers: &mut [Worker], project: &Project, tally: &mut Tally) -> crate::Result {
    let parts: BTreeMap<Kind, u32> =
        workers.iter().map(|worker| (worker.kind(), worker.part())).collect();
    let killed = *parts.get(&Kind::Killed).ok_or("no worker was killed")?;
    let mut honest = workers.iter_mut().filter(|worker| worker.kind() == Kind::Honest);
    let (Some(other), Some(last)) = (honest.next(), honest.next()) else {
        return Err("two workers are honest".into());
    };
    let round = |worker: &mut Worker, part: Option<u32>| -> crate::Result<Finished> {
        match part {
            Some(part) => worker.start(project, part)?,
            None => worker.start_all(project)?,
        }
        worker.finish()
    };
    let again = round(other, Some(killed))?;
    println!("part {killed} of the killed worker, given to another: {}", again.counts());
    tally.second_round(&again)?;
    let rest = round(last, None)?;
    println!("all parts, to fill what is missing: {}", rest.counts());
    if !rest.warnings.iter().any(|warning| warning.contains("do not count")) {
        return Err(
            format!("results with a forged key are not refused: {:?}", rest.warnings).into()
        );
    }
    tally.second_round(&rest)
}

/// Imports on a machine that has nothing but the store.
fn merge(project: &Project, keys: &Keys) -> crate::Result<project::Outcome> {
    let worker = Worker::new(Kind::ReadOnly, 0, keys)?;
    let merged = project.merge(&worker)?;
    if merged.imported.compiled.is_empty() {
        return Ok(merged);
    }
    Err(format!("the merge compiled {} items", merged.imported.compiled.len()).into())
}
