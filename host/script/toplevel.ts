/** The top level of a Kamailio file: settings, modules, parameters, blocks (kamailio.md §9.3). */
import { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import { suggestName } from '../core/suggest.ts'
import type { RouteKind } from './ast.ts'
import { numberOf, wordValues } from './constant.ts'
import { coreSettings } from './coresettings.ts'
import { glued, spanOf } from './expression.ts'
import type { FileBuilder } from './filebuilder.ts'
import { parseListen } from './listenline.ts'
import { UnclosedBlock } from './parser.ts'
import type { Parser } from './parser.ts'
import { parseBlock } from './statement.ts'
import { Kind } from './token.ts'
import type { Token } from './token.ts'

const blocks: ReadonlyMap<string, RouteKind> = new Map<string, RouteKind>([
  ['request_route', 'request_route'], ['main_route', 'request_route'], ['route', 'route'], ['event_route', 'event_route'], ['reply_route', 'reply_route'],
  ['onreply_route', 'onreply_route'], ['failure_route', 'failure_route'], ['branch_route', 'branch_route'], ['onsend_route', 'onsend_route'],
])
const words = ['loadmodule', 'loadmodulex', 'modparam', 'modparamx', 'loadpath', 'mpath', 'listen', 'flags', 'avpflags', 'include_file', 'import_file']
const NAME_SIGNS = new Set([':', '-', '.', '/'])
const VALUE_SIGNS = new Set([':', '-', '.', '/'])
/** The name of a module file goes into a path. */
const MODULE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/

/** Reads everything up to the end of the file into `file`. */
export function parseFile(p: Parser, file: FileBuilder): void {
  while (p.token.kind !== Kind.End) {
    const start = p.token
    try {
      item(p, file)
    } catch (error) {
      p.report(error)
      if (!(error instanceof UnclosedBlock)) recover(p, start)
    }
  }
}

function item(p: Parser, file: FileBuilder): void {
  const { token } = p
  if (token.kind === Kind.Sign && token.text === ';') return void p.next()
  if (token.kind === Kind.Sign && token.text === '}') p.unexpected(null, 'no block is open here')
  if (token.kind !== Kind.Word) p.unexpected('a setting or a block')
  const kind = blocks.get(token.text)
  if (kind !== undefined) return block(p, file, kind)
  switch (token.text) {
    case 'loadmodule': case 'loadmodulex': return loadModule(p, file)
    case 'modparam': case 'modparamx': return modparam(p, file)
    case 'listen': return parseListen(p, file)
    case 'flags': case 'avpflags': return flags(p)
    case 'socket': return p.unexpected(null, 'write listen=protocol:address:port')
    case 'loadpath': case 'mpath': {
      p.next()
      p.take('=')
      text(p, 'a path')
      return
    }
  }
  const after = p.tokens.peek(1)
  if (after.kind === Kind.Sign && after.text === '.' && after.glued) return customVariable(p, file)
  setting(p, file)
}

function setting(p: Parser, file: FileBuilder): void {
  const name = p.next()
  const known = coreSettings.has(name.text)
  if (!known) {
    const meant = suggestName(name.text, [[...coreSettings.keys(), ...words, ...blocks.keys()]])
    throw new ConfigError(`unknown config variable "${name.text}"`, name.place, meant === null ? null : `did you mean "${meant}"?`)
  }
  if (name.text === 'cfgengine') {
    if (text(p, 'a name').text !== 'native') p.problems.add(new ConfigError('only the native routing language is there', name.place))
    return
  }
  p.expect('=')
  for (;;) {
    const { value } = valueOf(p)
    file.settings.push({ place: name.place, name: name.text, value })
    // A list (`alias=a b`) goes on in the same line.
    if (name.text !== 'alias' || p.token.kind === Kind.End || p.token.place.line !== p.last!.place.line || p.at(';')) break
  }
  p.take(';')
}

/** A number, a text in quotes, or a word such as `tcp`, `LOG_LOCAL0` or an address. */
function valueOf(p: Parser): { value: number | string, place: Place } {
  const { token } = p
  const minus = token.kind === Kind.Sign && token.text === '-'
  if (minus) p.next()
  const first = p.token
  if (first.kind === Kind.String && !minus) {
    p.next()
    return { value: first.text, place: first.place }
  }
  if (first.kind !== Kind.Number && (first.kind !== Kind.Word || minus) && first.text !== '[') return p.unexpected('a value')
  const word = glued(p, VALUE_SIGNS)
  const number = first.kind === Kind.Word ? wordValues.get(word.text) ?? null : numberOf(word.text)
  if (number !== null) return { value: minus ? -number | 0 : number, place: minus ? spanOf(token.place, word.place) : word.place }
  if (minus || (first.kind === Kind.Number && /^\w+$/.test(word.text))) {
    throw new ConfigError(`invalid number "${word.text}"`, word.place, /^0[0-9]+$/.test(word.text) ? 'a number that begins with 0 is octal' : null)
  }
  return { value: word.text, place: word.place }
}

/** `group.name = value desc "text"`. */
function customVariable(p: Parser, file: FileBuilder): void {
  const group = p.next()
  p.expect('.')
  const name = p.next()
  if (name.kind !== Kind.Word) throw new ConfigError('a variable is written group.name = value', name.place)
  p.expect('=')
  const { value } = valueOf(p)
  if (p.take('desc')) text(p, 'a description')
  p.take(';')
  if (file.variables.some((other) => other.group === group.text && other.name === name.text)) {
    throw new ConfigError(`"${group.text}.${name.text}" is declared already`, group.place)
  }
  file.variables.push({ place: group.place, group: group.text, name: name.text, value })
}

/** A text in quotes. */
function text(p: Parser, what: string): Token {
  const { token } = p
  if (token.kind !== Kind.String) return p.unexpected(`${what} in quotes`)
  return p.next()
}

function loadModule(p: Parser, file: FileBuilder): void {
  const word = p.next()
  const written = text(p, 'the name of a module')
  const name = written.text.slice(written.text.lastIndexOf('/') + 1).replace(/\.(?:so|wasm)$/, '')
  // Before anything is looked at that follows: it may be "#!ifdef MOD_name".
  if (MODULE_NAME.test(name)) p.tokens.defines.set(`MOD_${name}`, '')
  p.take(';')
  if (!MODULE_NAME.test(name)) throw new ConfigError(`invalid name of a module "${written.text.slice(0, 80)}"`, written.place)
  const before = file.modules.find((other) => other.name === name)
  if (before !== undefined) throw new ConfigError(`module "${name}" is already loaded`, written.place, `in line ${before.place.line}`)
  const place = spanOf(word.place, written.place)
  file.modules.push(written.text.endsWith('.wasm') ? { place, name, file: written.text } : { place, name })
}

function modparam(p: Parser, file: FileBuilder): void {
  const word = p.next()
  p.expect('(')
  const module = text(p, 'the name of a module')
  p.expect(',')
  const name = text(p, 'the name of a parameter')
  p.expect(',')
  const { value } = valueOf(p)
  const close = p.expect(')')
  p.take(';')
  file.modparams.push({ place: spanOf(word.place, close.place), module: module.text, name: name.text, value })
}

/** `flags NAME:bit, NAME`: a name without a bit gets the first that is free. */
function flags(p: Parser): void {
  p.next()
  do {
    const { token } = p
    if (token.kind !== Kind.Word) p.unexpected('the name of a flag')
    p.next()
    let bit = 0
    if (p.take(':')) {
      const number = p.next()
      const value = number.kind === Kind.Number ? numberOf(number.text) : null
      if (value === null || value < 0 || value > 31) throw new ConfigError('the number of a flag is 0 to 31', number.place)
      bit = value
    } else {
      const taken = new Set(p.flags.values())
      while (taken.has(bit)) bit++
      if (bit > 31) throw new ConfigError('there are only 32 flags', token.place)
    }
    if (p.flags.has(token.text)) throw new ConfigError(`flag "${token.text}" is declared already`, token.place)
    p.flags.set(token.text, bit)
  } while (p.take(','))
  p.take(';')
}

function block(p: Parser, file: FileBuilder, kind: RouteKind): void {
  const word = p.next()
  let name = ''
  let place = word.place
  if (p.take('[')) {
    const { token } = p
    if (token.kind === Kind.String) name = p.next().text
    else if (token.kind === Kind.Word || token.kind === Kind.Number) name = glued(p, NAME_SIGNS).text
    else p.unexpected('the name of a route')
    place = spanOf(place, p.expect(']').place)
  } else if (kind === 'event_route' || kind === 'failure_route' || kind === 'branch_route') p.unexpected('"["', `write ${kind}[name]`)
  if (kind === 'event_route' && !/^[\w.-]+:[\w.:-]+$/.test(name)) {
    p.report(new ConfigError(`invalid name of an event "${name}"`, place, 'it is written event_route[module:event]'))
  }
  const whole = kind === 'route' && name === '' ? 'request_route' : kind
  const before = file.routes.find((other) => other.kind === whole && other.name === name)
  if (before !== undefined) p.report(new ConfigError('duplicate route', place, `the first is in ${before.place.file ?? ''}:${before.place.line}`))
  const body = parseBlock(p)
  if (before === undefined) file.routes.push({ kind: whole, name, place, body })
}

/**
 * Goes on at the next line that begins as something at the top level does, behind the block in which the mistake is. What began at
 * `start` is what holds it.
 */
function recover(p: Parser, start: Token): void {
  for (let depth = 0; ;) {
    const { token } = p
    if (token.kind === Kind.End) return
    const newLine = p.last === null || token.place.line !== p.last.place.line || token.place.file !== p.last.place.file
    const close = token.kind === Kind.Sign && token.text === '}'
    if (depth === 0 && token !== start && newLine && (close || (token.kind === Kind.Word && begins(p, token)))) return
    if (token.kind === Kind.Sign && token.text === '{') depth++
    p.next()
    if (close && --depth <= 0) return
  }
}

function begins(p: Parser, token: Token): boolean {
  if (words.includes(token.text) || blocks.has(token.text)) return true
  const after = p.tokens.peek(1)
  return after.kind === Kind.String || (after.kind === Kind.Sign && ('={[('.includes(after.text) || (after.text === '.' && after.glued)))
}
