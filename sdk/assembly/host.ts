// The functions that vespid gives to plugins: docs/abi.md describes each. Authors use what is built on them, not these.
// @ts-ignore: decorator
@external('vespid', 'name')
export declare function name(text: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'arena')
export declare function arena(at: usize, size: i32): void
// @ts-ignore: decorator
@external('vespid', 'conf')
export declare function conf(level: i32, create: i32, init: i32, data: usize): i32
// @ts-ignore: decorator
@external('vespid', 'conf_merge')
export declare function conf_merge(conf: i32, merge: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'directive')
export declare function directive(name: usize, length: i32, where: i32, args: i32, conf: i32, set: i32, data: usize): i32
// @ts-ignore: decorator
@external('vespid', 'content')
export declare function content(directive: i32, handler: i32, data: usize, flags: i32): void
// @ts-ignore: decorator
@external('vespid', 'phase')
export declare function phase(phase: i32, conf: i32, handler: i32, data: usize, flags: i32): void
// @ts-ignore: decorator
@external('vespid', 'header_filter')
export declare function header_filter(conf: i32, handler: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'body_filter')
export declare function body_filter(conf: i32, start: i32, filter: i32, end: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'input_filter')
export declare function input_filter(conf: i32, start: i32, filter: i32, end: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'filter_options')
export declare function filter_options(input: i32, index: i32, type: i32, limit: i32, over: i32, flags: i32, name: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'filter_insert')
export declare function filter_insert(name: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'request_trailer')
export declare function request_trailer(name: usize, length: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'request_trailer_at')
export declare function request_trailer_at(i: i32, part: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'variable')
export declare function variable(name: usize, length: i32, flags: i32, get: i32, set: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'select')
export declare function select(
  pattern: usize, length: i32, nests: i32, get: i32, getData: usize, check: i32, checkData: usize,
): void
// @ts-ignore: decorator
@external('vespid', 'select_resolve')
export declare function select_resolve(text: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'select_get')
export declare function select_get(id: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'script_function')
export declare function script_function(name: usize, length: i32, minimum: i32, maximum: i32, kinds: i32, call: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'pseudo_variable')
export declare function pseudo_variable(
  name: usize, length: i32, inner: i32, keys: usize, keysLength: i32, get: i32, getData: usize, set: i32, setData: usize,
): void
// @ts-ignore: decorator
@external('vespid', 'transformation')
export declare function transformation(name: usize, length: i32, minimum: i32, maximum: i32, call: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'parameter')
export declare function parameter(name: usize, length: i32, type: i32, conf: i32, set: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'event_route')
export declare function event_route(name: usize, length: i32, flags: i32, conf: i32, admit: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'event_server')
export declare function event_server(name: usize, length: i32, conf: i32, call: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'argument_kind')
export declare function argument_kind(i: i32): i32
// @ts-ignore: decorator
@external('vespid', 'argument_int')
export declare function argument_int(i: i32): i32
// @ts-ignore: decorator
@external('vespid', 'answer_int')
export declare function answer_int(value: i32): void
// @ts-ignore: decorator
@external('vespid', 'answer_field')
export declare function answer_field(field: i32): void
// @ts-ignore: decorator
@external('vespid', 'regex')
export declare function regex(pattern: usize, length: i32, flags: i32): i32
// @ts-ignore: decorator
@external('vespid', 'regex_test')
export declare function regex_test(regex: i32, text: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'pv')
export declare function pv(text: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'pv_get')
export declare function pv_get(pv: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'pv_int')
export declare function pv_int(pv: i32): i32
// @ts-ignore: decorator
@external('vespid', 'pv_set')
export declare function pv_set(pv: i32, kind: i32, value: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'script_reply')
export declare function script_reply(
  code: i32, reason: usize, reasonLength: i32, type: usize, typeLength: i32, body: usize, bodyLength: i32,
): i32
// @ts-ignore: decorator
@external('vespid', 'script_header')
export declare function script_header(lines: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'script_close')
export declare function script_close(): void
// @ts-ignore: decorator
@external('vespid', 'script_argument')
export declare function script_argument(kind: i32, value: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'script_call')
export declare function script_call(name: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'command')
export declare function command(name: usize, length: i32, usage: usize, usageLength: i32, effect: i32, run: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'metric')
export declare function metric(
  kind: i32, name: usize, length: i32, help: usize, helpLength: i32, labels: usize, labelsLength: i32, buckets: usize, count: i32,
): i32
// @ts-ignore: decorator
@external('vespid', 'statistic')
export declare function statistic(name: usize, length: i32, help: usize, helpLength: i32, read: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'lifecycle')
export declare function lifecycle(event: i32, call: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'argument_count')
export declare function argument_count(): i32
// @ts-ignore: decorator
@external('vespid', 'argument')
export declare function argument(i: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'answer')
export declare function answer(text: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'warn')
export declare function warn(text: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'template')
export declare function template(text: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'expand')
export declare function expand(id: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'head')
export declare function head(): i32
// @ts-ignore: decorator
@external('vespid', 'remote_address')
export declare function remote_address(out: usize): i32
// @ts-ignore: decorator
@external('vespid', 'request_text')
export declare function request_text(field: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'request_number')
export declare function request_number(field: i32): f64
// @ts-ignore: decorator
@external('vespid', 'request_set')
export declare function request_set(field: i32, text: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'request_header')
export declare function request_header(name: usize, length: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'request_header_at')
export declare function request_header_at(i: i32, part: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'request_header_set')
export declare function request_header_set(name: usize, length: i32, value: usize, valueLength: i32, mode: i32): i32
// @ts-ignore: decorator
@external('vespid', 'body')
export declare function body(offset: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'conf_of')
export declare function conf_of(conf: i32): usize
// @ts-ignore: decorator
@external('vespid', 'variable_get')
export declare function variable_get(name: usize, length: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'variable_set')
export declare function variable_set(name: usize, length: i32, value: usize, valueLength: i32): i32
// @ts-ignore: decorator
@external('vespid', 'response_header')
export declare function response_header(name: usize, length: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'response_header_at')
export declare function response_header_at(i: i32, part: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'response_header_set')
export declare function response_header_set(name: usize, length: i32, value: usize, valueLength: i32, mode: i32): i32
// @ts-ignore: decorator
@external('vespid', 'response_number')
export declare function response_number(field: i32): f64
// @ts-ignore: decorator
@external('vespid', 'response_set_number')
export declare function response_set_number(field: i32, value: f64): i32
// @ts-ignore: decorator
@external('vespid', 'response_trailer')
export declare function response_trailer(name: usize, length: i32, value: usize, valueLength: i32): i32
// @ts-ignore: decorator
@external('vespid', 'reply')
export declare function reply(status: i32, type: usize, typeLength: i32, body: usize, bodyLength: i32): void
// @ts-ignore: decorator
@external('vespid', 'redirect')
export declare function redirect(uri: usize, length: i32, args: usize, argsLength: i32): void
// @ts-ignore: decorator
@external('vespid', 'part_length')
export declare function part_length(): i32
// @ts-ignore: decorator
@external('vespid', 'part')
export declare function part(offset: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'part_set')
export declare function part_set(bytes: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'log')
export declare function log(level: i32, text: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'metric_add')
export declare function metric_add(id: i32, labels: usize, length: i32, value: f64): void
// @ts-ignore: decorator
@external('vespid', 'metric_set')
export declare function metric_set(id: i32, labels: usize, length: i32, value: f64): void
// @ts-ignore: decorator
@external('vespid', 'rpc_params')
export declare function rpc_params(out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'rpc_add')
export declare function rpc_add(kind: i32, text: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'rpc_error')
export declare function rpc_error(code: i32, text: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'rpc_call')
export declare function rpc_call(method: usize, length: i32, params: usize, paramsLength: i32): i32
// @ts-ignore: decorator
@external('vespid', 'rpc_dispatch')
export declare function rpc_dispatch(document: usize, length: i32, batch: i32, note: usize, noteLength: i32): i32
// @ts-ignore: decorator
@external('vespid', 'rpc_reply')
export declare function rpc_reply(type: usize, length: i32, batch: i32, note: usize, noteLength: i32): void
// @ts-ignore: decorator
@external('vespid', 'rpc_serve')
export declare function rpc_serve(dialect: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'rpc_exec')
export declare function rpc_exec(document: usize, length: i32, dialect: usize, dialectLength: i32): i32
// @ts-ignore: decorator
@external('vespid', 'rpc_outcome')
export declare function rpc_outcome(part: i32): i32
// @ts-ignore: decorator
@external('vespid', 'transport')
export declare function transport(kind: i32, settings: usize, length: i32, receive: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'document_answer')
export declare function document_answer(to: usize, toLength: i32, bytes: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'sleep')
export declare function sleep(milliseconds: f64): void
// @ts-ignore: decorator
@external('vespid', 'fetch')
export declare function fetch(
  method: usize, methodLength: i32, url: usize, urlLength: i32, headers: usize, headersLength: i32, body: usize, bodyLength: i32,
  timeout: i32, limit: i32, redirects: i32,
): i32
// @ts-ignore: decorator
@external('vespid', 'subrequest')
export declare function subrequest(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32, headers: usize, headersLength: i32,
  body: usize, bodyLength: i32,
): i32
// @ts-ignore: decorator
@external('vespid', 'read_body')
export declare function read_body(): i32
// @ts-ignore: decorator
@external('vespid', 'result')
export declare function result(part: i32, offset: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'result_length')
export declare function result_length(part: i32): i32
// @ts-ignore: decorator
@external('vespid', 'hook')
export declare function hook(
  name: usize, length: i32, order: i32, after: usize, afterLength: i32, before: usize, beforeLength: i32, conf: i32, handler: i32, data: usize,
  flags: i32,
): void
// @ts-ignore: decorator
@external('vespid', 'hook_point')
export declare function hook_point(name: usize, length: i32, kind: i32): i32
// @ts-ignore: decorator
@external('vespid', 'hook_run')
export declare function hook_run(point: i32): i32
// @ts-ignore: decorator
@external('vespid', 'context_get')
export declare function context_get(scope: i32): usize
// @ts-ignore: decorator
@external('vespid', 'context_set')
export declare function context_set(scope: i32, value: usize): void
// @ts-ignore: decorator
@external('vespid', 'context_ended')
export declare function context_ended(): usize
// @ts-ignore: decorator
@external('vespid', 'note_get')
export declare function note_get(scope: i32, name: usize, length: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'note_set')
export declare function note_set(scope: i32, name: usize, length: i32, value: usize, valueLength: i32): i32
// @ts-ignore: decorator
@external('vespid', 'user_get')
export declare function user_get(out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'user_set')
export declare function user_set(name: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'connection_text')
export declare function connection_text(field: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'connection_number')
export declare function connection_number(field: i32): f64
// @ts-ignore: decorator
@external('vespid', 'activity')
export declare function activity(field: i32): f64
// @ts-ignore: decorator
@external('vespid', 'now')
export declare function now(): f64
// @ts-ignore: decorator
@external('vespid', 'random')
export declare function random(out: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'zone_open')
export declare function zone_open(name: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'zone_get')
export declare function zone_get(zone: i32, key: usize, length: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'zone_set')
export declare function zone_set(zone: i32, key: usize, length: i32, value: usize, valueLength: i32, ttl: f64): i32
// @ts-ignore: decorator
@external('vespid', 'zone_add')
export declare function zone_add(zone: i32, key: usize, length: i32, value: usize, valueLength: i32, ttl: f64): i32
// @ts-ignore: decorator
@external('vespid', 'zone_cas')
export declare function zone_cas(
  zone: i32, key: usize, length: i32, old: usize, oldLength: i32, value: usize, valueLength: i32, ttl: f64,
): i32
// @ts-ignore: decorator
@external('vespid', 'zone_incr')
export declare function zone_incr(zone: i32, key: usize, length: i32, by: f64, initial: f64, ttl: f64, out: usize): i32
// @ts-ignore: decorator
@external('vespid', 'zone_delete')
export declare function zone_delete(zone: i32, key: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'zone_expire')
export declare function zone_expire(zone: i32, key: usize, length: i32, ttl: f64): i32
// @ts-ignore: decorator
@external('vespid', 'zone_ttl')
export declare function zone_ttl(zone: i32, key: usize, length: i32): f64
// @ts-ignore: decorator
@external('vespid', 'zone_each')
export declare function zone_each(zone: i32, cursor: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'timer')
export declare function timer(name: usize, length: i32, interval: f64, flags: i32, call: i32, data: usize): void
// @ts-ignore: decorator
@external('vespid', 'state')
export declare function state(version: i32, save: i32, saveData: usize, restore: i32, restoreData: usize, flags: i32): void
// @ts-ignore: decorator
@external('vespid', 'state_put')
export declare function state_put(bytes: usize, length: i32): void
// @ts-ignore: decorator
@external('vespid', 'state_read')
export declare function state_read(offset: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'subrequest_open')
export declare function subrequest_open(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32,
  headers: usize, headersLength: i32, body: usize, bodyLength: i32,
): i32
// @ts-ignore: decorator
@external('vespid', 'subrequest_background')
export declare function subrequest_background(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32,
  headers: usize, headersLength: i32, body: usize, bodyLength: i32,
): i32
// @ts-ignore: decorator
@external('vespid', 'subrequest_ordered')
export declare function subrequest_ordered(
  uri: usize, length: i32, args: usize, argsLength: i32, method: usize, methodLength: i32,
  headers: usize, headersLength: i32, body: usize, bodyLength: i32, at: i32,
): i32
// @ts-ignore: decorator
@external('vespid', 'subrequest_read')
export declare function subrequest_read(out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'file_read')
export declare function file_read(path: usize, length: i32, format: i32, out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'generation')
export declare function generation(add: i32): i32
// @ts-ignore: decorator
@external('vespid', 'reason')
export declare function reason(out: usize, capacity: i32): i32
// @ts-ignore: decorator
@external('vespid', 'db_open')
export declare function db_open(url: usize, length: i32): i32
// @ts-ignore: decorator
@external('vespid', 'db_dialect')
export declare function db_dialect(database: i32): i32
// @ts-ignore: decorator
@external('vespid', 'db_query')
export declare function db_query(database: i32, sql: usize, sqlLength: i32, params: usize, paramsLength: i32, rows: i32, timeout: i32): i32
