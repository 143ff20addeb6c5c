/** Replays of test/golden/select: recordings of Kamailio 5.6.3, and the table with everything loaded. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { CompiledSelect } from '../../host/expr/select/compile.ts'
import type { Selected, SelectTable } from '../../host/expr/select/table.ts'
import type { HttpRequestView } from '../../host/sip/httpmessage.ts'
import type { Branch, MessageState, TransactionState } from '../../host/sip/state.ts'
import type { Transport } from '../../host/sip/message.ts'
import { ConfigError } from '../../host/core/errors.ts'
import { compileSelect } from '../../host/expr/select/compile.ts'
import { standardSelects } from '../../host/sip/selects/standard.ts'

const folder = fileURLToPath(new URL('../golden/select/', import.meta.url))

/** One recorded evaluation; `value_hex` where the value is not UTF-8. */
export interface Recorded {
  readonly select: string
  readonly result: 'value' | 'null' | 'error' | 'undefined'
  readonly value?: string
  readonly value_hex?: string
  readonly class?: 'must' | 'may'
  readonly quirk?: string
  readonly message: string
  readonly scenario: string
  readonly step: string
  readonly case: string
}

/** The lines of a recording. */
export function recorded<T = Recorded>(name: string): T[] {
  const bytes = readFileSync(folder + name)
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.trimEnd().split('\n').map((line) => JSON.parse(line) as T)
}

/** A recorded file of one base64 text, as a byte string. */
export function recordedBytes(name: string): string {
  return fromBase64(readFileSync(folder + name, 'latin1'))
}

export function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').latin1Slice()
}

/** What was recorded, as an evaluation says it. */
export function expected(v: Recorded): Selected {
  if (v.result === 'null') return null
  if (v.result !== 'value') return undefined
  return v.value_hex !== undefined ? Buffer.from(v.value_hex, 'hex').latin1Slice() : Buffer.from(v.value!, 'utf8').latin1Slice()
}

const settings: Record<string, string> = {
  'core.debug': '-2', 'core.udp_mtu': '0', 'core.udp_mtu_try_proto': '0', 'core.dns_try_naptr': '0', 'core.dns_retr_no': '-1',
  'my.str': 'sip:cfg@host;p=9', 'my.int': '33', 'my.na': '"Disp" <sip:na@host>;q=0.9', 'my.kv': 'a=1;b=2', 'x.x': '',
}

/** Timers that run in the recordings, by name; changed by the tests. */
export const timers = new Map([['t1', true], ['t2', false], ['x', true]])

/** Every select there is, with the settings of the recordings. */
export const everything: SelectTable = standardSelects(() => true, {
  serverId: 7,
  setting: (group, name) => {
    const value = settings[`${group}.${name}`]
    return value === undefined ? null : () => value
  },
  selected: () => () => '',
  timer: (name) => timers.has(name) ? () => timers.get(name)! : null,
})

const compiled = new Map<string, CompiledSelect | ConfigError>()

/** A select of `everything`, or the error that its compilation threw. */
export function compile(text: string): CompiledSelect | ConfigError {
  let found = compiled.get(text)
  if (found === undefined) {
    try {
      found = compileSelect(text, everything)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      found = error
    }
    compiled.set(text, found)
  }
  return found
}

/** Where the recorded SIP messages came from. */
export const loopback: Transport = {
  protocol: 'udp', source: { address: '127.0.0.1', port: 9501 }, destination: { address: '127.0.0.1', port: 9500 },
}

/** State as a script would leave it; fields are set by the tests. */
export class TestState implements MessageState {
  uri: string | null = null
  destination = ''
  flags = 0
  branches: Branch[] = []
  attributes = new Map<string, string>()
  transaction: TransactionState | null = null
  timer: string | null = null

  attribute(name: string): string | null { return this.attributes.get(name) ?? null }
  localAddress(): string { return '127.0.0.1' }
}

/** An HTTP request over its bytes, as the HTTP engine would show it. */
export function httpRequest(text: string): HttpRequestView {
  const head = text.slice(0, text.indexOf('\r\n\r\n'))
  const [line, ...lines] = head.split('\r\n') as [string, ...string[]]
  const [method, target] = line.split(' ') as [string, string]
  const fields = lines.map((field): [string, string] => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1).trim()])
  const body = text.slice(head.length + 4)
  return {
    serial: 1, revision: 0, method, requestLine: line, target,
    head: { count: fields.length, understood: true, name: (i) => fields[i]![0], value: (i) => fields[i]![1] },
    bodyBuffer: Buffer.from(body, 'latin1'),
    connection: { remoteAddress: '127.0.0.1', remotePort: 40000, localAddress: '127.0.0.1', localPort: 9502 },
  }
}

/** Counts evaluations that say what was recorded, and others by the cause that `explain` finds; those without a cause are listed. */
export class Tally {
  passed = 0
  readonly causes: Record<string, number> = {}
  readonly unexplained: string[] = []

  note(v: Recorded, got: Selected, explain: (v: Recorded, got: Selected) => string | null): void {
    if (got === expected(v)) {
      this.passed++
      return
    }
    const cause = explain(v, got)
    if (cause === null) this.unexplained.push(`${v.message ?? v.step ?? v.case} ${v.select}: ${String(got)} and not ${String(expected(v))}`)
    else this.causes[cause] = (this.causes[cause] ?? 0) + 1
  }
}

/** The value of a select on a message; a select that fails to compile is an error. */
export function evaluate(text: string, m: Parameters<CompiledSelect['evaluate']>[0]): Selected {
  const select = compile(text)
  return select instanceof ConfigError ? undefined : select.evaluate(m)
}
