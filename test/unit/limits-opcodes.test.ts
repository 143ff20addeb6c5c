/**
 * Every instruction that the engine takes is read with its right length, or refused; the engine itself says what is
 * right.
 */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readOutline } from '../../host/wasm/binary.ts'
import { unsigned } from '../../host/wasm/limits/bytes.ts'
import { Instructions, Unsupported } from '../../host/wasm/limits/instructions.ts'
import { rewrite } from '../../host/wasm/limits/rewrite.ts'

const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body]

/** A module with one of everything, and one function of these bytes; `struct`: type 0 is a garbage-collected one. */
function moduleOf(code: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...code, 0x0b]
  return new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [2, 0x60, 0, 0, 0x5f, 1, 0x7f, 1]), ...section(3, [1, 0]), ...section(4, [1, 0x70, 0, 1]), ...section(5, [1, 0, 1]),
    ...section(13, [1, 0, 0]), ...section(6, [1, 0x7f, 1, 0x41, 0, 0x0b]), ...section(7, [1, 1, 0x66, 0, 0]),
    ...section(9, [1, 1, 0, 1, 0]), ...section(12, [1]),
    ...section(10, [1, ...unsigned(body.length), ...body]), ...section(11, [1, 1, 1, 0]),
  ])
}

/** What follows the instruction that is looked at; no immediate can be taken from both without spoiling the rest. */
const ends = [[0x00], [0x44, ...new Array<number>(8).fill(0xff), 0x1a, 0x0f]]

/**
 * How many bytes of zeros the engine wants behind an opcode; null when it does not know the opcode. Zeros too many are
 * `unreachable`.
 */
function immediatesOf(opcode: readonly number[]): number | null {
  for (let n = 0; n <= 18; n++) {
    // The zero in front, `unreachable`, lets the instruction find whatever operands it wants; the one behind takes its
    // results away.
    // Atomic accesses take their one alignment only, the first immediate.
    for (const first of n === 0 || opcode[0] !== 0xfe ? [0] : [0, 1, 2, 3]) {
      const code = [0, ...opcode, ...new Array<number>(n).fill(0)]
      if (n > 0) code[1 + opcode.length] = first
      if (ends.every((end) => WebAssembly.validate(moduleOf([...code, ...end])))) return n
    }
  }
  return null
}

/** Opcodes that open, close or divide blocks: bytes behind them are not only immediates. */
const structure = new Set([0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0b, 0x18, 0x19, 0x1f])

function check(opcode: readonly number[]): 'read' | 'refused' | 'unknown' {
  const wanted = immediatesOf(opcode)
  if (wanted === null) return 'unknown'
  const r = new Instructions(new Uint8Array([...opcode, ...new Array<number>(20).fill(0)]))
  try {
    r.next()
  } catch (error) {
    if (error instanceof Unsupported) return 'refused'
    throw error
  }
  assert.equal(r.at - opcode.length, wanted, `opcode ${opcode.map((b) => b.toString(16)).join(' ')}`)
  return 'read'
}

function tally(opcodes: readonly (readonly number[])[]): Record<string, number> {
  const counts = { read: 0, refused: 0, unknown: 0 }
  for (const opcode of opcodes) counts[check(opcode)]++
  return counts
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

test('plain opcodes', () => {
  const counts = tally(numbers(0, 256).filter((op) => !structure.has(op) && op !== 0xfb && op !== 0xfc && op !== 0xfd && op !== 0xfe).map((op) => [op]))
  assert.ok(counts['read']! > 170, `${counts['read']} read`)
  // `ref.eq`, which only garbage-collected references have a use for.
  assert.equal(counts['refused'], WebAssembly.validate(moduleOf([0, 0xd3, 0])) ? 1 : 0)
})

test('prefixed opcodes', () => {
  const prefixed = (prefix: number, to: number): number[][] => numbers(0, to).map((op) => [prefix, ...unsigned(op)])
  assert.deepEqual({ ...tally(prefixed(0xfc, 64)), unknown: 0 }, { read: 18, refused: 0, unknown: 0 })
  const vector = tally(prefixed(0xfd, 0x140))
  assert.ok(vector['read']! >= 256, `${vector['read']} vector instructions`)
  assert.equal(vector['refused'], 0)
  assert.deepEqual({ ...tally(prefixed(0xfe, 0x80)), unknown: 0 }, { read: 67, refused: 0, unknown: 0 })
  assert.equal(tally(prefixed(0xfb, 0x40))['read'], 0)
})

test('blocks of every kind are followed to their ends', () => {
  const nested: [string, number[]][] = [
    ['block', [0x02, 0x40, 0x0c, 0, 0x0b]], ['loop', [0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b]],
    ['if else', [0x41, 1, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x0b, 0x1a]], ['if without else', [0x41, 1, 0x04, 0x40, 0x01, 0x0b]],
    ['try catch', [0x06, 0x40, 0x08, 0, 0x07, 0, 0x19, 0x0b]], ['try delegate', [0x06, 0x40, 0x06, 0x40, 0x01, 0x18, 0, 0x19, 0x0b]],
    ['try_table', [0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x08, 0, 0x0b, 0x0b]],
    ['rethrow', [0x06, 0x40, 0x01, 0x19, 0x09, 0, 0x0b]],
    ['br_table', [0x02, 0x40, 0x02, 0x40, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x0b]],
    ['block of a type', [0x02, 0, 0x0b]],
    ['dead code', [0x02, 0x40, 0x0c, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b]],
  ]
  // Type 1 of `moduleOf` is a struct, which the rewriter refuses: here without it.
  const without = (code: readonly number[]): Uint8Array<ArrayBuffer> => {
    const whole = [...moduleOf(code)]
    const types = section(1, [2, 0x60, 0, 0, 0x5f, 1, 0x7f, 1])
    return new Uint8Array([...whole.slice(0, 8), ...section(1, [1, 0x60, 0, 0]), ...whole.slice(8 + types.length)])
  }
  const refused: string[] = []
  for (const [name, code] of nested) {
    const bytes = without(code)
    // One engine may lack the older or the newer exceptions.
    if (!WebAssembly.validate(bytes)) refused.push(name)
    else assert.ok(WebAssembly.validate(rewrite(bytes, readOutline(bytes), { memory: 65536, table: 9 }).bytes), name)
  }
  assert.ok(refused.length <= 3, `the engine refused ${refused.join(', ')}`)
})
