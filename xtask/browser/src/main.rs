//! Tests of the inspector's pages in headless Chromium.
//!
//! It writes pages of fixtures with `cargo wasmport inspect --html` and `report --html`, and checks in the browser that
//! they run no foreign script, request nothing, have names for screen readers, work with the keyboard, in the dark, on
//! paper and without JavaScript, and look as they did.

mod accessibility;
mod grid;
mod keyboard;
mod pages;
mod pictures;
mod tab;

use clap::Parser as _;
use pages::{Made, Maker};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use tab::{Chromium, Tab};

/// Result of a check; the message of an error is printed as it is.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Open pages of the inspector in headless Chromium, and check them.
///
/// Chromium is the program in CHROMIUM, else `/usr/bin/chromium`.
///
/// Exit codes: 0 no failure, 1 a page has failures, 2 wrong arguments.
#[derive(clap::Parser)]
#[command(name = "cargo xtask browser", bin_name = "cargo xtask browser")]
struct Args {
    /// Accept how the pages look
    #[arg(long)]
    bless: bool,
    /// Make a page for every module below this folder instead, and open it
    #[arg(long, value_name = "DIR", conflicts_with = "bless")]
    folder: Option<PathBuf>,
    /// Leave the pages in this folder, not in a temporary one
    #[arg(long, value_name = "OUT")]
    pages: Option<PathBuf>,
    /// Make the pages with this `cargo-wasmport`, not with that of the repository, which is built otherwise
    #[arg(long, value_name = "PATH")]
    command: Option<PathBuf>,
    /// Make the pictures of the documentation instead, in `docs/pictures`
    #[arg(long, conflicts_with_all = ["bless", "folder", "pages"])]
    pictures: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let result = if args.pictures { pictures::make(args.command).await } else { run(&args).await };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs all checks, and returns whether they hold.
async fn run(args: &Args) -> Result<bool> {
    let temporary = tempfile::tempdir()?;
    let folder = args.pages.clone().unwrap_or_else(|| temporary.path().join("pages"));
    std::fs::create_dir_all(&folder)?;
    let maker = Maker::new(folder.canonicalize()?, args.command.clone())?;
    let pages = match &args.folder {
        Some(folder) => maker.folder(folder)?,
        None => maker.fixtures()?,
    };
    let chromium = Chromium::start().await?;
    let mut failures = Vec::new();
    for page in &pages {
        let start = Instant::now();
        let tab = chromium.open(&page.path).await?;
        let found = check(page, &tab, args).await?;
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{:12} {:8} bytes, {seconds:.1} s: {} failures",
            page.name,
            page.bytes,
            found.len()
        );
        failures.extend(found.into_iter().map(|failure| format!("{}: {failure}", page.name)));
        tab.close().await?;
    }
    chromium.stop().await?;
    failures.iter().for_each(|failure| println!("  {failure}"));
    println!("browser: {} pages, {} failures", pages.len(), failures.len());
    Ok(failures.is_empty())
}

/// Checks a page, and returns what is wrong with it.
async fn check(page: &Made, tab: &Tab, args: &Args) -> Result<Vec<String>> {
    let mut failures = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            failures.push(what);
        }
    };
    expect(page.bytes <= pages::LARGEST, format!("it has {} bytes", page.bytes));
    let tree = accessibility::Tree::of(tab).await?;
    accessibility::problems(&tree).into_iter().for_each(|problem| expect(false, problem));
    if let Some(names) = &page.hostile {
        let hit = tab.value("typeof window.hit").await?;
        expect(hit == "undefined", "a name ran as a script".into());
        let images = tab.value("String(document.images.length)").await?;
        expect(images == "0", "a name became an image".into());
        let text = tab.value("document.body.textContent").await?;
        for name in names {
            expect(text.contains(name), format!("{name:?} is not shown as text"));
        }
    }
    if page.is_large {
        let rows = tab
            .value("String(document.querySelectorAll('table[id^=table-] tbody tr').length)")
            .await?;
        expect(
            rows.parse().is_ok_and(|rows: u32| (1000..=10_000).contains(&rows)),
            format!("{rows} rows"),
        );
        let tiles = tab.value("String(document.querySelectorAll('svg g').length)").await?;
        expect(
            tiles.parse().is_ok_and(|tiles: u32| (50..=1500).contains(&tiles)),
            format!("{tiles} tiles"),
        );
    }
    if args.folder.is_none() {
        keyboard::problems(tab, page).await?.into_iter().for_each(|problem| expect(false, problem));
        for scheme in ["light", "dark"] {
            tab.scheme(scheme).await?;
            tab.contrasts().await?.into_iter().for_each(|problem| {
                expect(false, format!("{scheme}: {problem}"));
            });
            if page.is_compared {
                let picture = tab.screenshot().await?;
                let golden = format!("{}-{scheme}", page.name);
                let difference = grid::compare(&golden, &picture, args.bless)?;
                difference.into_iter().for_each(|difference| expect(false, difference));
            }
        }
        tab.scheme("light").await?;
        tab.print_problems().await?.into_iter().for_each(|problem| expect(false, problem));
    }
    let (requests, messages) = tab.heard().await;
    expect(requests.is_empty(), format!("it requests {requests:?}"));
    expect(messages.is_empty(), format!("the console has {messages:?}"));
    if args.folder.is_none() {
        tab.without_javascript().await?;
        let quiet = accessibility::Tree::of(tab).await?;
        let tables = |tree: &accessibility::Tree| tree.names("table").count();
        expect(tables(&quiet) == tables(&tree), "tables are missing without JavaScript".into());
        expect(
            quiet.names("searchbox").count() == 0,
            "a search is there without JavaScript".into(),
        );
        expect(
            quiet.names("listitem").count() > 0,
            "treemaps are missing without JavaScript".into(),
        );
    }
    Ok(failures)
}
