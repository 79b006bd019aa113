//! Tests of pipes and terminals without a guest.

use super::{Terminal, TerminalSize, pipe};
use crate::wasi::Capture;
use crate::wasi::time::wait::park;
use bytes::Bytes;
use std::io::{ErrorKind, Read as _, Write as _};
use std::pin::Pin;
use tokio::io::ReadBuf;
use wasmtime_wasi::cli::{StdinStream as _, StdoutStream as _};
use wasmtime_wasi::p2::StreamError;

#[test]
fn a_pipe_is_bounded_and_ends_with_its_last_writer() {
    let (writer, reader) = pipe(4);
    let (mut out, mut input) = (writer.p2_stream(), reader.p2_stream());
    assert!(input.read(9).unwrap().is_empty());
    assert_eq!(out.check_write().unwrap(), 4);
    out.write(Bytes::from_static(b"abcd")).unwrap();
    assert_eq!(out.check_write().unwrap(), 0, "it is full");
    assert!(matches!(out.write(Bytes::from_static(b"e")), Err(StreamError::Trap(_))));
    assert_eq!(input.read(3).unwrap(), "abc");
    assert_eq!(out.check_write().unwrap(), 3);
    drop(writer);
    assert_eq!(input.read(3).unwrap(), "d");
    assert!(input.read(3).unwrap().is_empty(), "a stream is a writer too");
    drop(out);
    park(input.ready());
    assert!(matches!(input.read(3), Err(StreamError::Closed)));
}

/// A guest makes a stream by each call of `get-stdout`.
#[test]
fn streams_that_were_permitted_to_write_together_write_little_more_than_fits() {
    const KIB: usize = 1 << 10;
    let (writer, mut reader) = pipe(64 * KIB);
    let mut streams: Vec<_> = (0..5000).map(|_| writer.p2_stream()).collect();
    let permits = streams.iter_mut().map(|stream| stream.check_write().unwrap());
    let permits: Vec<usize> = permits.collect();
    assert!(permits.iter().all(|permit| *permit == 256), "no stream is held back by the others");
    for (stream, permit) in streams.iter_mut().zip(permits) {
        stream.write(vec![1; permit].into()).unwrap();
    }
    drop(streams);
    drop(writer);
    let mut written = Vec::new();
    let _ = reader.read_to_end(&mut written).unwrap();
    assert!(written.len() <= 5000 * 256 + 64 * KIB, "{} bytes", written.len());
    // One stream has all of the room again.
    let (writer, _reader) = pipe(64 * KIB);
    assert_eq!(writer.p2_stream().check_write().unwrap(), 64 * KIB);
}

#[test]
fn a_pipe_can_be_closed_by_force() {
    let (mut writer, mut reader) = pipe(4);
    writer.write_all(b"ab").unwrap();
    writer.close();
    let mut all = String::new();
    assert_eq!((reader.read_to_string(&mut all).unwrap(), &all[..]), (2, "ab"));
}

#[test]
fn writers_fail_without_a_reader() {
    let (mut writer, reader) = pipe(1);
    writer.write_all(b"x").unwrap();
    let blocked = std::thread::spawn({
        let mut writer = writer.clone();
        move || writer.write_all(b"y").unwrap_err().kind()
    });
    std::thread::sleep(std::time::Duration::from_millis(10));
    drop(reader);
    assert_eq!(blocked.join().unwrap(), ErrorKind::BrokenPipe);
    assert!(matches!(writer.p2_stream().check_write(), Err(StreamError::Closed)));
}

#[test]
fn many_threads_share_a_pipe() {
    let (writer, reader) = pipe(7);
    let writers: Vec<_> = (0..4_u8)
        .map(|n| {
            let mut writer = writer.clone();
            std::thread::spawn(move || writer.write_all(&[n; 1000]).unwrap())
        })
        .collect();
    drop(writer);
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let mut reader = reader.clone();
            std::thread::spawn(move || {
                let mut all = Vec::new();
                reader.read_to_end(&mut all).unwrap();
                all
            })
        })
        .collect();
    writers.into_iter().for_each(|thread| thread.join().unwrap());
    let mut all: Vec<u8> = readers.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, [[0; 1000], [1; 1000], [2; 1000], [3; 1000]].concat());
}

#[test]
fn pipes_are_streams_of_preview_3() {
    let (writer, reader) = pipe(3);
    let (mut out, mut input) = (Pin::from(writer.async_stream()), Pin::from(reader.async_stream()));
    drop(writer);
    let mut to = [0; 8];
    park(async {
        let written = std::future::poll_fn(|context| out.as_mut().poll_write(context, b"abcd"));
        assert_eq!(written.await.unwrap(), 3);
        let mut read = ReadBuf::new(&mut to);
        std::future::poll_fn(|context| input.as_mut().poll_read(context, &mut read)).await.unwrap();
        assert_eq!(read.filled(), b"abc");
        drop(out);
        let mut read = ReadBuf::new(&mut to);
        std::future::poll_fn(|context| input.as_mut().poll_read(context, &mut read)).await.unwrap();
        assert_eq!(read.filled(), b"", "the end");
    });
}

fn terminal() -> (Terminal, Capture) {
    let screen = Capture::new();
    let shown = screen.clone();
    let size = TerminalSize { columns: 80, lines: 24 };
    (Terminal::new(size, move |bytes| shown.push(bytes)), screen)
}

#[test]
fn a_terminal_edits_lines() {
    let (terminal, screen) = terminal();
    let mut input = terminal.p2_stream_in();
    terminal.input("aé\u{7f}\u{7f}\u{7f}x\u{3}\u{8}\tz\u{15}ok".as_bytes());
    assert!(input.read(99).unwrap().is_empty(), "the line is not complete");
    terminal.input(b"\r");
    assert_eq!(input.read(99).unwrap(), "ok\n");
    let back = "\u{8} \u{8}";
    let expected = format!("aé{back}{back}x^C{back}{back}\tz{back}{back}{back}ok\r\n");
    assert_eq!(screen.text(), expected);
    // Control-D passes on a line without its end, and ends the input on an empty one.
    terminal.input(b"half\x04");
    assert_eq!(input.read(99).unwrap(), "half");
    assert_eq!(terminal.input(b"\x04late\r"), 1, "what comes behind the end is lost");
    assert!(matches!(input.read(99), Err(StreamError::Closed)));
}

#[test]
fn a_terminal_in_raw_mode_changes_nothing() {
    let (terminal, screen) = terminal();
    let mut input = terminal.p2_stream_in();
    terminal.input(b"ab");
    terminal.set_raw(true);
    terminal.input(b"\x7f\r\x04");
    assert!(terminal.is_raw());
    assert_eq!(input.read(99).unwrap(), &b"ab\x7f\r\x04"[..]);
    let mut output = terminal.p2_stream_out();
    output.write(Bytes::from_static(b"\n")).unwrap();
    assert_eq!(screen.text(), "ab\n", "nothing typed is echoed");
    terminal.set_size(TerminalSize { columns: 1, lines: 2 });
    assert_eq!(terminal.size(), TerminalSize { columns: 1, lines: 2 });
}

#[test]
fn a_terminal_loses_what_nobody_reads() {
    let (terminal, _) = terminal();
    terminal.set_raw(true);
    assert_eq!(terminal.input(&vec![b'x'; 70_000]), 65_536);
    assert_eq!(terminal.input(b"y"), 0);
    let _ = terminal.p2_stream_in().read(10).unwrap();
    assert_eq!(terminal.input(b"yz"), 2);
    let (terminal, _) = self::terminal();
    assert_eq!(terminal.input(&vec![b'x'; 70_000]), 65_536, "a line is bounded too");
}

/// The streams of a terminal, whose traits have methods with the same name.
impl Terminal {
    fn p2_stream_in(&self) -> Box<dyn wasmtime_wasi::p2::InputStream> {
        wasmtime_wasi::cli::StdinStream::p2_stream(self)
    }

    fn p2_stream_out(&self) -> Box<dyn wasmtime_wasi::p2::OutputStream> {
        wasmtime_wasi::cli::StdoutStream::p2_stream(self)
    }
}
