//! `wasmport.toml`: what it says, and what it must not say.

use crate::project::{CALC, Project, shown, statuses};
use std::fs;
use wasmport_build::{AssetSettings, Explanation, Importer, Origin, Preinit, Setting, Status};

#[test]
fn settings_select_files_engine_and_targets() {
    let project = Project::with(&[
        ("a.wat", CALC.as_bytes()),
        ("mods/b.wat", CALC.as_bytes()),
        ("mods/c.wat", CALC.as_bytes()),
    ]);
    let text = r#"
        targets = ["x86_64-unknown-linux-gnu", "portable"]
        [import]
        roots = ["assets"]
        out-dir = "generated"
        include = ["mods/**"]
        exclude = ["**/c.wat"]
        embed = false
        [engine]
        fuel = true
        opt-level = "speed-and-size"
    "#;
    let importer = Importer::new(project.settings(text).unwrap());
    let report = importer.run(&()).unwrap();
    assert_eq!(statuses(&report), [("mods/b.wat", Status::Imported)]);
    assert_eq!(report.assets[0].artifacts.len(), 2);
    let wrapper = fs::read_to_string(project.path().join("generated/mods/b.rs")).unwrap();
    assert!(wrapper.contains(".fuel(true)") && wrapper.contains(" file("));
}

#[test]
fn contradictions_of_several_rules_are_those_of_what_applies() {
    let project = Project::with(&[("a.wat", CALC.as_bytes()), ("b.wat", CALC.as_bytes())]);
    let rule = |pattern: &str, choice: &str| format!("[[asset]]\nmatch = {pattern:?}\n{choice}\n");
    let discovered = |text: String| Importer::new(project.settings(&text).unwrap()).explain();
    // Each needs the other.
    let level = "optimize.level = \"O3\"\noptimize.enabled = false";
    let fine = rule("*", level) + &rule("a.wat", "optimize.enabled = true");
    discovered(fine).unwrap();
    // None of these is wrong by itself.
    let env = rule("*", "preinit.init = \"f\"\npreinit.env = { A = \"1\" }");
    let error = discovered(env + &rule("b.wat", "preinit.wasi = false")).unwrap_err().to_string();
    assert_eq!(
        shown(&project, error),
        "several rules apply to `b.wat`: `preinit.env`: only WASI passes it to the guest, and `wasi = false` turns \
         WASI off\n  help: remove one of the two"
    );
    let elsewhere = rule("b.wat", level) + &rule("a.wat", "optimize.enabled = true");
    let error = discovered(elsewhere).unwrap_err().to_string();
    assert_eq!(
        shown(&project, error),
        "several rules apply to `a.wat`: `optimize.enabled`: no optimization level is set\n  help: add a `level`, such \
         as \"O3\" or \"Oz\""
    );
}

#[test]
fn settings_that_agree_are_accepted_and_code_is_refused_like_a_file() {
    let project = Project::new();
    for text in [
        "[defaults]\noptimize.level = \"O2\"\noptimize.fast-math = \"force\"\n",
        "[engine]\ndeterministic = false\n[defaults]\noptimize.fast-math = \"yes\"\n",
        "[defaults]\noptimize.flags = [\"--converge\", \"-g\"]\n",
        "[defaults]\npreinit.init = \"f\"\npreinit.wasi = false\n",
        "[defaults]\ncompress = { \"*\" = 22, portable = 0 }\n",
    ] {
        project.settings(text).unwrap_or_else(|error| panic!("{text}{error}"));
    }
    // From code there is no place, but the same refusal.
    let mut choices = AssetSettings::default();
    choices.preinit = Preinit::new().wasi(false).args(["a".to_owned()]).init("f");
    let error = project.importer().defaults(choices).run(&()).unwrap_err().to_string();
    assert_eq!(
        error,
        "`preinit.args`: only WASI passes it to the guest, and `wasi = false` turns WASI off\n  help: remove one of \
         the two"
    );
}

fn setting<'a>(settings: &'a [Setting], key: &str) -> &'a Setting {
    settings.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("no {key}"))
}

#[test]
fn what_applies_is_explained_with_where_it_came_from() {
    let project = Project::with(&[
        ("a.wat", CALC.as_bytes()),
        ("mods/b.wat", CALC.as_bytes()),
        ("c.wat", CALC.as_bytes()),
    ]);
    let text = r#"targets = ["portable"]
[import]
embed = false
[engine]
fuel = true
[defaults]
prefix = "d_"
optimize.level = "O2"
[[asset]]
match = "mods/**"
prefix = "m_"
  [asset.limits]
  max-seconds = 7
[[asset]]
match = "**/b.wat"
compress = { "*" = 3 }
"#;
    let importer = project.configured(text).wasm_feature(wasmport_build::WasmFeature::Memory64);
    let mut rule = AssetSettings::matching("c.wat");
    rule.prefix = Some("c_".into());
    let importer = importer.asset(rule).jobs(3);
    let explained: Explanation = importer.explain().unwrap();
    let file = project.path().join("wasmport.toml").display().to_string();
    let at = |place: &str| format!("{file}:{place}");
    for (key, value, origin) in [
        ("targets", serde_json::json!(["portable"]), at("1:1")),
        ("import.embed", false.into(), at("3:1")),
        ("import.exclude", serde_json::json!([]), "default".into()),
        ("import.symlinks", "inside".into(), "default".into()),
        ("import.out-dir", project.out().display().to_string().into(), "argument or code".into()),
        ("engine.fuel", true.into(), at("5:1")),
        ("engine.deterministic", true.into(), "default".into()),
    ] {
        let setting = setting(&explained.project, key);
        assert_eq!((&setting.value, setting.origin.to_string()), (&value, origin), "{key}");
    }
    let of = |source: &str| {
        let asset = explained.assets.iter().find(|asset| asset.source == source).unwrap();
        let line = |setting: &Setting| {
            format!("{} = {} from {}", setting.key, setting.value, setting.origin)
        };
        let (left_open, chosen): (Vec<_>, Vec<_>) =
            asset.settings.iter().partition(|setting| setting.origin == Origin::Default);
        assert!(left_open.iter().any(|setting| setting.key == "max-exports"), "{left_open:?}");
        chosen.into_iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        of("a.wat"),
        [
            format!("optimize.level = \"O2\" from {}", at("8:10")),
            format!("prefix = \"d_\" from {}", at("7:1")),
        ]
    );
    assert_eq!(
        of("mods/b.wat"),
        [
            format!("compress = {{\"*\":3}} from {} (**/b.wat)", at("16:1")),
            format!("limits.max-seconds = 7 from {} (mods/**)", at("13:3")),
            format!("optimize.level = \"O2\" from {}", at("8:10")),
            format!("prefix = \"m_\" from {} (mods/**)", at("11:1")),
        ]
    );
    assert_eq!(
        of("c.wat"),
        [
            format!("optimize.level = \"O2\" from {}", at("8:10")),
            "prefix = \"c_\" from argument or code (c.wat)".to_owned(),
        ]
    );
    let json = serde_json::to_value(&explained).unwrap();
    let settings = json["assets"][0]["settings"].as_array().unwrap();
    let prefix = settings.iter().find(|setting| setting["key"] == "prefix").unwrap();
    assert_eq!(prefix["origin"], at("7:1"));
}

#[test]
fn what_code_says_is_not_said_to_be_from_the_file() {
    let project = Project::with(&[("a.wat", CALC.as_bytes())]);
    let text = "[defaults]\nprefix = \"file_\"\nasync = true\n";
    let mut defaults = AssetSettings::default();
    defaults.prefix = Some("code_".into());
    let explained = project.configured(text).defaults(defaults).explain().unwrap();
    let prefix = setting(&explained.assets[0].settings, "prefix");
    let asynchronous = setting(&explained.assets[0].settings, "async");
    assert_eq!(asynchronous.origin, Origin::Default, "the code's choices take the place of all");
    assert_eq!(
        (prefix.value.as_str(), &prefix.origin),
        (Some("code_"), &Origin::Given { rule: None })
    );
    // Nor is a contradiction of code placed in the file.
    let mut choices = AssetSettings::default();
    choices.strip = Some(vec!["a[".into()]);
    let importer = project.configured("[defaults]\nstrip = [\"b\"]\n").defaults(choices);
    let error = importer.run(&()).unwrap_err().to_string();
    assert!(error.starts_with("`strip`: "), "{error}");
}
