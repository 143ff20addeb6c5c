import { test } from 'node:test'
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { ConfError, plugin } from '../../sdk/test-kit/kit.ts'

const file = fileURLToPath(new URL('../../build/plugins/sub_filter.wasm', import.meta.url))

test('texts are replaced in html, and the head says no more than is true', async () => {
  const sub = await plugin(file, 'location / { sub_filter cat dog; default_type text/html; return 200 "a Cat and a cat"; }')
  const answer = await sub.get('/')
  assert.equal(answer.text, 'a dog and a cat')
  assert.equal(answer.headers['content-length'], undefined)
})

for (const [conf, message] of [
  ['sub_filter "" x;', 'empty search pattern'],
  ['sub_filter_once on; sub_filter_once off;', 'is duplicate'],
  ['sub_filter_last_modified on; sub_filter_last_modified off;', 'is duplicate'],
  ['sub_filter_once maybe;', 'invalid value "maybe" in "sub_filter_once" directive, it must be "on" or "off"'],
  ['sub_filter a $nowhere;', 'unknown "nowhere" variable'],
] as const) {
  test(`refused: ${conf}`, async () => {
    await assert.rejects(plugin(file, conf), (error: Error) => error instanceof ConfError && error.message.includes(message))
  })
}
