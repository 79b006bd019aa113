;; Text there and back, with an allocator that takes next to no time.
(module
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (global $live (mut i32) (i32.const 0))

  (func $malloc (export "malloc") (param $size i32) (result i32)
    (local $new i32)
    (local.set $new (global.get $top))
    (global.set $top (i32.add (global.get $top) (local.get $size)))
    (global.set $live (i32.add (global.get $live) (i32.const 1)))
    (local.get $new))

  ;; All is free again when nothing is in use.
  (func (export "free") (param $pointer i32)
    (global.set $live (i32.sub (global.get $live) (i32.const 1)))
    (if (i32.eqz (global.get $live)) (then (global.set $top (i32.const 1024)))))

  ;; The text in new memory, with a null behind it.
  (func (export "echo") (param $text i32) (param $len i32) (result i32)
    (local $new i32)
    (local.set $new (call $malloc (i32.add (local.get $len) (i32.const 1))))
    (memory.copy (local.get $new) (local.get $text) (local.get $len))
    (i32.store8 (i32.add (local.get $new) (local.get $len)) (i32.const 0))
    (local.get $new)))
