import * as host from './vespid'
import { Bytes } from './bytes'
import { Request, request } from './request'
import { Nothing, confOf } from './conf'
import { Filter } from './filters'

/** One part of a response body on its way to the client, or of a request body on its way to who handles it. */
export class Part {
  /** No part follows. */
  last: bool = false
  /** What came before is to be sent without waiting for more. */
  flush: bool = false
  /** 0 pass on, 1 replaced, 2 held, a status. */
  answer: i32 = 0
  /** The filter has removed itself. */
  left: bool = false

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

  /** Removes the filter: what follows this part goes by without it. */
  leave(): void { this.left = true }

  /**
   * Answers the request with a status from 400 to 599 in place of the body. Of a response that is possible while its head has not left, which a
   * `buffered` filter can rely on; else the connection is closed.
   */
  refuse(status: i32): void { this.answer = status }
}

const part = new Part()

function begin(data: usize, stamp: i32, conf: usize): usize {
  request.stamp = stamp
  const state = call_indirect<usize>(load<u32>(data), changetype<usize>(request), conf)
  return state == 0 ? 0 : __pin(state)
}

function each(data: usize, stamp: i32, state: usize, flags: i32): i32 {
  request.stamp = stamp
  part.last = (flags & 1) != 0
  part.flush = (flags & 2) != 0
  part.answer = 0
  part.left = false
  call_indirect(load<u32>(data, 4), changetype<usize>(request), changetype<usize>(part), state)
  return part.left && part.answer < 4 ? part.answer + 4 : part.answer
}

function end(data: usize, stamp: i32, state: usize): i32 {
  __unpin(state)
  return 0
}

let bodies: i32 = 0
let inputs: i32 = 0

/** Registers a filter of responses or of requests; `both` are the functions' indices. */
function register(input: bool, conf: i32, start: i32, filter: i32): Filter {
  const both = heap.alloc(8)
  store<u32>(both, start)
  store<u32>(both, filter, 4)
  if (input) {
    host.input_filter(conf, begin.index, each.index, end.index, both)
    return new Filter(1, inputs++)
  }
  host.body_filter(conf, begin.index, each.index, end.index, both)
  return new Filter(0, bodies++)
}

/**
 * Registers a filter of response bodies. `start` is called once per response and returns the filter's state for it,
 * null to leave it alone; `filter` is called with each part and changes it by `part.set` or `part.hold`. The result
 * says more of it: `body_filter<S>(start, filter).buffered(1 << 20)`.
 */
export function body_filter<S, C = Nothing>(start: (r: Request, conf: C) => S | null, filter: (r: Request, part: Part, state: S) => void): Filter {
  return register(false, confOf<C>(), start.index, filter.index)
}

/**
 * Registers a filter of request bodies: as `body_filter`, for what the client sends, before anybody else sees it.
 * `part.refuse(status)` refuses the request.
 */
export function input_filter<S, C = Nothing>(start: (r: Request, conf: C) => S | null, filter: (r: Request, part: Part, state: S) => void): Filter {
  return register(true, confOf<C>(), start.index, filter.index)
}
