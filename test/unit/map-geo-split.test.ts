/** map, geo and split_clients: the expected values are nginx 1.22.1's to the same configuration. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { maskAddress, parseCidr } from '../../host/modules/geo/cidr.ts'
import { geoModule } from '../../host/modules/geo/module.ts'
import { Networks } from '../../host/modules/geo/networks.ts'
import { Ranges } from '../../host/modules/geo/ranges.ts'
import { mapModule } from '../../host/modules/map/module.ts'
import { splitClientsModule } from '../../host/modules/split_clients/module.ts'
import { murmurHash2 } from '../../host/modules/split_clients/murmur.ts'
import { random } from './conf-support.ts'
import { engine } from './engine-kit.ts'
import { buildHttp } from './http-support.ts'

const http = `
 split_clients $arg_k $s { 10% a; 20.5% b; 0.33% c; 40% d; * e; }
 map $arg_h $m { hostnames; default D; example.com E; .dot.com DOT; *.w.com W; a.* TAIL; "" EMPTY; ~^(\\w+)\\.re$ "R-$1"; ~*^CI$ ci; \\default X; }
 map $arg_h $m2 { EXact 1; *.y 2; ~y$ 3; }
 geo $arg_ip $g { default D; 10.0.0.0/8 ten; 10.1.0.0/16 tenone; 127.0.0.1 lo; 2001:db8::/32 six; ::/0 any6; 10.2.0.0/16 x; delete 10.2.0.0/16; }
 geo $arg_ip $gr { ranges; default D; 10.0.0.0-10.255.255.255 ten; 10.1.0.0-10.1.255.255 tenone; 127.0.0.0-127.0.0.1 lo; }
 geo $gx { default D; proxy 127.0.0.1; 10.0.0.0/8 ten; }
 geo $gxr { default D; proxy 127.0.0.1; proxy 9.9.9.9; proxy_recursive; 10.0.0.0/8 ten; }
 geo $dollar { default "$"; }
 map $http_seen $still { volatile; default "$arg_v"; }
`

const server = `location /s { return 200 $s; } location /m { return 200 "$m|$m2"; } location /g { return 200 "$g|$gr"; }
 location /x { return 200 "$gx|$gxr"; } location /d { return 200 "a${'${dollar}'}b"; }
 location /v { set $a $still; set $args v=2; return 200 "$a$still"; }`

async function asker(t: TestContext): Promise<(target: string, more?: string) => Promise<string>> {
  const { raw } = await engine(t, server, [], http)
  return async (target, more = '') => (await raw(`GET ${target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${more}\r\n`)).split('\r\n\r\n')[1]!
}

async function answers(ask: (target: string) => Promise<string>, prefix: string, keys: readonly string[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const key of keys) found[key] = await ask(prefix + key)
  return found
}

test('split_clients shares out by MurmurHash2', async (t) => {
  const expected = {
    a: 'd', b: 'd', c: 'b', d: 'e', e: 'e', f: 'e', g: 'd', hello: 'e', world: 'e', 1: 'b', 22: 'd', 333: 'b', 4444: 'e', 55555: 'e', 'x%C3%A9': 'e', '': 'a',
  }
  assert.deepEqual(await answers(await asker(t), '/s?k=', Object.keys(expected)), expected)
  assert.equal(murmurHash2(''), 0)
})

test('map finds exact keys, wildcards, regexes in order, the default', async (t) => {
  const expected = {
    'example.com': 'E|', 'EXAMPLE.com.': 'E|', 'dot.com': 'DOT|', 'x.dot.com': 'DOT|', 'a.b.dot.com': 'DOT|', 'w.com': 'D|', 'x.w.com': 'W|',
    'a.foo': 'TAIL|', 'a.w.com': 'W|', 'foo.re': 'R-foo|', ci: 'ci|', CI: 'ci|', default: 'X|', '': 'EMPTY|', exact: 'D|1', 'q.y': 'D|3',
    '*.y': 'D|2', '.y': 'D|3',
  }
  assert.deepEqual(await answers(await asker(t), '/m?h=', Object.keys(expected)), expected)
})

test('geo finds the longest network or the range', async (t) => {
  const expected = {
    '10.0.0.1': 'ten|ten', '10.1.2.3': 'tenone|tenone', '10.2.0.1': 'ten|ten', '127.0.0.1': 'lo|lo', '127.0.0.2': 'D|D', '8.8.8.8': 'D|D',
    '2001:db8::1': 'six|D', '2001:db9::1': 'any6|D', '::ffff:10.1.0.1': 'tenone|tenone', bogus: 'D|D', '255.255.255.255': 'D|D', '': 'D|D',
  }
  const ask = await asker(t)
  assert.deepEqual(await answers(ask, '/g?ip=', Object.keys(expected)), expected)
  const forwarded = ['10.0.0.1', '10.0.0.1, 9.9.9.9', '10.0.0.1,8.8.8.8', 'junk', '10.0.0.1, junk']
  const seen = []
  for (const chain of forwarded) seen.push(await ask('/x', `X-Forwarded-For: ${chain}\r\n`))
  assert.deepEqual(seen, ['ten|ten', 'D|ten', 'D|D', 'D|D', 'D|D'])
  assert.equal(await ask('/x'), 'D|D')
})

test('a geo default makes a dollar sign; a volatile map is evaluated at each use', async (t) => {
  const ask = await asker(t)
  assert.equal(await ask('/d'), 'a$b')
  assert.equal(await ask('/v?v=1'), '12')
})

const modules = [geoModule, mapModule, splitClientsModule]

test('mistakes are reported with nginx\'s words', (t) => {
  const cases: [string, string][] = [
    ['map $uri b { }', '[emerg] invalid variable name "b" in <P>/v.conf:3'],
    ['map $uri $b { a; }', '[emerg] invalid number of the map parameters in <P>/v.conf:3'],
    ['map $uri $b { a 1; A 2; }', '[emerg] conflicting parameter "A" in <P>/v.conf:3'],
    ['map $uri $b { hostnames; *.*.a 1; }', '[emerg] invalid hostname or wildcard "*.*.a" in <P>/v.conf:3'],
    ['map $uri $b { ~( 1; }', '[emerg] pcre2_compile() failed: missing closing parenthesis in "(" in <P>/v.conf:3'],
    ['map $uri $uri { }', '[emerg] the duplicate "uri" variable in <P>/v.conf:3'],
    ['geo $b { a; }', '[emerg] invalid number of the geo parameters in <P>/v.conf:3'],
    ['geo $b { 1.2.3.4 a; ranges; }', '[emerg] the "ranges" directive must be the first directive inside "geo" block in <P>/v.conf:3'],
    ['geo $b { ranges; 1.2.3.4-1.2.3.3 a; }', '[emerg] invalid range "1.2.3.4-1.2.3.3" in <P>/v.conf:3'],
    ['geo $b { 10.1.2.3/8 a; }', '[warn] low address bits of 10.1.2.3/8 are meaningless in <P>/v.conf:3'],
    ['geo $b { 1.1.1.1 a; 1.1.1.1 b; }', '[warn] duplicate network "1.1.1.1", value: "b", old value: "a" in <P>/v.conf:3'],
    ['geo $b { delete 1.1.1.1; }', '[warn] no network "1.1.1.1" to delete in <P>/v.conf:3'],
    ['geo $b { 1.1.1.1/33 a; }', '[emerg] invalid network "1.1.1.1/33" in <P>/v.conf:3'],
    ['geo $b { ranges; 1.1.1.1-1.1.1.5 a; 1.1.1.4-1.1.1.9 b; }', '[emerg] range "1.1.1.4-1.1.1.9" overlaps "1.1.1.1-1.1.1.5" in <P>/v.conf:3'],
    ['split_clients $uri $b { 0% a; }', '[emerg] invalid percent value "0%" in <P>/v.conf:3'],
    ['split_clients $uri $b { 1.234% a; }', '[emerg] invalid percent value "1.234%" in <P>/v.conf:3'],
    ['split_clients $uri $b { 60% a; 60% b; }', '[emerg] percent total is greater than 100% in <P>/v.conf:3'],
  ]
  for (const [text, message] of cases) assert.deepEqual(buildHttp(t, text, { modules }).messages, [message], text)
})

test('an included file brings lines of a block', (t) => {
  assert.deepEqual(buildHttp(t, 'map $uri $b { include more.map; default x; }', { modules, files: { 'more.map': '/a 1;\n/b;\n' } }).messages,
    ['[emerg] invalid number of the map parameters in <P>/more.map:2'])
})

test('networks find what a slow search finds', () => {
  const next = random(3)
  for (let round = 0; round < 50; round++) {
    const networks = new Networks()
    const list: { network: string, bits: number, value: string }[] = []
    for (let i = 0; i < 30; i++) {
      const bits = next(33)
      const network = maskAddress(String.fromCharCode(next(4), next(4), next(4), next(256)), bits)
      networks.add({ network, bits, meaningless: false }, `v${i}`)
      list.push({ network, bits, value: `v${i}` })
    }
    for (let i = 0; i < 50; i++) {
      const address = String.fromCharCode(next(4), next(4), next(4), next(256))
      let best: { bits: number, value: string } | null = null
      for (const entry of list) if (maskAddress(address, entry.bits) === entry.network && (best === null || entry.bits >= best.bits)) best = entry
      assert.equal(networks.find(address), best?.value ?? '')
    }
  }
})

test('ranges find what a slow search finds', () => {
  const next = random(4)
  for (let round = 0; round < 200; round++) {
    const ranges = new Ranges()
    const slow = new Array<string>(64).fill('')
    for (let i = 0; i < 12; i++) {
      const start = next(64)
      const end = Math.min(63, start + next(16))
      if (next(5) === 0 && ranges.delete(start, end)) slow.fill('', start, end + 1)
      else if (ranges.add(start, end, `v${i}`).kind !== 'overlap') slow.fill(`v${i}`, start, end + 1)
    }
    assert.deepEqual(slow.map((_, address) => ranges.find(address)), slow)
  }
})

test('networks are parsed', () => {
  assert.deepEqual(parseCidr('10.0.0.0/8'), { network: '\x0a\0\0\0', bits: 8, meaningless: false })
  assert.deepEqual(parseCidr('::1/127'), { network: '\0'.repeat(16), bits: 127, meaningless: true })
  assert.deepEqual(['1.2.3', '1.2.3.256', '1.2.3.4/', '1.2.3.4/x', '::1/129', 'fe80::1%lo', '', '/8'].map(parseCidr), Array(8).fill(null))
})
