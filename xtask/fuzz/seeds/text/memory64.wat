(module
  (memory $a i64 1 65536)
  (memory (export "shared") 1 4 shared)
  (start $init)
  (func $init (memory.fill $a (i64.const 0) (i32.const 1) (i64.const 65535)))
  (func (export "atomic") (result i64) (i64.atomic.rmw.add 1 (i32.const 8) (i64.const 1)))
  (func (export "tail") (param i32) (result i32) (return_call 2 (local.get 0))))
