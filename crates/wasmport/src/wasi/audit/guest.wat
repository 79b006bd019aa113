;; A component that asks for the environment, the time, randomness and files. `open` returns 0, or 100 plus an
;; error code of `wasi:filesystem/types`.
(component
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "now" (func (result u64)))))
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (type $codes (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist" "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $code (eq $codes)))
    (type $of-path (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $of-path)))
    (type $of-open (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $of-open)))
    (type $of-descriptor (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $of-descriptor)))
    (export "[method]descriptor.open-at" (func (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string) (param "open-flags" $open-flags) (param "flags" $descriptor-flags) (result (result (own $descriptor) (error $code)))))
    (export "[method]descriptor.sync" (func (param "self" (borrow $descriptor)) (result (result (error $code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $d0))
    (export "descriptor" (type $d (eq $d0)))
    (export "get-directories" (func (result (list (tuple (own $d) string)))))))

  (core module $memory
    (memory (export "memory") 1)
    (data (i32.const 64) "file")
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))))))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $bytes))
  (alias core export $m "realloc" (core func $realloc))
  (core func $arguments (canon lower (func $environment "get-arguments") (memory $bytes) (realloc $realloc)))
  (core func $now (canon lower (func $clock "now")))
  (core func $random-u64 (canon lower (func $random "get-random-u64")))
  (core func $directories (canon lower (func $preopens "get-directories") (memory $bytes) (realloc $realloc)))
  (core func $open-at (canon lower (func $types "[method]descriptor.open-at") (memory $bytes)))
  (core func $sync (canon lower (func $types "[method]descriptor.sync") (memory $bytes)))
  (core module $guest
    (import "m" "memory" (memory 1))
    (import "wasi" "arguments" (func $arguments (param i32)))
    (import "wasi" "now" (func $now (result i64)))
    (import "wasi" "random" (func $random (result i64)))
    (import "wasi" "directories" (func $directories (param i32)))
    (import "wasi" "open-at" (func $open-at (param i32 i32 i32 i32 i32 i32 i32)))
    (import "wasi" "sync" (func $sync (param i32 i32)))
    (func (export "environment") (result i32) (call $arguments (i32.const 0)) (i32.const 0))
    (func (export "time") (result i32) (drop (call $now)) (i32.const 0))
    (func (export "random") (result i32) (drop (call $random)) (i32.const 0))
    ;; Opens the file of the first folder to read it, and syncs it.
    (func (export "open") (result i32)
      (call $directories (i32.const 0))
      (call $open-at (i32.load (i32.load (i32.const 0))) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then (return (i32.add (i32.const 100) (i32.load8_u (i32.const 4))))))
      (call $sync (i32.load (i32.const 4)) (i32.const 0))
      (i32.const 0)))
  (core instance $g (instantiate $guest
    (with "m" (instance $m))
    (with "wasi" (instance
      (export "arguments" (func $arguments))
      (export "now" (func $now))
      (export "random" (func $random-u64))
      (export "directories" (func $directories))
      (export "open-at" (func $open-at))
      (export "sync" (func $sync))))))
  (func (export "environment") (result u32) (canon lift (core func $g "environment")))
  (func (export "time") (result u32) (canon lift (core func $g "time")))
  (func (export "random") (result u32) (canon lift (core func $g "random")))
  (func (export "open") (result u32) (canon lift (core func $g "open"))))
