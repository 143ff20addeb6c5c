import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describeSignature } from '../../host/wasm/binary.ts'
import { imports } from '../../host/wasm/native/abi.ts'
import { headerNames } from '../../host/http/framing/names.ts'
import { build } from '../unit/conf-support.ts'
import { engine } from '../unit/engine-kit.ts'
import { assemble, load } from './kit.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import { factsOf, instantiate } from '../../host/wasm/plugins.ts'
import { hostModules } from '../../host/modules/list.ts'

/**
 * Written from docs/abi.md alone: `greet TEXT;` sets what the content handler `greeting;` says, and a header says
 * that it was here.
 */
const greeter = readFileSync(new URL('greeter.wat', import.meta.url), 'utf8')

test('docs/abi.md names every function with its type, and no other', () => {
  const text = readFileSync(new URL('../../docs/abi.md', import.meta.url), 'utf8')
  const documented = Object.fromEntries([...text.matchAll(/^\| `(\w+)` \| `(\([^)]*\) -> [^`]*)` \|/gm)].map((m) => [m[1], m[2]]))
  const real = Object.fromEntries(Object.entries(imports).map(([name, signature]) => [name, describeSignature(signature)]))
  assert.deepEqual(documented, real)
})

test('docs/abi.md lists the ids of the well-known headers', () => {
  const text = readFileSync(new URL('../../docs/abi.md', import.meta.url), 'utf8')
  const listed = [...text.slice(text.indexOf('1 host ·')).split('\n\n')[0]!.matchAll(/(\d+) ([a-z-]+)/g)].map((m) => m[2])
  assert.deepEqual(listed, headerNames.slice(1))
})

test('a plugin written by hand says what it registers', () => {
  const compiled = compilePlugin('greeter.wasm', assemble(greeter))
  const { name, abi, directives, handlers, header_filters } = factsOf(compiled, instantiate(compiled, {}))
  assert.deepEqual({ name, abi, directives, handlers, header_filters }, {
    name: 'greeter', abi: 'vespid 1', directives: ['greet', 'greeting'], handlers: ['greeting'], header_filters: 1,
  })
})

test('a plugin written by hand serves, with a conf that is merged', async (t) => {
  const server = await engine(t, `
    greet outer;
    location /a { greeting; }
    location /b { greet inner; greeting; location /b/c { greeting; } }`, [load(greeter, 'greeter')])
  const get = async (path: string): Promise<string> => (await server.raw(`GET ${path} HTTP/1.0\r\n\r\n`)).replace(/Server:.*\r\nDate:.*\r\n/, '')
  const answer = (text: string): string =>
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close\r\nx-greeter: here\r\n\r\n${text}`
  assert.equal(await get('/a'), answer('outer'))
  assert.equal(await get('/b'), answer('inner'))
  assert.equal(await get('/b/c'), answer('inner'))
  assert.deepEqual(server.lines, [])
})

test('a plugin that a server does not use is in none of its steps', async (t) => {
  const server = await engine(t, 'location / { return 200 plain; }', [load(greeter, 'greeter')])
  assert.doesNotMatch(await server.raw('GET / HTTP/1.0\r\n\r\n'), /x-greeter/)
})

test('a directive of a plugin is checked by nginx\'s rules, its own error is reported at the word it quotes', (t) => {
  const result = build(t, 'events {}\nhttp {\n  greet a b;\n  greet "";\n  greeting;\n}\n', { modules: [...hostModules.filter((m) => m.type === 'http' || m.name === 'http'), load(greeter, 'greeter')] })
  assert.deepEqual(result.messages, [
    '[emerg] invalid number of arguments in "greet" directive in <P>/v.conf:3',
    '[emerg] empty greeting in <P>/v.conf:4',
    '[emerg] "greeting" directive is not allowed here in <P>/v.conf:5',
  ])
})
