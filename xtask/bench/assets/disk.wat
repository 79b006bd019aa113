;; Reads, writes and opens files in the folder that descriptor 3 is, in operations of 4 KiB.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek" (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (memory (export "memory") 2)
  ;; A buffer of 4 KiB at 4096.
  (data (i32.const 0) "\00\10\00\00\00\10\00\00")
  (data (i32.const 64) "some/folder/file.bin")
  (global $file (mut i32) (i32.const -1))

  (func $check (param $errno i32)
    (if (local.get $errno) (then unreachable)))

  (func $open (param $create i32) (result i32)
    (call $check
      (call $path_open (i32.const 3) (i32.const 1) (i32.const 64) (i32.const 20) (local.get $create)
        (i64.const 66) (i64.const 66) (i32.const 0) (i32.const 32)))
    (i32.load (i32.const 32)))

  ;; Opens the file, which it keeps open.
  (func (export "begin")
    (global.set $file (call $open (i32.const 1))))

  (func (export "rewind")
    (call $check (call $fd_seek (global.get $file) (i64.const 0) (i32.const 0) (i32.const 40))))

  ;; Returns the number of bytes that were read.
  (func (export "read") (param $times i32) (result i32) (local $bytes i32)
    (loop $again
      (call $check (call $fd_read (global.get $file) (i32.const 0) (i32.const 1) (i32.const 32)))
      (local.set $bytes (i32.add (local.get $bytes) (i32.load (i32.const 32))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $bytes))

  ;; Returns the number of bytes that were written.
  (func (export "write") (param $times i32) (result i32) (local $bytes i32)
    (loop $again
      (call $check (call $fd_write (global.get $file) (i32.const 0) (i32.const 1) (i32.const 32)))
      (local.set $bytes (i32.add (local.get $bytes) (i32.load (i32.const 32))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $bytes))

  ;; Opens and closes the file.
  (func (export "open") (param $times i32)
    (loop $again
      (call $check (call $fd_close (call $open (i32.const 0))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
