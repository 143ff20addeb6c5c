/** Rules of conversion and comparison over many pairs of values, and transformations under arguments of all kinds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScriptValue } from '../../host/script/contract.ts'
import { hostLibrary } from '../../host/script/builtin.ts'
import { PosixError, PosixRegex } from '../../host/script/posix.ts'
import { decodeBase58, encodeBase58 } from '../../host/script/transformations/encode.ts'
import { coreHash } from '../../host/script/corehash.ts'
import { add, looselyEqual, parseInteger, toIntQuietly, toText } from '../../host/script/values.ts'
import { runBody } from './script-kit.ts'

/** Numbers that follow from a seed: a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return state % below
  }
}

const samples: ScriptValue[] = [
  null, 0, 1, -1, 5, -3, 2147483647, -2147483648, '', '0', '5', '05', '-3', '+5', ' 5', '5 ', '0x1f', '0X1F', '-0x1f', 'abc', '12abc', '1.5', '4294967295', '\xff', '2147483648',
]

test('text to int: the whole text, 32 bits, decimal or 0x', () => {
  const known: Record<string, number | null> = {
    '': null, 0: 0, 5: 5, '05': 5, '010': 10, '-3': -3, '+5': 5, ' 5': null, '5 ': null, '0x1f': 31, '0X1F': 31, '-0x1f': null, abc: null, '12abc': null, '1.5': null,
    2147483647: 2147483647, 2147483648: null, '-2147483648': -2147483648, '-2147483649': null, '-': null, '+': null, '0x': null, '0x7fffffff': 2147483647, '0x80000000': null,
  }
  for (const [text, value] of Object.entries(known)) assert.equal(parseInteger(text), value, JSON.stringify(text))
})

test('comparison: the left side says how', () => {
  for (const a of samples) {
    assert.equal(looselyEqual(a, a, toIntQuietly), true)
    for (const b of samples) {
      const equal = looselyEqual(a, b, toIntQuietly)
      if (typeof a === 'number') assert.equal(equal, a === toIntQuietly(b))
      else if (typeof a === 'string') assert.equal(equal, a === toText(b))
      else assert.equal(equal, b === null || b === 0 || b === '')
    }
  }
})

test('sums are ints of 32 bits or texts, by the left side', () => {
  for (const a of samples) {
    for (const b of samples) {
      const sum = add(a, b, toIntQuietly)
      if (typeof a === 'number') {
        assert.equal(typeof sum, 'number')
        assert.equal(sum, Number(BigInt.asIntN(32, BigInt(a) + BigInt(toIntQuietly(b)))))
      } else if (typeof a === 'string') assert.equal(sum, a + toText(b))
      else assert.equal(sum, b ?? '')
    }
  }
})

test('expressions of the language agree with 32-bit arithmetic', () => {
  const next = random(7)
  const wrap = (value: bigint): number => Number(BigInt.asIntN(32, value))
  const apply: Record<string, (a: bigint, b: bigint) => bigint> = {
    '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b, mod: (a, b) => a % b,
    '|': (a, b) => a | b, '&': (a, b) => a & b, '^': (a, b) => a ^ b,
  }
  let body = ''
  const wanted: number[] = []
  for (let i = 0; i < 200; i++) {
    const [a, b] = [next(0x7fffffff) - 0x3fffffff, next(1000) + 1]
    const op = Object.keys(apply)[next(8)]!
    body += `$avp(a) = ${a}; $avp(b) = ${b}; $var(v${i}) = $avp(a) ${op} $avp(b);\n`
    wanted.push(wrap(apply[op]!(BigInt(a), BigInt(b))))
  }
  const { run } = runBody(body)
  assert.deepEqual(wanted.map((_, i) => run.get(`$var(v${i})`)), wanted)
})

test('base 58 and the core hash', () => {
  const next = random(3)
  for (let i = 0; i < 300; i++) {
    const text = Array.from({ length: next(20) }, () => String.fromCharCode(next(256))).join('')
    assert.equal(decodeBase58(encodeBase58(text)), text)
    assert.equal(coreHash(text, true), coreHash(text.replace(/[A-Z]/g, (c) => c.toLowerCase()), false))
  }
  assert.deepEqual([encodeBase58('hello'), coreHash('abc', false), coreHash('hello', false)], ['Cn8eVZg', 7167810, 1702468499])
  // As Kamailio 5.6.3 prints them.
  assert.deepEqual(['h\xe9llo w\xff', '\xe9\xff\xfe'].map((text) => coreHash(text, false)), [3455640952, 3761825356])
  assert.equal(runBody('$var(x) = "h\xe9llo w\xff"; $var(y) = $(var(x){s.corehash,16});').run.get('$var(y)'), 8)
})

test('texts as Kamailio 5.6.3 makes them', () => {
  const texts: Record<string, readonly [string, string]> = {
    's.escape.user': ['/a/b?a=1&b=2', '%2fa%2fb?a=1&b=2'], 's.corehash': ['/a/b?a=1&b=2', '2245888027'], 's.corehash,0': ['hello', '1702468499'],
    's.encode.7bit': ['hello12', 'E8329BFD8EC900'], 's.decode.7bit': ['AFF04BFC0BF76226714F06', '/a/b?a=1&b=2'], 's.encode.7bit}{s.decode.7bit': ['/', '/'],
    'param.value,a,&': ['a=1&a=2&A=3&b', '3'], 'param.name,0,&': ['a=1&a=2&A=3&b', 'a'], 'param.count,&': ['a=1&a=2&A=3&b', '4'],
  }
  for (const [operation, [text, made]] of Object.entries(texts)) {
    assert.equal(String(runBody(`$var(x) = "${text}"; $var(y) = $(var(x){${operation}});`).run.get('$var(y)')), made, operation)
  }
  for (const operation of ['param.count', 'param.in,a', 'param.value,a']) {
    assert.equal(runBody(`$var(x) = ""; $avp(y) = $(var(x){${operation}});`).run.get('$avp(y)'), null, operation)
  }
})

test('no transformation fails on any text or argument; results are texts, ints or undefined', () => {
  const { run } = runBody('$var(x) = 1;')
  const library = hostLibrary()
  const next = random(11)
  const pieces = ['', ' ', 'a', 'abc', '-1', '0', '1', '999999999', ',', ';', '=', '"', "'", '%', '%zz', '\\', '<', '>', '@', ':', 'sip:', '[::1]', '\0', '\xff', '\n', '\r\n', '/a/b/g', '/(a*)*/x/', '.*', '{', '}']
  const text = (): string => Array.from({ length: next(6) }, () => pieces[next(pieces.length)]!).join('')
  const operations: Record<string, string[]> = {
    s: ['len', 'int', 'md5', 'sha256', 'sha384', 'sha512', 'tolower', 'toupper', 'trim', 'ltrim', 'rtrim', 'rmws', 'numeric', 'rm', 'replace', 'strip', 'striptail', 'substr', 'select',
      'prefixes', 'prefixes.quoted', 'index', 'rindex', 'after', 'before', 'count', 'ftime', 'corehash', 'unquote', 'unbracket', 'encode.hexa', 'decode.hexa', 'encode.base64', 'decode.base64',
      'encode.base64t', 'decode.base64t', 'encode.base64url', 'decode.base64url', 'encode.base58', 'decode.base58', 'encode.7bit', 'decode.7bit', 'escape.common', 'unescape.common', 'escape.user', 'unescape.user',
      'escape.param', 'unescape.param', 'escape.csv', 'urlencode.param', 'urldecode.param'],
    re: ['subst'], param: ['value', 'in', 'valueat', 'name', 'count'], uri: ['user', 'host', 'port', 'params', 'param', 'transport', 'saor', 'duri', 'suri'],
    nameaddr: ['name', 'uri', 'len'], tobody: ['uri', 'user', 'host', 'display', 'tag', 'params'], line: ['count', 'at', 'sw'], url: ['path', 'querystring'],
    val: ['json', 'n0', 'ne'], num: ['fdigit', 'ldigit'],
  }
  let made = 0
  for (const [name, list] of Object.entries(operations)) {
    const found = library.transformations.get(name)!
    for (const operation of list) {
      for (let i = 0; i < 150; i++) {
        const raw = Array.from({ length: next(4) }, text).join(',')
        const args = raw === '' ? [] : raw.split(',').map((word) => next(4) === 0 ? { variable: () => samples[next(samples.length)]! } : word)
        try {
          const transform = found.compile(operation, args, raw, (word) => () => word)
          for (let k = 0; k < 4; k++) {
            const result = transform(next(5) === 0 ? next(1000) - 500 : text(), run)
            assert.ok(result === null || typeof result === 'string' || (Number.isInteger(result) && result === (result | 0)), `${name}.${operation} ${String(result)}`)
            made++
          }
        } catch (error) {
          assert.equal((error as Error).name, 'ConfigError', `{${name}.${operation},${raw}}: ${String((error as Error).stack)}`)
        }
      }
    }
  }
  assert.ok(made > 10_000, `${made} results`)
})

test('POSIX expressions: what glibc refuses, and what it matches', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['(', 'Unmatched ( or \\('], ['[a', 'Unmatched [, [^, [:, [., or [='], ['*a', 'Invalid preceding regular expression'], ['a|*b', 'Invalid preceding regular expression'],
    ['a{2,1}', 'Invalid content of \\{\\}'], ['a{1', 'Unmatched \\{'], ['[b-a]', 'Invalid range end'], ['[[:foo:]]', 'Invalid character class name'], ['\\1', 'Invalid back reference'],
    ['a\\', 'Trailing backslash'], ['a{40000}', 'Regular expression too big'], ['((a{900}){900}){900}', 'Regular expression too big'],
  ]
  for (const [pattern, message] of refused) {
    assert.throws(() => new PosixRegex(pattern, { caseless: true, newline: false }), (error) => error instanceof PosixError && error.message === message, pattern)
  }
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['^A.C$', 'abc', true], ['a.c', 'a\nc', true], ['^b', 'a\nb', false], ['a$', 'a\n', false], ['[]x]+', ']x', true], ['[^]x]', ']', false], ['[\\d]', '\\', true], ['\\d', 'D', true],
    ['(f)(o)\\2', 'foo', true], ['a)', 'a)', true], ['[[:alpha:]]+[[:digit:]]$', 'foo1', true], ['\\<bar\\>', 'foo bar', true], ['\\bar', 'foo bar', false], ['x{0,1}y', 'xy', true],
    ['a**', '', true], ['()', '', true], ['a||b', 'zzz', true], ['[a-c-]', '-', true], ['É', 'é', false], ['[[=a=]b]', 'A', true], ['\\w+\\W\\s', 'a. ', true],
  ]
  for (const [pattern, subject, yes] of cases) assert.equal(new PosixRegex(pattern, { caseless: true, newline: false }).test(subject), yes, `${pattern} on ${JSON.stringify(subject)}`)
})

test('random expressions: refused as such, or matched in bounded time', () => {
  const next = random(5)
  const pieces = ['a', 'b', '.', '*', '+', '?', '(', ')', '[', ']', '{', '}', '2', ',', '|', '^', '$', '\\', '\\1', '-', '[:alpha:]', '\xe9']
  let compiled = 0
  for (let i = 0; i < 3000; i++) {
    const pattern = Array.from({ length: 1 + next(9) }, () => pieces[next(pieces.length)]!).join('')
    try {
      const regex = new PosixRegex(pattern, { caseless: next(2) === 0, newline: next(2) === 0 })
      compiled++
      regex.search('aab\nba1', next(3))
      regex.test('a'.repeat(30))
    } catch (error) {
      assert.ok(error instanceof PosixError || (error as Error).name === 'MatchLimitError', `${pattern}: ${String((error as Error).stack)}`)
    }
  }
  assert.ok(compiled > 500, `${compiled} were compiled`)
})
