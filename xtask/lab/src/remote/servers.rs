//! The servers: how each is started on free ports, in a folder of its own.

use crate::files;
use crate::processes::{Servers, accepts, complete, free_port, require, until};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// The longest time until a server answers.
pub(crate) const STARTING: Duration = Duration::from_secs(60);

/// A kind of server.
pub(crate) struct Server {
    pub name: &'static str,
    /// The programs that it needs.
    pub programs: &'static [&'static str],
    /// The Debian packages that bring them.
    pub packages: &'static str,
    pub start: fn(&Path) -> Started,
}

/// The processes of a server that was started, and its addresses.
pub(crate) type Started = crate::Result<(Servers, Vec<Address>)>;

/// The address of a store, and what the environment has to have.
#[derive(Clone)]
pub(crate) struct Address {
    pub url: String,
    pub credentials: Vec<(String, String)>,
}

pub(crate) const SERVERS: &[Server] = &[
    Server { name: "redis", programs: &["redis-server"], packages: "redis-server", start: redis },
    Server {
        name: "nginx",
        programs: &["nginx"],
        packages: "nginx libnginx-mod-http-dav-ext",
        start: nginx,
    },
    Server {
        name: "radosgw",
        programs: &[
            "radosgw",
            "radosgw-admin",
            "ceph",
            "ceph-mon",
            "ceph-osd",
            "ceph-mgr",
            "monmaptool",
            "curl",
        ],
        packages: "radosgw ceph-mon ceph-osd ceph-mgr ceph-common curl",
        start: radosgw,
    },
];

/// A server that runs. Its processes end when this is dropped.
pub(crate) struct Running {
    pub addresses: Vec<Address>,
    pub processes: Servers,
    _folder: TempDir,
}

impl Server {
    /// Fails if a program is missing.
    pub fn check(&self) -> crate::Result {
        let install = format!("apt-get install --no-install-recommends {}", self.packages);
        require(self.programs, &install)
    }

    pub fn start(&self) -> crate::Result<Running> {
        let folder = tempfile::tempdir()?;
        let (processes, addresses) = (self.start)(folder.path())?;
        Ok(Running { addresses, processes, _folder: folder })
    }
}

pub(crate) fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn redis(_: &Path) -> Started {
    let port = free_port()?;
    let mut redis = Command::new("redis-server");
    redis.args(["--port", &port.to_string(), "--save", "", "--requirepass", "tea"]);
    let mut servers = Servers::default();
    let _ = servers.start(&mut redis)?;
    until("redis", STARTING, || accepts(port))?;
    let host = format!("127.0.0.1:{port}");
    let credentials =
        vec![pair("WASMPORT_REMOTE_PASSWORD", "tea"), pair("WASMPORT_REMOTE_HOST", &host)];
    Ok((servers, vec![Address { url: format!("redis://127.0.0.1:{port}/1"), credentials }]))
}

fn nginx(folder: &Path) -> Started {
    let port = free_port()?;
    let at = folder.display();
    let user = if is_root() { "user root;" } else { "" };
    files::write(&folder.join("users"), "anna:{PLAIN}tea\n")?;
    files::write(&folder.join("www/empty"), "")?;
    let settings = format!(
        "{user} daemon off; pid {at}/pid; error_log {at}/errors;
         load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
         events {{}}
         http {{
             access_log off; client_body_temp_path {at}/bodies; client_max_body_size 1g;
             proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; scgi_temp_path {at}/s;
             server {{
                 listen 127.0.0.1:{port}; root {at}/www;
                 auth_basic store; auth_basic_user_file {at}/users;
                 location / {{
                     dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS;
                     create_full_put_path on;
                 }}
             }}
         }}"
    );
    files::write(&folder.join("nginx.conf"), settings)?;
    let mut nginx = Command::new("nginx");
    let mut servers = Servers::default();
    let _ = servers.start(nginx.arg("-c").arg(folder.join("nginx.conf")))?;
    until("nginx", STARTING, || accepts(port))?;
    let credentials = vec![
        pair("WASMPORT_REMOTE_HOST", &format!("127.0.0.1:{port}")),
        pair("WASMPORT_REMOTE_USERNAME", "anna"),
        pair("WASMPORT_REMOTE_PASSWORD", "tea"),
    ];
    let address = |scheme: &str| Address {
        url: format!("{scheme}://127.0.0.1:{port}/store"),
        credentials: credentials.clone(),
    };
    Ok((servers, vec![address("webdav"), address("http")]))
}

fn is_root() -> bool {
    complete(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// A cluster of one machine whose store is memory, and its gateway.
fn radosgw(folder: &Path) -> Started {
    let (monitor, gateway) = (free_port()?, free_port()?);
    let uuid = || {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
            complete(Command::new("cat").arg("/proc/sys/kernel/random/uuid"))?.trim().to_owned(),
        )
    };
    let (cluster, osd, at) = (uuid()?, uuid()?, folder.display().to_string());
    for name in ["mon", "osd", "mgr", "rgw", "run", "log"] {
        files::write(&folder.join(name).join(".keep"), "")?;
        files::remove(&folder.join(name).join(".keep"));
    }
    let settings = format!(
        "[global]
         fsid = {cluster}
         mon host = v1:127.0.0.1:{monitor}
         auth cluster required = none
         auth service required = none
         auth client required = none
         osd objectstore = memstore
         memstore device bytes = 1073741824
         osd pool default size = 1
         osd pool default min size = 1
         osd crush chooseleaf type = 0
         mon allow pool size one = true
         osd pool default pg num = 4
         osd pool default pgp num = 4
         osd pool default pg autoscale mode = off
         mon max pg per osd = 2000
         mon data avail crit = 1
         mon data = {at}/mon
         osd data = {at}/osd
         mgr data = {at}/mgr
         rgw data = {at}/rgw
         run dir = {at}/run
         log file = {at}/log/$name.log
         admin socket = {at}/run/$name.$pid.asok
         pid file = {at}/run/$name.pid\n"
    );
    let settings: String = settings.lines().map(|line| format!("{}\n", line.trim())).collect();
    files::write(&folder.join("ceph.conf"), settings)?;
    let command = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.env("CEPH_CONF", folder.join("ceph.conf")).args(args);
        command
    };
    let map = format!("{at}/monmap");
    let place = format!("[v1:127.0.0.1:{monitor}]");
    let _ = complete(&mut command(
        "monmaptool",
        &["--create", "--addv", "a", &place, "--fsid", &cluster, &map],
    ))?;
    let _ = complete(&mut command("ceph-mon", &["-i", "a", "--mkfs", "--monmap", &map]))?;
    let mut servers = Servers::default();
    let _ = servers.start(&mut command("ceph-mon", &["-i", "a", "-f"]))?;
    until("the monitor", STARTING, || {
        complete(&mut command("timeout", &["5", "ceph", "osd", "stat"])).is_ok()
    })?;
    let _ = complete(&mut command("ceph", &["osd", "new", &osd, "0"]))?;
    let _ = complete(&mut command("ceph-osd", &["-i", "0", "--mkfs", "--osd-uuid", &osd]))?;
    let _ = servers.start(&mut command("ceph-mgr", &["-i", "x", "-f"]))?;
    let _ = servers.start(&mut command("ceph-osd", &["-i", "0", "-f"]))?;
    until("the store", STARTING, || {
        let stat = complete(&mut command("timeout", &["5", "ceph", "osd", "stat"]));
        stat.is_ok_and(|stat| stat.contains("1 up"))
    })?;
    let user = ["user", "create", "--uid", "u", "--display-name", "u"];
    let keys = ["--access-key", "key", "--secret-key", "secret"];
    let _ = complete(command("radosgw-admin", &user).args(keys))?;
    let endpoint = format!("127.0.0.1:{gateway}");
    let front = format!("beast endpoint={endpoint}");
    let rgw = ["-n", "client.rgw", "-f", "--rgw-frontends", &front];
    let _ = servers.start(&mut command("radosgw", &rgw))?;
    until("the gateway", STARTING, || accepts(gateway))?;
    let empty =
        "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let bucket = format!("http://{endpoint}/bucket");
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--fail",
        "--aws-sigv4",
        "aws:amz:us-east-1:s3",
        "--user",
        "key:secret",
    ]);
    let _ = complete(curl.args(["--header", empty, "--request", "PUT", &bucket]))?;
    let credentials =
        vec![pair("AWS_ACCESS_KEY_ID", "key"), pair("AWS_SECRET_ACCESS_KEY", "secret")];
    let url = format!("s3://bucket/store?endpoint=http://{endpoint}&region=us-east-1");
    Ok((servers, vec![Address { url, credentials }]))
}
