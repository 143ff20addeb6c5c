import { test } from 'node:test'
import assert from 'node:assert/strict'
import { ChunkedDecoder } from '../../host/http/framing/chunked.ts'
import { seeded } from './framing-kit.ts'

type End = 'done' | 'open' | 'broken'

/** Feeds the bytes in pieces that end at the given places; data, bytes taken, and how it ended. */
function feedAll(bytes: Buffer, stops: readonly number[]): { data: string, taken: number, end: End } {
  const decoder = new ChunkedDecoder()
  let data = ''
  let p = 0
  for (const stop of [...stops, bytes.length]) {
    // A copy without what follows: reading beyond `end` would find nothing.
    const piece = Buffer.from(bytes.subarray(0, stop))
    while (p < stop && !decoder.done) {
      const next = decoder.feed(piece, p, stop)
      if (next < 0) return { data, taken: p, end: 'broken' }
      const { dataStart, dataEnd } = decoder
      assert.ok(next > p && next <= stop && dataStart >= p && dataStart <= dataEnd && dataEnd <= next)
      data += piece.latin1Slice(decoder.dataStart, decoder.dataEnd)
      p = next
    }
  }
  return { data, taken: p, end: decoder.done ? 'done' : 'open' }
}

function randomByte(random: () => number): string {
  return String.fromCharCode(Math.floor(random() * 256))
}

function randomBytes(n: number, random: () => number): string {
  let s = ''
  for (let i = 0; i < n; i++) s += random() < 0.2 ? '\r\n0;'[Math.floor(random() * 4)] : randomByte(random)
  return s
}

/** A well-formed body of that data, in chunks of any size, with extensions and trailers. */
function encode(data: string, random: () => number): string {
  let out = ''
  for (let p = 0; p < data.length;) {
    const n = Math.min(data.length - p, 1 + Math.floor(random() * 40))
    const hex = n.toString(16)
    const digits = '0'.repeat(Math.floor(random() * 3)) + (random() < 0.5 ? hex : hex.toUpperCase())
    out += `${digits}${random() < 0.2 ? ' ;name="v\t"' : ''}\r\n${data.slice(p, p + n)}\r\n`
    p += n
  }
  return `${out}0\r\n${random() < 0.3 ? 'X-Trailer: v\r\nY:\r\n' : ''}\r\n`
}

function cuts(length: number, random: () => number): number[] {
  const n = Math.floor(random() * 8)
  return Array.from({ length: n }, () => Math.floor(random() * length)).sort((a, b) => a - b)
}

test('any chunking cut anywhere gives the data back and leaves the next request alone', () => {
  const random = seeded(7)
  for (let i = 0; i < 3000; i++) {
    const data = randomBytes(Math.floor(random() * 200), random)
    const body = encode(data, random)
    const bytes = Buffer.from(`${body}GET / HTTP/1.1`, 'latin1')
    const expected = { data, taken: body.length, end: 'done' }
    assert.deepEqual(feedAll(bytes, cuts(bytes.length, random)), expected)
    if (i < 100) assert.deepEqual(feedAll(bytes, Array.from({ length: bytes.length }, (_, p) => p)), expected)
  }
})

test('a mutated body is decoded as a plain reading of the grammar decodes it, however it is cut', () => {
  const random = seeded(8)
  let broken = 0
  for (let i = 0; i < 20000; i++) {
    let text = encode(randomBytes(Math.floor(random() * 30), random), random)
    for (let e = Math.floor(random() * 3); e >= 0; e--) {
      const at = Math.floor(random() * text.length)
      const c = random() < 0.5 ? '\r\n0;f \t:'[Math.floor(random() * 8)]! : randomByte(random)
      text = text.slice(0, at) + (random() < 0.3 ? '' : c) + text.slice(random() < 0.5 ? at : at + 1)
    }
    const bytes = Buffer.from(text, 'latin1')
    const whole = feedAll(bytes, [])
    const { end, data, taken } = whole
    assert.deepEqual(end === 'done' ? { end, data, taken } : { end }, readPlainly(text), JSON.stringify(text))
    const cut = feedAll(bytes, cuts(bytes.length, random))
    if (end === 'broken') assert.equal(cut.end, end, JSON.stringify(text))
    else assert.deepEqual(cut, whole, JSON.stringify(text))
    if (end === 'broken') broken++
  }
  assert.ok(broken > 5000 && broken < 19000, `${broken} of 20000 were broken`)
})

const extension = String.raw`[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?`
const trailer = String.raw`[A-Za-z0-9!#$%&'*+.^_\x60|~-]+:[^\x00-\x08\x0a-\x1f\x7f]*`
const name = String.raw`[A-Za-z0-9!#$%&'*+.^_\x60|~-]+`
const sizeLine = new RegExp(`^([0-9a-fA-F]{1,16})${extension}\r\n`)
const sizeLineBegun = new RegExp(`^(?:([0-9a-fA-F]{1,16})${extension}\r?)?$`)
const trailers = new RegExp(`^(?:${trailer}\r\n)*\r\n`)
const trailersBegun = new RegExp(`^(?:${trailer}\r\n)*(?:${name}|${trailer}\r?|\r?)$`)

/** Another decoder, of whole texts and by regular expressions. */
function readPlainly(text: string): { end: End, data?: string, taken?: number } {
  let data = ''
  let p = 0
  for (;;) {
    const line = sizeLine.exec(text.slice(p)) ?? sizeLineBegun.exec(text.slice(p))
    if (line === null) return { end: 'broken' }
    const size = Number.parseInt(line[1] ?? '0', 16)
    if (size > Number.MAX_SAFE_INTEGER) return { end: 'broken' }
    if (!line[0].endsWith('\n')) return { end: 'open' }
    p += line[0].length
    if (size === 0) break
    const rest = text.slice(p + size, p + size + 2)
    if (!'\r\n'.startsWith(rest)) return { end: 'broken' }
    if (rest !== '\r\n') return { end: 'open' }
    data += text.slice(p, p + size)
    p += size + 2
  }
  const last = trailers.exec(text.slice(p))
  if (last !== null) return { end: 'done', data, taken: p + last[0].length }
  return { end: trailersBegun.test(text.slice(p)) ? 'open' : 'broken' }
}
