//! A guest: an instance whose imports do nothing, and the outcomes of its calls.

use super::shortened;
use std::borrow::Cow;
use std::fmt;
use wasmport::SharedMemory;
use wasmtime::{
    Engine, Extern, ExternType, Func, FuncType, Global, Instance, Memory, MemoryType, Module, Ref,
    Result, Store, StoreLimits, StoreLimitsBuilder, Table, Tag, ThrownException, Trap, V128, Val,
    ValType, format_err,
};

/// Fuel for instantiation: enough for real modules.
const FUEL_TO_BEGIN: u64 = 100_000_000;

/// Fuel of one call: enough for most, and quick even in the interpreter.
const FUEL_OF_A_CALL: u64 = 1_000_000;

/// Exports that toolchains expect to be called first.
const INITIALIZERS: [&str; 2] = ["_initialize", "__wasm_call_ctors"];

/// Result of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Values(Vec<Value>),
    Trap(Trap),
    Failed(String),
    /// Fuel or stack ran out: no result, because another variant may need less.
    RanOut,
}

/// A number's bits, or whether a reference is null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Bits(u128),
    IsNull(bool),
}

/// Host data in the store.
struct HostState {
    limits: StoreLimits,
    /// Digest of the calls of imports, with their arguments.
    calls: blake3::Hasher,
}

/// An instance with its store.
pub(super) struct Guest {
    store: Store<HostState>,
    instance: Instance,
    /// Imports sorted by module and name: variants may import them in another order.
    imported: Vec<(String, Extern)>,
}

impl Guest {
    /// Instantiates and initializes a module.
    pub fn new(engine: &Engine, module: &Module) -> Result<(Self, Outcome)> {
        let limits =
            StoreLimitsBuilder::new().memory_size(1 << 30).table_elements(1_000_000).build();
        let state = HostState { limits, calls: blake3::Hasher::new() };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_fuel(FUEL_TO_BEGIN)?;
        let mut imported = Vec::new();
        for import in module.imports() {
            let name = format!("{:?} {:?}", import.module(), import.name());
            let stub = stub(&mut store, &name, import.ty())?;
            imported.push((name, stub));
        }
        let externs: Vec<Extern> = imported.iter().map(|(_, item)| item.clone()).collect();
        let instance = Instance::new(&mut store, module, &externs)?;
        imported.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut guest = Self { store, instance, imported };
        let mut outcome = Outcome::Values(Vec::new());
        for name in INITIALIZERS {
            if let Some(func) = guest.instance.get_func(&mut guest.store, name)
                && func.ty(&guest.store).params().len() == 0
            {
                outcome = guest.call_func(func, &[], FUEL_TO_BEGIN)?.0;
            }
        }
        Ok((guest, outcome))
    }

    /// Calls an export; returns the outcome and the fuel used.
    pub fn call(&mut self, name: &str, args: &[Val]) -> Result<(Outcome, u64)> {
        let func = self.instance.get_func(&mut self.store, name);
        let func = func.ok_or_else(|| format_err!("no function {name:?}"))?;
        self.call_func(func, args, FUEL_OF_A_CALL)
    }

    fn call_func(&mut self, func: Func, args: &[Val], fuel: u64) -> Result<(Outcome, u64)> {
        self.store.set_fuel(fuel)?;
        let mut results = vec![Val::I32(0); func.ty(&self.store).results().len()];
        let result = func.call(&mut self.store, args, &mut results);
        let used = fuel - self.store.get_fuel()?;
        let outcome = match result {
            Ok(()) => Outcome::Values(results.iter().map(Value::of).collect()),
            Err(e) => Outcome::of(&e),
        };
        if self.store.has_pending_exception() {
            self.store.take_pending_exception();
        }
        Ok((outcome, used))
    }

    /// Returns the digest of all calls of imports so far.
    pub fn calls(&self) -> blake3::Hash {
        self.store.data().calls.finalize()
    }

    /// Returns a digest of all memories and numbers that the host can see. Imports that are still all
    /// zeros do not count: a variant without a use of them does not import them.
    pub fn state(&mut self) -> Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new();
        for (name, item) in &self.imported {
            let bytes = contents(&mut self.store, item)?;
            if bytes.iter().any(|byte| *byte != 0) {
                add(&mut hasher, name.as_bytes());
                add(&mut hasher, &bytes);
            }
        }
        let exports: Vec<Extern> =
            self.instance.exports(&mut self.store).map(wasmtime::Export::into_extern).collect();
        for item in exports {
            add(&mut hasher, &contents(&mut self.store, &item)?);
        }
        Ok(hasher.finalize())
    }
}

/// Returns the bytes of a memory or number; none for other items.
fn contents<'a>(store: &'a mut Store<HostState>, item: &Extern) -> Result<Cow<'a, [u8]>> {
    Ok(match item {
        Extern::Memory(memory) => memory.data(store).into(),
        Extern::SharedMemory(memory) => {
            let memory = SharedMemory::new(memory.clone());
            memory.read_bytes(0_u64, memory.size() as u64)?.into()
        }
        Extern::Global(global) => match Value::of(&global.get(store)) {
            Value::Bits(bits) => bits.to_le_bytes().to_vec().into(),
            Value::IsNull(_) => Cow::default(),
        },
        _ => Cow::default(),
    })
}

fn add(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
}

impl Outcome {
    pub fn of(error: &wasmtime::Error) -> Self {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel | Trap::StackOverflow) => Self::RanOut,
            Some(trap) => Self::Trap(*trap),
            None if error.is::<ThrownException>() => Self::Failed("an exception".into()),
            None => Self::Failed(shortened(error.to_string().lines().next().unwrap_or_default())),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(values) => write!(f, "{values:x?}"),
            Self::Trap(trap) => write!(f, "trap: {trap}"),
            Self::Failed(error) => f.write_str(error),
            Self::RanOut => f.write_str("out of fuel or stack"),
        }
    }
}

impl Value {
    fn of(value: &Val) -> Self {
        match value {
            Val::I32(value) => Self::Bits(u128::from(*value as u32)),
            Val::I64(value) => Self::Bits(u128::from(*value as u64)),
            Val::F32(bits) => Self::Bits(u128::from(*bits)),
            Val::F64(bits) => Self::Bits(u128::from(*bits)),
            Val::V128(value) => Self::Bits(value.as_u128()),
            other => Self::IsNull(other.ref_().is_none_or(|reference| reference.is_null())),
        }
    }
}

/// Creates an import of this type that does nothing.
fn stub(store: &mut Store<HostState>, name: &str, ty: ExternType) -> Result<Extern> {
    let none = |ty: &dyn fmt::Display| format_err!("no value of type {ty} to import");
    Ok(match ty {
        ExternType::Func(ty) => function(store, name, ty).into(),
        ExternType::Global(ty) => {
            let value =
                Val::default_for_ty(ty.content()).ok_or_else(|| none(&ty.content().to_string()))?;
            Global::new(store, ty, value)?.into()
        }
        ExternType::Table(ty) => {
            let element = ty.element();
            if !element.is_nullable() {
                return Err(none(element));
            }
            let null = Ref::null(element.heap_type());
            Table::new(store, ty, null)?.into()
        }
        ExternType::Memory(ty) => memory(store, ty)?,
        ExternType::Tag(ty) => Tag::new(store, &ty)?.into(),
    })
}

fn memory(store: &mut Store<HostState>, ty: MemoryType) -> Result<Extern> {
    if ty.is_shared() {
        return Ok(wasmtime::SharedMemory::new(store.engine(), ty)?.into());
    }
    Ok(Memory::new(store, ty)?.into())
}

fn function(store: &mut Store<HostState>, name: &str, ty: FuncType) -> Func {
    let name = name.to_owned();
    let zeros: Option<Vec<Val>> = ty.results().map(|ty| Val::default_for_ty(&ty)).collect();
    Func::new(store, ty, move |mut caller, args, results| {
        let calls = &mut caller.data_mut().calls;
        add(calls, name.as_bytes());
        for arg in args {
            if let Value::Bits(bits) = Value::of(arg) {
                calls.update(&bits.to_le_bytes());
            }
        }
        let zeros = zeros.as_ref().ok_or_else(|| format_err!("the result type has no zero"))?;
        results.clone_from_slice(zeros);
        Ok(())
    })
}

/// Returns the arguments to call a function of this type with; none if it takes references.
pub(super) fn arguments(ty: &FuncType) -> Vec<Vec<Val>> {
    let params: Vec<ValType> = ty.params().collect();
    if params.iter().any(|ty| matches!(ty, ValType::Ref(_))) {
        return Vec::new();
    }
    // Zeros, small numbers, plausible addresses and lengths, and large numbers.
    let numbers: [fn(i64) -> i64; 4] = [|_| 0, |i| i + 1, |i| 4096 >> (4 * i).min(10), |i| i - 3];
    let mut sets: Vec<Vec<Val>> = Vec::new();
    for number in numbers {
        let args = (0..).zip(&params).map(|(i, ty)| value(ty, number(i)));
        sets.push(args.collect());
    }
    if params.is_empty() {
        sets.truncate(1);
    }
    sets
}

fn value(ty: &ValType, number: i64) -> Val {
    match ty {
        ValType::I64 => Val::I64(number),
        // Halves, so that rounding has an effect.
        ValType::F32 => Val::F32((number as f32 / 2.0).to_bits()),
        ValType::F64 => Val::F64((number as f64 / 2.0).to_bits()),
        ValType::V128 => Val::V128(V128::from(number as u128)),
        _ => Val::I32(number as i32),
    }
}
