/** Event routes with a server of their own (docs/abi.md, event_server). */
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { load, plugin, serve } from './kit.ts'

/** A plugin whose route `own:request` listens where its data say. Its function is given no conf, so handle 0. */
const listening = (address: string, extra = '') => load(plugin({
  register: `(call $event_route (i32.const 16) (i32.const 11) (i32.const 0) (i32.const -1) (i32.const -1) (i32.const 0))
    (call $event_server (i32.const 16) (i32.const 11) (i32.const -1) (i32.const 0) (i32.const 5)) ${extra}`,
  functions: `(func $f (param i32 i32) (result i32) (call $answer (i32.const 64) (i32.const ${address.length})) (i32.const 1))`,
  table: ['$f'], data: `(data (i32.const 16) "own:request") (data (i32.const 64) "${address}")`,
}))

async function refusal(t: TestContext, address: string, main = '', http = ''): Promise<string> {
  try {
    await serve(t, 'location / { return 204; }', [listening(address)], `${http} event_route[own:request] { drop; }`, main)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

test('a plugin listens where it is allowed to', async (t) => {
  assert.match(await refusal(t, '127.0.0.1:0'), /plugin "probe" may not listen on "127\.0\.0\.1:0"/)
  assert.match(await refusal(t, '127.0.0.1:0', 'plugin probe { allow listen 127.0.0.1:1; }'), /may not listen on "127\.0\.0\.1:0"/)
  assert.equal(await refusal(t, '127.0.0.1:0', 'plugin probe { allow listen 127.0.0.1:0; }'), 'accepted')
})

test('what it answers is an address', async (t) => {
  assert.match(await refusal(t, '127.0.0.1:99999', 'plugin probe { allow listen 127.0.0.1:99999; }'),
    /invalid port in "127\.0\.0\.1:99999" of event_route\[own:request\]/)
})

test('a server for a route that it has not registered is a fault', () => {
  const call = '(call $event_server (i32.const 16) (i32.const 10) (i32.const -1) (i32.const 0) (i32.const 0))'
  assert.throws(() => listening('', call), /registered a server for event route "own:reques", which it has not registered/)
})
