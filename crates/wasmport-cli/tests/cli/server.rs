//! A WebDAV server in memory that fails as it is told.

use crate::http::{Port, Request};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The way in which it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    None,
    /// It accepts, and then says nothing.
    Silence,
    /// It sends a byte of what was asked for, and the next after a while.
    Trickle,
    /// It says that there is more than it sends.
    Short,
    /// It answers everything with a page, like the network of a hotel.
    Page,
    Status(u16),
    /// It does not implement conditional writes.
    NoConditions,
    /// It sends without end.
    Endless,
    /// It keeps half of what it is sent, and closes the connection.
    HalfWrites,
}

pub(crate) struct Server {
    port: Port,
    shared: Arc<Shared>,
}

struct Shared {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    mishap: Mutex<Mishap>,
    requests: AtomicUsize,
}

impl Server {
    pub fn start() -> Self {
        let shared = Arc::new(Shared {
            files: Mutex::default(),
            mishap: Mutex::new(Mishap::None),
            requests: AtomicUsize::new(0),
        });
        let of_port = Arc::clone(&shared);
        let port = Port::open(move |stream, request, _| of_port.serve(stream, request));
        Self { port, shared }
    }

    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    pub fn suffer(&self, mishap: Mishap) {
        *self.shared.mishap.lock().unwrap() = mishap;
    }

    pub fn requests(&self) -> usize {
        self.shared.requests.load(SeqCst)
    }

    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.shared.files.lock().unwrap().clone()
    }

    /// Closes its port.
    pub fn stop(&mut self) {
        self.port.close();
    }
}

impl Shared {
    fn serve(&self, stream: &mut TcpStream, request: &Request) -> Option<()> {
        let _ = self.requests.fetch_add(1, SeqCst);
        let mishap = *self.mishap.lock().unwrap();
        self.answer(stream, request, mishap)
    }

    /// Answers a request; none if the connection ends.
    fn answer(&self, stream: &mut TcpStream, request: &Request, mishap: Mishap) -> Option<()> {
        let Request { method, path, headers, body, .. } = request;
        let is_conditional =
            ["if-match", "if-none-match"].iter().any(|name| headers.contains_key(*name));
        match mishap {
            Mishap::Silence => {
                std::thread::sleep(Duration::from_secs(60));
                return None;
            }
            Mishap::Page => return send(stream, 200, b"<html>Welcome! Please log in.</html>"),
            Mishap::Status(status) => return send(stream, status, b"an error"),
            Mishap::NoConditions if is_conditional => return send(stream, 501, b""),
            Mishap::Endless if method == "GET" => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n")
                    .ok()?;
                while stream.write_all(&[b' '; 1024]).is_ok() {}
                return None;
            }
            Mishap::HalfWrites if method == "PUT" => {
                let half = body[..body.len() / 2].to_vec();
                let _ = self.files.lock().unwrap().insert(path.clone(), half);
                return None;
            }
            _ => {}
        }
        let found = self.files.lock().unwrap().get(path).cloned();
        match (method.as_str(), found) {
            ("PUT", _) => {
                let _ = self.files.lock().unwrap().insert(path.clone(), body.clone());
                send(stream, 201, b"")
            }
            ("MKCOL", _) => send(stream, 201, b""),
            ("PROPFIND", _) if path.ends_with('/') => send(stream, 207, &properties(path, None)),
            ("PROPFIND", Some(file)) => send(stream, 207, &properties(path, Some(file.len()))),
            ("GET", Some(file)) if mishap == Mishap::Short => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", file.len() + 9);
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&file)).ok()?;
                None
            }
            ("GET", Some(file)) if mishap == Mishap::Trickle => {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", file.len());
                stream.write_all(head.as_bytes()).ok()?;
                for byte in file {
                    stream.write_all(&[byte]).ok()?;
                    std::thread::sleep(Duration::from_millis(100));
                }
                Some(())
            }
            ("GET", Some(file)) => send(stream, 200, &file),
            _ => send(stream, 404, b""),
        }
    }
}

fn send(stream: &mut TcpStream, status: u16, body: &[u8]) -> Option<()> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
}

/// The answer of WebDAV to who asks for the properties of a file or a folder.
fn properties(path: &str, len: Option<usize>) -> Vec<u8> {
    let kind = match len {
        Some(len) => format!("<D:getcontentlength>{len}</D:getcontentlength><D:resourcetype/>"),
        None => "<D:resourcetype><D:collection/></D:resourcetype>".into(),
    };
    format!(
        "<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{path}</D:href><D:propstat><D:prop>\
         {kind}<D:getlastmodified>Wed, 01 May 2024 06:39:47 GMT</D:getlastmodified></D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    )
    .into_bytes()
}
