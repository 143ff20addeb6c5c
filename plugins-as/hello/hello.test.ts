import { test } from 'node:test'
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { plugin } from '../../sdk/test-kit/kit.ts'

const file = fileURLToPath(new URL('../../build/plugins/hello.wasm', import.meta.url))

test('hello answers with the path', async () => {
  const hello = await plugin(file, 'hello;')
  const { status, headers, text } = await hello.get('/some/where?x')
  assert.deepEqual([status, headers['content-type'], text], [200, 'text/plain', 'hello from /some/where\n'])
})

test('hello discards a body', async () => {
  const hello = await plugin(file, 'hello;')
  assert.equal((await hello.get('/', { body: 'x'.repeat(100000) })).text, 'hello from /\n')
})
