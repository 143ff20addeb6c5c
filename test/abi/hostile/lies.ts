/** Plugins that lie to the functions for hooks, filters, subrequests, timers, state, records, scripts and zones: in WebAssembly text. */
import { content } from './plugins.ts'
import type { Hostile, Parts } from './plugins.ts'

const zeros = (n: number): string => '(i32.const 0) '.repeat(n)
const words = (...list: number[]): string => list.map((n) => `(i32.const ${n})`).join(' ')
const ok = '(i32.const 204)'
const dropped = (call: string): string => `(drop ${call}) ${ok}`
const outside = /it used a pointer outside of its memory/
const late = (call: string): RegExp => new RegExp(`it called ${call}, which may not be called in a handler`)
/** "/a" at 20 in place of the data that `content` has there. */
const path = '(i32.store8 (i32.const 20) (i32.const 47)) (i32.store8 (i32.const 21) (i32.const 97))'

/** A subrequest function with a path, arguments, a method, headers and a body, by default "/a" and nothing else. */
function sub(call: string, { uri = [20, 2], method = [0, 0], headers = [0, 0], body = [0, -1], at = '' } = {}): string {
  return `(call $${call} ${words(...uri, 0, 0, ...method, ...headers, ...body)} ${at})`
}
const place = (at: number): { at: string } => ({ at: `(i32.const ${at})` })

const bodies: [name: string, handler: string, status: number, log: RegExp | null, parts?: Partial<Parts>][] = [
  // Filters.
  ['filter_unknown', dropped('(call $filter_insert (i32.const 0) (i32.const 1))'), 500, /it inserted filter "x", which it has not registered/],
  ['filter_pointer', dropped('(call $filter_insert (i32.const 65536) (i32.const 9))'), 500, outside],
  ['filter_late', `(call $body_filter ${zeros(5)}) ${ok}`, 500, late('body_filter')],
  ['input_late', `(call $input_filter ${zeros(5)}) ${ok}`, 500, late('input_filter')],
  ['options_late', `(call $filter_options ${zeros(8)}) ${ok}`, 500, late('filter_options')],
  ['part_here', `(call $part_set ${zeros(2)}) ${ok}`, 500, late('part_set')],
  ['part_read', dropped('(call $part (i32.const 0) (i32.const 0) (i32.const 1))'), 500, late('part')],
  ['trailer_pointer', dropped('(call $request_trailer (i32.const -1) (i32.const 5) (i32.const 0) (i32.const 0))'), 500, outside],
  // Subrequests.
  ['sub_relative', dropped(sub('subrequest_ordered', { uri: [0, 1], ...place(0) })), 500, /it made a subrequest to something that does not begin with "\/"/],
  ['sub_place', path + dropped(sub('subrequest_ordered', place(-2))), 500, /it placed a subrequest at byte -2/],
  ['sub_pointer', path + dropped(sub('subrequest_ordered', { body: [65535, 2], ...place(0) })), 500, outside],
  ['sub_body', path + dropped(sub('subrequest_ordered', { body: [0, 0x7fffffff], ...place(0) })), 500, /it gave a body of 2147483647 bytes; 67108864 are allowed/],
  ['sub_many', `${path} (loop $l (br_if $l (i32.eqz ${sub('subrequest_ordered', place(-1))}))) ${ok}`, 500, /it asked for more than 1024 subrequests in one call/],
  ['sub_heavy', `${path} (drop (memory.grow (i32.const 240))) (loop $l (br_if $l (i32.eqz ${sub('subrequest_ordered', { body: [0, 14000000], ...place(-1) })}))) ${ok}`, 500,
    /it gave subrequests bodies of 70000000 bytes; 67108864 are allowed|it ran for more than 50ms/],
  ['sub_method', path + dropped(sub('subrequest_background', { method: [0, 1] })), 500, /it called subrequest with method "x"/],
  ['sub_header', path + dropped(sub('subrequest_background', { headers: [0, 1] })), 500, /it gave "x" as a header, which is none/],
  ['sub_read_size', dropped('(call $subrequest_read (i32.const 0) (i32.const -1))'), 500, /it read -1 bytes of a subrequest/],
  ['sub_read_pointer', dropped('(call $subrequest_read (i32.const 65535) (i32.const 2))'), 500, outside],
  ['sub_read_none', dropped('(call $subrequest_read (i32.const 0) (i32.const 10))'), 204, null],
  ['sub_open_pointer', dropped(sub('subrequest_open', { uri: [70000, 4] })), 500, outside],
  ['sub_open_all', `${path} (loop $l (drop ${sub('subrequest_open')}) (br $l)) ${ok}`, 500, /it ran for more than 50ms/],
  ['result_none', dropped('(call $result_length (i32.const 0))'), 500, /before anything was asked for|may not be called/],
  ['sleep_long', '(call $sleep (f64.const 1e300)) (i32.const 204)', 500, /it slept for 1e\+300 milliseconds/],
  ['sleep_nan', '(call $sleep (f64.const nan)) (i32.const 204)', 500, /it slept for NaN milliseconds/],
  // Timers and state.
  ['timer_late', `(call $timer ${zeros(2)} (f64.const 10) ${zeros(3)}) ${ok}`, 500, late('timer')],
  ['state_late', `(call $state ${zeros(6)}) ${ok}`, 500, late('state')],
  ['state_put_here', `(call $state_put ${zeros(2)}) ${ok}`, 500, late('state_put')],
  ['state_read_here', dropped(`(call $state_read ${zeros(3)})`), 500, late('state_read')],
  // Hooks and records.
  ['hook_late', `(call $hook ${zeros(11)}) ${ok}`, 500, late('hook')],
  ['hook_point_late', dropped(`(call $hook_point ${zeros(3)})`), 500, late('hook_point')],
  ['hook_none', dropped('(call $hook_run (i32.const -1))'), 500, /it ran hook -1, which it has not declared/],
  ['context_scope', dropped('(call $context_get (i32.const 77))'), 500, /it called context_get for scope 77/],
  ['context_lie', '(call $context_set (i32.const 0) (i32.const -1)) (drop (i32.load (call $context_get (i32.const 0)))) (i32.const 204)', 500, /memory access out of bounds/],
  ['note_pointer', dropped('(call $note_set (i32.const 0) (i32.const 0) (i32.const 1) (i32.const -2) (i32.const 3))'), 500, outside],
  ['user_long', '(call $user_set (i32.const 0) (i32.const 60000)) (i32.const 204)', 500, /it gave a text of 60000 bytes; 256 are allowed/],
  ['connection_field', dropped('(call $connection_text (i32.const -1) (i32.const 0) (i32.const 1))'), 500, /it asked for connection text -1/],
  // Routing scripts, where none runs.
  ['script_late', `(call $script_function ${zeros(7)}) ${ok}`, 500, late('script_function')],
  ['route_late', `(call $event_route ${zeros(6)}) ${ok}`, 500, late('event_route')],
  ['script_reply_here', dropped(`(call $script_reply ${words(200)} ${zeros(6)})`), 500, /it called script_reply, which may/],
  ['script_call_here', dropped(`(call $script_call ${zeros(2)})`), 500, /it called script_call, which may/],
  ['script_argument_here', `(call $script_argument ${words(9, 0, 0)}) ${ok}`, 500, /it called script_argument, which may/],
  ['pv_unknown', dropped(`(call $pv_get ${words(99, 0, 0)})`), 500, /it read variable 99, which it has not resolved|it called pv_get, which may/],
  ['answer_int_here', `(call $answer_int (i32.const 1)) ${ok}`, 500, late('answer_int')],
  ['regex_unknown', dropped(`(call $regex_test ${words(5, 0, 1)})`), 500, /it matched regular expression 5, which it has not compiled/],
  ['regex_flags', dropped(`(call $regex ${words(0, 1, 6)})`), 500, /it compiled a regular expression with flags 6/],
  ['regex_pointer', dropped(`(call $regex_test ${words(5, 65530, 100)})`), 500, /outside of its memory|which it has not compiled/],
  // Commands, transports, zones.
  ['command_here', `(call $rpc_add ${zeros(3)}) ${ok}`, 500, late('rpc_add')],
  ['document_here', `(call $document_answer ${zeros(4)}) ${ok}`, 500, late('document_answer')],
  ['zone_unknown', dropped(`(call $zone_get ${words(44, 0, 1, 0, 0)})`), 500, /it used zone 44, which it has not opened/],
  ['zone_refused', dropped('(call $zone_open (i32.const 0) (i32.const 1))'), 500, /it used zone "x", which/],
  ['statistic_late', `(call $statistic ${zeros(6)}) ${ok}`, 500, late('statistic')],
]

/** The content handlers. */
export const lies: readonly Hostile[] = bodies.map(([name, handler, status, log, parts]) => ({ name, text: content(name, { handler, ...parts }), status, log }))
