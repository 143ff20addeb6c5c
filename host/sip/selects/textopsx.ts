/** `@hf_value…` of Kamailio's module textopsx: comma-separated values of any header. */
import type { Message } from '../message.ts'
import type { SelectRow, Selected } from '../../expr/select/table.ts'
import { parseAddress } from '../address.ts'
import { parameterValue, unquoted } from '../params.ts'
import { isSpace, lowerAscii, sameAt, skipQuoted, trimmed } from '../scan.ts'
import { HeaderName, indexFault } from './message.ts'
import { addressUri } from './nests.ts'

/** The next comma outside of quotes and of `<…>`, or the end; `last` is where the last `>` is. */
function commaIn(value: string, at: number, last: number): number {
  while (at < value.length) {
    const code = value.charCodeAt(at)
    if (code === 44) return at
    if (code === 34) {
      const close = skipQuoted(value, at, value.length)
      if (close < 0) return value.length
      at = close
    } else if (code === 60 && at < last) at = value.indexOf('>', at)
    else at++
  }
  return value.length
}

/** All comma-separated values of a header, over all its lines; empty ones count where they stand between commas. */
function valuesOf(m: Message, header: HeaderName): readonly string[] {
  const first = header.first(m)
  return first < 0 ? none : m.parsed.valueLists[first] ??= split(m, header)
}

const none: readonly string[] = []

function split(m: Message, header: HeaderName): string[] {
  const values: string[] = []
  for (const line of header.all(m)) {
    const value = m.parsed.value(line)
    if (value === '') continue
    const last = value.lastIndexOf('>')
    for (let at = 0; at <= value.length; at++) {
      const end = commaIn(value, at, last)
      values.push(trimmed(value, at, end))
      at = end
    }
  }
  return values
}

/** Value `n`, from 1 or from the end; '' when there is none. */
function pick(values: readonly string[], n: number): string {
  return (n < 0 ? values[values.length + n] : values[n - 1]) ?? ''
}

function displayName(value: string): string {
  if (value.startsWith('"')) {
    const close = skipQuoted(value, 0, value.length)
    return close < 0 ? '' : value.slice(1, close - 1)
  }
  return parseAddress(value)?.name ?? ''
}

/** A header parameter of a value: behind the `>`, or behind the first `;`. '' when absent or without value. */
function parameterOf(value: string, lower: string): string {
  const address = parseAddress(value)
  if (address !== null) return address.param(lower) ?? ''
  const semicolon = value.indexOf(';')
  return semicolon < 0 ? '' : parameterValue(value, lower, semicolon + 1) ?? ''
}

type Read = (value: string) => string

function joinedOf(values: readonly string[], read: Read): string {
  if (values.length === 0) return ''
  let text = read(values[0]!)
  for (let i = 1; i < values.length; i++) text += `,${read(values[i]!)}`
  return text
}

/** A row that reads a part of one value; `joined`: without an index the parts of all values, else that of the first. */
function valueRow(rest: string, read: Read, joined: boolean, nests: readonly string[] = []): SelectRow {
  return {
    pattern: `hf_value.*[n?]${rest}`, nests,
    bind: ([name, index]) => {
      const fault = name === '' ? 'the header name is empty' : indexFault(index!)
      if (fault !== null) return fault
      const header = new HeaderName(name as string)
      if (index === null && joined) return (m) => joinedOf(valuesOf(m, header), read)
      const n = (index ?? 1) as number
      return (m) => read(pick(valuesOf(m, header), n))
    },
  }
}

function parameterRow(rest: string): SelectRow {
  return {
    pattern: `hf_value.*[n?]${rest}`,
    bind: ([name, index, parameter]) => {
      const fault = name === '' ? 'the header name is empty' : indexFault(index!)
      if (fault !== null) return fault
      const header = new HeaderName(name as string)
      const lower = lowerAscii(parameter as string)
      const n = (index ?? 1) as number
      return (m) => parameterOf(pick(valuesOf(m, header), n), lower)
    },
  }
}

/** Line `n` of a header; '' when there is none. */
function lineOf(m: Message, header: HeaderName, n: number): string {
  const line = header.nth(m, n)
  return line < 0 ? '' : m.parsed.value(line)
}

/** The value of `name=value` anywhere in a header of pairs, as in Authorization; '' when absent. Quotes protect. */
function pairOf(value: string, lower: string): string {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code === 34) {
      at = skipQuoted(value, at, value.length)
      if (at < 0) return ''
      at--
    } else if (startsPair(value, at, lower)) return pairValue(value, at + lower.length + 1)
  }
  return ''
}

function startsPair(value: string, at: number, lower: string): boolean {
  if (value.charCodeAt(at + lower.length) !== 61 || !sameAt(value, at, lower)) return false
  const before = at === 0 ? 44 : value.charCodeAt(at - 1)
  return before === 44 || before === 59 || isSpace(before)
}

function pairValue(value: string, from: number): string {
  let end = from
  if (value.charCodeAt(from) === 34) {
    end = skipQuoted(value, from, value.length)
    if (end < 0) end = value.length
  } else while (end < value.length && value.charCodeAt(end) !== 44 && value.charCodeAt(end) !== 59) end++
  return unquoted(trimmed(value, from, end), 0, trimmed(value, from, end).length)
}

const wholeLine: SelectRow = {
  pattern: 'hf_value2.*[n?]', nests: ['params'],
  bind: ([name, index]) => {
    const fault = name === '' ? 'the header name is empty' : indexFault(index!)
    if (fault !== null) return fault
    const header = new HeaderName(name as string)
    const n = (index ?? 1) as number
    return (m) => lineOf(m, header, n)
  },
}

const pair: SelectRow = {
  pattern: 'hf_value2.*[n?].*', nests: ['address', 'uri'],
  bind: ([name, index, key]) => {
    const fault = name === '' ? 'the header name is empty' : indexFault(index!)
    if (fault !== null) return fault
    const header = new HeaderName(name as string)
    const n = (index ?? 1) as number
    const lower = lowerAscii(key as string)
    return (m) => pairOf(lineOf(m, header, n), lower)
  },
}

const exists: SelectRow = {
  pattern: 'hf_value_exists.*.*',
  bind: ([name, value]) => {
    if (name === '') return 'the header name is empty'
    const header = new HeaderName(name as string)
    const lower = lowerAscii(value as string)
    return (m): Selected => valuesOf(m, header).some((found) => lowerAscii(found) === lower) ? '1' : '0'
  },
}

/** The module's rows. */
export const textopsxRows: readonly SelectRow[] = [
  valueRow('', (value) => value, true, ['header']),
  valueRow('.uri', (value) => addressUri(value) ?? '', true, ['uri']),
  valueRow('.name', displayName, false),
  parameterRow('.param|p.*'),
  parameterRow('.*'),
  exists,
  wholeLine,
  pair,
]
