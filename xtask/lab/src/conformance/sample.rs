//! Shortens each script to its beginning, the same in each run.

use super::script::{Kind, Script};

/// Maximum number of modules in a shortened script.
const MODULES: usize = 8;
/// Maximum number of other directives, without modules that the importer must refuse.
const DIRECTIVES: usize = 120;

/// Shortens the script. The remaining beginning does not depend on later directives.
pub(super) fn shorten(script: &mut Script) {
    let (mut modules, mut others) = (0, 0);
    script.directives.retain(|directive| match directive.kind {
        Kind::Refused { .. } => true,
        Kind::Action { .. } | Kind::Register { .. } | Kind::Unknown(_) => {
            others += 1;
            others <= DIRECTIVES && modules <= MODULES
        }
        _ => {
            modules += 1;
            modules <= MODULES && others <= DIRECTIVES
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_remains() {
        let module = "(module (func (export \"f\")))\n(invoke \"f\")\n";
        let text = format!("{}(assert_invalid (module) \"\")", module.repeat(10));
        let mut script = Script::parse("x".into(), &text);
        shorten(&mut script);
        let lines: Vec<usize> = script.directives.iter().map(|d| d.line).collect();
        assert_eq!(lines, (1..=2 * MODULES).chain([21]).collect::<Vec<_>>());
    }
}
