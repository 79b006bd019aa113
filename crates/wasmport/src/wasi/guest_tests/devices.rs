//! Devices in virtual files, as on Linux.

use super::Guest;
use super::Subscription::{After, Read, Write};
use crate::vfs::{DeviceSession, FileError, FileLimits, Files, OpenDevice};
use crate::wasi::{Capture, Terminal, TerminalSize, Wasi, pipe};
use std::task::{Context, Poll};

/// The directory of devices: the one folder.
const DEV: i32 = 3;
const CHARACTER_DEVICE: u8 = 2;
const O_CREAT: i32 = 1;
const O_TRUNC: i32 = 8;
const O_DIRECTORY: i32 = 2;
const INVAL: i32 = 28;
const MFILE: i32 = 33;
const NXIO: i32 = 60;
const ROFS: i32 = 69;
const SPIPE: i32 = 70;

fn guest() -> Guest {
    Guest::new(&Wasi::new().devices().random_seed(7))
}

#[test]
fn null_and_zero_have_no_size_and_no_position() {
    let mut guest = guest();
    let null = guest.open(DEV, "null", O_TRUNC).unwrap();
    let zero = guest.open(DEV, "zero", 0).unwrap();
    assert_eq!((guest.print(null, b"gone"), guest.read(null, 9)), (Ok(4), Ok(vec![])));
    assert_eq!((guest.print(zero, b"gone"), guest.read(zero, 9)), (Ok(4), Ok(vec![0; 9])));
    for fd in [null, zero] {
        let (kind, rights) = guest.fdstat(fd);
        assert_eq!(kind, CHARACTER_DEVICE);
        assert_ne!(rights & 0b10_0100, 0, "a C library does not take it for a terminal");
        let call = |guest: &mut Guest, name, args: (i32, i64, i32, i32)| -> i32 {
            guest.0.call_func(name, args).unwrap()
        };
        assert_eq!(call(&mut guest, "fd_seek", (fd, 1000, 0, 8)), 0);
        assert_eq!(guest.bytes(8, 8), [0; 8]);
        let errno: i32 = guest.0.call_func("fd_filestat_set_size", (fd, 10_i64)).unwrap();
        assert_eq!(errno, INVAL);
        assert_eq!(guest.0.call_func::<_, i32>("fd_datasync", fd).unwrap(), INVAL);
        assert_eq!(guest.0.call_func::<_, i32>("fd_filestat_get", (fd, 1024)).unwrap(), 0);
        assert_eq!((guest.bytes(1024 + 16, 1)[0], guest.bytes(1024 + 32, 8)), (2, vec![0; 8]));
    }
    let ready = guest.poll(&[Read(null as u32), After(1, 1 << 60), Write(zero as u32)]);
    assert_eq!(ready, (0, vec![(0, 1), (2, 2)]));
    assert_eq!(guest.open(DEV, "null", O_DIRECTORY), Err(54));
    assert_eq!(guest.open(DEV, "null/x", 0), Err(54));
}

#[test]
fn a_guest_makes_no_files_beside_the_devices() {
    assert_eq!(guest().open(DEV, "new", O_CREAT), Err(ROFS));
    // Nor may it open more files because of them.
    let limits = FileLimits { open: 7, ..FileLimits::default() };
    let files = Files::with_limits(limits);
    let mut guest = Guest::new(&Wasi::new().files(&files, "/").devices());
    assert!(guest.open(DEV, "a", O_CREAT).is_ok());
    assert!(guest.open(DEV + 1, "null", 0).is_ok());
    assert_eq!(guest.open(DEV, "b", O_CREAT), Err(MFILE));
}

/// As when another session reads what there was.
#[test]
fn a_poll_waits_again_if_what_was_ready_is_not() {
    struct Unsteady(u32);
    impl OpenDevice for Unsteady {
        fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<()> {
            self.0 += 1;
            if matches!(self.0, 1 | 3) { Poll::Pending } else { Poll::Ready(()) }
        }
    }
    let mut files = Files::new();
    let device = |_: &dyn DeviceSession| Ok(Box::new(Unsteady(0)) as Box<dyn OpenDevice>);
    files.device("device", device).unwrap();
    let mut guest = Guest::new(&Wasi::new().files(&files, "/"));
    let device = guest.open(DEV, "device", 0).unwrap();
    assert_eq!(guest.poll(&[Read(device as u32)]), (0, vec![(0, 1)]));
}

#[test]
fn reads_of_endless_devices_are_bounded() {
    let mut guest = guest();
    let zero = guest.open(DEV, "zero", 0).unwrap();
    // A hundred buffers of 900 KiB.
    for i in 0..100_u32 {
        guest.write(
            1024 + i * 8,
            &[super::BUFFER.to_le_bytes(), 921_600_u32.to_le_bytes()].concat(),
        );
    }
    let errno: i32 = guest.0.call_func("fd_read", (zero, 1024, 100, 8)).unwrap();
    let count = u32::from_le_bytes(guest.bytes(8, 4).try_into().unwrap());
    assert_eq!((errno, count), (0, 1 << 20));
}

#[test]
fn random_devices_follow_the_seed_of_their_session() {
    let files = {
        let mut files = Files::new();
        files.devices("dev").unwrap();
        files
    };
    let wasi = |seed| Wasi::new().files(&files, "/").random_seed(seed);
    let read = |seed| {
        let mut guest = Guest::new(&wasi(seed));
        let random = guest.open(DEV, "dev/random", 0).unwrap();
        let urandom = guest.open(DEV, "dev/urandom", 0).unwrap();
        assert_eq!(guest.print(random, b"ignored"), Ok(7));
        [guest.read(random, 8).unwrap(), guest.read(urandom, 8).unwrap()]
    };
    // As `random_get`.
    assert_eq!(read(7)[0], [0x00, 0xdd, 0xb3, 0x6a, 0xf2, 0x62, 0xb3, 0x5a]);
    assert_eq!(read(7), read(7));
    assert_ne!(read(7)[0], read(7)[1]);
    assert_ne!(read(7), read(8));
}

#[test]
fn standard_streams_are_devices() {
    let output = Capture::new();
    let wasi = Wasi::new().devices().stdin_bytes("abcd").stdout(output.clone());
    let mut guest = Guest::new(&wasi);
    let stdin = guest.open(DEV, "stdin", 0).unwrap();
    let stdout = guest.open(DEV, "stdout", 0).unwrap();
    let stderr = guest.open(DEV, "stderr", 0).unwrap();
    // Both are the same stream.
    assert_eq!(guest.read(stdin, 2).unwrap(), b"ab");
    assert_eq!(guest.read(0, 1).unwrap(), b"c");
    assert_eq!(guest.read(stdin, 9).unwrap(), b"d");
    assert_eq!(guest.read(stdin, 9).unwrap(), b"");
    assert_eq!((guest.print(stdout, b"one "), guest.print(1, b"two")), (Ok(4), Ok(3)));
    assert_eq!((guest.print(stderr, b"discarded"), output.text()), (Ok(9), "one two".into()));
    let seek: i32 = guest.0.call_func("fd_seek", (stdin, 0_i64, 1, 8)).unwrap();
    assert_eq!((seek, guest.fdstat(stdin).0), (SPIPE, 0));
    assert_eq!(guest.open(DEV, "tty", 0), Err(NXIO), "there is no terminal");
}

#[test]
fn reading_a_device_waits_for_its_stream() {
    let (writer, reader) = pipe(4);
    let mut guest = Guest::new(&Wasi::new().devices().stdin(reader));
    let stdin = guest.open(DEV, "stdin", 0).unwrap();
    assert_eq!(guest.poll(&[Read(stdin as u32), After(1, 5_000_000)]).1, [(1, 0)]);
    let thread = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::io::Write::write_all(&mut { writer }, b"late").unwrap();
    });
    assert_eq!(guest.poll(&[Read(stdin as u32), After(1, 1 << 60)]).1, [(0, 1)]);
    assert_eq!(guest.read(stdin, 2).unwrap(), b"la");
    assert_eq!(guest.read(stdin, 9).unwrap(), b"te");
    thread.join().unwrap();
    assert_eq!(guest.read(stdin, 9).unwrap(), b"", "at the end");
    // Without waiting.
    let (_writer, reader) = pipe(4);
    let mut guest = Guest::new(&Wasi::new().devices().stdin(reader));
    let stdin = guest.open(DEV, "stdin", 0).unwrap();
    assert_eq!(guest.0.call_func::<_, i32>("fd_fdstat_set_flags", (stdin, 4)).unwrap(), 0);
    assert_eq!(guest.read(stdin, 1), Err(6));
}

#[test]
fn a_terminal_is_the_device_tty() {
    let screen = Capture::new();
    let terminal = Terminal::new(TerminalSize { columns: 80, lines: 24 }, {
        let screen = screen.clone();
        move |bytes| screen.push(bytes)
    });
    let mut guest = Guest::new(&Wasi::new().devices().terminal(&terminal));
    let tty = guest.open(DEV, "tty", 0).unwrap();
    let (kind, rights) = guest.fdstat(tty);
    assert_eq!((kind, rights & 0b10_0100), (CHARACTER_DEVICE, 0), "a C library sees a terminal");
    terminal.set_raw(true);
    terminal.input(b"k\r");
    assert_eq!((guest.read(tty, 9).unwrap(), guest.print(tty, b"\n")), (b"k\r".to_vec(), Ok(1)));
    assert_eq!(screen.text(), "\n");
}

#[test]
fn programs_add_devices() {
    /// Repeats what was written last.
    struct Echo(Vec<u8>);
    impl OpenDevice for Echo {
        fn read(&mut self, to: &mut [u8]) -> Result<usize, FileError> {
            let count = self.0.len().min(to.len());
            to[..count].copy_from_slice(&self.0[..count]);
            Ok(count)
        }

        fn write(&mut self, bytes: &[u8]) -> Result<usize, FileError> {
            if bytes == b"fail" {
                return Err(FileError::Io);
            }
            self.0 = bytes.to_vec();
            Ok(bytes.len())
        }
    }
    let mut files = Files::new();
    let echo = |_: &dyn DeviceSession| Ok(Box::new(Echo(Vec::new())) as Box<dyn OpenDevice>);
    files.device("echo", echo).unwrap().set_read_only("").unwrap();
    let mut guest = Guest::new(&Wasi::new().files(&files, "/"));
    let (one, two) = (guest.open(DEV, "echo", 0).unwrap(), guest.open(DEV, "echo", 0).unwrap());
    assert_eq!((guest.print(one, b"hi"), guest.read(one, 9)), (Ok(2), Ok(b"hi".to_vec())));
    assert_eq!((guest.read(two, 9), guest.print(one, b"fail")), (Ok(vec![]), Err(29)));
}
