import type { DbValue, Rows } from './types.ts'
import { DatabaseError, DbTime } from './types.ts'

/** Kinds of values as a plugin sees them (docs/abi.md, "Databases"). */
export const Cell = { Null: 0, Int: 1, Double: 2, Text: 3, Blob: 4, Time: 5 } as const

const smallest = -(2n ** 63n)
const largest = 2n ** 63n - 1n
/** The most parameters of one statement. */
const mostParameters = 1000

/** Reads a plugin's parameters: their number, then each value with its kind before it. Throws DatabaseError. */
export function readParameters(bytes: Buffer): DbValue[] {
  const values: DbValue[] = []
  if (bytes.length === 0) return values
  const wrong = (): DatabaseError => new DatabaseError('the parameters are cut off or of no known kind')
  if (bytes.length < 4) throw wrong()
  const count = bytes.readUInt32LE(0)
  if (count > mostParameters) throw new DatabaseError(`${count} parameters were given; ${mostParameters} are allowed`)
  let at = 4
  for (let i = 0; i < count; i++) {
    const kind = bytes[at++]
    if (kind === Cell.Null) {
      values.push(null)
      continue
    }
    if (kind === Cell.Int || kind === Cell.Double) {
      if (at + 8 > bytes.length) throw wrong()
      values.push(kind === Cell.Int ? bytes.readBigInt64LE(at) : bytes.readDoubleLE(at))
      at += 8
      continue
    }
    if (kind === undefined || kind > Cell.Time || at + 4 > bytes.length) throw wrong()
    const length = bytes.readUInt32LE(at)
    at += 4
    if (length > bytes.length - at) throw wrong()
    const part = bytes.subarray(at, at + length)
    values.push(kind === Cell.Blob ? new Uint8Array(part) : kind === Cell.Text ? part.toString('utf8') : new DbTime(part.toString('latin1')))
    at += length
  }
  if (at !== bytes.length) throw wrong()
  return values
}

/**
 * What a statement gave, for a plugin: rows changed (f64), flags (1: there would be more), number of columns, their names, then the values of
 * each row; numbers are little-endian words, a text stands behind its length.
 */
export function writeRows({ columns, rows, more, affected }: Rows): Buffer {
  const parts: Buffer[] = []
  const head = Buffer.alloc(16)
  head.writeDoubleLE(affected, 0)
  head.writeUInt32LE(more ? 1 : 0, 8)
  head.writeUInt32LE(columns.length, 12)
  parts.push(head)
  for (const name of columns) pushBytes(parts, -1, Buffer.from(name, 'utf8'))
  for (const row of rows) for (const value of row) pushValue(parts, value)
  return Buffer.concat(parts)
}

const nothing = Buffer.of(Cell.Null)

function pushValue(parts: Buffer[], value: DbValue): void {
  if (value === null) parts.push(nothing)
  else if (typeof value === 'bigint' && value >= smallest && value <= largest) {
    const cell = Buffer.alloc(9)
    cell[0] = Cell.Int
    cell.writeBigInt64LE(value, 1)
    parts.push(cell)
  } else if (typeof value === 'number') {
    const cell = Buffer.alloc(9)
    cell[0] = Cell.Double
    cell.writeDoubleLE(value, 1)
    parts.push(cell)
  } else if (value instanceof Uint8Array) pushBytes(parts, Cell.Blob, value)
  else if (value instanceof DbTime) pushBytes(parts, Cell.Time, Buffer.from(value.text, 'latin1'))
  else pushBytes(parts, Cell.Text, Buffer.from(String(value), 'utf8'))
}

/** `kind` −1: none is written. */
function pushBytes(parts: Buffer[], kind: number, bytes: Uint8Array): void {
  const head = Buffer.alloc(kind < 0 ? 4 : 5)
  if (kind >= 0) head[0] = kind
  head.writeUInt32LE(bytes.length, head.length - 4)
  parts.push(head, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
}
