/** Pseudo-variables of the message itself, HTTP and SIP alike (kamailio.md §9.8). */
import type { ScriptRunView, ScriptValue } from '../contract.ts'
import type { HostVariable } from '../library.ts'
import type { ScriptRun } from '../run.ts'
import type { Message } from '../../sip/message.ts'
import { H_CONTENT_LENGTH, H_CONTENT_TYPE, H_USER_AGENT } from '../../sip/names.ts'
import { lowerAscii } from '../../sip/scan.ts'
import { sipHeaderId } from '../../sip/names.ts'
import { unknown } from '../library.ts'
import { ConfigError } from '../../core/errors.ts'

type OfMessage = (m: Message, run: ScriptRun) => ScriptValue

/** A read-only variable of the message; undefined where there is no message. */
export function ofMessage(name: string, get: OfMessage): HostVariable {
  return {
    name, inner: 'none',
    get: (run) => {
      const m = run.subject.message
      return m === null ? null : get(m, run as ScriptRun)
    },
  }
}

/** The Via line that Kamailio puts into an HTTP request; with `strict` scripts see it too, else there is none. */
function viaValue(m: Message, run: ScriptRun): string | null {
  const source = m.transport?.source
  return m.kind === 'http' && run.program.options.strict && source !== undefined ? `SIP/2.0/TCP ${source.address}:${source.port}` : null
}

function headers(m: Message, run: ScriptRun): string {
  const via = viaValue(m, run)
  return via === null ? m.headerText : `Via: ${via}\r\n${m.headerText}`
}

function whole(m: Message, run: ScriptRun): string {
  return viaValue(m, run) === null ? m.text : `${m.firstLine}\r\n${headers(m, run)}${m.body ?? ''}`
}

/** All values of a header in their order. */
export function headerValues(m: Message, run: ScriptRun, name: string): string[] {
  const lower = lowerAscii(name.trim())
  const id = sipHeaderId(lower)
  const values: string[] = []
  if (lower === 'via') {
    const via = viaValue(m, run)
    if (via !== null) values.push(via)
  }
  for (let line = m.find(id, lower, 0); line >= 0; line = m.find(id, lower, line + 1)) values.push(m.value(line))
  return values
}

function getHeader(run: ScriptRunView, inner: string | null, index: number | '*' | null): ScriptValue {
  const m = run.subject.message
  if (m === null || inner === null) return null
  if (index === null || index === 0) {
    const lower = lowerAscii(inner.trim())
    if (lower !== 'via') {
      const line = m.find(sipHeaderId(lower), lower, 0)
      return line < 0 ? null : m.value(line)
    }
  }
  const values = headerValues(m, run as ScriptRun, inner)
  if (index === '*') return values.length === 0 ? null : values.join(',')
  const at = index ?? 0
  return values[at < 0 ? values.length + at : at] ?? null
}

const header = (id: number): OfMessage => (m) => m.parsed.header(id)

const parts: Readonly<Record<string, OfMessage>> = {
  len: (m, run) => whole(m, run).length,
  buf: whole,
  body: (m) => m.body ?? '',
  body_len: (m) => m.body?.length ?? 0,
  hdrs: (m, run) => headers(m, run).slice(0, -4),
  fline: (m) => m.firstLine,
  lpart: (m, run) => headers(m, run) + (m.body ?? ''),
}

const message: HostVariable = {
  name: 'msg', inner: 'required',
  check(inner) {
    const name = inner!.trim()
    if (parts[name] === undefined) throw unknown('part of "$msg"', name, '', Object.keys(parts))
  },
  get: (run, inner) => run.subject.message === null ? null : parts[inner!.trim()]?.(run.subject.message, run as ScriptRun) ?? null,
}

/** How many header lines of a name there are. */
const headerCount: HostVariable = {
  name: 'hdrc', inner: 'required',
  get: (run, inner) => run.subject.message === null ? 0 : headerValues(run.subject.message, run as ScriptRun, inner!).length,
}

const unsupported: readonly HostVariable[] = ['snd', 'rcv', 'expires'].map((name) => ({ name, inner: 'required', get: () => null }))

/** `$ng(name)`: a variable of nginx whose name is one of Kamailio's, `$ng(ru)`. */
const nginx: HostVariable = {
  name: 'ng', inner: 'required',
  get: () => null,
  bind(inner, _, { options }) {
    const table = options.variables
    const name = inner!.trim().toLowerCase()
    if (table === null || !table.has(name)) throw new ConfigError(`unknown "${name}" variable`, null, 'it is to be a variable of nginx')
    const variable = table.reference(name)
    return { get: ({ subject }) => subject.request === null ? null : variable.value(subject.request), set: null }
  },
}

export const messageVariables: readonly HostVariable[] = [
  ofMessage('hu', (m) => m.kind === 'http' ? m.target : null),
  ofMessage('rm', (m) => m.isRequest ? m.method : m.parsed.cseq?.method ?? null),
  ofMessage('rv', (m) => m.version), ofMessage('mt', (m) => m.isResponse ? 2 : 1), ofMessage('mi', (m) => m.serial),
  ofMessage('rs', (m) => m.isResponse ? m.status : null), ofMessage('rr', (m) => m.isResponse ? m.reason : null),
  ofMessage('rb', (m) => m.body ?? ''), ofMessage('bs', (m) => m.body?.length ?? 0),
  ofMessage('ml', (m, run) => whole(m, run).length), ofMessage('mb', whole), ofMessage('mbu', whole),
  ofMessage('cT', header(H_CONTENT_TYPE)), ofMessage('cl', (m) => lengthOf(m)), ofMessage('ua', header(H_USER_AGENT)),
  { name: 'hdr', inner: 'required', get: getHeader }, { name: 'hfl', inner: 'required', get: getHeader },
  { name: 'conid', inner: 'none', get: (run) => run.subject.request?.connection.serial ?? null },
  headerCount, message, nginx, ...unsupported,
]

function lengthOf(m: Message): ScriptValue {
  const text = m.parsed.header(H_CONTENT_LENGTH)
  return text === null || !/^\d{1,9}$/.test(text) ? null : Number(text)
}
