import { readSync } from 'node:fs'
import type { BodyPart } from '../../http/response.ts'
import type { Instance } from '../instance.ts'
import type { NativePlugin } from './plugin.ts'
import { Kind, Wish, withRequest } from '../frame.ts'
import { GuestFault } from '../trap.ts'
import { Use } from './registration.ts'
import { ABSENT, HeaderMode, ResponseNumber, bounds } from './abi.ts'

/** The functions that look at, change and give the response. */
export function responseImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  let lastBody = Buffer.alloc(0)
  const before = Kind.Handle | Kind.HeaderFilter
  return {
    response_header: (pointer, length, out, capacity) => {
      const { request } = instance.expect(withRequest, 'response_header')
      const value = request!.headersOut.get(plugin.lowerNamed(pointer!, length!))
      return value === null ? ABSENT : instance.give(value, out!, capacity!)
    },
    response_header_at: (i, part, out, capacity) => {
      const { headersOut } = instance.expect(withRequest, 'response_header_at').request!
      if (i! < 0 || i! >= headersOut.count) return ABSENT
      return instance.give((part === 0 ? headersOut.names : headersOut.values)[i!]!, out!, capacity!)
    },
    response_header_set: (pointer, length, value, valueLength, mode) => {
      const { headersOut } = instance.expect(before, 'response_header_set').request!
      if (mode === HeaderMode.Remove) return headersOut.remove(plugin.lowerNamed(pointer!, length!))
      const name = plugin.field(pointer!, length!, Use.Name)
      const text = plugin.field(value!, valueLength!, Use.Value)
      if (name === null || text === null) return ABSENT
      if (mode === HeaderMode.Set) headersOut.set(name, text)
      else if (mode === HeaderMode.Add) headersOut.append(name, text)
      else throw new GuestFault(`changed a header in mode ${mode}`)
      return 0
    },
    response_number: (field) => {
      const { headersOut } = instance.expect(withRequest, 'response_number').request!
      switch (field) {
        case ResponseNumber.Status: return headersOut.status
        case ResponseNumber.ContentLength: return headersOut.contentLength
        case ResponseNumber.LastModified: return headersOut.lastModified
        case ResponseNumber.HeaderCount: return headersOut.count
        default: throw new GuestFault(`asked for response number ${field}`)
      }
    },
    response_set_number: (field, value) => {
      const { headersOut } = instance.expect(before, 'response_set_number').request!
      if (!Number.isSafeInteger(value) || value! < -1) return ABSENT
      if (field === ResponseNumber.Status && value! >= 200 && value! <= 999) {
        headersOut.status = value!
        headersOut.reason = null
      } else if (field === ResponseNumber.ContentLength) headersOut.contentLength = value!
      else if (field === ResponseNumber.LastModified) headersOut.lastModified = value!
      else return ABSENT
      return 0
    },
    response_trailer: (pointer, length, value, valueLength) => {
      const { headersOut } = instance.expect(before | Kind.BodyFilter, 'response_trailer').request!
      const name = plugin.field(pointer!, length!, Use.Name)
      const text = plugin.field(value!, valueLength!, Use.Value)
      if (name === null || text === null) return ABSENT
      headersOut.trailer(name, text)
      return 0
    },
    reply: (status, type, typeLength, body, bodyLength) => {
      const frame = instance.expect(Kind.Handle, 'reply')
      if (frame.wish === Wish.Repeat) throw new GuestFault('called reply after repeat')
      if (frame.wish !== Wish.None) throw new GuestFault('called reply twice for one request')
      if (status! < 200 || status! > 999) throw new GuestFault(`replied with status ${status}`)
      const contentType = plugin.field(type!, typeLength!, Use.Value)
      if (contentType === null) throw new GuestFault('replied with a content type that holds a line break')
      if (bodyLength! > bounds.body) throw new GuestFault(`replied with ${bodyLength} bytes; ${bounds.body} are allowed`)
      const at = instance.range(body!, bodyLength!)
      frame.replyType = contentType
      frame.replyStatus = status!
      frame.replyBody = lastBody = bodyOf(instance.bytes, at, bodyLength!, lastBody)
      frame.wish = Wish.Reply
    },
    repeat: () => {
      const frame = instance.expect(before, 'repeat')
      if (frame.wish === Wish.None && instance.program.settings.repeat) frame.wish = Wish.Repeat
    },
    redirect: (uri, uriLength, args, argsLength) => {
      const frame = instance.expect(Kind.Handle, 'redirect')
      if (frame.wish !== Wish.None) throw new GuestFault('called redirect after a reply or a redirect')
      const to = instance.text(uri!, uriLength!, 65536)
      if (!/^[/@][^\0]*$/s.test(to)) throw new GuestFault('redirected to something that begins neither with "/" nor with "@"')
      frame.wish = Wish.Redirect
      frame.redirectUri = to
      frame.redirectArgs = instance.text(args!, argsLength!, 65536)
    },
    part_length: () => {
      const { part } = instance.expect(Kind.BodyFilter | Kind.InputFilter, 'part_length')
      return partLength(part!)
    },
    part: (offset, out, capacity) => {
      const frame = instance.expect(Kind.BodyFilter | Kind.InputFilter, 'part')
      if (offset! < 0 || capacity! < 0) throw new GuestFault(`read a part from ${offset}, ${capacity} bytes`)
      return readPart(instance, frame.part!, offset!, out!, capacity!)
    },
    part_set: (pointer, length) => {
      const frame = instance.expect(Kind.BodyFilter | Kind.InputFilter, 'part_set')
      if (length! > bounds.body) throw new GuestFault(`gave a part of ${length} bytes; ${bounds.body} are allowed`)
      const at = instance.range(pointer!, length!)
      frame.partOut = Buffer.from(instance.bytes.subarray(at, at + length!))
    },
  }
}

/**
 * A copy of a body: a slow client, or a filter, may still hold it when the guest's memory has changed. A small body
 * that is the same as the one before it is that one again: a new buffer costs more than all the rest of the call
 * (measured: 120 of 270 ns).
 */
function bodyOf(bytes: Buffer, at: number, length: number, last: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (length === last.length && same(bytes, at, last)) return last
  const copy = Buffer.allocUnsafe(length)
  bytes.copy(copy, 0, at, at + length)
  return copy
}

/** Byte by byte, as far as that is cheaper than a call into native code. */
function same(bytes: Buffer, at: number, last: Buffer): boolean {
  const n = last.length
  if (n > 256) return n <= 4096 && last.compare(bytes, at, at + n) === 0
  for (let i = 0; i < n; i++) if (bytes[at + i] !== last[i]) return false
  return true
}

function partLength(part: BodyPart): number {
  return part.data !== null ? part.data.length : part.file !== null ? part.file.end - part.file.start : 0
}

function readPart(instance: Instance, part: BodyPart, offset: number, out: number, capacity: number): number {
  const at = instance.range(out, capacity)
  const length = Math.min(capacity, partLength(part) - offset)
  if (length <= 0) return 0
  if (part.data !== null) return part.data.copy(instance.bytes, at, offset, offset + length)
  return readSync(part.file!.fd, instance.bytes, at, length, part.file!.start + offset)
}
