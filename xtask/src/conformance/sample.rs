//! The sample: the beginning of each script, the same in each run.

use super::script::{Kind, Script};

/// What a script keeps, besides everything that only the importer sees.
const MODULES: usize = 8;
const DIRECTIVES: usize = 120;

/// Shortens the script. What is left does not depend on what is taken away: it is the beginning.
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
    fn the_beginning_is_left() {
        let module = "(module (func (export \"f\")))\n(invoke \"f\")\n";
        let text = format!("{}(assert_invalid (module) \"\")", module.repeat(10));
        let mut script = Script::parse("x".into(), &text);
        shorten(&mut script);
        let lines: Vec<usize> = script.directives.iter().map(|d| d.line).collect();
        assert_eq!(lines, (1..=2 * MODULES).chain([21]).collect::<Vec<_>>());
    }
}
