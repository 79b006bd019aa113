//! The part that the servers of these tests share: connections and requests.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;

/// A port of this machine that is open, with a thread for each connection.
pub(crate) struct Port {
    address: SocketAddr,
    is_closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Port {
    /// Opens a port. Each request of a connection is answered, until an answer is none.
    pub fn open(
        answer: impl Fn(&mut TcpStream, &Request, SocketAddr) -> Option<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_closed = Arc::new(AtomicBool::new(false));
        let (answer, closed) = (Arc::new(answer), Arc::clone(&is_closed));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if closed.load(SeqCst) {
                    return;
                }
                let (answer, closed) = (Arc::clone(&answer), Arc::clone(&closed));
                let mut stream = stream.unwrap();
                drop(std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = Request::read(&mut reader)
                        && !closed.load(SeqCst)
                        && answer(&mut stream, &request, address).is_some()
                    {}
                }));
            }
        });
        Self { address, is_closed, thread: Some(thread) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn close(&mut self) {
        self.is_closed.store(true, SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close();
    }
}

/// A request.
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    /// The headers; names are in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a request; none at the end of the connection.
    fn read(reader: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut parts = line.split(' ');
        let (method, target) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut header = String::new();
            let _ = reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            let _ = headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let len = headers.get("content-length").map_or(0, |len| len.parse().unwrap());
        let mut body = vec![0; len];
        reader.read_exact(&mut body).ok()?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (path, query) = (path.to_owned(), query.to_owned());
        Some(Self { method, path, query, headers, body })
    }
}
