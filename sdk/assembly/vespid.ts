// The functions that vespid gives to plugins, in the order of docs/abi.md, which describes each. Authors use what is
// built on them, not these. They are imported from a module of this file's name.

// Registration
export declare function name(text: usize, length: i32): i32
export declare function arena(at: usize, size: i32): void
export declare function conf(level: i32, create: i32, init: i32, data: usize): i32
export declare function conf_level(conf: i32, level: i32, init: i32, data: usize): void
export declare function conf_merge(conf: i32, merge: i32, data: usize): void
export declare function directive(
  name: usize, length: i32, where: i32, args: i32, conf: i32, set: i32, data: usize,
): i32
export declare function content(directive: i32, handler: i32, data: usize, flags: i32): void
export declare function phase(phase: i32, conf: i32, handler: i32, data: usize, flags: i32): void
export declare function header_filter(conf: i32, handler: i32, data: usize): void
export declare function body_filter(conf: i32, start: i32, filter: i32, end: i32, data: usize): void
export declare function input_filter(conf: i32, start: i32, filter: i32, end: i32, data: usize): void
export declare function filter_options(
  input: i32, index: i32, type: i32, limit: i32, over: i32, flags: i32, name: usize, length: i32,
): void
export declare function variable(name: usize, length: i32, flags: i32, get: i32, set: i32, data: usize): void
export declare function select(
  pattern: usize, length: i32, nests: i32, get: i32, getData: usize, check: i32, checkData: usize,
): void
export declare function select_resolve(text: usize, length: i32): i32
export declare function command(
  name: usize, length: i32, usage: usize, usageLength: i32, effect: i32, run: i32, data: usize,
): void
export declare function metric(
  kind: i32, name: usize, length: i32, help: usize, helpLength: i32, labels: usize, labelsLength: i32, buckets: usize,
  count: i32,
): i32
export declare function statistic(name: usize, length: i32, help: usize, helpLength: i32, read: i32, data: usize): void
export declare function lifecycle(event: i32, call: i32, data: usize): void
export declare function hook(
  name: usize, length: i32, order: i32, after: usize, afterLength: i32, before: usize, beforeLength: i32, conf: i32,
  handler: i32, data: usize, flags: i32,
): void
export declare function hook_point(name: usize, length: i32, kind: i32): i32

// Functions for any callback
export declare function argument_count(): i32
export declare function argument(i: i32, out: usize, capacity: i32): i32
export declare function answer(text: usize, length: i32): void
export declare function warn(text: usize, length: i32): void
export declare function template(text: usize, length: i32): i32
export declare function expand(id: i32, out: usize, capacity: i32): i32
export declare function log(level: i32, text: usize, length: i32): void
export declare function metric_add(id: i32, labels: usize, length: i32, value: f64): void
export declare function metric_set(id: i32, labels: usize, length: i32, value: f64): void
export declare function activity(field: i32): f64
export declare function now(): f64
export declare function random(out: usize, length: i32): void

// The request
export declare function head(): i32
export declare function remote_address(out: usize): i32
export declare function request_text(field: i32, out: usize, capacity: i32): i32
export declare function request_number(field: i32): f64
export declare function request_set(field: i32, text: usize, length: i32): i32
export declare function request_header(name: usize, length: i32, out: usize, capacity: i32): i32
export declare function request_header_at(i: i32, part: i32, out: usize, capacity: i32): i32
export declare function request_header_set(name: usize, length: i32, value: usize, valueLength: i32, mode: i32): i32
export declare function body(offset: i32, out: usize, capacity: i32): i32
export declare function request_trailer(name: usize, length: i32, out: usize, capacity: i32): i32
export declare function request_trailer_at(i: i32, part: i32, out: usize, capacity: i32): i32
export declare function conf_of(conf: i32): usize
export declare function variable_get(name: usize, length: i32, out: usize, capacity: i32): i32
export declare function variable_set(name: usize, length: i32, value: usize, valueLength: i32): i32

// Hooks and records
export declare function hook_run(point: i32): i32
export declare function context_get(scope: i32): usize
export declare function context_set(scope: i32, value: usize): void
export declare function context_ended(): usize
export declare function note_get(scope: i32, name: usize, length: i32, out: usize, capacity: i32): i32
export declare function note_set(scope: i32, name: usize, length: i32, value: usize, valueLength: i32): i32
export declare function user_get(out: usize, capacity: i32): i32
export declare function user_set(name: usize, length: i32): void
export declare function connection_text(field: i32, out: usize, capacity: i32): i32
export declare function connection_number(field: i32): f64

// The response
export declare function response_header(name: usize, length: i32, out: usize, capacity: i32): i32
export declare function response_header_at(i: i32, part: i32, out: usize, capacity: i32): i32
export declare function response_header_set(name: usize, length: i32, value: usize, valueLength: i32, mode: i32): i32
export declare function response_number(field: i32): f64
export declare function response_set_number(field: i32, value: f64): i32
export declare function response_trailer(name: usize, length: i32, value: usize, valueLength: i32): i32
export declare function reply(status: i32, type: usize, typeLength: i32, body: usize, bodyLength: i32): void
export declare function redirect(uri: usize, length: i32, args: usize, argsLength: i32): void
export declare function repeat(): void
export declare function part_length(): i32
export declare function part(offset: i32, out: usize, capacity: i32): i32
export declare function part_set(bytes: usize, length: i32): void
export declare function filter_insert(name: usize, length: i32): i32

// Commands
export declare function rpc_params(out: usize, capacity: i32): i32
export declare function rpc_add(kind: i32, text: usize, length: i32): void
export declare function rpc_error(code: i32, text: usize, length: i32): void
export declare function rpc_serve(dialect: usize, length: i32): void
export declare function rpc_reply(type: usize, length: i32, batch: i32, note: usize, noteLength: i32): void

// Byte transports
export declare function transport(kind: i32, settings: usize, length: i32, receive: i32, data: usize): void
export declare function document_answer(to: usize, toLength: i32, bytes: usize, length: i32): void

// Waiting
export declare function sleep(milliseconds: f64): void
export declare function read_body(): i32
export declare function fetch(
  method: usize, methodLength: i32, url: usize, urlLength: i32, headers: usize, headersLength: i32, body: usize,
  bodyLength: i32, timeout: i32, limit: i32, redirects: i32,
): i32
export declare function subrequest(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32, headers: usize,
  headersLength: i32, body: usize, bodyLength: i32,
): i32
export declare function rpc_call(method: usize, length: i32, params: usize, paramsLength: i32): i32
export declare function rpc_dispatch(document: usize, length: i32, batch: i32, note: usize, noteLength: i32): i32
export declare function rpc_exec(document: usize, length: i32, dialect: usize, dialectLength: i32): i32
export declare function result_length(part: i32): i32
export declare function result(part: i32, offset: i32, out: usize, capacity: i32): i32

// Routing scripts
export declare function script_function(
  name: usize, length: i32, minimum: i32, maximum: i32, kinds: i32, call: i32, data: usize,
): void
export declare function pseudo_variable(
  name: usize, length: i32, inner: i32, keys: usize, keysLength: i32, get: i32, getData: usize, set: i32,
  setData: usize,
): void
export declare function transformation(
  name: usize, length: i32, minimum: i32, maximum: i32, call: i32, data: usize,
): void
export declare function parameter(name: usize, length: i32, type: i32, conf: i32, set: i32, data: usize): void
export declare function event_route(name: usize, length: i32, flags: i32, conf: i32, admit: i32, data: usize): void
export declare function event_server(name: usize, length: i32, conf: i32, call: i32, data: usize): void
export declare function argument_kind(i: i32): i32
export declare function argument_int(i: i32): i32
export declare function answer_int(value: i32): void
export declare function answer_field(field: i32): void
export declare function select_get(id: i32, out: usize, capacity: i32): i32
export declare function regex(pattern: usize, length: i32, flags: i32): i32
export declare function regex_test(regex: i32, text: usize, length: i32): i32
export declare function pv(text: usize, length: i32): i32
export declare function pv_get(pv: i32, out: usize, capacity: i32): i32
export declare function pv_int(pv: i32): i32
export declare function pv_set(pv: i32, kind: i32, value: usize, length: i32): i32
export declare function script_reply(
  code: i32, reason: usize, reasonLength: i32, type: usize, typeLength: i32, body: usize, bodyLength: i32,
): i32
export declare function script_header(lines: usize, length: i32): i32
export declare function script_close(): void
export declare function script_argument(kind: i32, value: usize, length: i32): void
export declare function script_call(name: usize, length: i32): i32
export declare function rpc_outcome(part: i32): i32

// Subrequests
export declare function subrequest_open(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32, headers: usize,
  headersLength: i32, body: usize, bodyLength: i32,
): i32
export declare function subrequest_background(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32, headers: usize,
  headersLength: i32, body: usize, bodyLength: i32,
): i32
export declare function subrequest_ordered(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32, headers: usize,
  headersLength: i32, body: usize, bodyLength: i32, at: i32,
): i32
export declare function subrequest_read(out: usize, capacity: i32): i32

// Timers and state
export declare function timer(name: usize, length: i32, interval: f64, flags: i32, call: i32, data: usize): void
export declare function state(
  version: i32, save: i32, saveData: usize, restore: i32, restoreData: usize, flags: i32,
): void
export declare function state_put(bytes: usize, length: i32): void
export declare function state_read(offset: i32, out: usize, capacity: i32): i32

// Zones
export declare function zone_open(name: usize, length: i32): i32
export declare function zone_get(zone: i32, key: usize, length: i32, out: usize, capacity: i32): i32
export declare function zone_set(zone: i32, key: usize, length: i32, value: usize, valueLength: i32, ttl: f64): i32
export declare function zone_add(zone: i32, key: usize, length: i32, value: usize, valueLength: i32, ttl: f64): i32
export declare function zone_cas(
  zone: i32, key: usize, length: i32, old: usize, oldLength: i32, value: usize, valueLength: i32, ttl: f64,
): i32
export declare function zone_incr(zone: i32, key: usize, length: i32, by: f64, initial: f64, ttl: f64, out: usize): i32
export declare function zone_delete(zone: i32, key: usize, length: i32): i32
export declare function zone_expire(zone: i32, key: usize, length: i32, ttl: f64): i32
export declare function zone_ttl(zone: i32, key: usize, length: i32): f64
export declare function zone_each(zone: i32, cursor: i32, out: usize, capacity: i32): i32

// Files and databases
export declare function file_read(path: usize, length: i32, format: i32, out: usize, capacity: i32): i32
export declare function generation(add: i32): i32
export declare function reason(out: usize, capacity: i32): i32
export declare function db_open(url: usize, length: i32): i32
export declare function db_dialect(database: i32): i32
export declare function db_query(
  database: i32, sql: usize, sqlLength: i32, params: usize, paramsLength: i32, rows: i32, timeout: i32,
): i32
