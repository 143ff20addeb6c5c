import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { HeadLimits } from '../../host/http/framing/parser.ts'
import { HeadResume } from '../../host/http/framing/parser.ts'
import { headerNames } from '../../host/http/framing/names.ts'
import { agree, limitSets, meaning, putLast, seeded, ts, wasm } from './framing-kit.ts'
import { malformed, odd } from './framing-heads.ts'

interface Recording { readonly cases: readonly { readonly request: string }[] }
const recording = JSON.parse(readFileSync(new URL('../golden/nginx/http.json', import.meta.url), 'utf8')) as Recording
const texts = [...recording.cases.map((c) => c.request), ...malformed.map(([head]) => head), ...odd]
const heads = texts.map((head) => Buffer.from(head, 'latin1'))

test('both parsers agree on every recorded, malformed and odd head under every set of limits', () => {
  for (const head of heads) for (const limits of limitSets) agree(head, limits)
})

test('a prefix is incomplete, or already shows what the whole head shows', () => {
  for (const head of heads) {
    for (const limits of limitSets) {
      const whole = agree(head, limits)
      for (let n = 1; n < head.length; n++) {
        const part = agree(head.subarray(0, n), limits)
        if (part.result !== 0) assert.deepEqual(part, whole, `${JSON.stringify(head.toString('latin1'))} cut at ${n}`)
      }
    }
  }
})

test('a head that comes in two parts, or byte by byte, gives the same table', () => {
  for (const head of heads) {
    for (const limits of limitSets) {
      const whole = agree(head, limits)
      if (whole.result <= 0) continue
      const length = whole.result
      for (let cut = 1; cut < length; cut++) fed(head, [cut, length], limits, whole.words)
      fed(head, Array.from({ length }, (_, i) => i + 1), limits, whole.words)
    }
  }
})

/**
 * Feeds the head up to each of `stops` with one resume object per parser; the last must give `words`, the others
 * nothing.
 */
function fed(head: Buffer, stops: readonly number[], limits: HeadLimits, words: readonly number[]): void {
  const last = stops[stops.length - 1]!
  const start = putLast(head.subarray(0, last))
  for (const parser of [ts, wasm]) {
    const resume = new HeadResume()
    for (const stop of stops) {
      const result = parser.parseHead(start, start + stop, limits, resume)
      if (stop < last && result === 0) continue
      assert.equal(result, last, `${parser.name} at ${stop} of ${JSON.stringify(head.toString('latin1'))}`)
      assert.deepEqual(meaning(parser, result), words)
      assert.equal(resume.seen, 0)
    }
  }
}

test('both parsers agree on 100,000 mutated heads', () => {
  const random = seeded(20260117)
  for (let i = 0; i < 100000; i++) agree(mutate(pick(heads, random), random), pick(limitSets, random))
})

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!
}

const tokens = [
  '\r\n', '\n', '\r', '\0', ' ', '\t', ':', ': ', '//', '/.', '/../', '%2f', '%', '?', '#', '+', 'HTTP/1.1',
  'HTTP/1.0', 'http://h', '[::1]', '\x7f', '\xff', '_', 'chunked', 'close', 'keep-alive', '\r\n\r\n', '\r\n ',
  'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Host: x\r\n',
]

/**
 * One to four edits: change, insert, delete, cut, double a stretch, insert a token, a known header name, a long run.
 */
function mutate(head: Buffer, random: () => number): Buffer {
  let text = head.toString('latin1')
  const edits = 1 + Math.floor(random() * 4)
  for (let e = 0; e < edits; e++) {
    const at = Math.floor(random() * (text.length + 1))
    const size = Math.floor(random() * 20)
    switch (Math.floor(random() * 8)) {
      case 0: text = text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1); break
      case 1: text = text.slice(0, at) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at); break
      case 2: text = text.slice(0, at) + text.slice(at + size); break
      case 3: text = text.slice(0, at); break
      case 4: text = text.slice(0, at) + text.slice(Math.max(0, at - size)); break
      case 5: text = text.slice(0, at) + pick(tokens, random) + text.slice(at); break
      case 6: text = text.slice(0, at) + `\r\n${pick(headerNames, random)}: a\r\n` + text.slice(at); break
      default: text = text.slice(0, at) + 'abcdefgh'.repeat(size) + text.slice(at)
    }
  }
  return Buffer.from(text, 'latin1')
}
