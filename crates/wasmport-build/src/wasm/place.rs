//! `Place`: the place of a fault in a module: offset, function or section, and the line of its text.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use wasmparser::{
    Encoding, ExternalKind, FunctionBody, KnownCustom, Name, Parser, Payload, TypeRef,
};
use wast::core::{Elem, Expression, FuncKind, Module, ModuleField, ModuleKind};
use wast::parser::ParseBuffer;
use wast::token::Span;

/// The length of the longest line that a message shows: tools write modules without line ends.
const LONGEST: usize = 500;

/// The place of a fault.
#[derive(Debug, Default)]
pub(super) struct Place {
    offset: usize,
    item: Option<Item>,
    line: Option<Line>,
}

/// The item of a module that holds the fault.
#[derive(Debug)]
enum Item {
    /// The function of this index, with the name that the module has for it.
    Function { index: u32, name: Option<String> },
    /// The item of this index among those of a section.
    Other { section: &'static str, index: u32 },
}

/// The line of the text.
#[derive(Debug)]
struct Line {
    number: usize,
    column: usize,
    text: String,
}

impl Place {
    /// Finds the place of `offset` in `wasm`, which was parsed from `text` if there is any.
    pub fn of(wasm: &[u8], text: Option<&str>, offset: usize) -> Self {
        let found = Found::of(wasm, offset);
        let span = text.and_then(|text| Some((text, span(text, wasm, found.as_ref()?)?)));
        let line = span.map(|(text, span)| Line::of(text, span));
        Self { offset, item: found.map(|found| found.item), line }
    }

    /// Returns the line of the text with a mark below it, as messages of the parser have it.
    pub fn excerpt(&self, path: &Path) -> Option<String> {
        let Line { number, column, text } = self.line.as_ref()?;
        let place = format!("\n     --> {}:{number}:{column}", path.display());
        if text.len() > LONGEST {
            return Some(place);
        }
        let mark = " ".repeat(column - 1);
        Some(format!("{place}\n      |\n {number:4} | {text}\n      | {mark}^"))
    }
}

/// The alternate form has the number of the line, for messages without the [excerpt](Place::excerpt).
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.item {
            Some(Item::Function { index, name: Some(name) }) => {
                write!(f, "in function {index}, `{}`", name.escape_debug())?;
            }
            Some(Item::Function { index, name: None }) => write!(f, "in function {index}")?,
            Some(Item::Other { section, index }) => write!(f, "in {section} {index}")?,
            None => return write!(f, "at offset {:#x}", self.offset),
        }
        match &self.line {
            None => write!(f, ", at offset {:#x}", self.offset),
            Some(line) if f.alternate() => write!(f, ", line {}", line.number),
            Some(_) => Ok(()),
        }
    }
}

impl Line {
    fn of(text: &str, span: Span) -> Self {
        let (line, column) = span.linecol_in(text);
        let shown = text.lines().nth(line).unwrap_or_default();
        // Columns count characters, and a tab is as wide as one.
        let column = shown.get(..column).map_or(0, |before| before.chars().count());
        Self { number: line + 1, column: column + 1, text: shown.replace('\t', " ") }
    }
}

/// The item at an offset, with what leads to it in the text.
struct Found {
    item: Item,
    /// The index among the functions that the module defines, and that of the instruction.
    defined: Option<(usize, usize)>,
}

impl Found {
    /// Finds the item of a core module; the modules in a component have none.
    fn of(wasm: &[u8], offset: usize) -> Option<Self> {
        let mut found = None;
        let (mut imported, mut defined) = (0_u32, 0_u32);
        let mut names = Names::default();
        for payload in Parser::new(0).parse_all(wasm) {
            // A module that cannot be read further has no names behind the fault.
            let Ok(payload) = payload else { break };
            match payload {
                Payload::Version { encoding: Encoding::Component, .. } => return None,
                Payload::ImportSection(section) => {
                    let imports = section.clone().into_imports().flatten();
                    let is_func = |import: &wasmparser::Import<'_>| {
                        matches!(import.ty, TypeRef::Func(_) | TypeRef::FuncExact(_))
                    };
                    imported = imports.filter(is_func).count().try_into().unwrap_or(u32::MAX);
                    found = found.or_else(|| other("import", section, offset));
                }
                Payload::CodeSectionEntry(body) => {
                    // The end of a body is the place of what is missing there.
                    if found.is_none() && body.range().contains(&offset) {
                        let index = imported.saturating_add(defined);
                        let item = Item::Function { index, name: None };
                        let at = (defined as usize, instruction(&body, offset));
                        found = Some(Self { item, defined: Some(at) });
                    }
                    defined += 1;
                }
                Payload::ExportSection(section) => {
                    names.exports(section.clone());
                    found = found.or_else(|| other("export", section, offset));
                }
                Payload::TypeSection(section) => {
                    found = found.or_else(|| other("type", section, offset));
                }
                Payload::FunctionSection(section) => {
                    found = found.or_else(|| other("function declaration", section, offset));
                }
                Payload::TableSection(section) => {
                    found = found.or_else(|| other("table", section, offset));
                }
                Payload::MemorySection(section) => {
                    found = found.or_else(|| other("memory", section, offset));
                }
                Payload::TagSection(section) => {
                    found = found.or_else(|| other("tag", section, offset));
                }
                Payload::GlobalSection(section) => {
                    found = found.or_else(|| other("global", section, offset));
                }
                Payload::ElementSection(section) => {
                    found = found.or_else(|| other("element segment", section, offset));
                }
                Payload::DataSection(section) => {
                    found = found.or_else(|| other("data segment", section, offset));
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        names.functions(section);
                    }
                }
                _ => {}
            }
        }
        found.map(|found| found.with_name(&names))
    }

    fn with_name(mut self, names: &Names) -> Self {
        if let Item::Function { index, name } = &mut self.item {
            *name = names.of(*index);
        }
        self
    }
}

/// Returns the item of a section at `offset`.
fn other<'a, T: wasmparser::FromReader<'a>>(
    section: &'static str,
    items: wasmparser::SectionLimited<'a, T>,
    offset: usize,
) -> Option<Found> {
    let Range { start, end } = items.range();
    if !(start..end).contains(&offset) {
        return None;
    }
    let starts = items.into_iter_with_offsets().map_while(Result::ok).map(|(start, _)| start);
    // An item that cannot be read is the one behind the last that can.
    let index = starts.take_while(|start| *start <= offset).count().saturating_sub(1);
    let item = Item::Other { section, index: index.try_into().unwrap_or(u32::MAX) };
    Some(Found { item, defined: None })
}

/// Returns the index of the instruction at or in front of `offset`.
fn instruction(body: &FunctionBody<'_>, offset: usize) -> usize {
    let Ok(reader) = body.get_operators_reader() else { return 0 };
    let starts = reader.into_iter_with_offsets().map_while(Result::ok).map(|(_, start)| start);
    starts.take_while(|start| *start <= offset).count().saturating_sub(1)
}

/// The names that a module has for its functions.
#[derive(Default)]
struct Names {
    functions: Vec<(u32, String)>,
    exports: Vec<(u32, String)>,
}

impl Names {
    fn functions(&mut self, section: wasmparser::NameSectionReader<'_>) {
        let maps = section.into_iter().map_while(Result::ok);
        let names = maps.filter_map(|name| match name {
            Name::Function(map) => Some(map.into_iter().map_while(Result::ok)),
            _ => None,
        });
        self.functions.extend(names.flatten().map(|name| (name.index, name.name.into())));
    }

    fn exports(&mut self, section: wasmparser::ExportSectionReader<'_>) {
        let exports = section.into_iter().map_while(Result::ok);
        let functions = exports.filter(|export| export.kind == ExternalKind::Func);
        self.exports.extend(functions.map(|export| (export.index, export.name.into())));
    }

    fn of(&self, index: u32) -> Option<String> {
        let mut names = self.functions.iter().chain(&self.exports);
        names.find(|(other, _)| *other == index).map(|(_, name)| name.clone())
    }
}

/// Returns the place in `text` of what was found in `wasm`, if the text is that of the module.
fn span(text: &str, wasm: &[u8], found: &Found) -> Option<Span> {
    let mut buffer = ParseBuffer::new(text).ok()?;
    buffer.track_instr_spans(true);
    let mut parsed = wast::parser::parse::<wast::Wat<'_>>(&buffer).ok()?;
    // A pass may have changed the module.
    if parsed.encode().ok()? != wasm {
        return None;
    }
    let wast::Wat::Module(Module { kind: ModuleKind::Text(fields), .. }) = &parsed else {
        return None;
    };
    match (&found.item, found.defined) {
        (Item::Function { .. }, at) => instruction_span(fields, at?),
        (Item::Other { section, index }, _) => {
            let spans = fields.iter().flat_map(|field| spans(field, section));
            spans.into_iter().nth(*index as usize)
        }
    }
}

fn instruction_span(
    fields: &[ModuleField<'_>],
    (function, instruction): (usize, usize),
) -> Option<Span> {
    let functions = fields.iter().filter_map(|field| match field {
        ModuleField::Func(func) => match &func.kind {
            FuncKind::Inline { expression, .. } => Some((func.span, expression)),
            FuncKind::Import(..) => None,
        },
        _ => None,
    });
    let (span, Expression { instr_spans, .. }) = functions.into_iter().nth(function)?;
    // The end of a function has no instruction in the text: what is wrong there is the function's result.
    Some(instr_spans.as_ref().and_then(|spans| spans.get(instruction)).copied().unwrap_or(span))
}

/// Returns the places of the items of `section` in one field.
fn spans(field: &ModuleField<'_>, section: &str) -> Vec<Span> {
    match (section, field) {
        ("type", ModuleField::Type(item)) => vec![item.span],
        ("type", ModuleField::Rec(item)) => vec![item.span],
        ("import", ModuleField::Import(item)) => vec![item.span; item.num_items()],
        ("function declaration", ModuleField::Func(item)) => vec![item.span],
        ("table", ModuleField::Table(item)) => vec![item.span],
        ("memory", ModuleField::Memory(item)) => vec![item.span],
        ("tag", ModuleField::Tag(item)) => vec![item.span],
        ("global", ModuleField::Global(item)) => vec![item.span],
        ("export", ModuleField::Export(item)) => vec![item.span],
        ("element segment", ModuleField::Elem(Elem { span, .. })) => vec![*span],
        ("data segment", ModuleField::Data(item)) => vec![item.span],
        _ => Vec::new(),
    }
}
