import * as host from './vespid'
import * as text from './text'

/**
 * Where a filter stands (Apache's types): a response passes the lower ones first, a request body the higher ones.
 * Numbers between may be used, up to 39.
 */
export enum FilterType {
  /** Changes the content of what the location makes; subrequests pass it by. */
  Resource = 10,
  /** Sees the response with its subrequests: compression. */
  ContentSet = 20,
  /** Behind those. */
  Protocol = 30,
}

/** What becomes of a body that is longer than a buffered filter takes. */
export enum Over {
  /** It is answered 500, a request body 413. */
  Refuse = 0,
  /** It goes on as it is, without the filter. */
  Pass = 1,
}

/** A filter of bodies that was registered: what else is to be said of it. */
export class Filter {
  private kind: i32 = -1
  private limit: i32 = 0
  private over: i32 = 0
  private flags: i32 = 0
  private name: string = ''

  constructor(private readonly input: i32, private readonly index: i32) {}

  /** Its place among the filters; default: where plugins stand in nginx's order. */
  type(type: i32): Filter {
    this.kind = type
    return this.tell()
  }

  /**
   * The filter is called once, with the whole body in one part, up to `limit` bytes. The head of a response waits for
   * it. `over` is one of Over, or the status that is answered to a longer body.
   */
  buffered(limit: i32, over: i32 = Over.Refuse): Filter {
    this.limit = limit
    this.over = over
    return this.tell()
  }

  /** The filter runs only for requests into which `r.addFilter(name)` puts it. */
  onDemand(name: string): Filter {
    this.name = name
    return this.tell()
  }

  /** With `onDemand`: it changes the response's length, which takes Content-Length and ranges from the head. */
  changes(): Filter {
    this.flags = 1
    return this.tell()
  }

  private tell(): Filter {
    text.begin()
    text.put(this.name)
    host.filter_options(this.input, this.index, this.kind, this.limit, this.over, this.flags, text.at, text.length)
    return this
  }
}

/**
 * Puts a filter of this plugin that is registered as `onDemand` into the present request: from handlers, for response
 * bodies also from header filters. False when it is too late: the head has left, or the body has been read.
 */
export function addFilter(name: string): bool {
  text.begin()
  text.put(name)
  return host.filter_insert(text.at, text.length) == 0
}

/** A trailer of the request by name in any case, when its body has been read; or null. */
export function requestTrailer(name: string): string | null {
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  let n = host.request_trailer(at, length, text.room(), text.roomSize())
  if (text.short(n)) n = host.request_trailer(at, length, text.out, n)
  return text.answered(n)
}

/** Name (`part` 0) or value (1) of the request's trailer `i`; null behind the last. */
export function requestTrailerAt(i: i32, part: i32): string | null {
  text.begin()
  let n = host.request_trailer_at(i, part, text.room(), text.roomSize())
  if (text.short(n)) n = host.request_trailer_at(i, part, text.out, n)
  return text.answered(n)
}
