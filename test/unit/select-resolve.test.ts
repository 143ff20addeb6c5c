import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Place } from '../../host/core/place.ts'
import { ConfigError } from '../../host/core/errors.ts'
import { compileSelect } from '../../host/expr/select/compile.ts'
import { parseIdentifier, scanIdentifier } from '../../host/expr/select/identifier.ts'
import { selectList } from '../../host/expr/select/list.ts'
import { SelectTable } from '../../host/expr/select/table.ts'
import { selectModules, standardSelects } from '../../host/sip/selects/standard.ts'
import { HttpMessage } from '../../host/sip/httpmessage.ts'
import { defineDeclared } from '../../host/sip/selects/plugins.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { compile, everything, httpRequest, recorded } from './select-kit.ts'

interface Grammar { readonly id: string, readonly script: 'ok' | 'unresolved' | 'syntax-error' }
interface Pattern { readonly pattern: string, readonly module: string, readonly elements: readonly PatternElement[] }
interface PatternElement { readonly id?: string, readonly param?: 'string', readonly index?: 'int', readonly required?: boolean }

const accepted = (text: string): boolean => !(compile(Buffer.from(text, 'utf8').latin1Slice()) instanceof ConfigError)

/** Where the strict grammar and the fuller table differ from Kamailio's script parser. */
const differs: Record<string, string> = {
  '@via[-1].name': 'accepted: Kamailio reads name as a keyword behind [-1]',
  '@via[0x1].host': 'rejected: integers are decimal',
  '@via[ 1].host': 'rejected: white space', '@ from': 'rejected: white space', '@from .tag': 'rejected: white space', '@from. tag': 'rejected: white space',
  '@from . tag': 'rejected: white space', '@from["uri" ]': 'rejected: white space', '@from[ "uri"]': 'rejected: white space',
  "@from['uri']": 'rejected: single quotes',
  '@hf_value.x_h[-11]': 'accepted: no limit of ten from the end',
  '@hf_value["X-h"].tag': 'accepted: documented form', '@hf_value.from.tag': 'accepted: documented form', '@hf_value.from[1].tag': 'accepted: documented form',
  '@hf_value2.authorization.realm': 'accepted: documented form', '@hf_value2.authorization.realm.uri.user': 'accepted: documented form',
  '@tm': 'accepted: the module is loaded here', '@tls': 'accepted: the module is loaded here',
}

test('identifiers of the recorded grammar are accepted and rejected as Kamailio does, but for the listed ones', () => {
  const found: string[] = []
  let same = 0
  for (const { id, script } of recorded<Grammar>('grammar.jsonl')) {
    if (accepted(id) === (script === 'ok')) same++
    else found.push(id)
  }
  assert.deepEqual(found.toSorted(), Object.keys(differs).toSorted())
  assert.equal(same, 163)
})

test('all 887 recorded identifiers resolve as Kamailio resolves them; 32 documented ones that it cannot reach resolve too', () => {
  const counts = { same: 0, reached: 0 }
  const wrong: string[] = []
  for (const { id, resolves } of recorded<{ id: string, resolves: boolean }>('resolve.jsonl')) {
    if (accepted(id) === resolves) counts.same++
    else if (!resolves) counts.reached++
    else wrong.push(id)
  }
  assert.deepEqual(wrong, [])
  assert.deepEqual(counts, { same: 855, reached: 32 })
})

/** A concrete identifier, with or without what is optional. */
function concrete(elements: readonly PatternElement[], full: boolean): string {
  let text = ''
  for (const { id, param, index, required } of elements) {
    if (required === false && !full) continue
    if (id !== undefined) text += `.${id}`
    else if (param !== undefined) text += '.x'
    else if (index !== undefined) text += '[1]'
  }
  return `@${text.slice(1)}`
}

const outOfScope = ['db2_ops', 'cnxcc']
const patterns = recorded<Pattern>('patterns.jsonl.gz')

test('every pattern of Kamailio\'s modules in scope resolves, with and without its optional parts', () => {
  const wrong: string[] = []
  let count = 0
  for (const { pattern, module, elements } of patterns) {
    if (outOfScope.includes(module)) continue
    count++
    for (const full of [false, true]) {
      const text = concrete(elements, full)
      const select = compile(text)
      if (select instanceof ConfigError) wrong.push(`${pattern}: ${select.message}`)
    }
  }
  assert.deepEqual(wrong, [])
  assert.equal(count, 1104)
})

test('nothing unknown may follow a select, a missing argument fails', () => {
  let count = 0
  for (const { module, elements } of patterns) {
    const text = concrete(elements, true)
    if (outOfScope.includes(module) || /^@(hf_value2?|attr|avp|attribute|authorization|proxy_authorization|msg\.h(eader)?|message\.h(eader)?)(\.x)?(\[1\])?$/.test(text)) continue
    if (text.startsWith('@hf_value.x') && text.split('.').length === 2 || /params$|utc$|gmt$|local$/.test(text)) continue
    count++
    assert.ok(!accepted(`${text}.zzzz.zzzz`), `${text}.zzzz.zzzz`)
    assert.ok(!accepted(`${text.replace(/\[1\]$/, '')}[1].zzzz`), `${text}[1].zzzz`)
  }
  assert.ok(count > 1050, String(count))
  for (const { elements, module } of patterns) {
    const last = elements.at(-1)!
    if (outOfScope.includes(module) || last.required !== true) continue
    const text = concrete(elements.slice(0, -1), false)
    if (/^@(hf_value2?\.x|msg|message)\b/.test(text)) continue
    assert.ok(!accepted(text), text)
  }
})

test('selects of a module are unknown without it, and the message names it', () => {
  const core = standardSelects(() => false)
  const roots = { textopsx: '@hf_value.x', tls: '@tls.version', tm: '@tm', timer: '@timer.executed', nathelper: '@nathelper.rewrite_contact[1]', avp: '@attr.x.y', xmlrpc: '@xmlrpc.method' }
  assert.deepEqual(Object.keys(roots).toSorted(), selectModules.toSorted())
  for (const [module, text] of Object.entries(roots)) {
    const root = text.slice(1).split('.')[0]!
    assert.deepEqual(failure(text, core), [`unknown select "${text}"`, `"@${root}" comes with the module "${module}", which is not loaded`, null], text)
    assert.doesNotThrow(() => compileSelect(text, standardSelects((name) => name === module)))
  }
})

function failure(text: string, table: SelectTable = everything, place: Place | null = null): [string, string | null, number | null] {
  try {
    compileSelect(text, table, place)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [error.message, error.note, error.place === null ? null : error.place.column]
  }
  assert.fail(`${text} resolves`)
}

test('messages name the element, its place, and what could be meant', () => {
  const line = '  log "@from.uri.usr";'
  const place: Place = { file: 'a.conf', line: 1, column: 7, length: 15, text: line }
  assert.deepEqual(failure('@from.uri.usr', everything, place), ['unknown select "@from.uri.usr", "usr" cannot follow "@from.uri"', 'did you mean "user"?', 18])
  assert.deepEqual(failure('@form.uri'), ['unknown select "@form.uri"', 'did you mean "@from"?', null])
  assert.deepEqual(failure('@cseq.x'), ['unknown select "@cseq.x", "x" cannot follow "@cseq"', 'it can be followed by "method", "num"', null])
  assert.deepEqual(failure('@event.x'), ['unknown select "@event.x", "x" cannot follow "@event"', 'nothing can follow it', null])
  assert.deepEqual(failure('@src'), ['incomplete select "@src"', 'it must be followed by "ip", "ip_port", "port"', null])
  assert.deepEqual(failure('@via.params'), ['incomplete select "@via.params"', 'it must be followed by a name, ".name" or ["name"]', null])
  assert.deepEqual(failure('@from[1]'), ['unknown select "@from[1]", "[1]" cannot follow "@from"', 'it can be followed by "name", "params", "tag", "uri"', null])
  assert.deepEqual(failure('@from["u\\"i"]')[0], 'unknown select "@from["u\\"i"]", "u"i" cannot follow "@from"')
  assert.deepEqual(failure('@msg.header.x[0]'), ['invalid select "@msg.header.x[0]", indexes count from 1, or from the end with -1', null, null])
  assert.deepEqual(failure('@msg.body.sdp.line["cx"]')[0], 'invalid select "@msg.body.sdp.line["cx"]", "cx" is no SDP line, write one letter')
  assert.deepEqual(failure('@cfg_get.core.nosuch')[0], 'invalid select "@cfg_get.core.nosuch", there is no setting "core.nosuch"')
  assert.deepEqual(failure('@authorization["$xx"].realm')[0],
    'invalid select "@authorization["$xx"].realm", a realm can be one of $fd, $fU, $td, $tU, $rd, $rU, $si or a select, not "$xx"')
  assert.deepEqual(failure('@authorization["@nosuch"].realm')[0], 'unknown select "@nosuch"')
})

test('syntax errors name the character and its place', () => {
  const place = (text: string): Place => ({ file: 'a.conf', line: 1, column: 3, length: text.length, text: `  ${text}` })
  const cases: [string, string, number][] = [
    ['@', 'a name is missing at its end', 3], ['@from.', 'a name is missing at its end', 8], ['@.from', 'unexpected "."', 4], ['@from uri', 'unexpected " "', 8],
    ['@from.uri!', 'unexpected "!"', 12], ['@a["x"][1]', 'unexpected "["', 10], ['@a[', '"[" is not closed', 5], ['@a["x"', '"[" is not closed', 5],
    ['@a["x]', 'the quoted text is not closed', 6], ['@a[1', '"[" is not closed', 5], ['@a[x]', 'unexpected "x" in an index, which is a number or a "quoted" text', 6],
    ['@a[2147483648]', 'index is out of range', 6], ['@\xc5\xbe', 'unexpected byte 0xc5', 4],
    [`@a${'.a'.repeat(30)}`, 'too many elements, 30 names and indexes are allowed', 3],
  ]
  for (const [text, reason, column] of cases) assert.deepEqual(failure(text, everything, place(text)), [`invalid select "${text}", ${reason}`, null, column])
})

test('an identifier in a longer text ends where it cannot go on', () => {
  const found = scanIdentifier('x%@via[1].host:%@via', 2)
  assert.ok('end' in found)
  assert.deepEqual([found.identifier.text, found.end], ['@via[1].host', 14])
  assert.deepEqual(scanIdentifier('@to.uri.', 0), { offset: 7, length: 1, reason: 'a name is missing at its end' })
})

/** A small generator with a seed, so that a failure repeats. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor(seed / 0x100000000 * below)
  }
}

/** One `name` or `name[index]`. */
interface Element { readonly name: string, readonly index: string | number | null }

/** The text of an identifier. */
function printIdentifier(elements: readonly Element[]): string {
  return `@${elements.map(({ name, index }) => name + printIndex(index)).join('.')}`
}

function printIndex(index: string | number | null): string {
  if (index === null) return ''
  return typeof index === 'number' ? `[${index}]` : `["${index.replace(/["\\]/g, (c) => `\\${c}`)}"]`
}

test('what is printed is parsed into the same names and indexes, 20,000 random ones', () => {
  const next = random(5)
  const letters = 'abcXYZ'
  const any = 'a"\\].[ @\x00\xff\n-_1'
  const text = (alphabet: string, length: number): string => Array.from({ length }, () => alphabet[next(alphabet.length)]!).join('')
  for (let i = 0; i < 20000; i++) {
    const elements: Element[] = []
    for (let n = 1 + next(15); n > 0; n--) {
      const kind = next(3)
      const index = kind === 0 ? null : kind === 1 ? next(0x7fffffff) - 0x3fffffff : text(any, next(8))
      elements.push({ name: letters[next(6)]! + text(`${letters}09_`, next(6)), index })
    }
    const printed = printIdentifier(elements)
    const parsed = parseIdentifier(printed)
    assert.ok('parts' in parsed, printed)
    assert.deepEqual(parsed.parts.map((part) => part.value), elements.flatMap(({ name, index }) => index === null ? [name] : [name, index]))
    assert.equal(parsed.text, printed)
  }
})

test('no text makes the identifier parser or the resolver fail otherwise than with a ConfigError, 50,000 random ones', () => {
  const next = random(6)
  const pieces = ['@', 'from', 'uri', '.', '.', '[', ']', '"', '\\', '1', '-', 'x', 'msg', 'header', ' ', 'params', 'hf_value', '\xff', '__proto__', 'constructor', 'toString']
  let resolved = 0
  for (let i = 0; i < 50000; i++) {
    let text = '@'
    for (let n = next(9); n > 0; n--) text += pieces[next(pieces.length)]!
    try {
      compileSelect(text, everything)
      resolved++
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error))
    }
  }
  assert.ok(resolved > 10, String(resolved))
})

test('a plugin adds selects; names, arguments, indexes and nests work as for the others', () => {
  const table = standardSelects(() => false)
  table.define({ pattern: 'cookie.*', nests: ['uri'], bind: ([name]) => () => name === 'none' ? null : `sip:${name!}@h` }, 'selects')
  table.define({ pattern: 'jwt.claim.*', bind: ([claim]) => () => String(claim) }, 'selects')
  table.define({ pattern: 'accept.language[n?]', bind: ([n]) => () => String(n) }, 'selects')
  const m = new SipMessage('')
  const value = (text: string) => compileSelect(text, table).evaluate(m)
  assert.equal(value('@cookie.sid'), 'sip:sid@h')
  assert.equal(value('@Cookie["a b"].user'), 'a b')
  assert.equal(value('@cookie.none.user'), null)
  assert.equal(value('@jwt.claim["x"]'), 'x')
  assert.equal(value('@accept.language[-2]'), '-2')
  assert.equal(value('@accept.language'), 'null')
  assert.deepEqual(failure('@jwt.clam.x', table), ['unknown select "@jwt.clam.x", "clam" cannot follow "@jwt"', 'did you mean "claim"?', null])
  assert.throws(() => table.define({ pattern: 'jwt.claim.*', bind: () => () => '' }, 'other'), {
    message: 'the select "@jwt.claim.*" of the module "other" is already defined by "selects"',
  })
  assert.throws(() => table.define({ pattern: 'from.uri', bind: () => () => '' }, 'other'), {
    message: 'the select "@from.uri" of the module "other" is already defined by "core"',
  })
  assert.throws(() => table.define({ pattern: 'a..b', bind: () => () => '' }, 'other'), { message: 'invalid select pattern "a..b" of the module "other"' })
  table.define({ pattern: 'from.shoe_size', bind: () => () => '42' }, 'other')
  assert.equal(value('@from.shoe_size'), '42')
})

test('a select that a module declares: its arguments, what may follow, its check; its failure is an error', () => {
  const table = standardSelects(() => false)
  defineDeclared(table, {
    pattern: 'jwt.claim.*[n?]', nests: ['header', 'value'], check: ([name]) => name === '' ? 'the name is empty' : undefined,
    get: (r, [name, n]) => name === 'none' ? null : name === 'fails' ? undefined : `${r.method}:${name}:${n}`,
  }, 'selects')
  defineDeclared(table, { pattern: 'broken.*', get: () => { throw new Error('a mistake') } }, 'selects')
  defineDeclared(table, { pattern: 'trapped', get: () => { throw Object.assign(new Error('x'), { name: 'Trap' }) } }, 'selects')
  const m = new HttpMessage(httpRequest('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
  const value = (text: string) => compileSelect(text, table).evaluate(m)
  assert.deepEqual(['@jwt.claim.sub', '@JWT.claim["a b"]', '@jwt.claim.x[-1]', '@jwt.claim.none', '@jwt.claim.fails', '@jwt.claim["<sip:u@h>"].nameaddr.uri.user', '@broken.x'].map(value),
    ['GET:sub:null', 'GET:a b:null', 'GET:x:-1', null, undefined, 'u', undefined])
  assert.throws(() => value('@trapped'), { name: 'Trap' })
  assert.equal(compileSelect('@jwt.claim.x', table).evaluate(new SipMessage('')), ':x:null')
  assert.deepEqual(failure('@jwt', table), ['incomplete select "@jwt"', 'it must be followed by "claim"', null])
  assert.deepEqual(failure('@jwt.claim[""]', table).slice(0, 2), ['invalid select "@jwt.claim[""]", the name is empty', null])
  assert.throws(() => defineDeclared(table, { pattern: 'jwt.claim.*', get: () => null }, 'other'), { message: 'the select "@jwt.claim.*" of the module "other" is already defined by "selects"' })
})

test('the list in docs/selects.md is the table\'s', () => {
  const text = readFileSync(new URL('../../docs/selects.md', import.meta.url), 'utf8')
  assert.equal(text.slice(text.indexOf('### core\n')), selectList(everything))
})
