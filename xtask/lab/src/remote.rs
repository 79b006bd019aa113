//! Shares a cache over real servers, which are started here: Redis, WebDAV and HTTP of nginx, and the object gateway of
//! Ceph, which speaks the protocol of S3.

pub(crate) mod machine;
pub(crate) mod servers;

use machine::{Keys, Machine};
use servers::{SERVERS, Server};
use std::process::Command;
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this server: redis, nginx or radosgw
    server: Option<String>,
    /// Run this command with address and credentials of the server in its environment, instead of the checks
    #[arg(last = true, requires = "server")]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let is_chosen = |server: &&Server| args.server.as_ref().is_none_or(|name| name == server.name);
    let chosen: Vec<&Server> = SERVERS.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        return Err("no server has this name; there are redis, nginx and radosgw".into());
    }
    chosen.iter().try_for_each(|server| server.check())?;
    if let ([server], [program, arguments @ ..]) = (chosen.as_slice(), args.command.as_slice()) {
        let running = server.start()?;
        let address = running.addresses.first().ok_or("the server has no address")?;
        let mut command = Command::new(program);
        command.args(arguments).env("WASMPORT_REMOTE_URL", &address.url);
        let status = command.envs(address.credentials.iter().cloned()).status()?;
        return if status.success() { Ok(()) } else { Err(format!("{status}").into()) };
    }
    for server in &chosen {
        shares(server).map_err(|error| format!("{}: {error}", server.name))?;
    }
    println!("remote: {} servers, all results shared", chosen.len());
    Ok(())
}

/// Lets a machine fill a server's store and others read it.
fn shares(server: &Server) -> crate::Result {
    let keys = Keys::create()?;
    let running = server.start()?;
    let alone = Machine::alone()?;
    for address in &running.addresses {
        let writer = Machine::with(address, &keys)?;
        let is_read_only = address.url.starts_with("http");
        if !is_read_only {
            writer.import(Some(&keys))?.expect("fills the store", 0, 0)?;
        }
        let reader = Machine::with(address, &keys)?;
        reader.import(None)?.expect("compiles nothing", Machine::ASSETS, 0)?;
        if reader.outputs()? != alone.outputs()? {
            return Err("the store changed a result".into());
        }
        println!("{}: {} results shared over {}", server.name, Machine::ASSETS, address.url);
    }
    // A store that stands still costs a warning, and goes on when it does.
    let address = running.addresses.first().ok_or("the server has no address")?;
    running.processes.stop_last()?;
    let import = Machine::with(address, &keys)?.import(None);
    running.processes.continue_last()?;
    let import = import?;
    import.expect("goes on without the store", 0, 1)?;
    println!("{}: an import took {:.1?} while it stood still", server.name, import.took);
    std::thread::sleep(Duration::from_millis(500));
    Machine::with(address, &keys)?.import(None)?.expect("reads again", Machine::ASSETS, 0)
}
