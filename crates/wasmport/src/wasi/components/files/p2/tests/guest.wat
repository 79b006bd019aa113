;; Uses the last of its directories by WASI 0.2. `run` returns 0, or the number of the step that failed.
(component
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type $input (sub resource)))
    (export "output-stream" (type $output (sub resource)))
    (alias outer 1 $error (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]input-stream.blocking-read" (func
      (param "self" (borrow $input)) (param "len" u64) (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (export "directory-entry-stream" (type $entries (sub resource)))
    (alias outer 1 $input (type $outer-input))
    (export "input-stream" (type $input (eq $outer-input)))
    (alias outer 1 $output (type $outer-output))
    (export "output-stream" (type $output (eq $outer-output)))
    (type $codes (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
      "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop"
      "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
      "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device"
      "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $code (eq $codes)))
    (type $kinds (enum "unknown" "block-device" "character-device" "directory" "fifo" "symbolic-link" "regular-file"
      "socket"))
    (export "descriptor-type" (type $kind (eq $kinds)))
    (type $entry-fields (record (field "type" $kind) (field "name" string)))
    (export "directory-entry" (type $entry (eq $entry-fields)))
    (type $hash-fields (record (field "lower" u64) (field "upper" u64)))
    (export "metadata-hash-value" (type $hash (eq $hash-fields)))
    (type $path-flag-names (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flag-names)))
    (type $open-flag-names (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flag-names)))
    (type $flag-names (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory"))
    (export "descriptor-flags" (type $flags (eq $flag-names)))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $flags) (result (result (own $descriptor) (error $code)))))
    (export "[method]descriptor.write-via-stream" (func
      (param "self" (borrow $descriptor)) (param "offset" u64) (result (result (own $output) (error $code)))))
    (export "[method]descriptor.read-via-stream" (func
      (param "self" (borrow $descriptor)) (param "offset" u64) (result (result (own $input) (error $code)))))
    (export "[method]descriptor.read" (func
      (param "self" (borrow $descriptor)) (param "length" u64) (param "offset" u64)
      (result (result (tuple (list u8) bool) (error $code)))))
    (export "[method]descriptor.create-directory-at" (func
      (param "self" (borrow $descriptor)) (param "path" string) (result (result (error $code)))))
    (export "[method]descriptor.link-at" (func
      (param "self" (borrow $descriptor)) (param "old-path-flags" $path-flags) (param "old-path" string)
      (param "new-descriptor" (borrow $descriptor)) (param "new-path" string) (result (result (error $code)))))
    (export "[method]descriptor.metadata-hash" (func
      (param "self" (borrow $descriptor)) (result (result $hash (error $code)))))
    (export "[method]descriptor.metadata-hash-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (result (result $hash (error $code)))))
    (export "[method]descriptor.read-directory" (func
      (param "self" (borrow $descriptor)) (result (result (own $entries) (error $code)))))
    (export "[method]directory-entry-stream.read-directory-entry" (func
      (param "self" (borrow $entries)) (result (result (option $entry) (error $code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (alias export $types "directory-entry-stream" (type $entries))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $outer-descriptor))
    (export "descriptor" (type $descriptor (eq $outer-descriptor)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))

  (core module $memory
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $address i32)
      (local.set $address (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $address) (local.get $size)))
      (local.get $address)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))

  (core func $get-directories (canon lower (func $preopens "get-directories") (memory $mem) (realloc $realloc)))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $mem)))
  (core func $write-stream (canon lower (func $types "[method]descriptor.write-via-stream") (memory $mem)))
  (core func $read-stream (canon lower (func $types "[method]descriptor.read-via-stream") (memory $mem)))
  (core func $read (canon lower (func $types "[method]descriptor.read") (memory $mem) (realloc $realloc)))
  (core func $mkdir (canon lower (func $types "[method]descriptor.create-directory-at") (memory $mem)))
  (core func $link (canon lower (func $types "[method]descriptor.link-at") (memory $mem)))
  (core func $hash (canon lower (func $types "[method]descriptor.metadata-hash") (memory $mem)))
  (core func $hash-at (canon lower (func $types "[method]descriptor.metadata-hash-at") (memory $mem)))
  (core func $read-directory (canon lower (func $types "[method]descriptor.read-directory") (memory $mem)))
  (core func $read-entry (canon lower
    (func $types "[method]directory-entry-stream.read-directory-entry") (memory $mem) (realloc $realloc)))
  (core func $write-bytes (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush") (memory $mem)))
  (core func $read-bytes (canon lower
    (func $streams "[method]input-stream.blocking-read") (memory $mem) (realloc $realloc)))
  (core func $drop-descriptor (canon resource.drop $descriptor))
  (core func $drop-input (canon resource.drop $input))
  (core func $drop-output (canon resource.drop $output))
  (core func $drop-entries (canon resource.drop $entries))

  (core module $main
    (import "memory" "memory" (memory 1))
    (import "wasi" "get-directories" (func $get-directories (param i32)))
    (import "wasi" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "wasi" "write-stream" (func $write-stream (param i32 i64 i32)))
    (import "wasi" "read-stream" (func $read-stream (param i32 i64 i32)))
    (import "wasi" "read" (func $read (param i32 i64 i64 i32)))
    (import "wasi" "mkdir" (func $mkdir (param i32 i32 i32 i32)))
    (import "wasi" "link" (func $link (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "wasi" "hash" (func $hash (param i32 i32)))
    (import "wasi" "hash-at" (func $hash-at (param i32 i32 i32 i32 i32)))
    (import "wasi" "read-directory" (func $read-directory (param i32 i32)))
    (import "wasi" "read-entry" (func $read-entry (param i32 i32)))
    (import "wasi" "write-bytes" (func $write-bytes (param i32 i32 i32 i32)))
    (import "wasi" "read-bytes" (func $read-bytes (param i32 i64 i32)))
    (import "wasi" "drop-descriptor" (func $drop-descriptor (param i32)))
    (import "wasi" "drop-input" (func $drop-input (param i32)))
    (import "wasi" "drop-output" (func $drop-output (param i32)))
    (import "wasi" "drop-entries" (func $drop-entries (param i32)))
    (data (i32.const 1024) "hello.txt")
    (data (i32.const 1040) "hello")
    (data (i32.const 1056) "d")
    (data (i32.const 1072) "d/again")
    (data (i32.const 1088) "missing")
    (data (i32.const 1104) "../out")

    ;; Whether the result at 16 is an error with this code.
    (func $failed-with (param $code i32) (result i32)
      (i32.and (i32.load8_u (i32.const 16)) (i32.eq (i32.load8_u (i32.const 20)) (local.get $code))))

    (func (export "run") (result i32)
      (local $dir i32) (local $file i32) (local $stream i32) (local $count i32)
      (call $get-directories (i32.const 0))
      (if (i32.eqz (i32.load (i32.const 4))) (then (return (i32.const 1))))
      (local.set $dir (i32.load (i32.add
        (i32.load (i32.const 0)) (i32.mul (i32.const 12) (i32.sub (i32.load (i32.const 4)) (i32.const 1))))))
      ;; Creates a file for reading and writing.
      (call $open (local.get $dir) (i32.const 1) (i32.const 1024) (i32.const 9) (i32.const 1) (i32.const 3) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 2))))
      (local.set $file (i32.load (i32.const 20)))
      ;; Writes it by a stream.
      (call $write-stream (local.get $file) (i64.const 0) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 3))))
      (local.set $stream (i32.load (i32.const 20)))
      (call $write-bytes (local.get $stream) (i32.const 1040) (i32.const 5) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 4))))
      (call $drop-output (local.get $stream))
      ;; Reads a part of it.
      (call $read (local.get $file) (i64.const 100) (i64.const 1) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 5))))
      (if (i32.ne (i32.load (i32.const 24)) (i32.const 4)) (then (return (i32.const 6))))
      (if (i32.ne (i32.load (i32.load (i32.const 20))) (i32.load (i32.const 1041))) (then (return (i32.const 7))))
      (if (i32.load8_u (i32.const 28)) (then (return (i32.const 8))))
      ;; Reads it by a stream to its end.
      (call $read-stream (local.get $file) (i64.const 0) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 9))))
      (local.set $stream (i32.load (i32.const 20)))
      (call $read-bytes (local.get $stream) (i64.const 100) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 10))))
      (if (i32.ne (i32.load (i32.const 24)) (i32.const 5)) (then (return (i32.const 11))))
      (call $read-bytes (local.get $stream) (i64.const 100) (i32.const 16))
      (if (i32.eqz (call $failed-with (i32.const 1))) (then (return (i32.const 12))))
      (call $drop-input (local.get $stream))
      ;; Gives it a second name, which has the same hash.
      (call $mkdir (local.get $dir) (i32.const 1056) (i32.const 1) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 13))))
      (call $link (local.get $dir) (i32.const 0) (i32.const 1024) (i32.const 9)
        (local.get $dir) (i32.const 1072) (i32.const 7) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 14))))
      (call $hash (local.get $file) (i32.const 64))
      (call $hash-at (local.get $dir) (i32.const 1) (i32.const 1072) (i32.const 7) (i32.const 96))
      (if (i32.or (i32.load8_u (i32.const 64)) (i32.load8_u (i32.const 96))) (then (return (i32.const 15))))
      (if (i64.ne (i64.load (i32.const 72)) (i64.load (i32.const 104))) (then (return (i32.const 16))))
      (call $drop-descriptor (local.get $file))
      ;; Errors: no entry, and a path out of the directory.
      (call $open (local.get $dir) (i32.const 1) (i32.const 1088) (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 16))
      (if (i32.eqz (call $failed-with (i32.const 20))) (then (return (i32.const 17))))
      (call $open (local.get $dir) (i32.const 1) (i32.const 1104) (i32.const 6) (i32.const 1) (i32.const 2) (i32.const 16))
      (if (i32.eqz (call $failed-with (i32.const 31))) (then (return (i32.const 18))))
      ;; Two names are in the directory.
      (call $read-directory (local.get $dir) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (return (i32.const 19))))
      (local.set $stream (i32.load (i32.const 20)))
      (loop $next
        (call $read-entry (local.get $stream) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then (return (i32.const 20))))
        (if (i32.load8_u (i32.const 20)) (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br $next))))
      (if (i32.ne (local.get $count) (i32.const 2)) (then (return (i32.const 21))))
      (call $drop-entries (local.get $stream))
      (call $drop-descriptor (local.get $dir))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "memory" (instance $memory))
    (with "wasi" (instance
      (export "get-directories" (func $get-directories)) (export "open" (func $open))
      (export "write-stream" (func $write-stream)) (export "read-stream" (func $read-stream))
      (export "read" (func $read)) (export "mkdir" (func $mkdir)) (export "link" (func $link))
      (export "hash" (func $hash)) (export "hash-at" (func $hash-at))
      (export "read-directory" (func $read-directory)) (export "read-entry" (func $read-entry))
      (export "write-bytes" (func $write-bytes)) (export "read-bytes" (func $read-bytes))
      (export "drop-descriptor" (func $drop-descriptor)) (export "drop-input" (func $drop-input))
      (export "drop-output" (func $drop-output)) (export "drop-entries" (func $drop-entries))))))
  (func (export "run") (result u32) (canon lift (core func $main "run"))))
