(module
  (type $pair (struct (field $x (mut i32)) (field f64)))
  (tag (export "oops") (param i32))
  (func (export "many") (param i32 i64 f32 f64 v128 externref) (result i32 v128)
    (i32.const 1) (i32x4.splat (local.get 0)))
  (func (export "make") (result (ref $pair)) (struct.new $pair (i32.const 1) (f64.const nan:0x1)))
  (func (export "catch") (result i32)
    (block $h (result i32) (try_table (catch 0 $h) (throw 0 (i32.const 3))) (i32.const 0))))
