/** The native ABI's filters, written with the SDK: types, whole bodies, insertion, leaving, refusal, faults; of responses and of requests. */
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compilePlugin } from '../../host/wasm/compile.ts'
import type { Compiled } from '../../host/wasm/compile.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import type { PluginSettings } from '../../host/wasm/limits/settings.ts'
import { instantiate } from '../../host/wasm/plugins.ts'
import { builtPlugin } from '../built.ts'
import { parseResponse } from '../server/client.ts'
import { handlers } from '../unit/filters-kit.ts'
import { load, plugin, serve } from './kit.ts'
import type { Served } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-filters-'))
after(() => rmSync(out, { recursive: true }))
async function build(name: string): Promise<Compiled> {
  const file = join(out, `${name}.wasm`)
  await builtPlugin(fileURLToPath(new URL(`../../sdk/test/${name}`, import.meta.url)), file)
  return compilePlugin(file, readFileSync(file))
}
const filters = await build('filters')
const slow = await build('slowfilters')

async function started(t: TestContext, conf: string, settings: Partial<PluginSettings> = {}): Promise<Served> {
  const all = { ...defaultSettings, ...settings }
  return serve(t, `default_type text/plain; ${conf}`, [instantiate(filters, {}, false, all), instantiate(slow, {}, false, all), handlers as never])
}

async function ask(server: Served, path: string, rest = '\r\n', method = 'GET'): Promise<string> {
  const text = await server.raw(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`)
  if (text === '') return 'closed'
  if (/chunked/.test(text) && !/\r\n0\r\n(?:.+\r\n)*\r\n$/.test(text)) return 'cut'
  const answer = parseResponse(text.replace(/\r\n0\r\n(?:[\w-]+: .*\r\n)+\r\n$/, '\r\n0\r\n\r\n'), method)
  return answer.status === 200 ? answer.body : String(answer.status)
}

const sized = (body: string): string => `Content-Length: ${body.length}\r\n\r\n${body}`
const chunks = (...parts: string[]): string => `Transfer-Encoding: chunked\r\n\r\n${parts.map((p) => `${p.length.toString(16)}\r\n${p}\r\n`).join('')}0\r\n`

const responses = `
  location /types { use last upper first; parts x y; }
  location /whole { use whole; parts one two; }
  location /whole/length { use whole; return 200 text; }
  location /whole/no { use whole; parts one no; }
  location /whole/bad { use whole; parts one bad; }
  location /large { use whole; parts ${`${'x'.repeat(4000)} `.repeat(25)}; }
  location /larger { use whole; parts ${`${'x'.repeat(4000)} `.repeat(25)} z; }
  location /lenient { use lenient; parts 1234 567; }
  location /lenient/long { use lenient; parts 1234 56789; }
  location /gateway { use gateway; parts 1234 56789; }
  location /once { use once; parts one two; }
  location /traps { use traps; parts one bad; }
  location /insert { insert plus; parts x; }
  location /insert/twice { insert plus; insert plus; parts x; }
  location /out { slow out; parts one two; }
  location /out/bad { slow out; parts one bad; }`

test('types, whole bodies, leaving, refusal, insertion: responses', async (t) => {
  const server = await started(t, responses)
  assert.equal(await ask(server, '/types'), 'XFlYFl')
  assert.equal(await ask(server, '/whole'), '<1:6:onetwo>')
  assert.match(await server.raw('GET /whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /\r\n\r\nc\r\n<1:6:onetwo>\r\n0\r\nX-Length: 6\r\n\r\n$/)
  assert.match(await server.raw('GET /lenient HTTP/1.0\r\n\r\n'), /\r\nContent-Length: 5\r\n[^]*\r\n\r\nshort$/)
  assert.equal(await ask(server, '/whole/length'), '<1:4:text>')
  assert.equal(await ask(server, '/whole/no'), '451')
  assert.equal(await ask(server, '/whole/bad'), '500')
  assert.equal(await ask(server, '/large'), `<1:100000:${'x'.repeat(100000)}>`)
  assert.equal(await ask(server, '/larger'), '500')
  assert.equal(await ask(server, '/lenient'), 'short')
  assert.equal(await ask(server, '/lenient/long'), '123456789')
  assert.equal(await ask(server, '/gateway'), '502')
  assert.equal(await ask(server, '/once'), 'ONEtwo')
  assert.equal(await ask(server, '/traps'), 'cut')
  assert.equal(await ask(server, '/insert'), 'x+')
  assert.equal(await ask(server, '/insert/twice'), 'x++')
  assert.equal(await ask(server, '/out'), '(onetwo)')
  assert.equal(await ask(server, '/out/bad'), '500')
  assert.deepEqual(server.log().filter((line) => line.includes('trapped')).map((line) => line.replace(/\*\d+ |:\d+:\d+/g, '')), [
    '[error] plugin filters trapped in body filter of location /whole/bad: bad text (assembly/index.ts)',
    '[error] plugin filters trapped in body filter of location /traps: bad text (assembly/index.ts)',
    '[error] plugin slowfilters trapped in body filter of location /out/bad: bad text (assembly/index.ts)',
  ])
})

test('a fault in a filter of a whole body: plugin_on_error decides, as the head has not left', async (t) => {
  const passing = await started(t, responses, { onError: 'pass' })
  assert.equal(await ask(passing, '/whole/bad'), 'onebad')
  assert.equal(await ask(passing, '/traps'), 'onebad')
  assert.equal(await ask(passing, '/out/bad'), 'onebad')
  const status = await started(t, responses, { onError: 503 })
  assert.equal(await ask(status, '/whole/bad'), '503')
  assert.equal(await ask(status, '/out/bad'), '503')
  assert.equal(await ask(status, '/traps'), 'cut')
})

const requests = `
  location /upper { use in_upper; echo; }
  location /types { use in_upper in_high; echo; }
  location /whole { use in_whole; echo; }
  location /hold { use in_hold; echo; }
  location /refuse { use in_refuse; echo; }
  location /traps { use in_traps; echo; }
  location /once { use in_once; echo; }
  location /loops { use in_loops; echo; }
  location /insert { use in_upper; insert plus; echo; }
  location /late { late; }
  location /asked { internal; return 200 said; }
  location /in { slow in; slow_echo; }
  location /slow_whole { slow whole; slow_echo; }
  location /reads { slow reads; slow_echo; }`

test('types, whole bodies, holding, leaving, refusal, insertion, trailers: requests', async (t) => {
  const server = await started(t, requests)
  const post = (path: string, rest: string) => ask(server, path, rest, 'POST')
  assert.equal(await post('/upper', sized('abc')), '3 ABC')
  assert.equal(await post('/types', sized('abc')), '4 ABCH')
  assert.equal(await post('/whole', sized('abc')), '12 <1:last:abc>')
  assert.equal(await post('/whole', chunks('a', 'bc') + '\r\n'), '12 <1:last:abc>')
  assert.equal(await post('/whole', sized('x'.repeat(21))), '413')
  assert.equal(await post('/hold', chunks('one', 'two', 'x') + '\r\n'), '7 7 bytes')
  assert.equal(await post('/refuse', sized('yes')), '3 yes')
  assert.equal(await post('/refuse', chunks('yes', 'no') + '\r\n'), '422')
  assert.equal(await post('/once', chunks('one', 'two') + '\r\n'), '6 ONEtwo')
  assert.equal(await post('/insert', sized('abc')), '4 ABC++')
  assert.equal(await post('/late', sized('abc')), 'late')
  assert.equal(await post('/traps', sized('good')), '4 good')
  assert.equal(await post('/traps', sized('bad')), '500')
  assert.equal(await post('/upper', chunks('abc') + 'X-One: 1\r\nx-two: zwei\r\n\r\n'), '3 ABC X-One=1/1 x-two=zwei/zwei')
  assert.equal(await post('/in', chunks('a', 'b', 'c') + '\r\n').then((s) => s.length > 0), true)
  assert.equal(await post('/in', sized('abc')), '[abc][abc]')
  assert.equal(await post('/in', sized('no')), '422')
  assert.equal(await post('/in', sized('bad')), '500')
  assert.equal(await post('/slow_whole', sized('abc')), 'said:abc')
  assert.equal(await post('/reads', sized('abc')), '500')
  assert.equal(await post('/loops', sized('abc')), '500')
  assert.equal(await post('/once', sized('abc')), '3 ABC')
  assert.deepEqual(server.log().filter((line) => line.includes('trapped')).map((line) => line.replace(/\*\d+ |:\d+:\d+/g, '')), [
    '[error] plugin filters trapped in input filter of location /traps: bad text (assembly/index.ts)',
    '[error] plugin slowfilters trapped in input filter of location /in: bad text (assembly/index.ts)',
    '[error] plugin slowfilters trapped in input filter of location /reads: it called read_body, which may not be called in an input filter (~lib/@vespid/sdk/request.ts)',
    '[error] plugin filters trapped in input filter of location /loops: it ran for more than 50ms (plugin_time_limit) (assembly/index.ts)',
  ])
})

test('a fault in an input filter: plugin_on_error decides', async (t) => {
  const passing = await started(t, requests, { onError: 'pass' })
  assert.equal(await ask(passing, '/traps', sized('bad'), 'POST'), '3 bad')
  assert.equal(await ask(passing, '/in', sized('bad'), 'POST'), 'bad')
  const status = await started(t, requests, { onError: 503 })
  assert.equal(await ask(status, '/traps', sized('bad'), 'POST'), '503')
  assert.equal(await ask(status, '/in', sized('bad'), 'POST'), '503')
})

test('with plugin_isolation request a filter of requests has an instance to itself', async (t) => {
  const server = await started(t, requests, { isolation: 'request' })
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => ask(server, i % 2 === 0 ? '/upper' : '/hold', sized(`abc${i}`), 'POST')))
  assert.deepEqual(answers, Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? `${`abc${i}`.length} ABC${i}` : `7 ${`abc${i}`.length} bytes`)))
})

test('what a plugin may not register', () => {
  const of = (options: string, register = '(call $body_filter (i32.const -1) (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 0))') => {
    try {
      load(plugin({ functions: '(func $f (param i32 i32 i32 i32) (result i32) (i32.const 0))', table: ['$f'], data: '(data (i32.const 8) "a b")', register: `${register}
        (call $filter_options ${options.split(' ').map((n) => `(i32.const ${n})`).join(' ')})` }))
      return 'accepted'
    } catch (error) {
      return (error as Error).message.replace(/^.*registration trapped: /, '')
    }
  }
  assert.equal(of('0 0 -1 0 0 0 0 0'), 'accepted')
  assert.equal(of('0 0 39 67108864 1 1 0 0'), 'accepted')
  assert.equal(of('0 0 -1 5 599 0 8 1'), 'accepted')
  assert.equal(of('1 0 -1 0 0 0 0 0'), 'it gave options for input filter 0, which it has not registered')
  assert.equal(of('0 1 -1 0 0 0 0 0'), 'it gave options for body filter 1, which it has not registered')
  assert.equal(of('0 0 50 0 0 0 0 0'), 'it registered a body filter of type 50 (connection), where the server frames, encrypts and sends; 0 to 39 are for modules')
  assert.equal(of('0 0 -2 0 0 0 0 0'), 'it registered a body filter of type -2; 0 to 39 are for modules')
  assert.equal(of('0 0 -1 67108865 0 0 0 0'), 'it registered a body filter that buffers 67108865 bytes; 67108864 are allowed')
  assert.equal(of('0 0 -1 -1 0 0 0 0'), 'it registered a body filter that buffers -1 bytes; 67108864 are allowed')
  assert.equal(of('0 0 -1 5 200 0 0 0'), 'it registered a body filter that answers 200 to what is too long')
  assert.equal(of('0 0 -1 5 0 2 0 0'), 'it registered a body filter with flags 2')
  assert.equal(of('0 0 -1 5 0 0 8 3'), 'it registered a body filter named "a b"')
  assert.equal(of('0 0 -1 5 0 0 70000 3'), 'it used a pointer outside of its memory (70000, 3 bytes)')
})
