//! `audit`: the advisories of the Wasmtime that compiled artifacts.

use crate::args::{AuditArgs, settings};
use crate::exit::Exit;
use crate::output::{GREEN, Output, RED, YELLOW};
use crate::text::{count, plain};
use std::path::{Path, PathBuf};
use wasmport::WasmtimeVersion;
use wasmport::engine::wasmtime_version;
use wasmport_build::Error;
use wasmport_build::audit::{
    AdvisoryDatabase, AdvisoryReport, AssetReport, AuditReport, AuditStatus, FileReport,
    audit as run,
};

/// Runs `audit`.
pub(crate) fn audit(args: &AuditArgs, default_config: Option<&Path>, out: &Output) -> Exit {
    let paths = match paths(args, default_config) {
        Ok(paths) => paths,
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Usage;
        }
    };
    let database = args.db.as_ref().map_or_else(AdvisoryDatabase::find, AdvisoryDatabase::open);
    let report = match database {
        Ok(database) => run(&paths, &database),
        Err(error) => {
            out.error(&error.to_string());
            return Exit::Failed;
        }
    };
    report.errors.iter().for_each(|error| out.error(error));
    if out.is_json() {
        out.json(&report);
    } else if !out.is_quiet() {
        lines(&report, out);
    }
    if report.summary.affected > 0 {
        out.error(&verdict(&report));
    }
    match (report.errors.is_empty(), report.summary.affected) {
        (false, _) => Exit::Failed,
        (true, 0) => Exit::Done,
        (true, _) => Exit::Stale,
    }
}

/// Returns the paths of the arguments, else the project's lock file.
fn paths(args: &AuditArgs, default_config: Option<&Path>) -> Result<Vec<PathBuf>, Error> {
    if !args.paths.is_empty() {
        return Ok(args.paths.clone());
    }
    let lock = settings(args.config.as_deref(), default_config)?.lock_file();
    if lock.exists() {
        return Ok(vec![lock]);
    }
    Err(Error::Arguments {
        message: format!("the project has no lock file: `{}` does not exist", lock.display()),
        help: "import first, or name the files to audit".into(),
    })
}

fn lines(report: &AuditReport, out: &Output) {
    let AuditReport { database, files, advisories, summary, .. } = report;
    if out.is_verbose() {
        let newest = database.newest.as_deref().unwrap_or("none");
        let path = database.path.display();
        out.line(&plain(&format!(
            "`{path}`: the database, with {} of advisories, the newest of {newest}",
            count(database.advisories, "file")
        )));
    }
    files.iter().for_each(|file| self::file(file, out));
    let mut ranked: Vec<&AdvisoryReport> = advisories.iter().collect();
    ranked.sort_by_key(|advisory| (advisory.informational.is_some(), advisory.rank));
    ranked.into_iter().for_each(|advisory| self::advisory(advisory, out));
    let [files, assets] = [count(summary.files, "file"), count(summary.assets, "asset")];
    out.line(&format!("audit: {files}, {assets}, {} affected", summary.affected));
}

fn file(file: &FileReport, out: &Output) {
    let FileReport { path, kind, signature, assets, .. } = file;
    let signature = signature.map_or("", |_| ", signature not verified");
    let (path, kind) = (path.display(), kind.name());
    let assets_of =
        if assets.is_empty() { "no artifacts".into() } else { count(assets.len(), "asset") };
    out.line(&plain(&format!("`{path}` ({kind}{signature}): {assets_of}")));
    assets.iter().for_each(|asset| self::asset(asset, out));
}

fn asset(asset: &AssetReport, out: &Output) {
    let AssetReport { name, wasmtime, exact, artifacts, status, advisories, .. } = asset;
    let (style, word) = match status {
        AuditStatus::Affected => (RED, "affected"),
        AuditStatus::Informed => (YELLOW, "informed"),
        _ if out.is_verbose() => (GREEN, "clean"),
        _ => return,
    };
    let targets: Vec<&str> = artifacts.iter().filter_map(|a| a.target.as_deref()).collect();
    let targets =
        if targets.is_empty() { String::new() } else { format!(" for {}", targets.join(", ")) };
    let exact = if *exact { "" } else { ", of which the release is unknown" };
    let name = name.as_deref().unwrap_or("an artifact");
    let what = plain(&format!("{name}: Wasmtime {wasmtime}{exact}{targets}"));
    out.line(&format!("{style}{word:>9}{style:#} {what}"));
    if !advisories.is_empty() {
        out.line(&plain(&format!("          {}", advisories.join(", "))));
    }
    if *status == AuditStatus::Affected {
        out.line(&match &asset.rebuild_with {
            Some(version) => format!("          import again with Wasmtime {version} or newer"),
            None => "          no release without these advisories is known".into(),
        });
    }
}

fn advisory(advisory: &AdvisoryReport, out: &Output) {
    let AdvisoryReport { id, package, title, date, severity, rank, informational, url, .. } =
        advisory;
    let severity = informational.as_ref().or(severity.as_ref());
    let severity = severity.map_or("not scored", String::as_str);
    let patched = if advisory.patched.is_empty() {
        "not patched".to_owned()
    } else {
        format!("patched in {}", advisory.patched.join(" and "))
    };
    for line in [
        format!("{id} ({severity}, {}): {title}", rank.name()),
        format!("          `{package}`, of {date}, {patched}"),
        format!("          {url}"),
    ] {
        out.line(&plain(&line));
    }
}

/// Returns the message for affected assets, with what to do.
fn verdict(report: &AuditReport) -> String {
    let affected = report.summary.affected;
    let (were, what) =
        if affected == 1 { ("was", "1 asset") } else { ("were", &*format!("{affected} assets")) };
    let assets = report.files.iter().flat_map(|file| &file.assets);
    let needed = assets.filter_map(|asset| asset.rebuild_with.as_deref()?.parse().ok()).max();
    let own: Option<WasmtimeVersion> = wasmtime_version().parse().ok();
    let with = match needed {
        Some(needed) if own >= Some(needed) => {
            format!(
                "import again: this command has Wasmtime {}, and {needed} suffices",
                wasmtime_version()
            )
        }
        Some(needed) => format!(
            "update wasmport to Wasmtime {needed} or newer (this command has {}), and import again",
            wasmtime_version()
        ),
        None => "see the advisories for what to do until there is a release without them".into(),
    };
    format!(
        "{what} {were} compiled by a Wasmtime with advisories\n  help: {with}; build and bundle again what has them; \
         `RuntimeOptions::minimum_wasmtime` refuses the old artifacts"
    )
}
