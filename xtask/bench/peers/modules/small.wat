;; As little work as possible behind each way between host and guest. `small.wasm` is this text in binary form:
;; most peers read no text.
(module $small
  (import "env" "add" (func $host_add (param $number i64)))
  (memory (export "memory") 1)

  (func (export "add") (param $left i32) (param $right i32) (result i32)
    (i32.add (local.get $left) (local.get $right)))

  ;; Calls the host so many times, at least once.
  (func (export "call_host") (param $times i32)
    (loop $again
      (call $host_add (i64.const 3))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
