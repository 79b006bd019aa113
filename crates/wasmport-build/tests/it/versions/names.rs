//! Names in worlds that are like those of the generated code.

use super::{SETTINGS, error, list, project};

#[test]
fn a_parameter_may_be_called_guest() {
    let world = "world plugin { export run: func(guest: string) -> u32; }";
    let project = project(world, world);
    assert_eq!(error(&project.import_with(SETTINGS)), "");
    let wrapper = project.wrapper("plugin");
    assert!(wrapper.contains("guest.call_run(store, guest_)"), "{wrapper}");
}

#[test]
fn names_of_resources_and_wrappers_may_be_like_those_of_traits() {
    let world = |case: &str| {
        format!(
            "interface types {{ enum tone {{ a{case} }} resource file-with-store {{ mix: func(tone: tone); }} }}
             world plugin {{ import types; }}"
        )
    };
    let derived = "Conversions to and from `v2` that are derived: `demo::app::types::Tone`";
    assert_eq!(list(&world(""), &world(", b")).last().unwrap(), derived);

    // The trait of its world is `HostPluginImports`.
    let project = project(
        "interface log { show: func(); } world plugin { import log; import beep: func(); }",
        "interface log { beep: func(); } world plugin { import log; import show: func(); }",
    );
    let settings = SETTINGS.replace("name = \"plugin\"", "name = \"host_plugin\"");
    assert_eq!(error(&project.import_with(&settings)), "");
    let wrapper = project.wrapper("host_plugin");
    assert!(!wrapper.contains("trait Conversions"), "both functions have moved: {wrapper}");
}

#[test]
fn all_versions_have_the_wrapper_name_that_no_type_has() {
    let types = "interface types { resource plugin { close: func(); } }";
    let project = project(
        &format!("{types} world plugin {{ use types.{{plugin}}; export run: func(); }}"),
        &format!("{types} world plugin {{ import types; export run: func(); }}"),
    );
    assert_eq!(error(&project.import_with(SETTINGS)), "");
    let wrapper = project.wrapper("plugin");
    for text in ["enum PluginWorld {", "V1(v1::PluginWorld)", "V2(v2::PluginWorld)"] {
        assert!(wrapper.contains(text), "{text}: {wrapper}");
    }
}

#[test]
fn a_version_may_have_the_name_of_a_module() {
    let world = "world plugin { export run: func(); }";
    let project = project(world, world);
    let report = project.import_with(&SETTINGS.replace("v1 =", "a =").replace("v2 =", "exports ="));
    assert_eq!(error(&report), "");
    let wrapper = project.wrapper("plugin");
    // The version's module has a module of that name too, which the wildcard imports.
    assert!(wrapper.contains("pub use self::exports::*;"), "{wrapper}");
}
