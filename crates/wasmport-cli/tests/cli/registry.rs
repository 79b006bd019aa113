//! A registry of the OCI in memory, with or without a list of referrers, that lies as it is told.

use crate::http::{Port, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmport::registry::Sha256;

const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The way in which it lies, about manifests or about blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    /// It accepts, and then says nothing.
    Silence,
    /// It sends a byte, and the next after a while.
    Trickle,
    /// It answers everything with a page, like the network of a hotel.
    Page,
    Status(u16),
    /// It changes a byte of blobs.
    Blob,
    /// It changes a byte of manifests.
    Manifest,
    /// It sends manifests, or blobs, without end.
    EndlessManifest,
    EndlessBlob,
    /// It says that a manifest has 10 MB, and sends them.
    LargeManifest,
    /// It names another type than the manifest does.
    Type,
    /// Its addresses lead to each other.
    Loop,
    /// It names a server of tokens that sends no token.
    Token,
    /// It redirects everything to another host.
    Elsewhere(SocketAddr),
    /// Its server of tokens redirects to another host.
    TokenElsewhere(SocketAddr),
    /// It names a server of tokens on another host, without TLS.
    PlainToken,
}

pub(crate) struct Registry {
    port: Port,
    shared: Arc<Shared>,
}

struct Shared {
    /// Contents by repository and digest, and manifests by repository and tag or digest, each with its type.
    blobs: Mutex<BTreeMap<String, Vec<u8>>>,
    manifests: Mutex<BTreeMap<String, (String, Vec<u8>)>>,
    /// Whether it lists referrers itself.
    has_referrers: bool,
    lie: Mutex<Lie>,
    /// The value of `Authorization` for which it gives a token, if it wants one.
    wants: Mutex<Option<String>>,
    requests: AtomicUsize,
    /// The secrets that it was sent: headers, and bodies for servers of tokens.
    secrets: Mutex<Vec<String>>,
}

impl Registry {
    pub fn start(has_referrers: bool) -> Self {
        let shared = Arc::new(Shared {
            blobs: Mutex::default(),
            manifests: Mutex::default(),
            has_referrers,
            lie: Mutex::new(Lie::None),
            wants: Mutex::default(),
            requests: AtomicUsize::new(0),
            secrets: Mutex::default(),
        });
        let of_port = Arc::clone(&shared);
        let serve = move |stream: &mut TcpStream, request: &Request, address| {
            of_port.serve(stream, request, address)
        };
        Self { port: Port::open(serve), shared }
    }

    /// Returns a reference.
    pub fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.port.address())
    }

    pub fn host(&self) -> String {
        self.port.address().to_string()
    }

    pub fn lie(&self, lie: Lie) {
        *self.shared.lie.lock().unwrap() = lie;
    }

    /// Wants a token, and gives it for this value of `Authorization`.
    pub fn want(&self, authorization: &str) {
        *self.shared.wants.lock().unwrap() = Some(authorization.to_owned());
    }

    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Returns the credentials that it was sent.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.secrets.lock().unwrap().clone()
    }

    pub fn requests(&self) -> usize {
        self.shared.requests.load(SeqCst)
    }

    /// Returns a manifest as JSON, by repository and tag or digest such as `demo/calc/1`.
    pub fn manifest(&self, name: &str) -> Option<Value> {
        let manifests = self.shared.manifests.lock().unwrap();
        manifests.get(name).map(|(_, text)| serde_json::from_slice(text).unwrap())
    }

    /// Returns the digest of a manifest.
    pub fn digest(&self, name: &str) -> Sha256 {
        Sha256::of(&self.shared.manifests.lock().unwrap()[name].1)
    }

    pub fn blob(&self, name: &str) -> Vec<u8> {
        self.shared.blobs.lock().unwrap().get(name).unwrap().clone()
    }

    /// Places a manifest or an index under a tag, and returns its digest.
    pub fn place(&self, repository: &str, tag: &str, manifest: &Value) -> Sha256 {
        let text = serde_json::to_vec(manifest).unwrap();
        let digest = Sha256::of(&text);
        let media_type = manifest["mediaType"].as_str().unwrap().to_owned();
        let mut manifests = self.shared.manifests.lock().unwrap();
        for version in [tag.to_owned(), digest.to_string()] {
            let _ = manifests
                .insert(format!("{repository}/{version}"), (media_type.clone(), text.clone()));
        }
        digest
    }

    /// Places a content.
    pub fn place_blob(&self, repository: &str, bytes: &[u8]) -> Sha256 {
        let digest = Sha256::of(bytes);
        let mut blobs = self.shared.blobs.lock().unwrap();
        let _ = blobs.insert(format!("{repository}/{digest}"), bytes.to_vec());
        digest
    }

    /// Closes its port.
    pub fn stop(&mut self) {
        self.port.close();
    }
}

/// An answer: status, headers and body.
type Answer = (u16, Vec<(&'static str, String)>, Vec<u8>);

impl Shared {
    fn serve(&self, stream: &mut TcpStream, request: &Request, address: SocketAddr) -> Option<()> {
        let _ = self.requests.fetch_add(1, SeqCst);
        let header = request.headers.get("authorization").cloned();
        let body = String::from_utf8(request.body.clone()).unwrap_or_default();
        let form = Some(body).filter(|body| body.contains("grant_type"));
        self.secrets.lock().unwrap().extend(header.into_iter().chain(form));
        let lie = *self.lie.lock().unwrap();
        self.respond(stream, request, lie, address)
    }

    /// Answers a request; none if the connection ends.
    fn respond(
        &self,
        stream: &mut TcpStream,
        request: &Request,
        lie: Lie,
        address: SocketAddr,
    ) -> Option<()> {
        let of_manifest = request.path.contains("/manifests/");
        let of_blob = request.path.contains("/blobs/");
        match lie {
            Lie::Silence => {
                std::thread::sleep(Duration::from_secs(60));
                return None;
            }
            Lie::Page => {
                let page = b"<html>Welcome! Please log in.</html>".to_vec();
                return send(
                    stream,
                    (200, vec![("content-type", "text/html; charset=utf-8".into())], page),
                );
            }
            Lie::Status(status) => {
                return send(stream, (status, vec![], b"{\"errors\": \"an error\"}".to_vec()));
            }
            Lie::Loop => {
                let turned = if request.query.is_empty() { "?turn=1" } else { "" };
                let to = format!("http://{address}{}{turned}", request.path);
                return send(stream, (307, vec![("location", to)], vec![]));
            }
            Lie::Token if request.path == "/token" => {
                return send(stream, (200, vec![], b"{\"token\": \"a\\nb\"}".to_vec()));
            }
            Lie::Elsewhere(other) => {
                let to = format!("http://{other}{}", request.path);
                return send(stream, (307, vec![("location", to)], vec![]));
            }
            Lie::TokenElsewhere(other) if request.path == "/token" => {
                let to = format!("http://{other}/token");
                return send(stream, (307, vec![("location", to)], vec![]));
            }
            Lie::PlainToken => {
                let challenge = "Bearer realm=\"http://tokens.invalid/token\"".to_owned();
                return send(stream, (401, vec![("www-authenticate", challenge)], vec![]));
            }
            Lie::Token | Lie::TokenElsewhere(_) => {
                let challenge = format!("Bearer realm=\"http://{address}/token\",service=\"stub\"");
                return send(stream, (401, vec![("www-authenticate", challenge)], vec![]));
            }
            Lie::EndlessManifest if of_manifest => return endless(stream, INDEX),
            Lie::EndlessBlob if of_blob => return endless(stream, "application/octet-stream"),
            _ => {}
        }
        let (status, mut headers, mut body) = self.answer(request, address);
        if request.method == "HEAD" {
            body.clear();
        }
        match lie {
            Lie::Blob if of_blob && !body.is_empty() => body[0] ^= 1,
            Lie::Manifest if of_manifest && !body.is_empty() => *body.last_mut().unwrap() = b' ',
            Lie::LargeManifest if of_manifest => body = vec![b' '; 10 << 20],
            Lie::Type if of_manifest => {
                headers.retain(|(name, _)| *name != "content-type");
                headers.push(("content-type", DOCKER.into()));
            }
            Lie::Trickle if status == 200 => {
                let head = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n", body.len());
                let types = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
                let head = head + &types.collect::<String>() + "\r\n";
                stream.write_all(head.as_bytes()).ok()?;
                for byte in body {
                    stream.write_all(&[byte]).ok()?;
                    std::thread::sleep(Duration::from_millis(100));
                }
                return Some(());
            }
            _ => {}
        }
        send(stream, (status, headers, body))
    }

    fn answer(&self, request: &Request, address: SocketAddr) -> Answer {
        let Request { method, path, query, headers, body } = request;
        let given = headers.get("authorization");
        if let Some(wanted) = &*self.wants.lock().unwrap() {
            if path == "/token" {
                let is_right = given == Some(wanted) && query.contains("scope=repository%3A");
                let token = json!({ "token": "a-token" }).to_string().into_bytes();
                return if is_right { (200, vec![], token) } else { (401, vec![], vec![]) };
            }
            if given.map(String::as_str) != Some("Bearer a-token") {
                let challenge = format!("Bearer realm=\"http://{address}/token\",service=\"stub\"");
                return (401, vec![("www-authenticate", challenge)], vec![]);
            }
        }
        let missing = || (404, vec![], b"{\"errors\": [{\"code\": \"UNKNOWN\"}]}".to_vec());
        let Some(rest) = path.strip_prefix("/v2/") else { return missing() };
        if let Some((repository, version)) = rest.split_once("/manifests/") {
            let name = format!("{repository}/{version}");
            return match method.as_str() {
                "PUT" => self.put_manifest(repository, version, headers, body),
                _ => match self.manifests.lock().unwrap().get(&name) {
                    Some((media_type, text)) => {
                        let digest = Sha256::of(text).to_string();
                        let headers = [
                            ("content-type", media_type.clone()),
                            ("docker-content-digest", digest),
                        ];
                        (200, headers.to_vec(), text.clone())
                    }
                    None => missing(),
                },
            };
        }
        if let Some((repository, subject)) = rest.split_once("/referrers/") {
            return match self.has_referrers {
                true => self.referrers(repository, subject, query),
                false => missing(),
            };
        }
        let Some((repository, digest)) = rest.split_once("/blobs/") else { return missing() };
        match method.as_str() {
            "POST" => (202, vec![("location", format!("{path}7?state=x"))], vec![]),
            "PUT" => {
                let digest = query.split_once("digest=").unwrap().1.replace("%3A", ":");
                if Sha256::of(body).to_string() != digest {
                    return (400, vec![], b"another digest".to_vec());
                }
                let _ = self
                    .blobs
                    .lock()
                    .unwrap()
                    .insert(format!("{repository}/{digest}"), body.clone());
                (201, vec![], vec![])
            }
            _ => match self.blobs.lock().unwrap().get(&format!("{repository}/{digest}")) {
                Some(blob) => (200, vec![], blob.clone()),
                None => missing(),
            },
        }
    }

    fn put_manifest(
        &self,
        repository: &str,
        version: &str,
        headers: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Answer {
        let digest = Sha256::of(body).to_string();
        let manifest: Value = serde_json::from_slice(body).unwrap();
        let parts =
            manifest["layers"].as_array().into_iter().flatten().chain([&manifest["config"]]);
        for part in parts.filter(|part| !part.is_null()) {
            let name = format!("{repository}/{}", part["digest"].as_str().unwrap());
            if !self.blobs.lock().unwrap().contains_key(&name) {
                return (400, vec![], b"a blob is missing".to_vec());
            }
        }
        let mut manifests = self.manifests.lock().unwrap();
        for version in [version, digest.as_str()] {
            let entry = (headers["content-type"].clone(), body.to_vec());
            let _ = manifests.insert(format!("{repository}/{version}"), entry);
        }
        let mut headers = vec![("docker-content-digest", digest)];
        if let (true, Some(subject)) = (self.has_referrers, manifest["subject"]["digest"].as_str())
        {
            headers.push(("oci-subject", subject.to_owned()));
        }
        (201, headers, vec![])
    }

    /// Lists one referrer on each page, and does not filter.
    fn referrers(&self, repository: &str, subject: &str, query: &str) -> Answer {
        let manifests = self.manifests.lock().unwrap();
        let found = manifests.iter().filter_map(|(name, (media_type, text))| {
            let digest = name.strip_prefix(&format!("{repository}/sha256:"))?;
            let manifest: Value = serde_json::from_slice(text).unwrap();
            (manifest["subject"]["digest"] == subject).then(|| {
                json!({
                    "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": text.len(),
                    "artifactType": manifest["artifactType"], "annotations": manifest["annotations"],
                })
            })
        });
        let found: Vec<Value> = found.collect();
        let page = query.split_once("page=").map_or(0, |(_, page)| page.parse().unwrap());
        let mut headers = vec![("content-type", INDEX.to_owned())];
        if page + 1 < found.len() {
            let next =
                format!("</v2/{repository}/referrers/{subject}?page={}>; rel=\"next\"", page + 1);
            headers.push(("link", next));
        }
        let shown: Vec<&Value> = found.iter().skip(page).take(1).collect();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": shown });
        (200, headers, serde_json::to_vec(&index).unwrap())
    }
}

fn send(stream: &mut TcpStream, (status, headers, body): Answer) -> Option<()> {
    let headers = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers: String = headers.collect();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).ok()
}

fn endless(stream: &mut TcpStream, media_type: &str) -> Option<()> {
    // Without a length: only what came so far says that it is too much.
    let head = format!(
        "HTTP/1.1 200 X\r\ncontent-type: {media_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    while stream.write_all(chunk.as_bytes()).is_ok() {}
    None
}
