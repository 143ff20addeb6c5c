import * as host from './vespid'
import * as text from './text'
import { Field } from './status'

/** The client's address: family 4 or 6 with its bytes, 1 for a unix socket, 0 when unknown. */
export class Address {
  family: i32 = 0
  /** The address in network byte order: one word for family 4, four for 6. */
  a: u32 = 0
  b: u32 = 0
  c: u32 = 0
  d: u32 = 0

  /** The address in text form, `unix:` for a unix socket. */
  toString(): string {
    text.begin()
    const n = host.request_text(Field.RemoteAddress, text.room(), text.roomSize())
    return text.decode(text.out, n)
  }
}
