import type { Cycle } from '../../cycle.ts'
import type { TransportDefinition } from '../../module.ts'
import type { TransportAnswer, TransportSpec } from '../../net/transports/spec.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import { isAbsolute } from 'node:path'
import { isIP } from 'node:net'
import { missingGrant } from '../../core/grants.ts'
import { Level } from '../../core/log.ts'
import { addressOf } from '../../net/transports/spec.ts'
import { Kind, Wish, kindInWords } from '../frame.ts'
import { GuestFault, Trap, byteString } from '../trap.ts'
import { bounds } from './abi.ts'
import { checkDispatch } from './commands.ts'
import { serve } from './documents.ts'

/** A transport that a plugin has asked for. */
export interface TransportEntry {
  readonly spec: TransportSpec
  readonly receive: GuestFunction
}

const kinds = ['fifo', 'datagram', 'tcp'] as const
/** Transports of one plugin, and the longest document of one, in bytes. */
const mostTransports = 16
const longestDocument = 1 << 24

/** The functions by which a plugin asks for transports and answers their documents. */
export function transportImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    transport: (kind, pointer, length, receive, data) => {
      const { cf, kind: present } = instance.frame
      if (present !== Kind.Configure) {
        throw new GuestFault(`asked for a transport in ${kindInWords(present)}; ask while the configuration is read, in a conf's init (main_conf) or the set of a directive or parameter`)
      }
      const name = kinds[kind!]
      if (name === undefined) throw new GuestFault(`asked for a transport of kind ${kind}`)
      if (plugin.transports.length >= mostTransports) throw new GuestFault(`asked for more than ${mostTransports} transports`)
      const spec = readSpec(name, instance.text(pointer!, length!, 8192), cf === null ? '/' : runDirectory(cf.cycle))
      const address = addressOf(spec)
      const call = instance.required(receive!, data!, `transport ${address}`)
      if (call.waits) throw new GuestFault(`gave a function that waits for transport ${address}`)
      if (!plugin.own && cf?.cycle.grants.has(plugin.name, 'listen', address) !== true) {
        throw new GuestFault(`may not listen on ${address}; ${missingGrant(plugin.name, 'listen', address)}`)
      }
      if (plugin.transports.some((other) => addressOf(other.spec) === address)) throw new GuestFault(`asked for transport ${address} twice`)
      plugin.transports.push({ spec, receive: call })
    },
    rpc_serve: (pointer, length) => {
      const frame = instance.expect(Kind.Script | Kind.Document, 'rpc_serve')
      if (frame.wish !== Wish.None) throw new GuestFault('called rpc_serve twice')
      checkDispatch(plugin)
      frame.dialect = plugin.named(pointer!, length!, 4096)
      frame.wish = Wish.Rpc
    },
    document_answer: (to, toLength, pointer, length) => {
      const frame = instance.expect(Kind.Document, 'document_answer')
      if (length! > bounds.body) throw new GuestFault(`answered a document with ${length} bytes; ${bounds.body} are allowed`)
      const at = instance.range(pointer!, length!)
      frame.documentAnswer = {
        to: toLength === -1 ? null : instance.text(to!, toLength!, bounds.name), bytes: Buffer.from(instance.bytes.subarray(at, at + length!)), understood: true,
      }
    },
  }
}

/** Where relative paths begin: `run_dir` of a Kamailio file, else the prefix; with a slash behind it. */
function runDirectory({ script, options }: Cycle): string {
  const set = script?.settings.findLast(({ name }) => name === 'run_dir')?.value
  return `${String(set ?? options.prefix).replace(/\/+$/, '')}/`
}

/** The transports of a plugin as its module has them. */
export function makeTransports(plugin: NativePlugin): TransportDefinition[] {
  return plugin.transports.map(({ spec, receive }) => ({ spec, receive: (document, peer) => received(plugin, receive, spec, document, peer) }))
}

/** Gives a document to the plugin. What it wishes is done when it has returned; a trap is logged, and there is no answer. */
function received(plugin: NativePlugin, f: GuestFunction, spec: TransportSpec, document: Buffer, peer: string): TransportAnswer | null | Promise<TransportAnswer | null> {
  const { instance } = plugin
  if (instance.faults.blocked) return null
  let wish: { readonly dialect: string | null, readonly answer: TransportAnswer | null }
  try {
    wish = instance.run(Kind.Document, f.label, (frame) => {
      frame.args = [document.latin1Slice(), byteString(peer)]
      frame.documentAnswer = null
      f.calls++
      f.call(f.data)
      return { dialect: frame.wish === Wish.Rpc ? frame.dialect : null, answer: frame.documentAnswer }
    })
  } catch (error) {
    if (!(error instanceof Trap)) throw error
    if (!error.logged) plugin.services.log?.(Level.error, `plugin ${error.plugin} trapped in ${f.label}: ${error.text}`)
    error.logged = true
    return null
  }
  if (wish.dialect === null) return wish.answer
  const outcome = serve(plugin, document, { transport: spec.kind, caller: peer }, wish.dialect)
  return outcome instanceof Promise ? outcome.then(answerOf) : answerOf(outcome)
}

function answerOf({ text, replyName, readable }: { readonly text: string, readonly replyName: string | null, readonly readable: boolean }): TransportAnswer {
  return { bytes: Buffer.from(text, 'utf8'), to: replyName, understood: readable }
}

/** What a guest says of a transport (relative paths begin at `prefix`), a line each: `path=`, `mode=`, `user=`, `group=`, `replies=`, `host=`, `port=`, `limit=`, `timeout=`, `clients=`, `strict=`, `optional=`. */
function readSpec(kind: (typeof kinds)[number], text: string, prefix: string): TransportSpec {
  const given = new Map(text.split('\n').filter((line) => line !== '').map((line) => {
    const at = line.indexOf('=')
    return [line.slice(0, Math.max(at, 0)), Buffer.from(line.slice(at + 1), 'latin1').toString('utf8')] as const
  }))
  const number = (name: string, missing: number, least: number, most: number): number => {
    const word = given.get(name)
    const value = word === undefined ? missing : Number(word)
    if (!Number.isInteger(value) || value < least || value > most) throw new GuestFault(`asked for a transport with ${name} "${word ?? ''}"`)
    return value
  }
  const path = (name: string): string => {
    const value = given.get(name) ?? ''
    if (value === '' || value.includes('\0')) throw new GuestFault(`asked for a transport with ${name} "${value}"`)
    // Joined by hand: the end of the name of a directory of reply fifos counts.
    return isAbsolute(value) ? value : prefix + value
  }
  const common = { limit: number('limit', 65456, 1, longestDocument), strict: given.get('strict') === '1', optional: given.get('optional') === '1' }
  const owner = { mode: number('mode', 0o600, 0, 0o777), user: given.get('user') ?? null, group: given.get('group') ?? null }
  if (kind === 'fifo') return { kind, ...owner, ...common, path: path('path'), replies: path('replies') }
  const timeout = number('timeout', 10_000, 1, 86400_000)
  if (kind === 'datagram' && given.has('path')) return { kind, ...owner, ...common, path: path('path'), host: '', port: 0, timeout }
  const host = given.get('host') ?? ''
  if (isIP(host) === 0) throw new GuestFault(`asked for a transport on "${host}", which is no IP address`)
  const port = number('port', -1, 1, 65535)
  if (kind === 'datagram') return { kind, ...owner, ...common, path: null, host, port, timeout }
  return { kind, ...common, host, port, timeout, clients: number('clients', 64, 1, 65536) }
}
