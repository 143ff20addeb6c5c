/** `listen=[protocol:]address[:port] [advertise address:port] [name "name"]` (kamailio.md §9.3). */
import { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import type { ScriptListen } from './ast.ts'
import { glued } from './expression.ts'
import type { FileBuilder } from './filebuilder.ts'
import type { Parser } from './parser.ts'
import { Kind } from './token.ts'

const SIGNS = new Set(['.', ':', '-', '[', ']', '*'])
const protocols = new Set(['udp', 'tcp', 'tls', 'sctp'])

/** Reads the line whose `listen` is the present token: one socket, or several in the same line. */
export function parseListen(p: Parser, file: FileBuilder): void {
  const word = p.next()
  p.expect('=')
  do {
    const { text, place } = address(p)
    const socket = socketOf(text, place)
    let advertise: string | null = null
    let name: string | null = null
    for (;;) {
      if (p.take('advertise')) advertise = address(p).text
      else if (p.at('name') && p.tokens.peek(1).kind === Kind.String) {
        p.next()
        name = p.next().text
      } else break
    }
    file.listens.push({ ...socket, advertise, name })
  } while (p.token.kind !== Kind.End && !p.at(';') && p.token.place.line === word.place.line && p.token.place.file === word.place.file)
  p.take(';')
}

/** Quotes, which Kamailio 5.6 refuses around an address with a protocol, are accepted as later releases do. */
function address(p: Parser): { text: string, place: Place } {
  const { token } = p
  if (token.kind === Kind.String) {
    p.next()
    return { text: token.text, place: token.place }
  }
  const first = token.kind === Kind.Word || token.kind === Kind.Number || (token.kind === Kind.Sign && SIGNS.has(token.text))
  return first ? glued(p, SIGNS) : p.unexpected('an address')
}

function socketOf(text: string, place: Place): Pick<ScriptListen, 'place' | 'protocol' | 'address' | 'port'> {
  const [, named = '', rest = text] = /^([A-Za-z]+):(?!:)(.*)$/.exec(text) ?? []
  const lower = named.toLowerCase()
  const protocol = protocols.has(lower) ? lower as ScriptListen['protocol'] : null
  const written = protocol === null ? text : rest
  const [, bracketed, plain, digits] = /^(?:(\[[^\]]*\])|([^:]*))(?::(\w+))?$/.exec(written) ?? []
  const host = bracketed ?? plain ?? written
  const port = digits === undefined ? 0 : /^[0-9]{1,5}$/.test(digits) ? Number(digits) : -1
  if (port < 0 || port > 65535 || (digits !== undefined && port === 0 && digits !== '0')) {
    throw new ConfigError(`invalid port "${digits}" in "${text}"`, place, 'a port is a number up to 65535')
  }
  if (host === '' || !/^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|\*|[\w.-]+)$/.test(host)) {
    throw new ConfigError(`invalid address "${text}"`, place, 'it is written protocol:address:port')
  }
  return { place, protocol, address: host, port }
}
