(module
  (import "env" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "hello")
  (table (export "table") 2 funcref)
  (elem (i32.const 0) $run $run)
  (global $count (export "count") (mut i64) (i64.const 7))
  (func $run (export "run") (param $n i32) (result i32)
    (loop $again
      (call $log (i32.const 8) (i32.const 5))
      (br_if $again (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    local.get $n))
