import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

test('the SDK\'s README names everything that the SDK exports', () => {
  const index = readFileSync(new URL('../../sdk/assembly/index.ts', import.meta.url), 'utf8')
  const readme = readFileSync(new URL('../../sdk/README.md', import.meta.url), 'utf8')
  const names = [...index.matchAll(/export \{([^}]*)\}/g)].flatMap((m) => m[1]!.split(',').map((n) => n.trim()).filter((n) => n !== ''))
  assert.ok(names.length > 30)
  assert.deepEqual(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme)), [])
})
