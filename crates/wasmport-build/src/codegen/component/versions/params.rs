//! Parameters of a function in two versions: which of one is which of the other.

use super::defs::Ty;
use super::model::Model;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The parameters of a function in a version.
#[derive(Clone, Copy)]
pub(super) struct Params<'p> {
    pub version: usize,
    pub params: &'p [(Ident, Ty)],
}

impl Params<'_> {
    fn is_option(&self, model: &Model, index: usize) -> bool {
        model.is_option(self.version, &self.params[index].1)
    }
}

/// Parameters of a function, with those of another version that they are.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// For each parameter of the function that is called the place of its value; none for an option that callers
    /// lack.
    pub sources: Vec<Option<usize>>,
    /// Parameters with another name, as `old → new`, by the direction of the call.
    pub renamed: Vec<(Ident, Ident)>,
    /// Optional parameters that only one of both has.
    pub dropped: Vec<Ident>,
}

impl Pairs {
    /// Writes statements for the parameters of the function that calls whose values are not used.
    pub fn unused(&self, params: &[(Ident, Ty)]) -> TokenStream {
        let dropped =
            params.iter().map(|(name, _)| name).filter(|name| self.dropped.contains(name));
        quote!(#(let _ = #dropped;)*)
    }
}

/// Pairs the parameters of the function that calls with those of the function that is called: by name, whatever their
/// order. One with another name is at the same place and has the same type, and the versions lack only options; none
/// if something else differs.
pub(super) fn pair(model: &Model, from: Params<'_>, to: Params<'_>) -> Option<Pairs> {
    let lacks = |params: &Params<'_>, name: &Ident| params.params.iter().all(|own| own.0 != *name);
    let left = |own: &Params<'_>, other: &Params<'_>| -> Vec<usize> {
        let names = own.params.iter().enumerate();
        names.filter(|(_, (name, _))| lacks(other, name)).map(|(index, _)| index).collect()
    };
    let (only_from, only_to) = (left(&from, &to), left(&to, &from));
    let mut pairs = Pairs::default();
    let is_renamed = !only_from.is_empty() && !only_to.is_empty();
    if is_renamed {
        let is_same = |index: &usize| {
            let (one, other) = (&from.params[*index].1, &to.params[*index].1);
            model.is_same((from.version, one), (to.version, other))
        };
        if only_from != only_to || !only_from.iter().all(is_same) {
            return None;
        }
        let names = |index: &usize| (from.params[*index].0.clone(), to.params[*index].0.clone());
        pairs.renamed = only_from.iter().map(names).collect();
    } else {
        let are_options = only_from.iter().all(|index| from.is_option(model, *index))
            && only_to.iter().all(|index| to.is_option(model, *index));
        if !are_options {
            return None;
        }
        let from = only_from.iter().map(|index| from.params[*index].0.clone());
        let to = only_to.iter().map(|index| to.params[*index].0.clone());
        pairs.dropped = from.chain(to).collect();
    }
    let place = |index: usize, name: &Ident| match is_renamed && only_to.contains(&index) {
        true => Some(index),
        false => from.params.iter().position(|own| own.0 == *name),
    };
    let sources = to.params.iter().enumerate().map(|(index, (name, _))| place(index, name));
    pairs.sources = sources.collect();
    Some(pairs)
}
