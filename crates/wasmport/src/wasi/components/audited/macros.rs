//! The macro that implements a trait of Wasmtime for `Audited`.

/// Implements a trait by that of the view. The kinds of functions are `call` and its async form `wait`, which
/// ask; `each` and its async form `each_wait`, which ask about several subjects; `pass`, which does not; and
/// `close` and its async form `close_wait`, which drop a resource.
///
/// After `names` are the numbers of resources among the arguments that are named after the subject, and after
/// `keeps` those in the result.
macro_rules! audited {
    (
        $interface:literal $capability:ident, $host:path;
        $($kind:ident $name:ident $wit:literal ($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty
            $({ $subject:expr $(; names [$($named:expr),*])? $(; keeps $pat:pat => [$($kept:expr),*])? })?;)*
    ) => {
        impl<V: $host + Send> $host for Audited<V> {
            $(audited! {
                @$kind $interface $capability, $host;
                $name $wit ($($arg: $ty),*) -> $ret
                $({ $subject $(; names [$($named),*])? $(; keeps $pat => [$($kept),*])? })?
            })*
        }
    };
    (
        @call $interface:literal $capability:ident, $host:path;
        $name:ident $wit:literal ($($arg:ident: $ty:ty),*) -> $ret:ty
        { $subject:expr $(; names [$($named:expr),*])? $(; keeps $pat:pat => [$($kept:expr),*])? }
    ) => {
        fn $name(&mut self $(, $arg: $ty)*) -> $ret {
            let asked = match self.ask($interface, $wit, Capability::$capability, || $subject) {
                Ok(asked) => asked,
                Err(denied) => return Err(refused(denied)),
            };
            let named: &[u32] = &[$($($named),*)?];
            let result = <V as $host>::$name(&mut self.view $(, $arg)*);
            if result.is_ok() {
                self.keep(&asked, named);
            }
            $(if let Ok($pat) = &result {
                self.keep(&asked, &[$($kept),*]);
            })?
            result
        }
    };
    (
        @wait $interface:literal $capability:ident, $host:path;
        $name:ident $wit:literal ($($arg:ident: $ty:ty),*) -> $ret:ty
        { $subject:expr $(; names [$($named:expr),*])? $(; keeps $pat:pat => [$($kept:expr),*])? }
    ) => {
        async fn $name(&mut self $(, $arg: $ty)*) -> $ret {
            let asked = match self.ask($interface, $wit, Capability::$capability, || $subject) {
                Ok(asked) => asked,
                Err(denied) => return Err(refused(denied)),
            };
            let named: &[u32] = &[$($($named),*)?];
            let result = <V as $host>::$name(&mut self.view $(, $arg)*).await;
            if result.is_ok() {
                self.keep(&asked, named);
            }
            $(if let Ok($pat) = &result {
                self.keep(&asked, &[$($kept),*]);
            })?
            result
        }
    };
    (
        @each $interface:literal $capability:ident, $host:path;
        $name:ident $wit:literal ($($arg:ident: $ty:ty),*) -> $ret:ty { $subjects:expr }
    ) => {
        fn $name(&mut self $(, $arg: $ty)*) -> $ret {
            for subject in $subjects {
                if let Err(denied) = self.ask($interface, $wit, Capability::$capability, || subject) {
                    return Err(refused(denied));
                }
            }
            <V as $host>::$name(&mut self.view $(, $arg)*)
        }
    };
    (
        @each_wait $interface:literal $capability:ident, $host:path;
        $name:ident $wit:literal ($($arg:ident: $ty:ty),*) -> $ret:ty { $subjects:expr }
    ) => {
        async fn $name(&mut self $(, $arg: $ty)*) -> $ret {
            for subject in $subjects {
                if let Err(denied) = self.ask($interface, $wit, Capability::$capability, || subject) {
                    return Err(refused(denied));
                }
            }
            <V as $host>::$name(&mut self.view $(, $arg)*).await
        }
    };
    (
        @pass $interface:literal $capability:ident, $host:path;
        $name:ident $wit:literal ($($arg:ident: $ty:ty),*) -> $ret:ty
    ) => {
        fn $name(&mut self $(, $arg: $ty)*) -> $ret {
            <V as $host>::$name(&mut self.view $(, $arg)*)
        }
    };
    (
        @close $interface:literal $capability:ident, $host:path;
        $name:ident $wit:literal ($arg:ident: $ty:ty) -> $ret:ty
    ) => {
        fn $name(&mut self, $arg: $ty) -> $ret {
            self.forget($arg.rep());
            <V as $host>::$name(&mut self.view, $arg)
        }
    };
    (
        @close_wait $interface:literal $capability:ident, $host:path;
        $name:ident $wit:literal ($arg:ident: $ty:ty) -> $ret:ty
    ) => {
        async fn $name(&mut self, $arg: $ty) -> $ret {
            self.forget($arg.rep());
            <V as $host>::$name(&mut self.view, $arg).await
        }
    };
}
