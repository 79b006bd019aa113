;; As little work as there can be behind each way between host and guest, so that what the way
;; itself takes is most of the time.
(module $bench
  (import "env" "add" (func $host_add (param $number i64)))

  (memory (export "memory") 1)
  (global (export "total") (mut i64) (i64.const 0))
  (table (export "callbacks") 2 funcref)
  (elem (i32.const 0) $nothing $add)

  (func $nothing (export "nothing"))

  (func $add (export "add") (param $left i32) (param $right i32) (result i32)
    (i32.add (local.get $left) (local.get $right)))

  (func (export "sum")
    (param $a i64) (param $b i64) (param $c i64) (param $d i64)
    (param $e i64) (param $f i64) (param $g i64) (param $h i64) (result i64)
    (i64.add
      (i64.add
        (i64.add (local.get $a) (local.get $b)) (i64.add (local.get $c) (local.get $d)))
      (i64.add
        (i64.add (local.get $e) (local.get $f)) (i64.add (local.get $g) (local.get $h)))))

  (func (export "swap") (param $left i64) (param $right f64) (result f64 i64 i32)
    (local.get $right) (local.get $left) (i32.const 1))

  ;; Calls the host so many times, at least once.
  (func (export "call_host") (param $times i32)
    (loop $again
      (call $host_add (i64.const 3))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
