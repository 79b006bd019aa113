//! The pictures of the documentation: the inspector's page of a module, and an import in a terminal.

use crate::Result;
use crate::pages::Maker;
use crate::tab::Chromium;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module with an error in its first function.
const BROKEN: &str = "(module\n  (func (export \"half\") (param $n i32) (result i32)\n    \
                      (i64.div_u (local.get $n) (i32.const 2))))\n";

/// Makes all pictures.
pub(crate) async fn make(command: Option<PathBuf>) -> Result<bool> {
    let temporary = tempfile::tempdir()?;
    let maker = Maker::new(temporary.path().canonicalize()?, command)?;
    let pictures = maker.root.join("docs/pictures");
    std::fs::create_dir_all(&pictures)?;
    inspector(&maker, &temporary.path().join("tinygo.html"), &pictures).await?;
    terminal(&maker, &pictures)?;
    println!("pictures: {}", pictures.display());
    Ok(true)
}

/// Takes a picture of the page of a module that TinyGo made.
async fn inspector(maker: &Maker, page: &Path, pictures: &Path) -> Result {
    let module = maker.root.join("fixtures/assets/greetings/tinygo.wasm");
    let targets = ["--target", "x86_64-unknown-linux-gnu", "--target", "portable"];
    maker.inspect(&module, &targets, page)?;
    let chromium = Chromium::start().await?;
    let tab = chromium.open(page).await?;
    std::fs::write(pictures.join("inspector.png"), tab.picture_from("Capabilities").await?)?;
    tab.close().await?;
    chromium.stop().await
}

/// Draws what an import prints, with a file that is in order and then with one that is not.
fn terminal(maker: &Maker, pictures: &Path) -> Result {
    let project = tempfile::tempdir()?;
    let assets = project.path().join("assets");
    std::fs::create_dir(&assets)?;
    for asset in ["calc.wat", "components/ledger.wat", "greetings/tinygo.wasm"] {
        let from = maker.root.join("fixtures/assets").join(asset);
        let name = from.file_name().ok_or("an asset has a name")?;
        std::fs::copy(&from, assets.join(name))?;
    }
    let mut text = printed(maker, project.path(), "import")?;
    text += &printed(maker, project.path(), "list")?;
    std::fs::write(assets.join("half.wat"), BROKEN)?;
    text += &printed(maker, project.path(), "import")?;
    std::fs::write(pictures.join("import.svg"), anstyle_svg::Term::new().render_svg(&text))?;
    Ok(())
}

/// Runs a command as in a terminal with colours, and returns the line that was typed and what it printed.
fn printed(maker: &Maker, project: &Path, command: &str) -> Result<String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$0\" wasmport \"$1\" --color always 2>&1"]).arg(&maker.command);
    shell.arg(command).current_dir(project).env("WASMPORT_CACHE_DIR", project.join("cache"));
    let output = shell.output()?;
    Ok(format!("$ cargo wasmport {command}\n{}\n", String::from_utf8_lossy(&output.stdout)))
}
