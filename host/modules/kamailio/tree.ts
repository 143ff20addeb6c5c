/** The configuration around the routes of a Kamailio file: its core settings in nginx's words (docs/kamailio.md). */
import { accessSync, constants } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Place } from '../../core/place.ts'
import { bytesOf } from '../../core/text.ts'
import type { CycleOptions } from '../../cycle.ts'
import type { ScriptFile } from '../../script/ast.ts'
import { coreSettings } from '../../script/coresettings.ts'
import { listenersOf } from './listeners.ts'
import type { SipAddress } from './listeners.ts'
import { internal } from './module.ts'
import type { MadeStatement } from './statements.ts'

/** Kamailio's defaults. */
const LIFETIME = 120
const READ_BUFFER = 16384
const CONNECTIONS = 2048
/** Seconds in the place of "for ever", and requests of one connection in the place of "any number". */
const DAY = 86400
const ANY_NUMBER = 1_000_000_000

/** What a file amounts to: the main context without http{}, http{}, and what the user should know. */
export interface MadeConfiguration {
  readonly main: readonly MadeStatement[]
  readonly http: MadeStatement
  readonly warnings: readonly { readonly message: string, readonly place: Place, readonly note: string | null }[]
}

/**
 * The statements for a file. `given` are directives of the main context that the command line (`-g`) has set already.
 */
export function makeConfiguration(file: ScriptFile, options: CycleOptions, given: ReadonlySet<string>): MadeConfiguration {
  const begin: Place = { file: file.path, line: 1, column: 1, length: 1, text: '' }
  const values = new Values(file, begin)
  const main = [...mainStatements(values, options)].filter(({ words }) => !given.has(words[0]!))
  const modules = file.modules.map(({ name, file: path, place }): MadeStatement =>
    path === undefined ? { words: [internal.loadModule, name], place } : { words: ['load_module', path], place })
  const { http, sip, other } = listenersOf(file, begin)
  const routed = file.routes.some(({ kind, name }) => kind === 'request_route' || (kind === 'route' && name === ''))
  const warnings = ignoredSettings(file)
  const [first] = other
  if (first !== undefined) {
    warnings.push({ message: `"listen=${first.protocol}:..." is not served`, place: first.place, note: 'vespid serves SIP over udp and tcp, and HTTP over tcp' })
  }
  const unserved = routed || file.listens.length === 0 ? undefined : sip.find(({ address }) => address.startsWith('udp:'))
  if (unserved !== undefined) warnings.push({ message: '"listen=udp:..." is not served', place: unserved.place, note: 'there is no request_route' })
  const server: MadeStatement[] = [{ words: [internal.server], place: begin }]
  for (const { address, place } of http) server.push({ words: ['listen', address], place })
  const block = [...httpStatements(values), { words: [internal.routes], place: begin }]
  if (http.length > 0) block.push({ words: ['server'], place: http[0]!.place, block: server })
  if (routed && sip.length > 0) block.push({ words: ['sip'], place: sip[0]!.place, block: sipStatements(values, file, sip) })
  const events = values.statement('worker_connections', 'tcp_max_connections', (n) => n > 0 ? n : CONNECTIONS, CONNECTIONS)
  return {
    main: [...main, { words: ['events'], place: begin, block: [events] }, ...modules],
    http: { words: ['http'], place: begin, block },
    warnings,
  }
}

/** The `sip` block; its routes are those of http{}. */
function sipStatements(values: Values, file: ScriptFile, sip: readonly SipAddress[]): MadeStatement[] {
  const statements: MadeStatement[] = sip.map(({ address, place, advertise, name }) =>
    ({ words: ['listen', address, ...(advertise === null ? [] : [`advertise=${advertise}`]), ...(name === null ? [] : [`name=${name}`])], place }))
  for (const { name, value, place } of file.settings) {
    if (name === 'alias') statements.push({ words: ['alias', String(value).replace(/^(?:udp|tcp|tls|sctp):/i, '')], place })
  }
  const lifetime = values.number('tcp_connection_lifetime') ?? LIFETIME
  return [
    ...statements, { words: ['idle_timeout', `${lifetime <= 0 || lifetime > DAY ? DAY : lifetime}s`], place: values.begin },
    values.statement('max_message_size', 'tcp_rd_buf_size', (bytes) => Math.max(512, Math.min(bytes, 1 << 26)), READ_BUFFER),
  ]
}

/** Settings by name, the last one counting. */
class Values {
  readonly #file: ScriptFile
  readonly begin: Place

  constructor(file: ScriptFile, begin: Place) {
    this.#file = file
    this.begin = begin
  }

  find(...names: string[]): { place: Place, value: number | string } | undefined {
    return this.#file.settings.findLast(({ name }) => names.includes(name))
  }

  number(name: string): number | null {
    const value = this.find(name)?.value
    return typeof value === 'number' ? value : null
  }

  /** A directive whose word is made of a number setting; `standard` where that is not set. */
  statement(directive: string, setting: string, word: (value: number) => number | string, standard: number): MadeStatement {
    return { words: [directive, String(word(this.number(setting) ?? standard))], place: this.find(setting)?.place ?? this.begin }
  }
}

function* mainStatements(values: Values, options: CycleOptions): Generator<MadeStatement> {
  const { begin } = values
  const user = values.find('user')
  const group = values.find('group')
  if (user !== undefined) yield { words: ['user', String(user.value), ...(group === undefined ? [] : [String(group.value)])], place: user.place }
  const directory = values.find('wdir', 'workdir')
  if (directory !== undefined) yield { words: ['working_directory', String(directory.value)], place: directory.place }
  const pid = pidFile(values, options)
  if (pid !== null) yield { words: ['pid', pid], place: begin }
  const fork = values.find('fork')
  if (fork?.value === 0) yield { words: ['master_process', 'off'], place: fork.place }
  yield { words: ['worker_processes', String(workers(values))], place: values.find('tcp_children', 'children')?.place ?? begin }
  const target = values.number('log_stderror') === 1 ? 'stderr' : bytesOf(options.errorLog)
  yield { words: ['error_log', target, logLevel(values.number('debug') ?? 0)], place: values.find('debug')?.place ?? begin }
}

/** HTTP is served by Kamailio's tcp processes; more threads than processors only cost. Nothing said: one, in which `$var` is what it is there. */
function workers(values: Values): number {
  const count = values.number('tcp_children') ?? values.number('children') ?? 1
  return Math.max(1, Math.min(count, availableParallelism()))
}

/** In `run_dir`; else in the prefix, or where that cannot be written, in the user's run-time directory. */
function pidFile(values: Values, options: CycleOptions): string | null {
  const directory = values.find('run_dir')
  if (directory !== undefined) return `${String(directory.value).replace(/\/+$/, '')}/vespid.pid`
  try {
    accessSync(options.prefix, constants.W_OK)
  } catch {
    const own = process.env['XDG_RUNTIME_DIR']
    if (own !== undefined && own.startsWith('/')) return bytesOf(`${own}/vespid.pid`)
  }
  return null
}

/** Kamailio's levels (3 debug … -5 alert) as nginx's. */
function logLevel(debug: number): string {
  if (debug >= 3) return 'debug'
  if (debug <= -5) return 'alert'
  return ({ 2: 'info', 1: 'notice', 0: 'warn', [-1]: 'error' } as Record<number, string>)[debug] ?? 'crit'
}

function httpStatements(values: Values): MadeStatement[] {
  const seconds = (lifetime: number): string => `${lifetime < 0 || lifetime > DAY ? DAY : lifetime}s`
  const waiting = (lifetime: number): string => `${lifetime <= 0 || lifetime > DAY ? DAY : lifetime}s`
  const size = (bytes: number): number => Math.max(512, Math.min(bytes, 1 << 26))
  const buffers = values.statement('large_client_header_buffers', 'tcp_rd_buf_size', size, READ_BUFFER)
  return [
    values.statement('keepalive_timeout', 'tcp_connection_lifetime', seconds, LIFETIME),
    { words: ['keepalive_requests', String(ANY_NUMBER)], place: values.begin },
    values.statement('client_header_timeout', 'tcp_connection_lifetime', waiting, LIFETIME),
    values.statement('client_body_timeout', 'tcp_connection_lifetime', waiting, LIFETIME),
    values.statement('client_max_body_size', 'tcp_rd_buf_size', size, READ_BUFFER),
    { words: [buffers.words[0]!, '4', buffers.words[1]!], place: buffers.place },
    { words: ['access_log', 'off'], place: values.begin },
  ]
}

function ignoredSettings(file: ScriptFile): { message: string, place: Place, note: string | null }[] {
  const told = new Set<string>()
  const list = []
  for (const { name, place } of file.settings) {
    if (coreSettings.get(name) !== 'ignored' || told.has(name)) continue
    told.add(name)
    list.push({ message: `"${name}" has no effect in vespid`, place, note: null })
  }
  return list
}
