/**
 * What a guest may do wrong at run time, and what becomes of it: this request is answered 500 with one line in the
 * log, the next one is served.
 */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { load, plugin, serve } from './kit.ts'

interface Case {
  readonly what: string
  /** The body of a content handler: leaves a verdict on the stack. */
  readonly handler: string
  /** What the log says after `plugin probe `. */
  readonly log: string
}

const outside = 'it used a pointer outside of its memory'
const trapped = 'trapped in content handler of "probe" of location /bad: '

const cases: Case[] = [
  { what: 'header name out of range', handler: '(drop (call $request_header (i32.const 65530) (i32.const 10) (i32.const 0) (i32.const 0))) (i32.const 1)', log: `${trapped}${outside} (65530, 10 bytes)` },
  { what: 'header name at the end of the address space', handler: '(drop (call $request_header (i32.const -1) (i32.const 2) (i32.const 0) (i32.const 0))) (i32.const 1)', log: `${trapped}${outside} (4294967295, 2 bytes)` },
  { what: 'negative length', handler: '(drop (call $request_header (i32.const 0) (i32.const -2) (i32.const 0) (i32.const 0))) (i32.const 1)', log: `${trapped}${outside} (0, -2 bytes)` },
  { what: 'answer buffer out of range', handler: '(drop (call $request_text (i32.const 0) (i32.const 65535) (i32.const 100))) (i32.const 1)', log: `${trapped}${outside} (65535, 100 bytes)` },
  { what: 'negative capacity', handler: '(drop (call $request_text (i32.const 0) (i32.const 0) (i32.const -5))) (i32.const 1)', log: `${trapped}it gave a negative capacity` },
  { what: 'unknown text field', handler: '(drop (call $request_text (i32.const 99) (i32.const 0) (i32.const 9))) (i32.const 1)', log: `${trapped}it asked for request text 99` },
  { what: 'unknown number field', handler: '(drop (call $request_number (i32.const -1))) (i32.const 1)', log: `${trapped}it asked for request number -1` },
  { what: 'unknown name id', handler: '(drop (call $request_header (i32.const 5000) (i32.const -1) (i32.const 0) (i32.const 0))) (i32.const 1)', log: `${trapped}it used name 5000, which it has not interned` },
  { what: 'unaligned address buffer', handler: '(drop (call $remote_address (i32.const 3))) (i32.const 1)', log: `${trapped}it gave an address buffer that is not aligned to 4 bytes` },
  { what: 'address buffer out of range', handler: '(drop (call $remote_address (i32.const 65528))) (i32.const 1)', log: `${trapped}${outside} (65528, 16 bytes)` },
  { what: 'arena out of range', handler: '(call $arena (i32.const 65000) (i32.const 1000)) (i32.const 1)', log: `${trapped}${outside} (65000, 1000 bytes)` },
  { what: 'body at a negative offset', handler: '(drop (call $body (i32.const -1) (i32.const 0) (i32.const 8))) (i32.const 1)', log: `${trapped}it read the body from -1, 8 bytes` },
  { what: 'header in an unknown mode', handler: '(drop (call $response_header_set (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 7))) (i32.const 1)', log: `${trapped}it changed a header in mode 7` },
  { what: 'reply twice', handler: '(call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 1)', log: `${trapped}it called reply twice for one request` },
  { what: 'reply with a status that is none', handler: '(call $reply (i32.const 99) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 1)', log: `${trapped}it replied with status 99` },
  { what: 'reply with a body out of range', handler: '(call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 60000) (i32.const 6000)) (i32.const 1)', log: `${trapped}${outside} (60000, 6000 bytes)` },
  { what: 'reply with a body of negative length', handler: '(call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1)) (i32.const 1)', log: `${trapped}${outside} (0, -1 bytes)` },
  { what: 'content type that splits the head', handler: '(call $reply (i32.const 200) (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 1)) (i32.const 1)', log: `${trapped}it replied with a content type that holds a line break` },
  { what: 'redirect to nowhere', handler: '(call $redirect (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)) (i32.const 3)', log: `${trapped}it redirected to something that begins neither with "/" nor with "@"` },
  { what: 'part in a handler', handler: '(call $part_length)', log: `${trapped}it called part_length, which may not be called in a handler` },
  { what: 'registration in a handler', handler: '(drop (call $conf (i32.const 2) (i32.const 0) (i32.const -1) (i32.const 0))) (i32.const 1)', log: `${trapped}it called conf, which may not be called in a handler` },
  { what: 'template in a handler', handler: '(call $template (i32.const 0) (i32.const 1))', log: `${trapped}it called template, which may not be called in a handler` },
  { what: 'template that was not compiled', handler: '(call $expand (i32.const 0) (i32.const 0) (i32.const 9))', log: `${trapped}it expanded template 0, which it has not compiled` },
  { what: 'command answer in a handler', handler: '(call $rpc_add (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 1)', log: `${trapped}it called rpc_add, which may not be called in a handler` },
  { what: 'rpc_reply after a reply', handler: '(call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (call $rpc_reply (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 1)', log: `${trapped}it called rpc_reply after a reply or a redirect` },
  { what: 'documents of commands that nobody allowed', handler: '(call $rpc_reply (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 1)', log: `${trapped}it may not have documents of commands run; add "plugin probe { allow rpc *; }" to the main context` },
  { what: 'transport in a handler', handler: '(call $transport (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 1)', log: `${trapped}it asked for a transport in a handler; ask while the configuration is read, in a conf's init (main_conf) or the set of a directive or parameter` },
  { what: 'rpc_serve in a handler', handler: '(call $rpc_serve (i32.const 0) (i32.const 0)) (i32.const 1)', log: `${trapped}it called rpc_serve, which may not be called in a handler` },
  { what: 'answer to no document', handler: '(call $document_answer (i32.const 0) (i32.const -1) (i32.const 0) (i32.const 0)) (i32.const 1)', log: `${trapped}it called document_answer, which may not be called in a handler` },
  { what: 'parameters that are no JSON', handler: '(call $rpc_call (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 4))', log: `${trapped}it gave a text as JSON that is none` },
  { what: 'metric that is none', handler: '(call $metric_add (i32.const 0) (i32.const 0) (i32.const 0) (f64.const 1)) (i32.const 1)', log: `${trapped}it counted metric 0, which it has not registered` },
  { what: 'log level that is none', handler: '(call $log (i32.const 0) (i32.const 0) (i32.const 1)) (i32.const 1)', log: `${trapped}it logged at level 0` },
  { what: 'too many random bytes', handler: '(call $random (i32.const 0) (i32.const 65537)) (i32.const 1)', log: `${trapped}it asked for 65537 random bytes; 65536 are allowed` },
  { what: 'random bytes of negative length', handler: '(call $random (i32.const 0) (i32.const -1)) (i32.const 1)', log: `${trapped}${outside} (0, -1 bytes)` },
  { what: 'unreachable', handler: '(unreachable)', log: `${trapped}unreachable` },
  { what: 'load out of bounds', handler: '(i32.load (i32.const 65536))', log: `${trapped}memory access out of bounds` },
  { what: 'division by zero', handler: '(i32.div_s (i32.const 1) (i32.const 0))', log: `${trapped}divide by zero` },
  { what: 'endless recursion', handler: '(call $deep (i32.const 0))', log: `${trapped}stack overflow` },
  { what: 'verdict 0', handler: '(i32.const 0)', log: 'answered 0, which is no verdict in content handler of "probe"' },
  { what: 'negative verdict', handler: '(i32.const -5)', log: 'answered -5, which is no verdict in content handler of "probe"' },
  { what: 'verdict between verdicts and statuses', handler: '(i32.const 42)', log: 'answered 42, which is no verdict in content handler of "probe"' },
  { what: 'verdict beyond statuses', handler: '(i32.const 1000)', log: 'answered 1000, which is no verdict in content handler of "probe"' },
  { what: 'verdict 4, which was one once', handler: '(i32.const 4)', log: 'answered 4, which is no verdict in content handler of "probe"' },
]

const frame = {
  data: '(data (i32.const 0) "x") (data (i32.const 16) "a\\r\\nb") (data (i32.const 32) "probe") (data (i32.const 48) "good")',
  table: ['$bad', '$good'],
  register: `
    (call $content (call $directive (i32.const 32) (i32.const 5) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const -1) (i32.const 0)) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $content (call $directive (i32.const 48) (i32.const 4) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const -1) (i32.const 0)) (i32.const 1) (i32.const 0) (i32.const 0))`,
  globals: '(global $served (mut i32) (i32.const 48))',
}

function guest(handler: string): string {
  return plugin({
    ...frame,
    functions: `
      (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
      (func $bad (param i32 i32 i32) (result i32) (global.set $served (i32.const 57)) (i32.store8 (i32.const 48) (i32.const 33)) ${handler})
      (func $good (param i32 i32 i32) (result i32)
        (i32.store8 (i32.const 100) (global.get $served))
        (i32.store8 (i32.const 101) (i32.load8_u (i32.const 48)))
        (call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 100) (i32.const 2))
        (i32.const 1))`,
  })
}

const faults = new Set(['verdict 0', 'negative verdict', 'verdict between verdicts and statuses', 'verdict beyond statuses', 'verdict 4, which was one once'])

for (const { what, handler, log } of cases) {
  test(`${what}: 500, and the plugin is as it was after the configuration`, async (t) => {
    const server = await serve(t, 'location /bad { probe; } location /good { good; }', [load(guest(handler))])
    assert.match(await server.raw('GET /bad HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 500 /)
    assert.deepEqual(server.log(), [`[error] plugin probe ${log}`])
    // A trap restores global and memory; a wrong verdict is no trap, what the handler wrote stays.
    const after = faults.has(what) ? '9!' : '0g'
    assert.match(await server.raw('GET /good HTTP/1.0\r\n\r\n'), new RegExp(`^HTTP/1\\.1 200 [^]*\\r\\n\\r\\n${after}$`))
  })
}

test('a header that cannot be one is refused without a fault', async (t) => {
  const handler = `(drop (call $response_header_set (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 4) (i32.const 0)))
    (drop (call $response_header_set (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 1)))
    (drop (call $request_header_set (i32.const 16) (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 1)))
    (if (i32.ne (call $response_header_set (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 4) (i32.const 0)) (i32.const -1)) (then (unreachable)))
    (call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 1)`
  const server = await serve(t, 'location /bad { probe; }', [load(guest(handler))])
  assert.match(await server.raw('GET /bad HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\nServer: [^\r]*\r\nDate: [^\r]*\r\nContent-Type: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx$/)
})

test('a log line of a guest is one line', async (t) => {
  const server = await serve(t, 'location /bad { probe; }', [load(guest('(call $log (i32.const 4) (i32.const 16) (i32.const 4)) (i32.const 204)'))])
  assert.match(await server.raw('GET /bad HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 204 /)
  assert.deepEqual(server.log(), ['[error] plugin probe: a\\x0d\\x0ab'])
})

test('memory that grew in a trapped call shrinks back', async (t) => {
  const grow = load(guest('(drop (memory.grow (i32.const 100))) (unreachable)'))
  const server = await serve(t, 'location /bad { probe; } location /good { good; }', [grow])
  await server.raw('GET /bad HTTP/1.0\r\n\r\n')
  assert.deepEqual({ memory: grow.plugin.instance.stats().memory, traps: grow.plugin.instance.stats().traps }, { memory: 65536, traps: 1 })
})

test('memory that grows while a call is in flight is seen at its new place', async (t) => {
  const handler = `(drop (memory.grow (i32.const 1)))
    (i32.store8 (i32.const 70000) (i32.const 89))
    (call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 70000) (i32.const 1)) (i32.const 1)`
  const server = await serve(t, 'location /bad { probe; }', [load(guest(handler))])
  assert.match(await server.raw('GET /bad HTTP/1.0\r\n\r\n'), /\r\n\r\nY$/)
})

/** A plugin with a body filter whose functions have these bodies. */
function filter(start: string, each: string): string {
  return plugin({
    table: ['$start', '$each'], data: '(data (i32.const 0) "x")',
    functions: `(func $start (param i32 i32 i32) (result i32) ${start}) (func $each (param i32 i32 i32 i32) (result i32) ${each})`,
    register: '(call $body_filter (i32.const -1) (i32.const 0) (i32.const 1) (i32.const -1) (i32.const 0))',
  })
}

test('a body filter that traps cuts the response short, and the log says who it was', async (t) => {
  const server = await serve(t, 'location / { return 200 secret; }', [load(filter('(i32.const 1)', '(unreachable)'))])
  assert.doesNotMatch(await server.raw('GET / HTTP/1.0\r\n\r\n'), /secret/)
  assert.equal(server.log()[0], '[error] plugin probe trapped in body filter of location /: unreachable')
})

test('a body filter that reads and writes outside of its memory traps', async (t) => {
  for (const call of ['(call $part (i32.const 0) (i32.const 65535) (i32.const 9))', '(call $part (i32.const -1) (i32.const 0) (i32.const 9))',
    '(call $part_set (i32.const 65535) (i32.const 9)) (i32.const 1)', '(call $part_set (i32.const 0) (i32.const -9)) (i32.const 1)',
    '(call $reply (i32.const 200) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 1)']) {
    const server = await serve(t, 'location / { return 200 secret; }', [load(filter('(i32.const 1)', call))])
    assert.doesNotMatch(await server.raw('GET / HTTP/1.0\r\n\r\n'), /secret/, call)
    assert.match(server.log()[0]!, /^\[error\] plugin probe trapped in body filter of location \/: it /, call)
  }
})

test('a body filter that answers nonsense cuts the response short', async (t) => {
  const server = await serve(t, 'location / { return 200 secret; }', [load(filter('(i32.const 1)', '(i32.const 9)'))])
  assert.doesNotMatch(await server.raw('GET / HTTP/1.0\r\n\r\n'), /secret/)
  assert.match(server.log()[0]!, /plugin probe answered 9 in body filter, which is none of pass, replace, hold/)
})
