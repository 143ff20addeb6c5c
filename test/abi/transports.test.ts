/** Byte transports that a plugin asks for (docs/abi.md, "Byte transports"): what it may say, and what it is allowed. */
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { load, plugin, serve } from './kit.ts'

/** A plugin whose main conf asks for a transport with these settings; `again`: twice. */
function asking(kind: number, settings: readonly string[], again = false): ReturnType<typeof load> {
  const text = settings.map((line) => `${line}\n`).join('')
  const call = `(call $transport (i32.const ${kind}) (i32.const 64) (i32.const ${text.length}) (i32.const 2) (i32.const 0))`
  return load(plugin({
    table: ['$make', '$init', '$receive'], data: `(data (i32.const 64) "${text.replaceAll('\n', '\\n')}")`,
    functions: `(func $make (param i32) (result i32) (i32.const 8)) (func $init (param i32 i32) (result i32) ${call} ${again ? call : ''} (i32.const 0))
      (func $receive (param i32) (result i32) (i32.const 0))`,
    register: '(drop (call $conf (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)))',
  }))
}

async function outcome(t: TestContext, probe: ReturnType<typeof load>, main = ''): Promise<string> {
  try {
    await serve(t, 'location / { return 204; }', [probe], '', main)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

const tcp = ['host=127.0.0.1', 'port=7']

test('a plugin that is not shipped needs a grant for the address', async (t) => {
  assert.match(await outcome(t, asking(2, tcp)), /may not listen on tcp:127\.0\.0\.1:7; add "plugin probe \{ allow listen tcp:127\.0\.0\.1:7; \}" to the main context/)
  assert.match(await outcome(t, asking(2, tcp), 'plugin probe { allow listen tcp:127.0.0.1:8; }'), /may not listen on tcp:127\.0\.0\.1:7/)
  assert.equal(await outcome(t, asking(2, tcp), 'plugin probe { allow listen tcp:127.0.0.1:7; }'), 'accepted')
  assert.equal(await outcome(t, asking(0, ['path=/run/a', 'replies=/tmp/', 'mode=384', 'user=0']), 'plugin probe { allow listen fifo:/run/a; }'), 'accepted')
  assert.equal(await outcome(t, asking(1, ['path=/run/b', 'optional=1']), 'plugin probe { allow listen unix:/run/b; }'), 'accepted')
  assert.equal(await outcome(t, asking(1, ['host=::1', 'port=9']), 'plugin probe { allow listen udp:[::1]:9; }'), 'accepted')
})

test('settings that are none are faults', async (t) => {
  const cases: readonly (readonly [number, readonly string[], RegExp])[] = [
    [3, tcp, /asked for a transport of kind 3/],
    [2, ['host=localhost', 'port=7'], /asked for a transport on "localhost", which is no IP address/],
    [2, ['port=7'], /asked for a transport on "", which is no IP address/],
    [2, ['host=127.0.0.1'], /asked for a transport with port ""/],
    [2, [...tcp, 'clients=0'], /asked for a transport with clients "0"/],
    [2, [...tcp, 'limit=99999999999'], /asked for a transport with limit "99999999999"/],
    [1, ['host=127.0.0.1', 'port=65536'], /asked for a transport with port "65536"/],
    [0, ['replies=/tmp/'], /asked for a transport with path ""/],
    [0, ['path=/run/a', 'replies=/tmp/', 'mode=512'], /asked for a transport with mode "512"/],
  ]
  for (const [kind, settings, message] of cases) assert.match(await outcome(t, asking(kind, settings)), message)
  assert.match(await outcome(t, asking(2, tcp, true), 'plugin probe { allow listen tcp:127.0.0.1:7; }'), /asked for transport tcp:127\.0\.0\.1:7 twice/)
})
