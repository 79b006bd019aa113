//! Comparison of types; types with the same name are compared once.

use super::difference::Comparison;
use wit_parser::{Handle, Type, TypeDefKind, TypeId};

impl Comparison<'_> {
    /// Compares the types of a parameter, result, field or case.
    pub(super) fn value(&mut self, at: &str, have: Type, want: Type) {
        if self.same(have, want) {
            return;
        }
        let texts = |full| [self.have.type_text(have, full), self.want.type_text(want, full)];
        let [short, other] = texts(false);
        let [mine, theirs] = if short == other { texts(true) } else { [short, other] };
        self.report(format!("{at} is `{mine}` instead of `{theirs}`"));
    }

    /// Returns whether the types are the same. Types with the same name count as the same; their
    /// differences are reported for their definition.
    fn same(&mut self, have: Type, want: Type) -> bool {
        let types = (self.have.without_aliases(have), self.want.without_aliases(want));
        self.same_name(have, want)
            || self.same_name(types.0, types.1)
            || match types {
                (Type::Id(have), Type::Id(want)) => self.same_structure(have, want),
                (have, want) => have == want,
            }
    }

    fn same_name(&mut self, have: Type, want: Type) -> bool {
        let (Type::Id(have), Type::Id(want)) = (have, want) else { return false };
        // Types of two interfaces that were compared are the same, too.
        if self.compared.contains(&(have, want)) {
            return true;
        }
        let names = (self.have.qualified_type(have), self.want.qualified_type(want));
        let (Some((interface, name)), Some((other_interface, other))) = names else { return false };
        let is_same = name == other && self.versions.match_names(&interface, &other_interface);
        if is_same {
            let name = self.have.full_name(have).unwrap_or(name);
            self.definition(&format!("type `{name}`"), have, want);
        }
        is_same
    }

    fn same_structure(&mut self, have: TypeId, want: TypeId) -> bool {
        use TypeDefKind as Kind;
        let (mine, theirs) = (self.have, self.want);
        let kinds = (&mine.resolve.types[have].kind, &theirs.resolve.types[want].kind);
        if let (Some((have, _)), Some((want, _))) = (parts(kinds.0), parts(kinds.1)) {
            let mut pairs = have.iter().zip(&want);
            return std::mem::discriminant(kinds.0) == std::mem::discriminant(kinds.1)
                && have.len() == want.len()
                && pairs.all(|(have, want)| have.0 == want.0 && self.same_option(have.1, want.1));
        }
        match kinds {
            (Kind::Tuple(have), Kind::Tuple(want)) => {
                let mut pairs = have.types.iter().zip(&want.types);
                have.types.len() == want.types.len() && pairs.all(|(a, b)| self.same(*a, *b))
            }
            (Kind::Option(have), Kind::Option(want)) | (Kind::List(have), Kind::List(want)) => {
                self.same(*have, *want)
            }
            (Kind::FixedLengthList(have, length), Kind::FixedLengthList(want, other)) => {
                length == other && self.same(*have, *want)
            }
            (Kind::Map(key, value), Kind::Map(other, wanted)) => {
                self.same(*key, *other) && self.same(*value, *wanted)
            }
            (Kind::Future(have), Kind::Future(want)) | (Kind::Stream(have), Kind::Stream(want)) => {
                self.same_option(*have, *want)
            }
            (Kind::Result(have), Kind::Result(want)) => {
                self.same_option(have.ok, want.ok) && self.same_option(have.err, want.err)
            }
            (Kind::Handle(Handle::Own(have)), Kind::Handle(Handle::Own(want)))
            | (Kind::Handle(Handle::Borrow(have)), Kind::Handle(Handle::Borrow(want))) => {
                self.same(Type::Id(*have), Type::Id(*want))
            }
            // Resources are the same only by name.
            _ => false,
        }
    }

    fn same_option(&mut self, have: Option<Type>, want: Option<Type>) -> bool {
        match (have, want) {
            (Some(have), Some(want)) => self.same(have, want),
            (have, want) => have.is_none() && want.is_none(),
        }
    }

    /// Compares the definitions of two types with the same name.
    pub(super) fn definition(&mut self, at: &str, have: TypeId, want: TypeId) {
        if !self.compared.insert((have, want)) {
            return;
        }
        let (mine, theirs) = (self.have, self.want);
        let kinds = (&mine.resolve.types[have].kind, &theirs.resolve.types[want].kind);
        match (parts(kinds.0), parts(kinds.1)) {
            _ if matches!(kinds, (TypeDefKind::Resource, TypeDefKind::Resource)) => {}
            (Some((have, noun)), Some((want, other))) if noun == other => {
                self.parts(at, noun, &have, &want);
            }
            _ if matches!(kinds, (TypeDefKind::Type(_), _) | (_, TypeDefKind::Type(_))) => {
                let have = mine.without_aliases(Type::Id(have));
                self.value(at, have, theirs.without_aliases(Type::Id(want)));
            }
            _ if self.same_structure(have, want) => {}
            _ => {
                let texts = [mine.definition_text(have), theirs.definition_text(want)];
                self.report(format!("{at} is `{}` instead of `{}`", texts[0], texts[1]));
            }
        }
    }

    fn parts(&mut self, at: &str, noun: &str, have: &[Part<'_>], want: &[Part<'_>]) {
        let among = |part: &Part<'_>, others: &[Part<'_>]| others.iter().any(|o| o.0 == part.0);
        for (name, _) in want.iter().filter(|part| !among(part, have)) {
            self.report(format!("{at} lacks the {noun} `{name}`"));
        }
        for (name, _) in have.iter().filter(|part| !among(part, want)) {
            self.report(format!("{at} has a further {noun}, `{name}`"));
        }
        let order = |parts: &[Part<'_>], others: &[Part<'_>]| {
            parts.iter().filter(|p| among(p, others)).map(|p| p.0.to_owned()).collect::<Vec<_>>()
        };
        let orders = [order(have, want), order(want, have)];
        if orders[0] != orders[1] {
            let texts = orders.map(|names| names.join(", "));
            self.report(format!("{at} has the {noun}s `{}` instead of `{}`", texts[0], texts[1]));
        }
        for (name, mine) in have {
            let Some((_, theirs)) = want.iter().find(|other| other.0 == *name) else { continue };
            let at = format!("{at}: {noun} `{name}`");
            match (mine, theirs) {
                (Some(mine), Some(theirs)) => self.value(&at, *mine, *theirs),
                (Some(mine), None) => {
                    let mine = self.have.type_text(*mine, false);
                    self.report(format!("{at} is of type `{mine}` instead of none"));
                }
                (None, Some(theirs)) => {
                    let theirs = self.want.type_text(*theirs, false);
                    self.report(format!("{at} is of no type instead of `{theirs}`"));
                }
                (None, None) => {}
            }
        }
    }
}

/// A field, case or flag: its name and type.
type Part<'a> = (&'a str, Option<Type>);

/// Returns the named parts of a type, and the noun for them.
fn parts(kind: &TypeDefKind) -> Option<(Vec<Part<'_>>, &'static str)> {
    Some(match kind {
        TypeDefKind::Record(record) => {
            (record.fields.iter().map(|f| (&*f.name, Some(f.ty))).collect(), "field")
        }
        TypeDefKind::Variant(variant) => {
            (variant.cases.iter().map(|c| (&*c.name, c.ty)).collect(), "case")
        }
        TypeDefKind::Enum(cases) => {
            (cases.cases.iter().map(|c| (&*c.name, None)).collect(), "enum case")
        }
        TypeDefKind::Flags(flags) => {
            (flags.flags.iter().map(|f| (&*f.name, None)).collect(), "flag")
        }
        _ => return None,
    })
}
