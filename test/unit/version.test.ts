import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { version } from '../../host/core/version.ts'

test('the package, the SDK and the host have one version', () => {
  for (const name of ['../../package.json', '../../sdk/package.json']) {
    assert.equal(JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')).version, version, name)
  }
})
