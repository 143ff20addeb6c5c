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

test('and everything that its parts export', () => {
  const folder = new URL('../../sdk/assembly/', import.meta.url)
  const readme = readFileSync(new URL('../../sdk/README.md', import.meta.url), 'utf8')
  const parts = ['ascii', 'base64', 'cidr', 'form', 'html', 'json', 'mime', 'origin', 'time']
  const exported = (part: string): string[] => [...readFileSync(new URL(`${part}.ts`, folder), 'utf8').matchAll(/^export (?:const|let|function|class|enum) (\w+)/gm)].map((m) => m[1]!)
  const internal = ['JsonKind']
  assert.deepEqual(parts.flatMap(exported).filter((name) => !internal.includes(name) && !new RegExp(`\\b${name}\\b`).test(readme)), [])
  assert.deepEqual(parts.filter((part) => !readme.includes(`sdk/${part}'`) && !readme.includes(`| \`${part}\` |`)), [])
})
