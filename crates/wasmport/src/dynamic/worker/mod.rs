//! `Worker`: a process that compiles for this program, with bounds on time and memory.

mod protocol;
mod serve;

pub(super) use protocol::{Answer, Request};
pub use serve::{Prepare, serve_worker, serve_worker_with};

use super::stages::Stages;
use crate::error::{Error, Result, WorkerError};
use crate::semaphore::{Acquired, Semaphore};
use std::io::{Read as _, Write as _};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A program that compiles WebAssembly for this one, each time in a process of its own: compiling a stranger's module can
/// take long, use much memory, or crash.
///
/// A process ends with this program, also if that is killed.
///
/// The worker **bounds** compiling, it does not isolate it: what it returns runs as this program's own code. Its program is
/// as trusted as this one.
///
/// ```no_run
/// # fn main() -> wasmport::Result<()> {
/// # use wasmport::{DynamicAsset, EngineConfig, Runtime, Worker};
/// # use std::time::Duration;
/// // The program itself: its `main` begins with `wasmport::serve_worker()`.
/// let worker = Worker::this_program()?.time(Duration::from_secs(20)).memory_bytes(1 << 30);
/// let runtime = Runtime::new(&EngineConfig::new())?;
/// let plugin = DynamicAsset::file("plugins/filter.wasm").worker(&worker);
/// let module = runtime.load_dynamic(&plugin)?;
/// # let _ = module;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Worker {
    program: PathBuf,
    time: Duration,
    memory_bytes: u64,
    artifact_bytes: u64,
    processes: Arc<Semaphore>,
    stages: Option<Stages>,
}

/// The variable that tells a process that it is a worker.
const VARIABLE: &str = "WASMPORT_WORKER";

/// The time in which a process ends itself and the programs that it runs, before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// The longest text of a worker's errors that is kept, in bytes.
const LONGEST_STDERR: u64 = 64 << 10;

impl Worker {
    /// Uses the program at `path`, whose `main` calls [`serve_worker`]: `wasmport-worker`, or another of your own. It has
    /// the version of this crate, and the cargo features of the modules that it compiles.
    ///
    /// It has 60 seconds, 4 GiB of address space and 1 GiB for its result, until set otherwise, and as many run at once as
    /// there are processors.
    pub fn program(path: impl Into<PathBuf>) -> Self {
        let processes = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            program: path.into(),
            time: Duration::from_secs(60),
            memory_bytes: 4 << 30,
            artifact_bytes: 1 << 30,
            processes: Semaphore::new(processes),
            stages: None,
        }
    }

    /// Uses this program itself, whose `main` begins with a call of [`serve_worker`].
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Thread`] if the system does not tell the program's path.
    pub fn this_program() -> Result<Self> {
        let program = std::env::current_exe().map_err(|source| Error::Thread { source })?;
        Ok(Self::program(program))
    }

    /// Limits the time of a compilation, with the start of the process and the programs that its stages run. Default: 60
    /// seconds.
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Limits the address space of a process in bytes, on Unix. Default: 4 GiB.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Limits the compiled code in bytes. The functions that are kept for the next version are left out if they do not fit
    /// beside it. Default: 1 GiB.
    #[must_use]
    pub fn artifact_bytes(mut self, bytes: u64) -> Self {
        self.artifact_bytes = bytes;
        self
    }

    /// Limits how many processes run at once. Default: as many as there are processors.
    #[must_use]
    pub fn processes(mut self, processes: usize) -> Self {
        self.processes = Semaphore::new(processes.max(1));
        self
    }

    /// Runs stages before compiling. The program is `wasmport-worker`, or one of your own whose `main` calls
    /// `wasmport_build::serve_worker`. Default: none.
    ///
    /// Code in the cache is used whatever version of `wasm-opt` made it: only the stages themselves decide it. To have it
    /// optimized by another version, use another folder, or another [`key`](crate::DynamicAsset::key).
    #[must_use]
    pub fn stages(mut self, stages: Stages) -> Self {
        self.stages = Some(stages);
        self
    }

    /// Returns the stages that run before compiling.
    pub(super) fn chosen_stages(&self) -> Option<&Stages> {
        self.stages.as_ref()
    }

    /// Compiles in a process.
    pub(super) fn compile(&self, asset: &str, request: Request) -> Result<Answer> {
        let _place: Acquired = Semaphore::acquire(&self.processes);
        let failed = |source| Error::Worker { asset: asset.to_owned(), source };
        let (memory_bytes, artifact_bytes) = (self.memory_bytes, self.artifact_bytes);
        let request = Request { memory_bytes, artifact_bytes, ..request };
        let request = request.encode().map_err(failed)?;
        let mut running = Process::start(self, request).map_err(failed)?;
        let output = running.output(self).map_err(failed)?;
        match Answer::decode(&output) {
            Some(Answer::Compiled(output)) if output.artifact.len() as u64 > artifact_bytes => {
                Err(failed(WorkerError::TooLarge(artifact_bytes)))
            }
            Some(answer) => Ok(answer),
            // It has written something and then died, or it is no worker.
            None => Err(failed(running.crashed(self))),
        }
    }
}

/// A process that compiles. It ends when this is dropped.
struct Process {
    child: Child,
    /// Holds the standard input, which the worker sees closed when this program ends, or no longer waits.
    input: Option<thread::JoinHandle<Option<ChildStdin>>>,
    output: mpsc::Receiver<std::io::Result<Vec<u8>>>,
    said: Option<thread::JoinHandle<String>>,
}

impl Process {
    fn start(worker: &Worker, request: Vec<u8>) -> Result<Self, WorkerError> {
        let mut command = Command::new(&worker.program);
        command.env(VARIABLE, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.stderr(Stdio::piped()).spawn();
        let program = worker.program.clone();
        let mut child = child.map_err(|source| WorkerError::Start { program, source })?;
        let (sender, output) = mpsc::channel();
        // A process that dies closes its pipes, which ends these threads.
        let input = child.stdin.take().map(|mut stdin| {
            thread::spawn(move || stdin.write_all(&request).is_ok().then_some(stdin))
        });
        if let Some(stdout) = child.stdout.take() {
            let most = worker.artifact_bytes.saturating_add(protocol::OVERHEAD);
            let _ = thread::spawn(move || {
                let mut bytes = Vec::new();
                let read = stdout.take(most.saturating_add(1)).read_to_end(&mut bytes);
                sender.send(read.map(|_| bytes))
            });
        }
        let said = child.stderr.take().map(|stderr| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stderr.take(LONGEST_STDERR).read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        Ok(Self { child, input, output, said })
    }

    /// Waits for all that it writes.
    fn output(&mut self, worker: &Worker) -> Result<Vec<u8>, WorkerError> {
        match self.output.recv_timeout(worker.time) {
            Ok(Ok(bytes))
                if bytes.len() as u64
                    > worker.artifact_bytes.saturating_add(protocol::OVERHEAD) =>
            {
                Err(WorkerError::TooLarge(worker.artifact_bytes))
            }
            Ok(Ok(bytes)) => Ok(bytes),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(WorkerError::TimedOut(worker.time)),
            Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => Err(self.crashed(worker)),
        }
    }

    /// Returns the error of a process that ended without an answer.
    fn crashed(&mut self, worker: &Worker) -> WorkerError {
        let status = self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string());
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        // The text of Rust's allocator.
        if said.contains("memory allocation of ") {
            return WorkerError::Memory(worker.memory_bytes);
        }
        let said = said.lines().next().unwrap_or_default().to_owned();
        WorkerError::Crashed { status, said }
    }
}

impl Process {
    /// Lets the process end itself, with the programs that it runs, and waits for that a short time.
    fn ends_itself(&mut self) -> bool {
        // One that has not read its work runs no programs.
        let Some(input) = self.input.take_if(|input| input.is_finished()) else { return false };
        drop(input.join());
        let began = Instant::now();
        while began.elapsed() < GRACE {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(2)),
                ended => return ended.is_ok(),
            }
        }
        false
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ends_itself() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
