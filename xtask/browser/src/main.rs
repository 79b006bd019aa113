//! Tests of the inspector's pages in headless Chromium.
//!
//! It writes pages of fixtures with `cargo wasmport inspect --html` and `report --html`, and checks in the browser that
//! they run no foreign script, request nothing, have names for screen readers, work with the keyboard, in the dark, on
//! paper and without JavaScript, and look as they did.

mod accessibility;
mod grid;
mod keyboard;
mod pages;
mod tab;

use pages::{Made, Maker};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use tab::{Chromium, Tab};

/// Result of a check; the message of an error is printed as it is.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "\
Usage: cargo xtask browser [--bless] [--folder DIR] [--pages OUT] [--command PATH]

  --bless       Accept how the pages look
  --folder DIR  Make a page for every module below DIR instead, and open it
  --pages OUT   Leave the pages in this folder [default: a temporary one]
  --command PATH
                Make the pages with this `cargo-wasmport` [default: that of the repository, which is built]

Chromium is the program in CHROMIUM, else `chromium` in PATH.
";

/// The arguments.
#[derive(Default)]
struct Args {
    bless: bool,
    folder: Option<PathBuf>,
    pages: Option<PathBuf>,
    command: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match args() {
        Some(args) => run(&args).await,
        None => {
            print!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn args() -> Option<Args> {
    let mut args = Args::default();
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        match word.to_str()? {
            "--bless" => args.bless = true,
            "--folder" => args.folder = Some(words.next()?.into()),
            "--pages" => args.pages = Some(words.next()?.into()),
            "--command" => args.command = Some(words.next()?.into()),
            _ => return None,
        }
    }
    Some(args)
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
