//! The files of WASI 0.3.

use crate::vfs::{DeviceSession, FileError, FileLimits, FileType, Files, OpenDevice};
use crate::wasi::Wasi;
use crate::{DynamicAsset, EngineConfig, Runtime, Session};
use std::task::{Context, Poll};
use std::{env, mem};

/// Runs the guest, and returns the files that it leaves.
fn run(wasi: &Wasi) -> (u32, Option<Files>) {
    let runtime = Runtime::new(&EngineConfig::new().concurrency_support(true)).unwrap();
    let guest = DynamicAsset::component("guest", include_str!("guest.wat"));
    let guest = runtime.load_dynamic(&guest).unwrap();
    wasmtime_wasi::runtime::in_tokio(async {
        let linked =
            Session::of_async(&guest, (), |linker, store| wasi.link_component_p3(linker, store));
        let mut session = linked.await.unwrap();
        let call = session.call_async(async |instance, store| {
            let run = instance.get_typed_func::<(), (u32,)>(&mut *store, "run")?;
            run.call_async(store, ()).await
        });
        let (step,) = call.await.unwrap();
        (step, session.store_mut().data_mut().wasi().files("/"))
    })
}

#[test]
fn a_component_uses_files() {
    // A real folder beside them: calls for it are Wasmtime's.
    let wasi = Wasi::new().preopened_dir(env::temp_dir(), "/tmp").files(&Files::new(), "/");
    let (step, files) = run(&wasi);
    assert_eq!(step, 0);
    let files = files.expect("the mounted files");
    assert_eq!(files.read("hello.txt").unwrap(), b"hello and bye");
    assert_eq!(files.stat("d/again").unwrap(), files.stat("hello.txt").unwrap());
}

/// Stores what is written, and returns it without its first byte. It is ready for one call after each wait.
#[derive(Default)]
struct Slow {
    bytes: Vec<u8>,
    is_ready: bool,
}

impl Slow {
    fn begin(&mut self) -> Result<(), FileError> {
        if mem::take(&mut self.is_ready) { Ok(()) } else { Err(FileError::WouldBlock) }
    }

    fn poll_ready(&mut self, context: &Context<'_>) -> Poll<()> {
        self.is_ready = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl OpenDevice for Slow {
    fn read(&mut self, to: &mut [u8]) -> Result<usize, FileError> {
        self.begin()?;
        let bytes = mem::take(&mut self.bytes);
        let bytes = bytes.get(1..).unwrap_or_default();
        to[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
        self.begin()?;
        self.bytes.extend(bytes);
        Ok(bytes.len())
    }

    fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_ready(context)
    }

    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.poll_ready(context)
    }
}

#[test]
fn streams_wait_for_a_device() {
    let mut files = Files::new();
    let device = |_: &dyn DeviceSession| Ok(Box::new(Slow::default()) as Box<dyn OpenDevice>);
    files.device("hello.txt", device).unwrap();
    let (step, files) = run(&Wasi::new().files(&files, "/"));
    assert_eq!(step, 0);
    let stat = files.expect("the mounted files").stat("d/again").unwrap();
    assert_eq!(stat.kind, FileType::CharacterDevice);
}

#[test]
fn a_stream_ends_with_the_error_of_a_limit() {
    let files = Files::with_limits(FileLimits { bytes: 10, ..FileLimits::default() });
    let (step, files) = run(&Wasi::new().files(&files, "/"));
    assert_eq!(step, 4, "the second stream fails");
    assert_eq!(files.expect("the mounted files").read("hello.txt").unwrap(), b"hello");
}

#[test]
fn a_stream_that_writes_to_a_device_counts_as_open() {
    let run = |open| {
        let mut files = Files::with_limits(FileLimits { open, ..FileLimits::default() });
        let device = |_: &dyn DeviceSession| Ok(Box::new(Slow::default()) as Box<dyn OpenDevice>);
        files.device("hello.txt", device).unwrap();
        run(&Wasi::new().files(&files, "/")).0
    };
    // The root, the device, and the stream.
    assert_eq!((run(2), run(3)), (3, 0), "the first stream fails");
}
