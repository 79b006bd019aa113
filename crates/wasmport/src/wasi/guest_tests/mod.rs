//! Tests with a guest of preview 1, whose functions the tests call one by one.

#[cfg(feature = "component-model")]
mod component;
#[cfg(feature = "vfs")]
mod devices;
#[cfg(feature = "vfs")]
mod files;
mod randomness;
mod streams;
mod time;

use super::Wasi;
use crate::{DynamicAsset, EngineConfig, Result, Runtime, Session};
use std::time::Duration;

/// The functions that the guest exports as they are, with the types of their parameters.
const FUNCTIONS: [(&str, &str); 22] = [
    ("clock_time_get", "i32 i64 i32"),
    ("clock_res_get", "i32 i32"),
    ("environ_get", "i32 i32"),
    ("environ_sizes_get", "i32 i32"),
    ("fd_close", "i32"),
    ("fd_datasync", "i32"),
    ("fd_fdstat_get", "i32 i32"),
    ("fd_fdstat_set_flags", "i32 i32"),
    ("fd_filestat_get", "i32 i32"),
    ("fd_filestat_set_size", "i32 i64"),
    ("fd_pread", "i32 i32 i32 i64 i32"),
    ("fd_read", "i32 i32 i32 i32"),
    ("fd_readdir", "i32 i32 i32 i64 i32"),
    ("fd_renumber", "i32 i32"),
    ("fd_seek", "i32 i64 i32 i32"),
    ("fd_tell", "i32 i32"),
    ("fd_write", "i32 i32 i32 i32"),
    ("path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32"),
    ("path_unlink_file", "i32 i32 i32"),
    ("poll_oneoff", "i32 i32 i32 i32"),
    ("random_get", "i32 i32"),
    ("sched_yield", ""),
];

/// Returns the text of the guest.
fn text() -> String {
    let mut imports = String::new();
    let mut functions = String::new();
    for (name, types) in FUNCTIONS {
        let func = format!("(param {types}) (result i32)");
        imports += &format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {func}))");
        let count = types.split_whitespace().count();
        let arguments: String = (0..count).map(|i| format!("(local.get {i})")).collect();
        functions += &format!("(func (export \"{name}\") {func} (call ${name} {arguments}))");
    }
    format!("(module {imports} (memory (export \"memory\") 16) {functions})")
}

/// Places in the memory of the guest.
const RESULT: u32 = 8;
const IOV: u32 = 16;
const PATH: u32 = 64;
const BUFFER: u32 = 1 << 16;
const EVENTS: u32 = 1 << 18;
const SUBSCRIPTIONS: u32 = 1 << 19;

/// A session of the guest.
pub(super) struct Guest(pub Session<()>);

fn runtime() -> Runtime {
    let config = EngineConfig::new().epoch_interruption(true);
    Runtime::new(&config).unwrap()
}

impl Guest {
    pub fn new(wasi: &Wasi) -> Self {
        let module = runtime().load_dynamic(&DynamicAsset::new("guest", text())).unwrap();
        Self(Session::of(&module, (), |linker, store| wasi.link(linker, store)).unwrap())
    }

    #[cfg(feature = "async")]
    pub fn new_async(wasi: &Wasi) -> Self {
        let module = runtime().load_dynamic(&DynamicAsset::new("guest", text())).unwrap();
        let session =
            Session::of_async(&module, (), |linker, store| wasi.link_async(linker, store));
        Self(super::time::wait::park(session).unwrap())
    }

    pub fn limited(wasi: &Wasi, limit: Duration) -> Self {
        let mut guest = Self::new(wasi);
        guest.0.set_time_limit(Some(limit)).unwrap();
        guest
    }

    pub fn write(&mut self, at: u32, bytes: &[u8]) {
        let written = self.0.call(|instance, store| {
            let memory = instance.get_memory(&mut *store, "memory").unwrap();
            Ok(memory.write(&mut *store, at as usize, bytes)?)
        });
        written.unwrap();
    }

    pub fn bytes(&mut self, at: u32, len: u32) -> Vec<u8> {
        let mut bytes = vec![0; len as usize];
        let read = self.0.call(|instance, store| {
            let memory = instance.get_memory(&mut *store, "memory").unwrap();
            Ok(memory.read(&mut *store, at as usize, &mut bytes)?)
        });
        read.unwrap();
        bytes
    }

    fn number(&mut self, at: u32) -> u64 {
        u64::from_le_bytes(self.bytes(at, 8).try_into().unwrap())
    }

    pub fn time(&mut self, clock: i32) -> (i32, u64) {
        let args = (clock, 0_i64, RESULT as i32);
        let errno = self.0.call_func("clock_time_get", args).unwrap();
        (errno, self.number(RESULT))
    }

    fn iov(&mut self, len: u32) {
        self.write(IOV, &BUFFER.to_le_bytes());
        self.write(IOV + 4, &len.to_le_bytes());
    }

    /// Reads from a descriptor: the error, or the bytes.
    pub fn try_read(&mut self, fd: i32, len: u32) -> Result<std::result::Result<Vec<u8>, i32>> {
        self.iov(len);
        let args = (fd, IOV as i32, 1, RESULT as i32);
        let errno: i32 = self.0.call_func("fd_read", args)?;
        if errno != 0 {
            return Ok(Err(errno));
        }
        let count = self.number(RESULT) as u32;
        Ok(Ok(self.bytes(BUFFER, count)))
    }

    pub fn read(&mut self, fd: i32, len: u32) -> std::result::Result<Vec<u8>, i32> {
        self.try_read(fd, len).unwrap()
    }

    /// Writes to a descriptor: the error, or the number of bytes.
    pub fn print(&mut self, fd: i32, bytes: &[u8]) -> std::result::Result<u32, i32> {
        self.write(BUFFER, bytes);
        self.iov(bytes.len() as u32);
        let args = (fd, IOV as i32, 1, RESULT as i32);
        let errno: i32 = self.0.call_func("fd_write", args).unwrap();
        if errno == 0 { Ok(self.number(RESULT) as u32) } else { Err(errno) }
    }

    /// Opens a path for reading and writing.
    pub fn open(
        &mut self,
        directory: i32,
        path: &str,
        oflags: i32,
    ) -> std::result::Result<i32, i32> {
        self.write(PATH, path.as_bytes());
        let rights = 0x3fff_ffff_i64;
        let path = (PATH as i32, path.len() as i32);
        let args = (directory, 1, path.0, path.1, oflags, rights, rights, 0, RESULT as i32);
        let errno: i32 = self.0.call_func("path_open", args).unwrap();
        if errno == 0 { Ok(self.number(RESULT) as i32) } else { Err(errno) }
    }

    /// Returns the type and the rights of a descriptor.
    pub fn fdstat(&mut self, fd: i32) -> (u8, u64) {
        let errno: i32 = self.0.call_func("fd_fdstat_get", (fd, BUFFER as i32)).unwrap();
        assert_eq!(errno, 0);
        (self.bytes(BUFFER, 1)[0], self.number(BUFFER + 8))
    }

    /// Writes subscriptions.
    pub fn subscribe(&mut self, subscriptions: &[Subscription]) {
        let all = subscriptions.iter().enumerate();
        let bytes: Vec<u8> = all.flat_map(|(i, one)| one.bytes(i as u64)).collect();
        self.write(SUBSCRIPTIONS, &bytes);
    }

    /// Returns error, and index and type of the events.
    pub fn poll(&mut self, subscriptions: &[Subscription]) -> (i32, Vec<(u64, u8)>) {
        self.try_poll(subscriptions).unwrap()
    }

    pub fn try_poll(&mut self, subscriptions: &[Subscription]) -> Result<(i32, Vec<(u64, u8)>)> {
        self.subscribe(subscriptions);
        let errno: i32 = self.0.call_func("poll_oneoff", poll_args(subscriptions.len()))?;
        let count = if errno == 0 { self.number(RESULT) as u32 } else { 0 };
        let events = (0..count).map(|i| {
            let event = self.bytes(EVENTS + i * 32, 32);
            assert_eq!(event[8..10], [0, 0], "no error");
            (u64::from_le_bytes(event[..8].try_into().unwrap()), event[10])
        });
        Ok((errno, events.collect()))
    }
}

/// The arguments of `poll_oneoff`.
fn poll_args(count: usize) -> (i32, i32, i32, i32) {
    (SUBSCRIPTIONS as i32, EVENTS as i32, count as i32, RESULT as i32)
}

/// A subscription of `poll_oneoff`.
#[derive(Clone, Copy)]
pub(super) enum Subscription {
    After(u32, u64),
    At(u32, u64),
    Read(u32),
    Write(u32),
}

impl Subscription {
    fn bytes(self, userdata: u64) -> [u8; 48] {
        let (kind, number, timeout, flags) = match self {
            Self::After(clock, timeout) => (0, clock, timeout, 0),
            Self::At(clock, time) => (0, clock, time, 1),
            Self::Read(fd) => (1, fd, 0, 0),
            Self::Write(fd) => (2, fd, 0, 0),
        };
        let mut bytes = [0; 48];
        bytes[..8].copy_from_slice(&userdata.to_le_bytes());
        bytes[8] = kind;
        bytes[16..20].copy_from_slice(&number.to_le_bytes());
        bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
        bytes[40] = flags;
        bytes
    }
}
