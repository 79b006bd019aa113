//! Slurm: a cluster of one node, a job array with a task for each part, and a job that merges. One task is started
//! again in the middle of its part.

use super::project::{PARTS, Project};
use super::recipe;
use crate::files;
use crate::processes::{Servers, accepts, complete, free_port, require, until};
use std::process::Command;
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(20 * 60);

/// The part whose task is started again.
const RESTARTED: u64 = 2;

/// Fails if a program is missing.
pub(super) fn check() -> crate::Result {
    require(
        &["munged", "slurmctld", "slurmd", "sbatch", "scontrol"],
        "apt-get install --no-install-recommends slurm-wlm munge",
    )
}

/// Splits the import of a project in its folder.
pub(super) fn run(project: &Project) -> crate::Result {
    let servers = start(project)?;
    let command = |program: &str| -> crate::Result<Command> {
        let mut command = Command::new(program);
        project.environment(&mut command)?;
        command.env("SLURM_CONF", project.base().join("slurm.conf"));
        command.current_dir(project.folder());
        Ok(command)
    };
    let submit = |script: &str, options: &[&str]| -> crate::Result<String> {
        let mut sbatch = command("sbatch")?;
        sbatch
            .arg("--parsable")
            .args(options)
            .arg("--output")
            .arg(project.base().join("log/%x-%A-%a"));
        let job = complete(sbatch.arg(recipe(script)))?;
        Ok(job.trim().to_owned())
    };
    let parts = submit("slurm/import.sbatch", &[])?;
    let third = project.expected_artifacts() / 3;
    until("a third of the import", LONGEST, || project.artifacts() >= third)?;
    let _ = complete(command("scontrol")?.args(["requeue", &format!("{parts}_{RESTARTED}")]))?;
    let dependency = format!("--dependency=afterok:{parts}");
    let _ = submit("slurm/merge.sbatch", &["--wait", &dependency])
        .map_err(|error| format!("{error}: {:?}", project.parts()))?;
    drop(servers);
    project.check_killed("slurm", RESTARTED)
}

/// Starts a cluster of this machine, with as many processors as there are parts.
fn start(project: &Project) -> crate::Result<Servers> {
    let base = project.base();
    let at = base.display();
    let node = complete(Command::new("hostname").arg("-s"))?.trim().to_owned();
    let user = complete(Command::new("id").arg("-un"))?.trim().to_owned();
    let (controller, daemon) = (free_port()?, free_port()?);
    for folder in ["state", "spool", "log"] {
        files::write(&base.join(folder).join(".keep"), "")?;
    }
    files::write(&base.join("munge.key"), "5".repeat(64))?;
    let _ = complete(Command::new("chmod").arg("600").arg(base.join("munge.key")))?;
    // Munge wants others to pass through, and `mktemp` does not let them.
    let _ = complete(Command::new("chmod").arg("755").arg(base))?;
    let settings = format!(
        "ClusterName=split
         SlurmctldHost={node}(127.0.0.1)
         SlurmctldPort={controller}
         SlurmdPort={daemon}
         SlurmUser={user}
         SlurmdUser={user}
         AuthType=auth/munge
         AuthInfo=socket={at}/munge.socket,cred_expire=5
         CredType=cred/munge
         StateSaveLocation={at}/state
         SlurmdSpoolDir={at}/spool
         SlurmctldPidFile={at}/slurmctld.pid
         SlurmdPidFile={at}/slurmd.pid
         SlurmctldLogFile={at}/log/slurmctld
         SlurmdLogFile={at}/log/slurmd
         ProctrackType=proctrack/linuxproc
         TaskPlugin=task/none
         SelectType=select/cons_tres
         SelectTypeParameters=CR_CPU
         JobAcctGatherType=jobacct_gather/none
         AccountingStorageType=accounting_storage/none
         MpiDefault=none
         SlurmdParameters=config_overrides
         ReturnToService=2
         SchedulerParameters=batch_sched_delay=1,sched_interval=5
         NodeName={node} NodeAddr=127.0.0.1 CPUs={PARTS} State=UNKNOWN
         PartitionName=all Nodes={node} Default=YES State=UP\n"
    );
    let settings: String = settings.lines().map(|line| format!("{}\n", line.trim())).collect();
    let conf = base.join("slurm.conf");
    files::write(&conf, settings)?;
    let mut servers = Servers::default();
    let mut munged = Command::new("munged");
    munged.args(["--foreground", "--force"]);
    for (option, file) in [
        ("--socket", "munge.socket"),
        ("--key-file", "munge.key"),
        ("--pid-file", "munged.pid"),
        ("--log-file", "log/munged"),
        ("--seed-file", "munged.seed"),
    ] {
        munged.arg(format!("{option}={at}/{file}"));
    }
    let _ = servers.start(&mut munged)?;
    until("munged", Duration::from_secs(30), || base.join("munge.socket").exists())?;
    let server = |program: &str| {
        let mut command = Command::new(program);
        command.arg("-D").arg("-f").arg(&conf).env("SLURM_CONF", &conf);
        command
    };
    let _ = servers.start(&mut server("slurmctld"))?;
    until("the controller", Duration::from_secs(30), || accepts(controller))?;
    let _ = servers.start(&mut server("slurmd"))?;
    until("the node", Duration::from_secs(60), || {
        let state =
            complete(Command::new("sinfo").args(["-h", "-o", "%t"]).env("SLURM_CONF", &conf));
        state.is_ok_and(|state| state.trim() == "idle")
    })?;
    Ok(servers)
}
