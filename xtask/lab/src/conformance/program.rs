//! Generates Rust code that runs a script by the methods of wrappers.

use super::assets::{Assets, NoWrapper, Wrapper};
use super::outcome::Outcome;
use super::script::{Action, Arg, Directive, Expected, Kind, Script, Source};
use std::collections::HashMap;
use thiserror::Error;

/// Maximum number of directives in one function: rustc is slow on long functions.
const IN_ONE_FUNCTION: usize = 100;

/// The code of one script.
pub(super) struct Program {
    pub text: String,
    /// The directive of each line that has one.
    directives: Vec<Option<usize>>,
}

impl Program {
    /// Generates the program. Directives that cannot be generated fail; others with a known outcome are
    /// skipped.
    pub fn write(script: &Script, assets: &Assets<'_>, outcomes: &mut [Outcome]) -> Self {
        let mut writer = Writer::new(assets);
        for (number, (directive, outcome)) in script.directives.iter().zip(outcomes).enumerate() {
            let is_wanted = *outcome == Outcome::Unknown;
            match writer.directive(number, directive, is_wanted) {
                Err(error) if is_wanted => *outcome = Outcome::Failed(error.to_string()),
                _ => {}
            }
        }
        writer.finish()
    }

    /// Returns the directive in a line of the text, counted from 1.
    pub fn directive(&self, line: usize) -> Option<usize> {
        self.directives.get(line.checked_sub(1)?).copied().flatten()
    }
}

/// An instance that directives use.
#[derive(Clone, Copy)]
struct Instance<'a> {
    /// The number in its variable's name.
    number: usize,
    wrapper: &'a Wrapper,
}

/// A line of code and its directive.
type Line = (String, Option<usize>);

/// The reason why a directive cannot run.
#[derive(Clone, Debug, Error)]
enum Unsupported {
    #[error(transparent)]
    NoWrapper(#[from] NoWrapper),
    #[error("the script has no such definition")]
    NoDefinition,
    #[error("the script has no such module")]
    NoModule,
    #[error("the module of line {0} has no wrapper")]
    NoInstance(usize),
    #[error("the export {0:?} is not wrapped")]
    NotWrapped(String),
    #[error("its outcome is known")]
    NotWanted,
    #[error("{0}")]
    Unknown(String),
}

struct Writer<'a> {
    assets: &'a Assets<'a>,
    /// The lines of the function `run`.
    run: Vec<Line>,
    /// The lines of the functions that `run` calls.
    functions: Vec<Line>,
    /// Directives on the instance `target`, which become a function.
    pending: Vec<(usize, String)>,
    target: Option<Instance<'a>>,
    /// Instances by name; the latest one also has no name.
    instances: HashMap<Option<&'a str>, Result<Instance<'a>, Unsupported>>,
    definitions: HashMap<Option<&'a str>, &'a Source>,
}

impl<'a> Writer<'a> {
    fn new(assets: &'a Assets<'a>) -> Self {
        Self {
            assets,
            run: Vec::new(),
            functions: Vec::new(),
            pending: Vec::new(),
            target: None,
            instances: HashMap::new(),
            definitions: HashMap::new(),
        }
    }

    /// Generates one directive.
    fn directive(
        &mut self,
        number: usize,
        directive: &'a Directive,
        is_wanted: bool,
    ) -> Result<(), Unsupported> {
        match &directive.kind {
            Kind::Module { name, source } => {
                self.module(number, directive.line, name.as_deref(), source, is_wanted)
            }
            Kind::Instance { name, definition } => {
                let source = self.definitions.get(&definition.as_deref()).copied();
                let source = source.ok_or(Unsupported::NoDefinition)?;
                self.module(number, directive.line, name.as_deref(), source, is_wanted)
            }
            Kind::Definition { name, source } => {
                self.definitions.insert(name.as_deref(), source);
                self.definitions.insert(None, source);
                if is_wanted {
                    let ty = self.assets.get(source)?.ty();
                    self.add_line(number, format!("t.definition({number}, t.load({ty}::load));"));
                }
                Ok(())
            }
            _ if !is_wanted => Ok(()),
            Kind::Register { module, name } => {
                let instance = self.instance(module.as_deref())?.number;
                self.add_line(number, format!("t.register({number}, &m{instance}, {name:?});"));
                Ok(())
            }
            Kind::Uninstantiable { source, message } => {
                let result = instantiate(self.assets.get(source)?);
                self.add_line(
                    number,
                    format!("let r = {result}; t.traps({number}, r, {message:?});"),
                );
                Ok(())
            }
            Kind::Unlinkable { source, message } => {
                let result = instantiate(self.assets.get(source)?);
                self.add_line(
                    number,
                    format!("let r = {result}; t.unlinkable({number}, r, {message:?});"),
                );
                Ok(())
            }
            Kind::Action { action, expected } => self.action(number, action, expected),
            // The importer alone decides it.
            Kind::Refused { .. } => Ok(()),
            Kind::Unknown(why) => Err(Unsupported::Unknown(why.clone())),
        }
    }

    fn module(
        &mut self,
        number: usize,
        line: usize,
        name: Option<&'a str>,
        source: &Source,
        is_wanted: bool,
    ) -> Result<(), Unsupported> {
        let wrapper = match is_wanted {
            true => self.assets.get(source).map_err(Unsupported::from),
            false => Err(Unsupported::NotWanted),
        };
        if let Ok(wrapper) = wrapper {
            let result = instantiate(wrapper);
            self.add_line(
                number,
                format!("let r = {result}; let m{number} = t.module({number}, r);"),
            );
        }
        let instance = match &wrapper {
            Ok(wrapper) => Ok(Instance { number, wrapper }),
            Err(_) => Err(Unsupported::NoInstance(line)),
        };
        self.instances.insert(None, instance.clone());
        if name.is_some() {
            self.instances.insert(name, instance);
        }
        wrapper.map(drop)
    }

    fn instance(&self, name: Option<&str>) -> Result<Instance<'a>, Unsupported> {
        self.instances.get(&name).cloned().unwrap_or(Err(Unsupported::NoModule))
    }

    fn action(
        &mut self,
        number: usize,
        action: &Action,
        expected: &Expected,
    ) -> Result<(), Unsupported> {
        let Action { module, export, args } = action;
        let instance = self.instance(module.as_deref())?;
        let method = instance.wrapper.methods.get(export);
        let method = method.ok_or_else(|| Unsupported::NotWrapped(export.clone()))?;

        let mut code = String::new();
        let mut list = String::new();
        for (position, arg) in args.iter().enumerate() {
            list += ", ";
            match arg {
                Arg::Literal(literal) => list += literal,
                // Creating the reference borrows the store, as the call does.
                Arg::Host(value) => {
                    code += &format!("let h{position} = t.host({value}); ");
                    list += &format!("h{position}");
                }
            }
        }
        code += &format!("let r = m.{method}(&mut t.store{list}); ");
        code += &match expected {
            Expected::Success => format!("t.invoke({number}, r);"),
            Expected::Return(patterns) => {
                format!("t.returns({number}, r, &[{}]);", patterns.join(", "))
            }
            Expected::Trap(message) => format!("t.traps({number}, r, {message:?});"),
            Expected::Exception => format!("t.throws({number}, r);"),
        };
        let is_same = self.target.is_some_and(|target| target.number == instance.number);
        if !is_same || self.pending.len() == IN_ONE_FUNCTION {
            self.flush();
        }
        self.target = Some(instance);
        self.pending.push((number, code));
        Ok(())
    }

    /// Adds a line to `run`.
    fn add_line(&mut self, number: usize, code: String) {
        self.flush();
        self.run.push((code, Some(number)));
    }

    /// Turns the pending directives into a function.
    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let (Some(target), Some((first, _))) = (self.target.take(), pending.first()) else {
            return;
        };
        let numbers: Vec<usize> = pending.iter().map(|(number, _)| *number).collect();
        self.run.push((format!("t.on(&m{}, &{numbers:?}, f{first});", target.number), None));
        let signature = format!("fn f{first}(t: &mut Test, m: &{}) {{", target.wrapper.ty());
        self.functions.push((signature, None));
        self.functions.extend(pending.into_iter().map(|(number, code)| (code, Some(number))));
        self.functions.push(("}".into(), None));
    }

    fn finish(mut self) -> Program {
        self.flush();
        let line = |text: &str| (text.to_string(), None);
        let header =
            ["use crate::assets;", "use conformance::prelude::*;", "pub fn run(t: &mut Test) {"];
        let header = header.iter().map(|text| line(text));
        let lines = header.chain(self.run).chain([line("}")]).chain(self.functions);
        let (text, directives): (Vec<String>, _) = lines.unzip();
        Program { text: text.join("\n") + "\n", directives }
    }
}

/// Returns an expression for the result of instantiating a module.
fn instantiate(wrapper: &Wrapper) -> String {
    let ty = wrapper.ty();
    format!("t.load({ty}::load).and_then(|m| {ty}::instantiate(&mut t.store, &t.linker, &m))")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Imports the modules of a script and generates its program.
    fn program(text: &str) -> (String, Vec<Outcome>, Vec<Option<usize>>) {
        let script = Script::parse("x".into(), text);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(Path::new(name));
        let sources = script.directives.iter().filter_map(|directive| match &directive.kind {
            Kind::Module { source, .. } => Some(source),
            _ => None,
        });
        let sources: Vec<&Source> = sources.collect();
        let assets = Assets::import(&sources, &path("modules"), &path("assets")).unwrap();
        let mut outcomes = vec![Outcome::Unknown; script.directives.len()];
        let program = Program::write(&script, &assets, &mut outcomes);
        (program.text, outcomes, program.directives)
    }

    #[test]
    fn directives_call_methods_of_the_instance_they_name() {
        let (text, outcomes, directives) = program(
            "(module $a (func (export \"get\") (param f32) (result i64) unreachable))\n\
             (module (func (export \"getX\")))\n\
             (assert_return (invoke $a \"get\" (f32.const nan)) (i64.const -1))\n\
             (invoke \"getX\")",
        );
        assert_eq!(outcomes, vec![Outcome::Unknown; 4]);
        for line in [
            "t.on(&m0, &[2], f2);",
            "t.on(&m1, &[3], f3);",
            "fn f2(t: &mut Test, m: &assets::m00000::M00000) {",
            "let r = m.get(&mut t.store, f32::from_bits(2143289344)); t.returns(2, r, &[I64(-1)]);",
            "let r = m.get_x(&mut t.store); t.invoke(3, r);",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        for (line, directive) in text.lines().zip(directives) {
            assert_eq!(directive.is_some(), line.starts_with("let "), "{line}");
        }
    }

    #[test]
    fn directives_that_cannot_run_fail() {
        let (_, outcomes, _) = program(
            "(module (func (result i32)))\n(invoke \"f\")\n(module)\n(invoke \"f\")\n\
             (register \"x\" $nothing)",
        );
        assert!(matches!(&outcomes[0], Outcome::Failed(why) if why.starts_with("validate: ")));
        let failed = |why: &str| Outcome::Failed(why.into());
        assert_eq!(outcomes[1], failed("the module of line 1 has no wrapper"));
        assert_eq!(outcomes[2], Outcome::Unknown);
        assert_eq!(outcomes[3], failed("the export \"f\" is not wrapped"));
        assert_eq!(outcomes[4], failed("the script has no such module"));
    }
}
