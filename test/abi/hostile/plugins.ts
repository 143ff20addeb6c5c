/** Plugins that do harm, in WebAssembly text: what each does to the request that meets it. */
import { plugin } from '../kit.ts'

/** A hostile plugin and what is to become of it. */
export interface Hostile {
  /** Its name, its directive and its location. */
  readonly name: string
  readonly text: string
  /** The answer's status; 0: the connection is closed without an answer, or in the middle of it. */
  readonly status: number
  /** What the error log says of it. */
  readonly log: RegExp | null
}

export interface Parts {
  /** The content handler's code; leaves a verdict. */
  readonly handler: string
  readonly functions?: string
  readonly globals?: string
  readonly table?: readonly string[]
  /** More registration. */
  readonly register?: string
}

const timeout = /it ran for more than 50ms \(plugin_time_limit\)/
const overflow = /stack overflow/
const outside = /it used a pointer outside of its memory/
const ok = '(i32.const 204)'
const forever = '(loop $l (br $l))'

/** A plugin whose directive NAME (data at 32; "x" at 0, a text with a line break at 16) binds a content handler. */
export function content(name: string, { handler, functions = '', globals = '', table = [], register = '' }: Parts): string {
  return plugin({
    data: `(data (i32.const 0) "x") (data (i32.const 16) "a\\r\\nb: c") (data (i32.const 32) "${name}")`,
    table: ['$bad', ...table],
    register: `(call $content (call $directive (i32.const 32) (i32.const ${name.length}) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const -1) (i32.const 0))
      (i32.const 0) (i32.const 0) (i32.const 0)) ${register}`,
    globals, functions: `${functions} (func $bad (param i32 i32 i32) (result i32) (local i32 i32 i64) ${handler})`,
  })
}

const bodies: [name: string, parts: Parts, status: number, log: RegExp | null][] = [
  // Time.
  ['spin', { handler: `${forever} ${ok}` }, 500, timeout],
  ['spin_nested', { handler: `(loop $o (block $b (loop $i (br_if $b (local.tee 3 (i32.add (local.get 3) (i32.const 1)))) (br $i))) (br $o)) ${ok}` }, 500, timeout],
  ['spin_calls', { functions: '(func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))', handler: `(loop $l (drop (call $f (i32.const 1))) (br $l)) ${ok}` }, 500, timeout],
  ['spin_indirect', { functions: '(func $f)', table: ['$f'], handler: `(loop $l (call_indirect (i32.const 1)) (br $l)) ${ok}` }, 500, timeout],
  ['spin_table', { handler: `(loop $l (br_table $l $l $l (i32.const 7))) ${ok}` }, 500, timeout],
  ['spin_tail', { functions: '(func $t (result i32) (return_call $t))', handler: '(call $t)' }, 500, timeout],
  ['spin_tail_indirect', { functions: '(func $t (result i32) (return_call_indirect (result i32) (i32.const 1)))', table: ['$t'], handler: '(call $t)' }, 500, timeout],
  ['spin_mutual', { functions: '(func $a (result i32) (return_call $b)) (func $b (result i32) (return_call $a))', handler: '(call $a)' }, 500, timeout],
  ['spin_tree', { functions: '(func $f (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 1))))', handler: '(call $f (i32.const 60))' }, 500, timeout],
  ['spin_fill', { handler: `(drop (memory.grow (i32.const 200))) (loop $l (memory.fill (i32.const 65536) (i32.const 1) (i32.const 13000000)) (br $l)) ${ok}` }, 500, timeout],
  ['spin_copy', { handler: `(drop (memory.grow (i32.const 200))) (loop $l (memory.copy (i32.const 65536) (i32.const 65537) (i32.const 13000000)) (br $l)) ${ok}` }, 500, timeout],
  ['spin_host', { handler: `(loop $l (drop (call $now)) (br $l)) ${ok}` }, 500, timeout],
  ['spin_host_indirect', { table: ['$now'], handler: `(drop (call $now)) (loop $l (drop (call_indirect (result f64) (i32.const 1))) (br $l)) ${ok}` }, 500, timeout],
  ['spin_random', { handler: `(loop $l (call $random (i32.const 0) (i32.const 65536)) (br $l)) ${ok}` }, 500, timeout],
  ['spin_headers', { handler: `(loop $l (drop (call $request_text (i32.const 3) (i32.const 64) (i32.const 60000))) (br $l)) ${ok}` }, 500, timeout],
  ['spin_float', { handler: `(loop $l (drop (f64.sqrt (f64.div (f64.const 2) (f64.convert_i32_s (local.tee 3 (i32.add (local.get 3) (i32.const 1))))))) (br $l)) ${ok}` }, 500, timeout],
  ['spin_simd', { handler: `(loop $l (drop (i32x4.mul (i32x4.splat (local.get 3)) (i32x4.splat (local.get 4)))) (br $l)) ${ok}` }, 500, timeout],
  ['spin_memory', { handler: `(loop $l (local.set 3 (i32.load (i32.and (i32.add (i32.mul (local.get 3) (i32.const 1103515245)) (i32.const 12345)) (i32.const 65532)))) (br $l)) ${ok}` }, 500, timeout],
  ['spin_grow', { handler: `(loop $l (drop (memory.grow (i32.const 0))) (br $l)) ${ok}` }, 500, timeout],
  ['spin_long', { handler: `(loop $l ${'(local.set 3 (i32.add (local.get 3) (i32.const 1)))'.repeat(3000)} (br $l)) ${ok}` }, 500, timeout],
  ['spin_jumps', { handler: `(loop $l ${`(block $b ${'(local.set 3 (i32.mul (local.get 3) (i32.const 3)))'.repeat(50)} (br_if $b (i32.const 1)) (loop $n (br $n)))`.repeat(40)} (br $l)) ${ok}` }, 500, timeout],
  ['spin_log', { handler: `(loop $l (br_if $l (call $variable_set (i32.const 32) (i32.const 8) (i32.const 0) (i32.const 1))) (br $l)) ${ok}` }, 500, timeout],
  // Exceptions must not keep what ends a call from ending it.
  ['catch_time', { handler: `(loop $o (try (do ${forever}) (catch_all)) (br $o)) ${ok}` }, 500, timeout],
  ['catch_fault', { handler: `(try (do (call $log (i32.const 99) (i32.const 0) (i32.const 1))) (catch_all (call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))) (i32.const 1)` }, 500, /it logged at level 99/],
  ['catch_loop', { functions: '(func $f (result i32) (try (result i32) (do (call $f)) (catch_all (call $f))))', handler: '(call $f)' }, 500, /stack overflow|it ran for more than 50ms/],
  ['throw_out', { functions: '(tag $e)', handler: '(throw $e)' }, 500, /trapped in content handler/],
  ['throw_loop', { functions: '(tag $e)', handler: `(loop $l (try (do (throw $e)) (catch $e)) (br $l)) ${ok}` }, 500, timeout],
  // Stack.
  ['deep', { functions: '(func $f (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))', handler: '(call $f (i32.const 1))' }, 500, overflow],
  ['deep_wide', { functions: `(func $f (param i32) (result i32) ${'(local i64 i64 i64 i64)'.repeat(500)} (i32.add (call $f (local.get 0)) (i32.const 1)))`, handler: '(call $f (i32.const 1))' }, 500, overflow],
  ['deep_indirect', { functions: '(func $f (result i32) (i32.add (call_indirect (result i32) (i32.const 1)) (i32.const 1)))', table: ['$f'], handler: '(call $f)' }, 500, overflow],
  // Memory.
  ['grow', { handler: '(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable)' }, 500, /unreachable; it was refused more memory \(plugin_memory_limit 16m\)/],
  ['grow_once', { handler: '(if (i32.ne (memory.grow (i32.const 1000)) (i32.const -1)) (then (return (i32.const 200)))) (i32.const 204)' }, 204, null],
  ['grow_touch', { handler: '(drop (memory.grow (i32.const 250))) (memory.fill (i32.const 65536) (i32.const 1) (i32.const 16000000)) (i32.const 204)' }, 204, null],
  ['load_out', { handler: '(i32.load (i32.const -4))' }, 500, /memory access out of bounds/],
  ['store_out', { handler: '(i64.store offset=4294967295 (i32.const -1) (i64.const 1)) (i32.const 1)' }, 500, /memory access out of bounds/],
  ['fill_out', { handler: '(memory.fill (i32.const 1) (i32.const 1) (i32.const 65536)) (i32.const 1)' }, 500, /memory access out of bounds/],
  // Tables.
  ['table_null', { functions: '(table $u 3 funcref)', handler: '(call_indirect $u (result i32) (i32.const 1))' }, 500, /trapped in content handler/],
  ['table_type', { handler: '(call_indirect (result i32) (i32.const 0))' }, 500, /signature mismatch/],
  ['table_out', { handler: '(call_indirect (result i32) (i32.const 99))' }, 500, /table index is out of bounds/],
  ['table_grow', { functions: '(table $u 1 externref)', handler: '(if (i32.ne (table.grow $u (ref.null extern) (i32.const 20000)) (i32.const -1)) (then (unreachable))) (i32.const 204)' }, 204, null],
  // Arithmetic and the like.
  ['unreachable', { handler: '(unreachable)' }, 500, /unreachable/],
  ['divide', { handler: '(i32.div_s (i32.const 1) (i32.const 0))' }, 500, /divide by zero/],
  ['truncate', { handler: '(i32.trunc_f64_s (f64.const 1e30))' }, 500, /float unrepresentable in integer range/],
  // Lies to the host.
  ['pointer', { handler: '(drop (call $request_header (i32.const -8) (i32.const 16) (i32.const 0) (i32.const 0))) (i32.const 1)' }, 500, outside],
  ['length', { handler: '(drop (call $request_header (i32.const 0) (i32.const -3) (i32.const 0) (i32.const 0))) (i32.const 1)' }, 500, outside],
  ['body_length', { handler: '(call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 2147483647)) (i32.const 1)' }, 500, /it replied with 2147483647 bytes/],
  ['name_id', { handler: '(drop (call $request_header (i32.const 4000) (i32.const -1) (i32.const 0) (i32.const 0))) (i32.const 1)' }, 500, /it used name 4000, which it has not interned/],
  ['template_id', { handler: '(drop (call $expand (i32.const 7) (i32.const 0) (i32.const 9))) (i32.const 1)' }, 500, /it expanded template 7/],
  ['register_late', { handler: '(call $select (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0)) (i32.const 1)' }, 500, /it called select, which may not be called in a handler/],
  ['twice', { handler: `${'(call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1))'.repeat(2)} (i32.const 1)` }, 500, /it called reply twice/],
  ['split', { handler: '(call $reply (i32.const 200) (i32.const 16) (i32.const 7) (i32.const 0) (i32.const 1)) (i32.const 1)' }, 500, /content type that holds a line break/],
  ['verdict', { handler: '(i32.const 77)' }, 500, /answered 77, which is no verdict/],
  ['suspend', { handler: '(i32.const 4)' }, 500, /answered 4, which is no verdict/],
  ['itself', { handler: '(drop (call $variable_get (i32.const 0) (i32.const 1) (i32.const 100) (i32.const 10))) (i32.const 1)', functions: '(func $get (param i32 i32) (result i32) (drop (call $variable_get (i32.const 0) (i32.const 1) (i32.const 100) (i32.const 10))) (i32.const 0))', table: ['$get'], register: '(call $variable (i32.const 0) (i32.const 1) (i32.const 2) (i32.const 1) (i32.const -1) (i32.const 0))' }, 500, /calls nest too deeply/],
]

/** The content handlers. */
export const hostile: readonly Hostile[] = bodies.map(([name, parts, status, log]) => ({ name, text: content(name, parts), status, log }))
