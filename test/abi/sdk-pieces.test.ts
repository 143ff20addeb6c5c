/** The smaller parts of the SDK (`@vespid/sdk/form`, `html`, `origin`, …), against what Node makes of the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { plugin } from '../../sdk/test-kit/kit.ts'

const pieces = await plugin(fileURLToPath(new URL('../../sdk/test/pieces', import.meta.url)),
  'location /page/ { pieces_page; } location /origin { pieces_origin; } location /token { pieces_token; }')

function ask(command: string, ...params: unknown[]): Promise<any> {
  return pieces.call(`pieces.${command}`, ...params)
}

/** Numbers below `n`, the same in every run. */
function dice(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 2 ** 32 * n)
  }
}

/** `count` texts put together from pieces. */
function texts(pieces: readonly string[], count: number, longest: number): string[] {
  const roll = dice(count)
  return Array.from({ length: count }, () => Array.from({ length: roll(longest + 1) }, () => pieces[roll(pieces.length)]).join(''))
}

test('bytes become text as in Node: U+FFFD for what is no UTF-8', async () => {
  const node = new TextDecoder('utf-8', { ignoreBOM: true })
  const some = ['2f', 'c0af', 'c3', 'a9', 'e2', '82', 'ac', 'e0a080', 'e09fbf', 'eda080', 'f0', '9f', '98', '80', 'f4908080', 'f8', 'ff', 'efbbbf', '00', '61626364656667']
  for (const hex of [...some, ...texts(some, 400, 8)]) {
    assert.equal(await ask('utf8', hex), node.decode(Buffer.from(hex, 'hex')), hex)
  }
})

const escapes = ['%', '4', '1', 'e', '+', 'a', '=', '&', '%C3%A9', '%ff', '%C0%AF', 'é', '😀', '%2', '%zz', '%00', '%26', '%3d', '%25', '%e2%82', '?', ' ']

test('percent escapes: the bytes, and whether one is broken', async () => {
  for (const text of texts(escapes, 300, 6)) {
    const bytes = Buffer.from(text).toString('latin1').replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    const broken = /%(?![0-9a-f]{2})/i.test(text)
    assert.deepEqual(await ask('unescaped', text), [Buffer.from(bytes, 'latin1').toString('hex'), broken], text)
    const plain = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(bytes.length === 0 ? '' : Buffer.from(text).toString('latin1').replaceAll('+', ' ')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1'))
    assert.deepEqual(await ask('decoded', text), [plain, broken], text)
  }
})

test('forms are what URLSearchParams makes of them', async () => {
  // Node reads what is not ASCII in another way beside broken escapes; a query is ASCII.
  for (const text of texts(escapes.filter((piece) => /^[^?\x80-\uffff]+$/.test(piece)), 400, 12)) {
    const node = new URLSearchParams(text)
    const { pairs, first } = await ask('form', text, 'a')
    assert.deepEqual([pairs, first], [[...node], node.get('a')], text)
  }
  assert.deepEqual((await ask('form', 'a=1&b=2&a=%zz&a&a=x+y', 'a')).all, ['1', '', 'x y'])
})

test('base64 and base64url there and back; what is none is null', async () => {
  const roll = dice(7)
  for (let i = 0; i < 200; i++) {
    const bytes = Buffer.from(Array.from({ length: i % 20 }, () => roll(256)))
    const padded = bytes.toString('base64')
    assert.deepEqual(await ask('base64', padded.replace(/=+$/, ''), false), [bytes.toString('hex'), padded])
    assert.deepEqual(await ask('base64', bytes.toString('base64url'), true), [bytes.toString('hex'), padded])
  }
  for (const [text, url] of [['A', false], ['AAAAA', true], ['AA==', false], ['A-_A', false], ['A+/A', true], ['é1', false], ['AA A', true]] as const) {
    await assert.rejects(ask('base64', text, url), /null/, text)
  }
})

test('numbers and times', async () => {
  const numbers = [['0', 9, 0], ['', 9, -1], ['9', 9, 9], ['10', 9, -1], ['007', 9, 7], ['-1', 9, -1], ['1a', 9, -1], ['99999999999999999999', 1e15, -1]] as const
  for (const [text, most, value] of numbers) assert.equal(await ask('number', text, most), value, text)
  const times = [['45', 45], ['1h 30m', 5400], ['1y1M1w1d1h1m1s', 34822861], ['1m1h', -1], ['1h1h', -1], ['', -1], ['h', -1], ['1ms', -1], ['2d5', 172805], ['1s 5', 6], ['x', -1]] as const
  for (const [text, value] of times) assert.equal(await ask('time', text), value, text)
})

test('media types and escaped texts', async () => {
  for (const [value, type] of [['Text/HTML; charset=utf-8', 'text/html'], [' a/b ', 'a/b'], ['', ''], [';x', '']] as const) assert.equal(await ask('type', value), type)
  assert.equal(await ask('escape', `<a href="x">'&\n\t\0\x7f é</a>`), '&lt;a href=&quot;x&quot;&gt;&#39;&amp;\n\t\ufffd\ufffd é&lt;/a&gt;')
  assert.equal(await ask('escape', 'plain'), 'plain')
})

test('a page says what it may do', async () => {
  const { status, text, headers } = await pieces.get('/page/%3Cb%3E')
  assert.deepEqual([status, text], [404, '<p>/page/&lt;b&gt;'])
  const { server: _, date: __, connection: ___, ...rest } = headers
  assert.deepEqual(rest, {
    'content-type': 'text/html; charset=utf-8', 'content-length': '18', allow: 'GET', 'cache-control': 'no-store', 'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; style-src 'nonce-abc'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  })
})

test('pages of other sites are told by what browsers say', async () => {
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{}, 'ours'], [{ 'Sec-Fetch-Site': 'same-origin', Origin: 'http://evil.example' }, 'ours'], [{ 'Sec-Fetch-Site': 'none' }, 'ours'],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 'foreign'], [{ 'Sec-Fetch-Site': 'same-site' }, 'foreign'], [{ Origin: 'null' }, 'foreign'],
    [{ Origin: 'http://LOCALHOST' }, 'ours'], [{ Origin: 'http://localhost:81' }, 'foreign'], [{ Origin: 'http://localhost.evil.example' }, 'foreign'],
    [{ Referer: 'http://localhost/x?y' }, 'ours'], [{ Referer: 'http://evil.example/http://localhost/' }, 'foreign'],
    [{ Origin: 'http://localhost', Referer: 'http://evil.example/' }, 'ours'],
  ]
  for (const [headers, said] of cases) assert.equal((await pieces.get('/origin', { headers })).text, said, JSON.stringify(headers))
})

test('a browser keeps its token; what is none is replaced', async () => {
  const token = '0123456789abcdef0123456789abcdef'
  const kept = await pieces.get('/token', { headers: { Cookie: `a=b; tok=${token}` } })
  assert.deepEqual([kept.text, kept.headers['set-cookie']], [token, `tok=${token}; Path=/x; HttpOnly; SameSite=Strict`])
  const seen = new Set<string>()
  for (const cookie of ['', `tok=${token.slice(1)}`, `tok=${token.toUpperCase()}`, `tok=${token.slice(1)}x`]) {
    const fresh = await pieces.get('/token', { headers: { Cookie: cookie } })
    assert.equal(fresh.text, '')
    seen.add(/^tok=([0-9a-f]{32}); Path=\/x; HttpOnly; SameSite=Strict$/.exec(fresh.headers['set-cookie']!)![1]!)
  }
  assert.equal(seen.size, 4)
})
