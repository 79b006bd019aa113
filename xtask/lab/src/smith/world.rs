//! Generates random worlds as text: existing interfaces, and items of the world itself.

use super::names::Names;
use arbitrary::{Error, Result, Unstructured};
use wit_parser::{Interface, Resolve};

/// Minimum number of functions: most bytes give only empty interfaces.
const FUNCTIONS: usize = 6;

/// Maximum nesting of most types.
const DEPTH: usize = 2;

/// Maximum nesting of a type in a hundred.
const DEEP: usize = 40;

/// Maximum number of parameters of a function in a hundred.
const MANY_PARAMETERS: usize = 300;

/// Numbers of cases that fill a byte, and that need two.
const MANY_CASES: &[usize] = &[256, 257];

/// The most cases that the parser takes, of a type in about a hundred worlds: rustc needs long for them.
const MOST_CASES: usize = 10_000;

/// Features that the world may use: functions that wait, and types.
#[derive(Clone, Copy)]
pub(super) struct Optional {
    pub functions: bool,
    pub futures: bool,
    pub streams: bool,
    pub error_contexts: bool,
    pub maps: bool,
    pub fixed_lists: bool,
}

/// Generates a world with some of the interfaces and inline functions, types, resources and interfaces.
/// The worlds of `wit-smith` import one interface under several names, which Wasmtime lacks.
///
/// # Errors
///
/// Fails if the world has few functions.
pub(super) fn world(
    resolve: &Resolve,
    optional: Optional,
    u: &mut Unstructured<'_>,
) -> Result<String> {
    let mut world = World { u, optional, items: String::new(), functions: 0 };
    let mut paths = Vec::new();
    for (_, interface) in &resolve.interfaces {
        let Some(path) = path(resolve, interface) else { continue };
        for side in ["import", "export"] {
            if world.u.arbitrary()? {
                world.items += &format!("{side} {path};\n");
                world.functions += interface.functions.len();
            }
        }
        paths.push((path, interface));
    }
    let mut scope = Scope::default();
    world.uses(&paths, &mut scope)?;
    world.types("", &mut scope)?;
    let mut exports = Names::default();
    for _ in 0..world.u.int_in_range(0..=3)? {
        let name = scope.names.next(world.u)?;
        world.function("import ", &name, &scope, "")?;
    }
    for _ in 0..world.u.int_in_range(0..=3)? {
        let name = exports.next(world.u)?;
        world.function("export ", &name, &scope, "")?;
    }
    for (side, names) in [("import", &mut scope.names), ("export", &mut exports)] {
        for _ in 0..world.u.int_in_range(0..=2)? {
            let name = names.next(world.u)?;
            world.items += &format!("{side} {name}: interface {{\n");
            let mut inner = Scope::default();
            world.uses(&paths, &mut inner)?;
            world.types("", &mut inner)?;
            for _ in 0..world.u.int_in_range(1..=4)? {
                let name = inner.names.next(world.u)?;
                world.function("", &name, &inner, "")?;
            }
            world.items += "}\n";
        }
    }
    if world.functions < FUNCTIONS {
        return Err(Error::IncorrectFormat);
    }
    Ok(format!("package the:component;\nworld random {{\n{}}}\n", world.items))
}

/// Escapes a name, which may be a keyword.
fn path(resolve: &Resolve, interface: &Interface) -> Option<String> {
    let package = &resolve.packages[interface.package?].name;
    let version = package.version.as_ref().map(|v| format!("@{v}")).unwrap_or_default();
    let name = interface.name.as_ref()?;
    Some(format!("%{}:%{}/%{name}{version}", package.namespace, package.name))
}

/// Names in scope.
#[derive(Default)]
struct Scope {
    names: Names,
    /// Value types. Types from other interfaces may be or contain resources: nothing else uses them.
    types: Vec<String>,
    resources: Vec<String>,
}

struct World<'a, 'b> {
    u: &'a mut Unstructured<'b>,
    optional: Optional,
    items: String,
    functions: usize,
}

impl World<'_, '_> {
    fn uses(&mut self, paths: &[(String, &Interface)], scope: &mut Scope) -> Result<()> {
        for (path, interface) in paths {
            let Some(ty) = interface.types.keys().next() else { continue };
            if self.u.ratio(1, 4)? {
                let name = scope.names.next(self.u)?;
                self.items += &format!("use {path}.{{%{ty} as {name}}};\n");
            }
        }
        Ok(())
    }

    /// Generates definitions, each of which may use earlier ones.
    fn types(&mut self, indent: &str, scope: &mut Scope) -> Result<()> {
        for _ in 0..self.u.int_in_range(0..=4)? {
            let name = scope.names.next(self.u)?;
            if self.u.ratio(1, 100)? {
                self.many_cases(indent, &name)?;
                scope.types.push(name);
                continue;
            }
            let mut parts = Names::default();
            let count = self.u.int_in_range(1..=4)?;
            let parts = (0..count).map(|_| parts.next(self.u)).collect::<Result<Vec<_>>>()?;
            let kind = self.u.int_in_range(0..=5)?;
            if kind == 5 {
                self.resource(&name, &parts, scope)?;
                scope.resources.push(name);
                continue;
            }
            let text = match kind {
                0 => {
                    let field = |part: &String| Ok(format!("{part}: {}", self.value(scope, 0)?));
                    let fields = parts.iter().map(field).collect::<Result<Vec<_>>>()?;
                    format!("record {name} {{ {} }}", fields.join(", "))
                }
                1 => {
                    let case = |part: &String| match self.u.arbitrary()? {
                        true => Ok(format!("{part}({})", self.value(scope, 0)?)),
                        false => Ok(part.clone()),
                    };
                    let cases = parts.iter().map(case).collect::<Result<Vec<_>>>()?;
                    format!("variant {name} {{ {} }}", cases.join(", "))
                }
                2 => format!("enum {name} {{ {} }}", parts.join(", ")),
                3 => format!("flags {name} {{ {} }}", parts.join(", ")),
                _ => format!("type {name} = {};", self.value(scope, 0)?),
            };
            self.items += &format!("{indent}{text}\n");
            scope.types.push(name);
        }
        Ok(())
    }

    /// Generates an enum, or a variant with one value.
    fn many_cases(&mut self, indent: &str, name: &str) -> Result<()> {
        let count = if self.u.ratio(1, 10)? { MOST_CASES } else { *self.u.choose(MANY_CASES)? };
        let (keyword, value) = *self.u.choose(&[("enum", ""), ("variant", "(string)")])?;
        let cases: Vec<String> = (1..count).map(|case| format!("c{case}")).collect();
        self.items += &format!("{indent}{keyword} {name} {{ c0{value}, {} }}\n", cases.join(", "));
        Ok(())
    }

    fn resource(&mut self, name: &str, methods: &[String], scope: &Scope) -> Result<()> {
        self.items += &format!("resource {name} {{\n");
        if self.u.arbitrary()? {
            let params = self.params(scope)?;
            self.items += &format!("constructor({params});\n");
            self.functions += 1;
        }
        for method in methods {
            let kind = if self.u.arbitrary()? { "static " } else { "" };
            self.function("", method, scope, kind)?;
        }
        self.items += "}\n";
        Ok(())
    }

    fn function(&mut self, side: &str, name: &str, scope: &Scope, kind: &str) -> Result<()> {
        let waits = self.optional.functions && self.u.arbitrary()?;
        let waits = if waits { "async " } else { "" };
        let params = self.params(scope)?;
        let result =
            if self.u.arbitrary()? { format!(" -> {}", self.value(scope, 0)?) } else { "".into() };
        self.items += &format!("{side}{name}: {kind}{waits}func({params}){result};\n");
        self.functions += 1;
        Ok(())
    }

    fn params(&mut self, scope: &Scope) -> Result<String> {
        let mut names = Names::default();
        let mut params = Vec::new();
        let most = if self.u.ratio(1, 100)? { MANY_PARAMETERS } else { 4 };
        for _ in 0..self.u.int_in_range(0..=most)? {
            let name = names.next(self.u)?;
            let ty = if !scope.resources.is_empty() && self.u.ratio(1, 3)? {
                format!("borrow<{}>", self.u.choose(&scope.resources)?)
            } else {
                self.value(scope, 0)?
            };
            params.push(format!("{name}: {ty}"));
        }
        Ok(params.join(", "))
    }

    /// Generates a type of many levels.
    fn deep(&mut self, scope: &Scope) -> Result<String> {
        let inner = self.value(scope, DEPTH)?;
        let levels = self.u.int_in_range(DEPTH..=DEEP)?;
        let (before, after) =
            *self.u.choose(&[("option<", ">"), ("list<", ">"), ("tuple<u8, ", ">")])?;
        Ok(format!("{}{inner}{}", before.repeat(levels), after.repeat(levels)))
    }

    fn value(&mut self, scope: &Scope, depth: usize) -> Result<String> {
        const PLAIN: &[&str] = &[
            "bool", "u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64", "char",
            "string",
        ];
        let named = [&*scope.types, &*scope.resources].concat();
        if !named.is_empty() && self.u.ratio(1, 3)? {
            return Ok(self.u.choose(&named)?.clone());
        }
        let ends = match depth {
            0 if self.u.ratio(1, 100)? => return self.deep(scope),
            DEPTH.. => true,
            _ => self.u.arbitrary()?,
        };
        if ends {
            return Ok((*self.u.choose(PLAIN)?).into());
        }
        let Optional { futures, streams, error_contexts, maps, fixed_lists, .. } = self.optional;
        let inner = self.value(scope, depth + 1)?;
        Ok(match self.u.int_in_range(0..=10)? {
            0 => format!("option<{inner}>"),
            1 => format!("result<{inner}>"),
            2 => format!("result<{inner}, {}>", self.value(scope, depth + 1)?),
            3 => format!("tuple<{inner}, {}>", self.value(scope, depth + 1)?),
            7 => {
                let parts = self.u.int_in_range(1..=20)?;
                format!("tuple<{}>", vec![inner.as_str(); parts].join(", "))
            }
            4 if futures => format!("future<{inner}>"),
            5 if streams => format!("stream<{inner}>"),
            8 if error_contexts => "error-context".into(),
            9 if maps => format!("map<string, {inner}>"),
            10 if fixed_lists => format!("list<{inner}, {}>", self.u.int_in_range(1..=20)?),
            _ => format!("list<{inner}>"),
        })
    }
}
