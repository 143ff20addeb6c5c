import { createHash } from 'node:crypto'
import type { ScriptRunView, ScriptValue, TransformationArgument, TransformationClass } from '../contract.ts'
import type { Operation } from './table.ts'
import { ConfigError } from '../../core/errors.ts'
import { formatTime } from '../../sip/selects/strftime.ts'
import { numberArgument, textArgument } from '../arguments.ts'
import { coreHash } from '../corehash.ts'
import { longestText, parseInteger } from '../values.ts'
import { encodings } from './encode.ts'
import { cannot, plain, transformationClass, withArguments } from './table.ts'

function hash(algorithm: string): Operation {
  return plain((text) => createHash(algorithm).update(text, 'latin1').digest('hex'))
}

/** Lower case of the ASCII letters. */
function lower(text: string): string { return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) }
function upper(text: string): string { return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) }

const blanks = ' \t\r\n'
function trimLeft(text: string): string {
  let at = 0
  while (at < text.length && blanks.includes(text[at]!)) at++
  return text.slice(at)
}
function trimRight(text: string): string {
  let end = text.length
  while (end > 0 && blanks.includes(text[end - 1]!)) end--
  return text.slice(0, end)
}

/** `substr`: length 0 is the rest; an offset below 0 counts from the end. Outside of the text: undefined and an error. */
function substring(text: string, offset: number, length: number, run: ScriptRunView): ScriptValue {
  const from = offset < 0 ? text.length + offset : offset
  if (from < 0 || from > text.length || (from === text.length && text.length > 0 && offset > 0 && length !== 0)) {
    return cannot(run, `"substr" from ${offset} is outside of a text of ${text.length} bytes`)
  }
  if (length < 0) return cannot(run, `"substr" cannot take ${length} bytes`)
  return length === 0 ? text.slice(from) : text.slice(from, from + length)
}

const substr = withArguments(2, 2, ([offset, length]) => {
  if (typeof length === 'string' && /^\s*-/.test(length)) throw new ConfigError(`invalid length "${length}" in the transformation "{s.substr}"`)
  const from = numberArgument('s.substr', offset!)
  const count = numberArgument('s.substr', length!)
  return (text, run) => substring(text, from(run), count(run), run)
})

/** `select,INDEX,SEPARATOR`: from 0, below 0 from the end; '' when there is no such part. The separator is one character; `,` is written as `,,`. */
const select = withArguments(1, 3, ([index], raw) => {
  const comma = raw.indexOf(',')
  const separator = comma < 0 ? '' : raw.slice(comma + 1).replace(/^\s+(?=.)/, '')
  if (separator === '') throw new ConfigError('the transformation "{s.select}" needs a separator', null, 'write "{s.select,INDEX,SEPARATOR}"')
  const at = numberArgument('s.select', index!)
  const mark = separator[0]!
  return (text, run) => {
    const parts = text.split(mark)
    const n = at(run)
    return parts[n < 0 ? parts.length + n : n] ?? ''
  }
})

/** All beginnings of a text, at most `most` (0: all), joined by commas. */
function prefixes(quote: string): Operation {
  return withArguments(0, 1, ([most]) => {
    const limit = most === undefined ? () => 0 : numberArgument('s.prefixes', most)
    return (text, run) => {
      const count = limit(run)
      const end = count > 0 && count < text.length ? count : text.length
      if (end * (end + 4) / 2 > longestText) return cannot(run, `the prefixes of a text of ${text.length} bytes are too long`)
      const list: string[] = []
      for (let i = 1; i <= end; i++) list.push(quote + text.slice(0, i) + quote)
      return list.join(',')
    }
  })
}

/** Replaces each occurrence. */
function replaceAll(search: TransformationArgument, replacement: TransformationArgument | null): ReturnType<Operation['make']> {
  const what = textArgument(search)
  const by = replacement === null ? () => '' : textArgument(replacement)
  return (text, run) => {
    const mark = what(run)
    if (mark === '') return text
    const parts = text.split(mark)
    const put = by(run)
    if (text.length + (parts.length - 1) * put.length > longestText) return cannot(run, '"replace" makes too long a text')
    return parts.join(put)
  }
}

/** The first position of a text in another from `from` on, −1 for none. */
function index(last: boolean): Operation {
  return withArguments(1, 2, ([search, start]) => {
    const what = textArgument(search!)
    const from = start === undefined ? null : numberArgument('s.index', start)
    return (text, run) => {
      const at = from?.(run) ?? (last ? text.length : 0)
      const begin = at < 0 ? Math.max(0, text.length + at) : at
      return last ? text.lastIndexOf(what(run), begin) : text.indexOf(what(run), begin)
    }
  })
}

function unwrap(open: string, close: string): Operation {
  return plain((text) => text.length >= 2 && text.startsWith(open) && text.endsWith(close) ? text.slice(1, -1) : text)
}

const strip = withArguments(1, 1, ([count]) => {
  const n = numberArgument('s.strip', count!)
  return (text, run) => text.slice(Math.max(0, n(run)))
})

const stripTail = withArguments(1, 1, ([count]) => {
  const n = numberArgument('s.striptail', count!)
  return (text, run) => text.slice(0, text.length - Math.min(text.length, Math.max(0, n(run))))
})

/** How often the first character of the argument occurs. */
const count = withArguments(1, 1, ([what]) => {
  const mark = textArgument(what!)
  return (text, run) => {
    const c = mark(run)[0]
    return c === undefined ? 0 : text.split(c).length - 1
  }
})

/** What stands behind, or before, the first occurrence of a character. */
function around(after: boolean): Operation {
  return withArguments(1, 2, (_, raw) => {
    const mark = raw.trim()[0] ?? ','
    return (text) => {
      const at = text.indexOf(mark)
      return after ? at < 0 ? '' : text.slice(at + 1) : at < 0 ? text : text.slice(0, at)
    }
  })
}

const time = withArguments(1, 9, (_, raw) => {
  const format = raw
  return (text, run) => {
    const seconds = parseInteger(text)
    return seconds === null ? cannot(run, `"ftime" needs a number, not "${text.slice(0, 40)}"`) : formatTime(format, new Date(seconds * 1000), false)
  }
})

/** `corehash[,SIZE]`: modulo a power of two when there is a size. Without one Kamailio prints it without sign; here it is an int as any other. */
const corehash = withArguments(0, 1, ([size]) => {
  const of = size === undefined ? () => 0 : numberArgument('s.corehash', size)
  return (text, run) => {
    const n = of(run)
    const hash = coreHash(text, false)
    // Without sign: what has no room in a number of the language is a text.
    return n > 0 ? hash & (n - 1) : hash > 0x7fff_ffff ? String(hash) : hash
  }
})

/** `{s.…}`: texts (kamailio.md §9.9). */
export const stringTransformations: TransformationClass = transformationClass('s', new Map<string, Operation>([
  ['len', plain((text) => text.length)],
  ['int', plain((text) => parseInteger(text))],
  ['md5', hash('md5')], ['sha256', hash('sha256')], ['sha384', hash('sha384')], ['sha512', hash('sha512')],
  ['tolower', plain(lower)], ['toupper', plain(upper)],
  ['trim', plain((text) => trimRight(trimLeft(text)))], ['ltrim', plain(trimLeft)], ['rtrim', plain(trimRight)],
  ['rmws', plain((text) => text.replace(/[ \t\r\n]+/g, ''))],
  ['rmhdws', plain((text) => text.replace(/[ \t]+/g, ''))], ['rmhlws', plain((text) => text.replace(/\r\n[ \t]+/g, ''))],
  ['numeric', plain((text) => text.replace(/[^0-9]+/g, ''))],
  ['rm', withArguments(1, 1, ([what]) => replaceAll(what!, null))],
  ['replace', withArguments(2, 2, ([what, by]) => replaceAll(what!, by!))],
  ['strip', strip], ['striptail', stripTail], ['substr', substr], ['select', select],
  ['prefixes', prefixes('')], ['prefixes.quoted', prefixes("'")],
  ['index', index(false)], ['rindex', index(true)], ['after', around(true)], ['before', around(false)],
  ['count', count], ['ftime', time], ['corehash', corehash],
  ['unquote', plain((text) => /^(["']).*\1$/s.test(text) && text.length >= 2 ? text.slice(1, -1) : text)],
  ['unbracket', unwrap('<', '>')],
  ...encodings,
]))
