//! A WebDAV server in memory that fails as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
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
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    mishap: Mutex<Mishap>,
    requests: AtomicUsize,
    is_over: AtomicBool,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            files: Mutex::default(),
            mishap: Mutex::new(Mishap::None),
            requests: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.is_over.load(SeqCst) {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                drop(std::thread::spawn(move || shared.serve(stream.unwrap())));
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
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
        self.shared.is_over.store(true, SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A request.
struct Request {
    method: String,
    path: String,
    is_conditional: bool,
    body: Vec<u8>,
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(request) = read(&mut reader) {
            let _ = self.requests.fetch_add(1, SeqCst);
            let mishap = *self.mishap.lock().unwrap();
            if self.answer(&mut stream, &request, mishap).is_none() {
                return;
            }
        }
    }

    /// Answers a request; none if the connection ends.
    fn answer(&self, stream: &mut TcpStream, request: &Request, mishap: Mishap) -> Option<()> {
        let Request { method, path, is_conditional, body } = request;
        match mishap {
            Mishap::Silence => {
                std::thread::sleep(Duration::from_secs(60));
                return None;
            }
            Mishap::Page => return send(stream, 200, b"<html>Welcome! Please log in.</html>"),
            Mishap::Status(status) => return send(stream, status, b"an error"),
            Mishap::NoConditions if *is_conditional => return send(stream, 501, b""),
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

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut parts = line.split(' ');
    let (method, path) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    let (mut len, mut is_conditional) = (0, false);
    loop {
        let mut header = String::new();
        let _ = reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name {
            "content-length" => len = value.trim().parse().ok()?,
            "if-match" | "if-none-match" => is_conditional = true,
            _ => {}
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, is_conditional, body })
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
