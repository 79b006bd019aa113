//! Devices in virtual files.

use super::calls::{mounted, open};
use super::system::{code, fd};
use crate::vfs::FileLimits;
use crate::wasi::components::files::view::FilesView;
use crate::wasi::{PipeWriter, Wasi, WasiCtx, pipe};
use std::io::{Read as _, Write as _};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::StreamError;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorType, HostDescriptor, OpenFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::streams::{HostInputStream, HostOutputStream};

/// Opens a device of the first mount.
fn device(context: &mut WasiCtx, name: &str) -> Result<u32, String> {
    let dir = mounted(context)[0];
    open(context, dir, name, OpenFlags::empty())
}

#[test]
fn null_zero_and_random_have_no_size_and_no_position() {
    let mut context = Wasi::new().devices().random_seed(7).build().unwrap();
    let [null, zero, random] =
        ["null", "zero", "random"].map(|name| device(&mut context, name).unwrap());
    assert_eq!(device(&mut context, "tty"), Err("no-such-device".into()), "there is no terminal");
    let view = &mut FilesView(&mut context);
    assert_eq!(view.read(fd(null), 9, 0).unwrap(), (vec![], true));
    assert_eq!(view.read(fd(zero), 3, 77).unwrap(), (vec![0; 3], false));
    assert_eq!(view.read(fd(zero), 1 << 40, 0).unwrap().0.len(), 64 << 10, "it is bounded");
    // As `random_get` of preview 1.
    let bytes = [0x00, 0xdd, 0xb3, 0x6a, 0xf2, 0x62, 0xb3, 0x5a];
    assert_eq!(view.read(fd(random), 8, 0).unwrap(), (bytes.to_vec(), false));
    for number in [null, zero, random] {
        assert!(view.get_type(fd(number)).unwrap() == DescriptorType::CharacterDevice);
        assert_eq!(view.write(fd(number), b"gone".to_vec(), 9).unwrap(), 4);
        assert_eq!(view.set_size(fd(number), 1).map_err(code), Err("invalid".into()));
        assert_eq!(view.sync(fd(number)).map_err(code), Err("invalid".into()));
        assert_eq!(view.stat(fd(number)).unwrap().size, 0);
    }
}

/// Writes bytes after a while, in another thread.
fn write_later(mut writer: PipeWriter, bytes: &'static [u8]) -> JoinHandle<PipeWriter> {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        writer.write_all(bytes).unwrap();
        writer
    })
}

#[test]
fn reading_waits_for_a_device() {
    let (writer, reader) = pipe(4);
    let mut context = Wasi::new().devices().stdin(reader).build().unwrap();
    let stdin = device(&mut context, "stdin").unwrap();
    let stream = FilesView(&mut context).read_via_stream(fd(stdin), 0).unwrap().rep();
    let stream = || Resource::new_borrow(stream);
    let table = context.preview_2().table;
    assert_eq!(HostInputStream::read(table, stream(), 9).unwrap(), b"");
    let thread = write_later(writer, b"one");
    assert_eq!(HostInputStream::blocking_read(table, stream(), 9).unwrap(), b"one");
    let thread = write_later(thread.join().unwrap(), b"two");
    let read = FilesView(&mut context).read(fd(stdin), 9, 0).unwrap();
    assert_eq!(read, (b"two".to_vec(), false));
    drop(thread.join().unwrap());
    let table = context.preview_2().table;
    let end = HostInputStream::blocking_read(table, stream(), 9);
    assert!(matches!(end, Err(StreamError::Closed)));
}

#[test]
fn writing_waits_for_a_device() {
    let (writer, mut reader) = pipe(4);
    let mut context = Wasi::new().devices().stdout(writer).build().unwrap();
    let stdout = device(&mut context, "stdout").unwrap();
    let stream = FilesView(&mut context).write_via_stream(fd(stdout), 0).unwrap().rep();
    let stream = || Resource::new_borrow(stream);
    let table = context.preview_2().table;
    assert!(HostOutputStream::check_write(table, stream()).unwrap() >= 6);
    HostOutputStream::write(table, stream(), b"abcdef".to_vec()).unwrap();
    assert_eq!(HostOutputStream::check_write(table, stream()).unwrap(), 0, "two bytes are left");
    let mut read = [0; 4];
    reader.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"abcd");
    assert!(HostOutputStream::check_write(table, stream()).unwrap() > 0);
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        let mut read = [0; 8];
        reader.read_exact(&mut read).unwrap();
        (reader, read)
    });
    HostOutputStream::blocking_write_and_flush(table, stream(), b"ghijkl".to_vec()).unwrap();
    let (_reader, read) = thread.join().unwrap();
    assert_eq!(&read, b"efghijkl");
    assert_eq!(FilesView(&mut context).write(fd(stdout), b"xy".to_vec(), 0).unwrap(), 2);
}

/// Each may hold bytes that the device has not taken.
#[test]
fn streams_of_devices_count_as_open() {
    let (writer, _reader) = pipe(4);
    let mut context = Wasi::new().devices().stdout(writer).build().unwrap();
    let stdout = device(&mut context, "stdout").unwrap();
    let mut streams = Vec::new();
    let refused = loop {
        match FilesView(&mut context).write_via_stream(fd(stdout), 0) {
            Ok(stream) => streams.push(stream),
            Err(error) => break code(error),
        }
    };
    // The mount and the device are open too.
    let left = FileLimits::default().open - 2;
    assert_eq!((refused.as_str(), streams.len()), ("insufficient-memory", left));
    HostOutputStream::drop(context.preview_2().table, streams.pop().unwrap()).unwrap();
    assert!(FilesView(&mut context).write_via_stream(fd(stdout), 0).is_ok());
}
