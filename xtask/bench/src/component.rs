//! What calls of a component take through its wrapper, against those through `bindgen!`.

use crate::Result;
use crate::assets::shelf;
use crate::measure::{fastest_of, time};
use crate::side::runtime;
use std::hint::black_box;
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{HasSelf, Linker, ResourceAny};

const TURNS: u32 = 1_000;
const TEXT: &str = "forty characters of text, more or less ü";
const RECORDS: u32 = 1_000;

/// What `bindgen!` makes of the world that the component was built for.
#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all, reason = "generated code")]
mod theirs {
    wasmtime::component::bindgen!({
        path: "../../fixtures/sources/components/shelf/wit",
        world: "shelf",
    });
}

/// The host of either side, which is not called here.
struct Host;

/// Both sides have the same traits and types, under other paths.
macro_rules! side {
    ($side:ident, $world:path, $($module:tt)*) => {
        mod $side {
            use super::{Host, RECORDS, Result, TEXT};
            use $($module)*::demo::shelf::{log, net, types};
            use $($module)*::exports::demo::shelf::books::{Book, Format, Language, Traits};
            use $($module)*::{Level, ShelfImports, Tag};
            use wasmtime::component::Resource;

            impl ShelfImports for Host {
                fn now(&mut self) -> u64 {
                    0
                }
            }

            impl types::Host for Host {
                fn describe(&mut self, tag: Tag) -> String {
                    tag.name
                }
            }

            impl log::Host for Host {
                fn write(&mut self, _: Level, _: String) {}
            }

            impl net::Host for Host {}

            impl net::HostConnection for Host {
                fn new(&mut self, _: String) -> Resource<net::Connection> {
                    Resource::new_own(0)
                }

                fn send(
                    &mut self,
                    _: Resource<net::Connection>,
                    _: String,
                ) -> std::result::Result<u32, String> {
                    Ok(0)
                }

                fn drop(&mut self, _: Resource<net::Connection>) -> wasmtime::Result<()> {
                    Ok(())
                }
            }

            pub(super) fn books() -> Vec<Book> {
                let book = |number: u32| Book {
                    title: format!("{TEXT} {}", number.wrapping_mul(2_654_435_761)),
                    author: Some("Anon".into()),
                    language: Language::German,
                    traits: Traits::SIGNED,
                    format: Format::Paperback(100),
                    cents: number,
                    tags: Vec::new(),
                };
                (0..RECORDS).map(book).collect()
            }

            pub(super) type World = $world;

            pub(super) fn check(books: &[Book]) -> Result {
                if books.len() == RECORDS as usize { Ok(()) } else { Err("books got lost".into()) }
            }
        }
    };
}

side!(ours, crate::assets::shelf::Shelf, crate::assets::shelf);
side!(bindgen, super::theirs::Shelf, super::theirs);

/// An instance with its store.
struct Side<W> {
    store: Store<Host>,
    world: W,
}

type Sides = (Side<ours::World>, Side<bindgen::World>);

/// Two instances of the same component, loaded once.
fn sides() -> Result<Sides> {
    let runtime = runtime()?;
    let component = shelf::Shelf::load(&runtime)?;
    let mut linker = Linker::<Host>::new(runtime.engine());
    ours::World::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
    let mut store = Store::new(runtime.engine(), Host);
    let world = ours::World::instantiate(&mut store, component.component(), &linker)?;
    let own = Side { store, world };
    let mut linker = Linker::<Host>::new(runtime.engine());
    bindgen::World::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)?;
    let mut store = Store::new(runtime.engine(), Host);
    let world = bindgen::World::instantiate(&mut store, component.component(), &linker)?;
    Ok((own, Side { store, world }))
}

pub(crate) fn string() -> Result<f64> {
    let (mut own, mut other) = sides()?;
    let ours = || many(2_000, || own.world.call_greet(&mut own.store, black_box(TEXT)));
    let theirs = || many(2_000, || other.world.call_greet(&mut other.store, black_box(TEXT)));
    Ok(fastest_of(TURNS, ours, theirs)?.ratio())
}

pub(crate) fn records() -> Result<f64> {
    let (mut own, mut other) = sides()?;
    let (books, others) = (ours::books(), bindgen::books());
    let ours = || {
        let shelf = own.world.demo_shelf_books();
        ours::check(&shelf.call_sort(&mut own.store, &books)?)?;
        many(1, || shelf.call_sort(&mut own.store, black_box(&books)))
    };
    let theirs = || {
        let shelf = other.world.demo_shelf_books();
        bindgen::check(&shelf.call_sort(&mut other.store, &others)?)?;
        many(1, || shelf.call_sort(&mut other.store, black_box(&others)))
    };
    Ok(fastest_of(TURNS, ours, theirs)?.ratio())
}

pub(crate) fn resource() -> Result<f64> {
    let (mut own, mut other) = sides()?;
    let cart: ResourceAny =
        own.world.demo_shelf_books().cart().call_constructor(&mut own.store, TEXT)?;
    let other_cart: ResourceAny =
        other.world.demo_shelf_books().cart().call_constructor(&mut other.store, TEXT)?;
    let ours = || {
        let books = own.world.demo_shelf_books();
        many(5_000, || books.cart().call_total(&mut own.store, black_box(cart)))
    };
    let theirs = || {
        let books = other.world.demo_shelf_books();
        many(5_000, || books.cart().call_total(&mut other.store, black_box(other_cart)))
    };
    Ok(fastest_of(TURNS, ours, theirs)?.ratio())
}

/// Never inlined, so that each side's loop is compiled by itself.
#[inline(never)]
fn many<R>(calls: u32, mut call: impl FnMut() -> wasmtime::Result<R>) -> Result<Duration> {
    time(|| {
        for _ in 0..calls {
            black_box(call()?);
        }
        Ok(())
    })
}
