//! A server that stands for the API of GitHub or GitLab: it lists, creates and replaces comments.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The token of the server's one user.
pub(super) const TOKEN: &str = "t0ken";

/// Its name, where users have names, and its number.
const LOGIN: &str = "github-actions[bot]";
const USER: u32 = 1;

/// Comments of others, which stand before its own.
const OTHERS: usize = 130;
/// Comments in one answer.
const PAGE: usize = 100;

/// A server, whose thread ends with the process.
pub(super) struct Server {
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    comments: Vec<String>,
    /// Whether comments may only be read.
    is_forbidden: bool,
    /// Requests that no API has.
    errors: Vec<String>,
}

impl Server {
    pub fn start() -> crate::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        drop(std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away fails by itself.
                let _ = answer(&stream, &shared);
            }
        }));
        Ok(Self { address, state })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Removes all comments, and sets whether new ones are refused.
    pub fn reset(&self, is_forbidden: bool) -> crate::Result {
        *self.state.lock().map_err(|_| "the server panicked")? =
            State { is_forbidden, ..State::default() };
        Ok(())
    }

    /// Returns the comments; fails if a request was wrong.
    pub fn comments(&self) -> crate::Result<Vec<String>> {
        let state = self.state.lock().map_err(|_| "the server panicked")?;
        match state.errors.first() {
            None => Ok(state.comments.clone()),
            Some(error) => Err(format!("a request is wrong: {error}").into()),
        }
    }
}

struct Request {
    method: String,
    path: String,
    has_token: bool,
    body: String,
}

fn answer(stream: &TcpStream, state: &Mutex<State>) -> crate::Result {
    let request = read(stream)?;
    let mut state = state.lock().map_err(|_| "the server panicked")?;
    let (status, answer) = respond(&request, &mut state);
    if status.starts_with("400") {
        state.errors.push(format!("{} {}: {}", request.method, request.path, request.body));
    }
    let answer = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.len()
    );
    let mut stream = stream;
    Ok(stream.write_all((head + &answer).as_bytes())?)
}

fn read(stream: &TcpStream) -> crate::Result<Request> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    let _ = lines.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().ok_or("no method")?, words.next().ok_or("no path")?);
    let (mut has_token, mut length) = (false, 0);
    loop {
        let mut line = String::new();
        let _ = lines.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => has_token |= value == format!("Bearer {TOKEN}"),
            "private-token" => has_token |= value == TOKEN,
            "content-length" => length = value.parse()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body)?;
    Ok(Request { method, path, has_token, body: String::from_utf8(body)? })
}

fn respond(request: &Request, state: &mut State) -> (&'static str, Value) {
    let (path, _) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_list = ["/repos/owner/project/issues/7/comments", "/projects/5/merge_requests/7/notes"]
        .contains(&path);
    let index = last.parse::<usize>().ok().filter(|index| *index < state.comments.len());
    match (request.method.as_str(), index) {
        _ if !request.has_token => ("401 Unauthorized", Value::Null),
        ("GET", _) if is_list => {
            let comment = |(id, body): (usize, &String)| json!({ "id": id, "body": body, "user": { "login": LOGIN }, "author": { "id": USER } });
            let own = state.comments.iter().enumerate().map(comment);
            // Others wrote before, and one of them copied the mark.
            let others = (0..OTHERS).map(|id| {
                let body = "<!-- wasmport assets -->\nnot ours";
                json!({ "id": 1000 + id, "body": body, "user": { "login": "other" }, "author": { "id": 2 } })
            });
            let page = page(&request.path);
            ("200 OK", others.chain(own).skip((page - 1) * PAGE).take(PAGE).collect())
        }
        ("GET", _) if path == "/user" => ("200 OK", json!({ "id": USER })),
        ("POST" | "PATCH" | "PUT", _) if state.is_forbidden => ("403 Forbidden", Value::Null),
        ("POST", _) if is_list => {
            state.comments.extend(body(&request.body));
            ("201 Created", Value::Null)
        }
        ("PATCH", Some(index)) if path.starts_with("/repos/owner/project/issues/comments/") => {
            state.comments[index] = body(&request.body).unwrap_or_default();
            ("200 OK", Value::Null)
        }
        ("PUT", Some(index)) if path.starts_with("/projects/5/merge_requests/7/notes/") => {
            state.comments[index] = body(&request.body).unwrap_or_default();
            ("200 OK", Value::Null)
        }
        _ => ("400 Bad Request", Value::Null),
    }
}

/// Returns the number of the page that a request asks for.
fn page(path: &str) -> usize {
    let number = path.split_once("&page=").map(|(_, rest)| rest.split('&').next().unwrap_or(rest));
    number.and_then(|number| number.parse().ok()).unwrap_or(1)
}

/// Returns the text of a comment: in JSON, or as a form.
fn body(text: &str) -> Option<String> {
    match text.strip_prefix("body=") {
        Some(encoded) => decoded(encoded),
        None => Some(serde_json::from_str::<Value>(text).ok()?["body"].as_str()?.to_owned()),
    }
}

/// Decodes the value of a form.
fn decoded(encoded: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}
