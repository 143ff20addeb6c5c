import { readSync, openSync, closeSync } from 'node:fs'
import type { Connection } from '../../http/connection.ts'
import type { Request } from '../../http/request.ts'
import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import { F_COMPLEX, T_FLAGS, T_HEAD_LEN, T_PATH_LEN, T_PATH_OFF, T_WORDS } from '../../http/framing/table.ts'
import { tableOffset } from '../../http/framing/memory.ts'
import { makeShim } from '../shim.ts'
import { withRequest } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { addressWords } from './address.ts'
import { Use } from './registration.ts'
import { ABSENT, HeaderMode, RequestFlag, RequestNumber, RequestText, bounds } from './abi.ts'

/** Words before the table in the arena (docs/abi.md, "The head"). */
const headWords = 8

/** The functions that look at and change the request. */
export function requestImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  const present = (call: string): Request => instance.expect(withRequest, call).request!
  return {
    head: () => pushHead(plugin, instance, present('head')),
    remote_address: (out) => {
      const words = wordsOf(present('remote_address').connection)
      const at = instance.range(out!, 16)
      if ((at & 3) !== 0) throw new GuestFault('gave an address buffer that is not aligned to 4 bytes')
      const to = instance.words32
      const i = at >> 2
      to[i] = words[1]!
      to[i + 1] = words[2]!
      to[i + 2] = words[3]!
      to[i + 3] = words[4]!
      return words[0]!
    },
    request_text: (field, out, capacity) => {
      const r = present('request_text')
      if (field !== RequestText.Uri || !r.head.received || !rawUri(r)) return instance.give(textField(r, field!), out!, capacity!)
      const { table, bytes, base } = r.head
      return instance.giveBytes(bytes, base + table[T_PATH_OFF]!, table[T_PATH_LEN]!, out!, capacity!)
    },
    request_number: (field) => numberField(present('request_number'), field!),
    request_set: (field, pointer, length) => {
      const r = present('request_set')
      const value = instance.text(pointer!, length!, 65536)
      if (field === RequestText.Uri) {
        if (value.charCodeAt(0) !== 47 || value.includes('\0')) return ABSENT
        r.setUri(value)
        r.uriChanged = true
      } else if (field === RequestText.Args) r.setUri(r.uri, value)
      else if (field === RequestText.Method && /^[A-Z_-]{1,32}$/.test(value)) r.method = value
      else return ABSENT
      return 0
    },
    request_header: (pointer, length, out, capacity) => {
      const r = present('request_header')
      const line = length === -1 ? r.head.single(pointer!) : -2
      if (line === ABSENT) return ABSENT
      if (line >= 0) {
        const { table, bytes, base } = r.head
        return instance.giveBytes(bytes, base + table[line + 2]!, table[line + 3]!, out!, capacity!)
      }
      const value = r.header(plugin.lowerNamed(pointer!, length!))
      return value === null ? ABSENT : instance.give(value, out!, capacity!)
    },
    request_header_at: (i, part, out, capacity) => {
      const { head } = present('request_header_at')
      if (i! < 0 || i! >= head.count) return ABSENT
      return instance.give(part === 0 ? head.name(i!) : head.value(i!), out!, capacity!)
    },
    request_header_set: (pointer, length, value, valueLength, mode) => {
      const r = present('request_header_set')
      if (mode === HeaderMode.Remove) {
        r.removeHeader(plugin.lowerNamed(pointer!, length!))
        return 0
      }
      const name = plugin.field(pointer!, length!, Use.Name)
      const text = plugin.field(value!, valueLength!, Use.Value)
      if (name === null || text === null) return ABSENT
      if (mode === HeaderMode.Set) r.setHeader(name, text)
      else if (mode === HeaderMode.Add) r.addHeader(name, text)
      else throw new GuestFault(`changed a header in mode ${mode}`)
      return 0
    },
    body: (offset, out, capacity) => readBody(instance, present('body'), offset!, out!, capacity!),
    conf_of: (type) => plugin.confOf(present('conf_of'), type!),
    variable_get: (pointer, length, out, capacity) => {
      const value = present('variable_get').variable(plugin.named(pointer!, length!, bounds.name))
      return value === null ? ABSENT : instance.give(value, out!, capacity!)
    },
    variable_set: (pointer, length, value, valueLength) => {
      const r = present('variable_set')
      const name = plugin.named(pointer!, length!, bounds.name)
      const text = plugin.named(value!, valueLength!)
      const { assign } = plugin.services
      return (assign === undefined ? r.server.main.variables.assign(r, name, text) : assign(r, name, text)) ? 0 : ABSENT
    },
  }
}

/**
 * Fills the arena: 1 when it is filled, 0 when the guest must ask for everything by calls (no arena, too small, head
 * changed or not there).
 */
function pushHead(plugin: NativePlugin, instance: Instance, r: Request): number {
  const { arenaAt: arena, arenaSize } = plugin.registration
  const { head } = r
  if (head.changed || head.count === 0) return 0
  const { table, bytes, base } = head
  const tableBytes = table[T_WORDS]! * 4
  const headBytes = table[T_HEAD_LEN]!
  const tableAt = arena + headWords * 4
  const headAt = tableAt + tableBytes
  const uri = rawUri(r) ? '' : r.uri
  if (headWords * 4 + tableBytes + headBytes + uri.length > arenaSize) return 0
  const core = r.connection.engine.memory
  if (bytes === core.bytes && table === core.table) {
    (plugin.shim ??= makeShim(core.memory, instance.memory)).head(tableOffset, tableBytes, base, headBytes, tableAt)
  } else {
    instance.bytes.set(new Uint8Array(table.buffer, table.byteOffset, tableBytes), tableAt)
    bytes.copy(instance.bytes, headAt, base, base + headBytes)
  }
  const words = instance.words32
  const i = arena >> 2
  words[i] = tableAt
  words[i + 1] = headAt
  if (uri === '') {
    words[i + 2] = headAt + table[T_PATH_OFF]!
    words[i + 3] = table[T_PATH_LEN]!
  } else {
    instance.bytes.latin1Write(uri, headAt + headBytes, uri.length)
    words[i + 2] = headAt + headBytes
    words[i + 3] = uri.length
  }
  return 1
}

/** A connection's client address in the form that guests get it. */
function wordsOf(c: Connection): readonly number[] {
  const { remoteAddress } = c
  if (c.addressWords !== null && c.addressText === remoteAddress) return c.addressWords
  c.addressText = remoteAddress
  return c.addressWords = addressWords(remoteAddress)
}

/** The URI is the path as it stands in the head. */
function rawUri(r: Request): boolean {
  return r.revision === 0 && !r.internal && (r.head.table[T_FLAGS]! & F_COMPLEX) === 0
}

export function textField(r: Request, field: number): string {
  switch (field) {
    case RequestText.Method: return r.method
    case RequestText.Uri: return r.uri
    case RequestText.Args: return r.args
    case RequestText.UnparsedUri: return r.unparsedUri
    case RequestText.RequestLine: return r.requestLine
    case RequestText.Host: return r.host
    case RequestText.RemoteAddress: return r.remoteAddress
    case RequestText.Location: return r.location.name
    case RequestText.Target: return r.target
    default: throw new GuestFault(`asked for request text ${field}`)
  }
}

function numberField(r: Request, field: number): number {
  switch (field) {
    case RequestNumber.Version: return r.version
    case RequestNumber.HeaderCount: return r.head.count
    case RequestNumber.ContentLength: return r.contentLength
    case RequestNumber.BodyLength: return r.body.inMemory || r.bodyFile !== null ? r.body.length : 0
    case RequestNumber.Flags: return flags(r)
    case RequestNumber.StartTime: return r.startTime
    case RequestNumber.Connection: return r.connection.serial
    case RequestNumber.BytesSent: return r.bytesSent
    case RequestNumber.BodyBytesSent: return r.bodyBytesSent
    case RequestNumber.RequestLength: return r.requestLength
    default: throw new GuestFault(`asked for request number ${field}`)
  }
}

function flags(r: Request): number {
  return (r.internal ? RequestFlag.Internal : 0) | (r.headerOnly ? RequestFlag.HeaderOnly : 0) | (r.headerSent ? RequestFlag.HeaderSent : 0) |
    (r.errorPage ? RequestFlag.ErrorPage : 0) | (r.keepalive ? RequestFlag.KeepAlive : 0) | (r.parent !== null ? RequestFlag.Subrequest : 0) |
    (r.location.satisfy === 'any' ? RequestFlag.SatisfyAny : 0)
}

/** Copies body bytes from `offset` on; returns how many: 0 at the end, or when the body is not there. */
function readBody(instance: Instance, r: Request, offset: number, out: number, capacity: number): number {
  if (offset < 0 || capacity < 0) throw new GuestFault(`read the body from ${offset}, ${capacity} bytes`)
  const at = instance.range(out, capacity)
  const { body, bodyFile } = r
  if (body.inMemory) return body.copyTo(instance.bytes, at, offset, capacity)
  if (bodyFile === null) return 0
  const fd = openSync(bodyFile, 'r')
  try {
    return readSync(fd, instance.bytes, at, capacity, offset)
  } finally {
    closeSync(fd)
  }
}
