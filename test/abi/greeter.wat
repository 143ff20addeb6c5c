;; A vespid plugin without an SDK, written from docs/abi.md.
;;
;;   greet TEXT;   http, server, location: what is said
;;   greeting;     location: answers with it
;;
;; A conf is eight bytes: address and length of the text, length 0 when it is not set.
(module
  (import "vespid" "conf" (func $conf (param i32 i32 i32 i32) (result i32)))
  (import "vespid" "conf_merge" (func $conf_merge (param i32 i32 i32)))
  (import "vespid" "directive" (func $directive (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "vespid" "content" (func $content (param i32 i32 i32 i32)))
  (import "vespid" "header_filter" (func $header_filter (param i32 i32 i32)))
  (import "vespid" "argument" (func $argument (param i32 i32 i32) (result i32)))
  (import "vespid" "answer" (func $answer (param i32 i32)))
  (import "vespid" "reply" (func $reply (param i32 i32 i32 i32 i32)))
  (import "vespid" "response_header_set" (func $response_header_set (param i32 i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (table (export "table") 5 funcref)
  (elem (i32.const 0) $create $merge $set $greet $mark)

  (data (i32.const 16) "greet")
  (data (i32.const 32) "greeting")
  (data (i32.const 48) "text/plain")
  (data (i32.const 64) "x-greeter")
  (data (i32.const 80) "here")
  (data (i32.const 96) "empty greeting")

  ;; Where the next free byte is; nothing is ever freed.
  (global $free (mut i32) (i32.const 1024))

  (func $allocate (param $size i32) (result i32)
    (global.get $free)
    (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7)) (i32.const -8))))

  (func $create (param $data i32) (result i32)
    (call $allocate (i32.const 8)))

  (func $merge (param $data i32) (param $parent i32) (param $child i32) (result i32)
    (if (i32.eqz (i32.load offset=4 (local.get $child)))
      (then
        (i32.store (local.get $child) (i32.load (local.get $parent)))
        (i32.store offset=4 (local.get $child) (i32.load offset=4 (local.get $parent)))))
    (i32.const 0))

  (func $set (param $data i32) (param $conf i32) (result i32)
    (local $length i32) (local $at i32)
    (local.set $length (call $argument (i32.const 1) (i32.const 0) (i32.const 0)))
    (if (i32.eqz (local.get $length))
      (then
        (call $answer (i32.const 96) (i32.const 14))
        (return (i32.const 1))))
    (local.set $at (call $allocate (local.get $length)))
    (drop (call $argument (i32.const 1) (local.get $at) (local.get $length)))
    (i32.store (local.get $conf) (local.get $at))
    (i32.store offset=4 (local.get $conf) (local.get $length))
    (i32.const 0))

  (func $greet (param $data i32) (param $r i32) (param $conf i32) (result i32)
    (call $reply (i32.const 200) (i32.const 48) (i32.const 10) (i32.load (local.get $conf)) (i32.load offset=4 (local.get $conf)))
    (i32.const 1))

  (func $mark (param $data i32) (param $r i32) (param $conf i32) (result i32)
    (drop (call $response_header_set (i32.const 64) (i32.const 9) (i32.const 80) (i32.const 4) (i32.const 0)))
    (i32.const 1))

  (func (export "vespid_abi_1")
    (local $class i32)
    (local.set $class (call $conf (i32.const 2) (i32.const 0) (i32.const -1) (i32.const 0)))
    (call $conf_merge (local.get $class) (i32.const 1) (i32.const 0))
    (drop (call $directive (i32.const 16) (i32.const 5) (i32.const 28) (i32.const 2) (local.get $class) (i32.const 2) (i32.const 0)))
    (call $content
      (call $directive (i32.const 32) (i32.const 8) (i32.const 16) (i32.const 1) (local.get $class) (i32.const -1) (i32.const 0))
      (i32.const 3) (i32.const 0) (i32.const 1))
    (call $header_filter (local.get $class) (i32.const 4) (i32.const 0))))
