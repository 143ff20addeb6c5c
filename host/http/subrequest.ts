import type { Verdict } from '../module.ts'
import type { SubrequestDone, Tree as TreeType } from './postpone.ts'
import type { ResponseHeaders } from './response.ts'
import { ERROR, OK } from '../module.ts'
import { Level } from '../core/log.ts'
import { subrequestOver } from './nested.ts'
import { runPhases } from './phases.ts'
import { Nest, Output, Tree, place } from './postpone.ts'
import { Request } from './request.ts'
import { SubrequestStream } from './streaming.ts'

/** Subrequests inside each other at most, and of one main request at most (nginx.md §7). */
const depthLimit = 50
const countLimit = 65535 - 1000
/** Request objects of ended subrequests that an engine keeps. */
const idleLimit = 32

/** How a subrequest is made. */
export interface SubrequestOptions {
  /** Its body: `ordered` (default) becomes part of the response, `memory` is collected for `done`, `stream` is read by `streamSubrequest`'s caller, `none` is dropped. */
  readonly output?: 'ordered' | 'memory' | 'stream' | 'none'
  /** With `stream`: told once that status and headers are there. */
  readonly begun?: (sr: Request) => void
  /** The response does not wait for it, and its failure is nobody's (nginx's BACKGROUND; `mirror`). Has no output. */
  readonly background?: boolean
  /** False: the place in the response is given later, by `placeOf` in what a body filter returns. */
  readonly placed?: boolean
  /** Its handler makes no body. */
  readonly headerOnly?: boolean
  /** Default GET. */
  readonly method?: string
  /** Request headers in place of the parent's: name, value, name, value …; '' removes one. */
  readonly headers?: readonly string[]
  /** A request body of its own; null for none. Default: the parent's, when that has been read. */
  readonly body?: Buffer | null
  /** Told once when its handler is through (its status is in `sr.headersOut.status`), or when the client has gone (499). */
  readonly done?: SubrequestDone
}

/** What a subrequest in memory answered. */
export interface SubrequestAnswer {
  /** OK, or what broke it off: ERROR, 408, 499 (the client has gone). */
  readonly rc: Verdict
  /** Of the answer; when there is none, what stands for it. */
  readonly status: number
  /** Valid until the main request ends. */
  readonly headers: ResponseHeaders
  readonly body: Buffer
}

/**
 * Runs `uri` (a path, decoded) with `args` inside a request, as ngx_http_subrequest does: same server, the parent's headers, its variables shared, from
 * SERVER_REWRITE on, without ACCESS. It starts when the present handler has returned. Null, logged, when there are too many: the caller answers 500.
 */
export function subrequest(r: Request, uri: string, args = '', options: SubrequestOptions = {}): Request | null {
  if (refused(r, uri, options)) return null
  // A head lies in the shared read buffer; a subrequest outlives the present read.
  r.head.detach()
  const nest = r.nest ??= new Nest(new Tree(r), 0, Output.Ordered, false)
  const { tree } = nest
  const output = outputOf(nest, options)
  const sr = make(r)
  sr.nest = new Nest(tree, nest.depth + 1, output, options.background === true)
  sr.nest.done = options.done ?? null
  if (output === Output.Stream) sr.nest.stream = new SubrequestStream(sr.nest, () => options.begun?.(sr))
  sr.headerOnly = options.headerOnly === true
  if (options.method !== undefined) sr.method = options.method
  const { headers = [] } = options
  for (let i = 0; i + 1 < headers.length; i += 2) sr.head.set(headers[i]!, headers[i + 1]!)
  sr.body.lend(options.body === undefined ? r.body : null, options.body ?? null)
  sr.contentLength = sr.body.length > 0 ? sr.body.length : -1
  sr.setUri(uri, args)
  tree.all.push(sr)
  tree.live++
  if (options.placed !== false) place(nest, sr)
  start(sr)
  return sr
}

/**
 * As `subrequest` with `output: 'memory'`, for handlers that wait: a promise of status, headers and body, the latter at most
 * subrequest_output_buffer_size bytes. It never rejects; one that cannot be made is answered as ERROR with status 500.
 */
export function askSubrequest(r: Request, uri: string, args = '', options: SubrequestOptions = {}): Promise<SubrequestAnswer> {
  return new Promise((resolve) => {
    const done: SubrequestDone = (sr, body, rc) => {
      const { headersOut } = sr
      resolve({ rc, status: headersOut.status, headers: headersOut, body: body ?? Buffer.alloc(0) })
      return OK
    }
    const sr = subrequest(r, uri, args, { ...options, output: 'memory', done })
    if (sr === null) resolve({ rc: ERROR, status: 500, headers: r.headersOut, body: Buffer.alloc(0) })
  })
}

/**
 * As `askSubrequest`, for a body that is read piece by piece: `begun` is told status and headers (of a failure, too), then the stream is read to its
 * end, or closed. Null, logged, when it cannot be made.
 */
export function streamSubrequest(r: Request, uri: string, args: string, options: SubrequestOptions, begun: (sr: Request) => void): SubrequestStream | null {
  const done: SubrequestDone = (sr, _body, rc) => {
    sr.nest!.stream!.end(rc)
    return OK
  }
  return subrequest(r, uri, args, { ...options, output: 'stream', begun, done })?.nest!.stream ?? null
}

/** Whether `subrequest` would make this one when `more` others have been made before it; logged. */
export function maySubrequest(r: Request, uri: string, options: SubrequestOptions = {}, more = 0): boolean {
  return !refused(r, uri, options, more)
}

/** Whether there are too many already; logged. */
function refused(r: Request, uri: string, options: SubrequestOptions, more = 0): boolean {
  if (r.finished) return true
  const { nest } = r
  if (nest === null) return false
  if (nest.tree.main.finished) return true
  if (nest.depth >= depthLimit) {
    r.log(Level.error, `subrequests cycle while processing "${uri}"`)
    return true
  }
  if (nest.tree.all.length + more >= countLimit) {
    r.log(Level.crit, `request reference counter overflow while processing "${uri}"`)
    return true
  }
  const ordered = options.background !== true && (options.output ?? 'ordered') === 'ordered'
  if (ordered && (nest.output === Output.Memory || nest.output === Output.Stream)) {
    r.log(Level.error, `nested in-memory subrequest "${uri}"`)
    return true
  }
  return false
}

/** What is inside a subrequest without output has none either. */
function outputOf(parent: Nest, { output, background }: SubrequestOptions): Output {
  if (output === 'memory' && background !== true) return Output.Memory
  if (output === 'stream' && background !== true) return Output.Stream
  return output === 'none' || background === true || parent.output !== Output.Ordered ? Output.None : Output.Ordered
}

/** A request object that is a child of `r`, before what its options say. */
function make(r: Request): Request {
  const { connection } = r
  const { engine } = connection
  const sr = engine.idleSubrequests.pop() ?? new Request(connection)
  sr.connection = connection
  // Serial numbers of subrequests count down: they do not count as requests.
  sr.begin(--engine.subrequestSerial, engine.now)
  sr.parent = r
  sr.internal = true
  sr.running = r.running
  sr.main = r.main
  sr.srv = r.srv
  sr.server = r.server
  sr.method = 'GET'
  sr.version = r.version
  sr.host = r.host
  sr.hostPort = r.hostPort
  sr.quotedUri = sr.plusInUri = sr.chunkedBody = sr.expectContinue = false
  sr.limitReqStatus = r.limitReqStatus
  sr.limitConnStatus = r.limitConnStatus
  sr.requestLength = 0
  sr.variables = r.variables
  sr.head.inherit(r.head)
  sr.useServerLocation()
  sr.step = sr.steps.serverRewrite
  return sr
}

/** Runs it when the present handler has returned (nginx's posted requests). */
function start(sr: Request): void {
  queueMicrotask(() => sr.connection.resume(sr, () => {
    try {
      runPhases(sr)
    } catch (error) {
      subrequestOver(sr, sr.handlerFailed(error))
    }
  }))
}

/** For the post_action module: `uri` (a path or `@name`) is asked when the response is out. */
export function armPostAction(r: Request, uri: string): void {
  if (r.parent !== null) return
  r.nest ??= new Nest(new Tree(r), 0, Output.Ordered, false)
  r.nest.tree.postAction = uri
}

/** Makes the request that comes after the response; it finds the response's numbers in $status, $bytes_sent and $body_bytes_sent. */
export function startPostAction(main: Request, uri: string): void {
  const named = uri.startsWith('@')
  const sr = subrequest(main, named ? main.uri : uri, named ? main.args : '', { background: true, headerOnly: true, method: main.method })
  if (sr === null) return
  sr.headersOut.status = main.headersOut.status
  sr.bytesSent = main.bytesSent
  sr.headerSize = main.headerSize
  if (!named) return
  const rc = sr.namedLocation(uri)
  if (sr.takeRedirect()) return
  subrequestOver(sr, rc)
}

/** Gives the objects of ended subrequests back, without what they refer to. */
export function releaseSubrequests(tree: TreeType): void {
  const { engine } = tree.main.connection
  const idle = engine.idleSubrequests
  // What is kept must not keep a replaced configuration.
  if (tree.main.running !== engine.current) return
  for (const sr of tree.all) {
    if (idle.length >= idleLimit) return
    sr.variables = []
    sr.ctx.length = 0
    sr.nest = sr.parent = sr.captures = sr.runningFilters = null
    idle.push(sr)
  }
}
