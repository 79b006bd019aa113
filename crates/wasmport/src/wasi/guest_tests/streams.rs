//! Pipes, inputs, outputs and terminals.

use super::Guest;
use crate::Error;
use crate::wasi::{Capture, InputFn, InputReader, OutputFn, Terminal, TerminalSize, Wasi, pipe};
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn a_pipe_leads_from_guest_to_guest() {
    let (writer, reader) = pipe(8);
    let producer = Wasi::new().stdout(writer);
    let mut consumer = Guest::new(&Wasi::new().stdin(reader));
    let thread = std::thread::spawn(move || {
        let mut guest = Guest::new(&producer);
        for _ in 0..100 {
            assert_eq!(guest.print(1, b"0123456789"), Ok(10), "more than fits");
        }
    });
    let mut all = Vec::new();
    loop {
        let part = consumer.read(0, 64).unwrap();
        if part.is_empty() {
            break;
        }
        assert!(part.len() <= 16, "it is bounded");
        all.extend(part);
    }
    thread.join().unwrap();
    assert_eq!(all, b"0123456789".repeat(100));
}

#[test]
fn reading_an_empty_pipe_ends_with_the_limit() {
    let (_writer, reader) = pipe(8);
    let mut guest = Guest::limited(&Wasi::new().stdin(reader), Duration::from_millis(30));
    let error = guest.try_read(0, 1).unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}

#[test]
fn writing_without_a_reader_fails() {
    let (writer, reader) = pipe(8);
    let mut guest = Guest::new(&Wasi::new().stdout(writer));
    assert_eq!(guest.print(1, b"x"), Ok(1));
    drop(reader);
    assert_eq!(guest.print(1, b"x"), Err(29), "an error of I/O");
}

#[test]
fn functions_are_input_and_output() {
    let (sender, receiver) = mpsc::channel();
    let mut parts = [&b"abc"[..], b"", b"de"].into_iter();
    let wasi = Wasi::new()
        .stdin(InputFn::new(move || parts.next().map(Vec::from)))
        .stdout(OutputFn::new(move |bytes| sender.send(bytes.to_vec()).unwrap()));
    let mut guest = Guest::new(&wasi);
    let reads: Vec<_> = (0..4).map(|_| guest.read(0, 2).unwrap()).collect();
    assert_eq!(reads, [&b"ab"[..], b"c", b"de", b""]);
    assert_eq!(guest.print(1, b"out"), Ok(3));
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [b"out"]);
}

#[test]
fn a_reader_is_input() {
    let bytes: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
    let input = InputReader::new(std::io::Cursor::new(bytes.clone()));
    let mut guest = Guest::new(&Wasi::new().stdin(input));
    let mut all = Vec::new();
    while all.len() < bytes.len() {
        let part = guest.read(0, 50_000).unwrap();
        assert!(!part.is_empty());
        all.extend(part);
    }
    assert!(all == bytes && guest.read(0, 10).unwrap().is_empty());
}

#[test]
fn a_terminal_is_a_character_device_with_a_size() {
    const CHARACTER_DEVICE: u8 = 2;
    let screen = Capture::new();
    let terminal = Terminal::new(TerminalSize { columns: 132, lines: 43 }, {
        let screen = screen.clone();
        move |bytes| screen.push(bytes)
    });
    let wasi = Wasi::new().terminal(&terminal).env("LINES", "7");
    let mut guest = Guest::new(&wasi);
    for fd in 0..3 {
        assert_eq!(guest.fdstat(fd).0, CHARACTER_DEVICE);
    }
    assert_eq!(Guest::new(&Wasi::new().stdout(screen.clone())).fdstat(1).0, 0);
    let errno: i32 = guest.0.call_func("environ_get", (4096, 8192)).unwrap();
    let variables = String::from_utf8(guest.bytes(8192, 24)).unwrap();
    assert_eq!((errno, &variables[..]), (0, "LINES=7\0COLUMNS=132\0\0\0\0\0"));
    terminal.input(b"ls x\x7f\n");
    assert_eq!(guest.read(0, 64).unwrap(), b"ls \n");
    assert_eq!(guest.print(1, b"a\nb"), Ok(3));
    assert_eq!(screen.text(), "ls x\u{8} \u{8}\r\na\r\nb");
    terminal.hang_up();
    assert_eq!(guest.read(0, 64).unwrap(), b"");
}
