// The body of a reply, put together from pieces as bytes: no strings are made on the way (Request.write, Request.send).
import * as host from './vespid'
import { encode } from './text'

const size: i32 = 4096
// @ts-ignore: builtin
const small: usize = memory.data(4096)
/** Where a body lies that has outgrown `small`; kept for the next one. */
let large: ArrayBuffer | null = null
let from: usize = small
let capacity: i32 = size
/** How many bytes were written. */
let used: i32 = 0
/** The request that they are for. */
let owner: i32 = 0

/** Forgets what another request has written and not sent. */
// @ts-ignore: decorator
@inline
export function open(stamp: i32): void {
  if (owner == stamp) return
  owner = stamp
  clear()
}

function clear(): void {
  used = 0
  from = small
  capacity = size
  large = null
}

/** Makes room for `more` bytes behind what was written. */
// @ts-ignore: decorator
@inline
function reserve(more: i32): void {
  if (more > capacity - used) grow(more)
}

function grow(more: i32): void {
  const next = new ArrayBuffer(max(capacity * 2, used + more))
  memory.copy(changetype<usize>(next), from, used)
  large = next
  from = changetype<usize>(next)
  capacity = next.byteLength
}

/** Appends a text as UTF-8. */
export function text(source: string): void {
  reserve(source.length * 3)
  used += encode(source, from + used)
}

/** Appends bytes. */
export function bytes(at: usize, length: i32): void {
  reserve(length)
  memory.copy(from + used, at, length)
  used += length
}

/** Appends a number in decimal digits. */
export function number(value: i64): void {
  reserve(20)
  let rest: u64 = value < 0 ? -value : value
  let digits = 1
  for (let v = rest; v >= 10; v /= 10) digits++
  if (value < 0) store<u8>(from + used++, 45)
  for (let i = digits - 1; i >= 0; i--) {
    store<u8>(from + used + i, 48 + <i32>(rest % 10))
    rest /= 10
  }
  used += digits
}

/** Appends a text of the request (`request_text`), which the host writes where it belongs. */
export function field(which: i32): void {
  let n = host.request_text(which, from + used, capacity - used)
  if (n > capacity - used) {
    reserve(n)
    n = host.request_text(which, from + used, n)
  }
  used += n
}

/** Replies with what was written; `type` and `typeLength` as `reply` takes them. */
export function send(status: i32, type: usize, typeLength: i32): void {
  host.reply(status, type, typeLength, from, used)
  used = 0
  if (large !== null) clear()
}
