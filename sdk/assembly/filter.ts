import * as host from './host'
import { Bytes } from './bytes'
import { Request, request } from './request'
import { Nothing, confOf } from './conf'

/** One part of a response body on its way to the client. */
export class Part {
  /** No part follows. */
  last: bool = false
  /** What came before is to be sent without waiting for more. */
  flush: bool = false
  /** 0 pass on, 1 replaced, 2 held. */
  answer: i32 = 0

  /** How many bytes the part has. */
  get length(): i32 { return host.part_length() }

  /** The bytes, copied. */
  get bytes(): Bytes {
    const n = this.length
    const buffer = new ArrayBuffer(n)
    let got = 0
    while (got < n) {
      const more = host.part(got, changetype<usize>(buffer) + got, n - got)
      if (more <= 0) break
      got += more
    }
    return Bytes.of(buffer, got)
  }

  /**
   * Passes other bytes on in the part's place. The response must have no Content-Length, or one that fits: remove it
   * in a header filter.
   */
  set(bytes: Uint8Array): void {
    host.part_set(bytes.dataStart, bytes.length)
    this.answer = 1
  }

  /** As `set`, with a text as UTF-8. */
  setText(value: string): void {
    const buffer = String.UTF8.encode(value)
    host.part_set(changetype<usize>(buffer), buffer.byteLength)
    this.answer = 1
  }

  /** Passes nothing on for now. */
  hold(): void { this.answer = 2 }
}

const part = new Part()

/**
 * Registers a filter of response bodies. `start` is called once per response and returns the filter's state for it,
 * null to leave it alone; `filter` is called with each part and changes it by `part.set` or `part.hold`.
 */
export function body_filter<S, C = Nothing>(start: (r: Request, conf: C) => S | null, filter: (r: Request, part: Part, state: S) => void): void {
  const begin = (data: usize, stamp: i32, conf: usize): usize => {
    request.stamp = stamp
    const state = call_indirect<usize>(load<u32>(data), changetype<usize>(request), conf)
    return state == 0 ? 0 : __pin(state)
  }
  const each = (data: usize, stamp: i32, state: usize, flags: i32): i32 => {
    request.stamp = stamp
    part.last = (flags & 1) != 0
    part.flush = (flags & 2) != 0
    part.answer = 0
    call_indirect(load<u32>(data, 4), changetype<usize>(request), changetype<usize>(part), state)
    return part.answer
  }
  const end = (data: usize, stamp: i32, state: usize): i32 => {
    __unpin(state)
    return 0
  }
  const both = heap.alloc(8)
  store<u32>(both, start.index)
  store<u32>(both, filter.index, 4)
  host.body_filter(confOf<C>(), begin.index, each.index, end.index, both)
}
