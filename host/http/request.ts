import type { Answer, Verdict } from '../module.ts'
import type { LogContext } from '../core/log.ts'
import type { Connection } from './connection.ts'
import type { Running } from './engine.ts'
import type { CoreLocConf, CoreSrvConf } from './core/conf.ts'
import type { BodyPart, RunningBodyFilter } from './response.ts'
import type { Step, StepList } from './phases.ts'
import type { Nest } from './postpone.ts'
import type { HttpMessage } from '../sip/httpmessage.ts'
import type { MessageState } from '../sip/state.ts'
import type { RequestRecord } from './hooks/record.ts'
import type { KeptVerdict } from './kept.ts'
import { DONE, ERROR } from '../module.ts'
import { Level } from '../core/log.ts'
import { extension } from './framing/uri.ts'
import { F_COMPLEX, T_FLAGS, T_PATH_LEN, T_PATH_OFF, T_TARGET_LEN, T_TARGET_OFF, T_URI_LEN, T_URI_OFF } from './framing/table.ts'
import { RequestHead } from './head.ts'
import { RequestBody } from './body.ts'
import { ResponseHeaders } from './response.ts'
import { runPhases } from './phases.ts'
import { finalizeRequest } from './finalize.ts'
import { insertFilter, removeFilter } from './filters.ts'
import type { RequestFilters } from './filters.ts'
import { outputPart, outputWhole } from './output.ts'
import { sendHeader } from './headwriter.ts'
import { internalRedirect, namedLocation } from './redirect.ts'
import { mapToPath } from './path.ts'

/** A location's own content handler, ready to run. */
export interface BoundContentHandler { readonly step: Step }

/**
 * One request (ngx_http_request_t). The connection reuses the object for its next request, so nobody holds it beyond the request's end;
 * who waits compares `serial`. All strings are byte strings: one character per byte.
 */
export class Request implements LogContext {
  connection: Connection
  /** Unique in this worker, counts up (subrequests: down); changes when the object starts on another request. */
  serial = 0
  /** Counts changes of what a plugin was shown of the request (head, URI, arguments). */
  revision = 0

  /** The configuration that the request began with. */
  running!: Running

  // Configuration of the present place.
  main!: unknown[]
  srv!: unknown[]
  loc!: unknown[]
  server!: CoreSrvConf
  location!: CoreLocConf
  steps!: StepList
  step = 0
  contentHandler: BoundContentHandler | null = null

  // The request line.
  method = ''
  /** Normalised and decoded path. */
  uri = ''
  /** After `?`, as received. */
  args = ''
  /** major × 1000 + minor; HTTP/0.9 is 9. */
  version = 0
  /** Validated, lower case, without port and trailing dot; '' if none. */
  host = ''
  /** The port of the Host header or absolute target, 0 if none was given. */
  hostPort = 0
  /** The raw path had %XX (decides re-escaping in `rewrite`). */
  quotedUri = false
  plusInUri = false
  readonly head: RequestHead
  /** Content-Length, −1 when absent. */
  contentLength = -1
  chunkedBody = false
  /** `Expect: 100-continue` is to be answered when the body is wanted. */
  expectContinue = false

  // State.
  parent: Request | null = null
  /** Its part in a tree of subrequests: present in a subrequest and in a request that has made one. */
  nest: Nest | null = null
  /** What hooks keep for it: notes, contexts, its user; null until there is something. */
  hooks: RequestRecord | null = null
  /** Verdicts that handlers give to all requests of this connection; it outlives the request, for the connection's next one. */
  kept: KeptVerdict | null = null
  internal = false
  uriChanged = false
  /** URI changes left; nginx starts at 11, which allows 10. */
  uriChanges = 11
  validLocation = false
  accessCode = 0
  /** Of the last regular expression that matched: `$1`…`$9`. */
  captures: RegExpExecArray | null = null
  /** What selects and scripts see of it (host/sip/httpmessage.ts, messageOf); null until one looks. */
  message: HttpMessage | null = null
  /** What the script that runs on it has changed; null before one has. */
  scriptState: MessageState | null = null
  /** Per module by position; cleared by an internal redirect. */
  readonly ctx: unknown[] = []
  /** Values by variable index; undefined = not evaluated. A subrequest shares its parent's. */
  variables: (string | null | undefined)[] = []
  /** Milliseconds since the epoch. */
  startTime = 0
  errorPage = false
  errStatus = 0
  /** `try_files` found a file in a regex location with `alias`: its URI is appended to the alias (nginx's add_uri_to_alias). */
  addUriToAlias = false
  /** What limit_req and limit_conn decided: once per request, whatever redirects follow; 0 while undecided. */
  limitReqStatus = 0
  limitConnStatus = 0
  headerOnly = false
  headerSent = false
  keepalive = false
  chunked = false
  /** The last body part was passed on. */
  outputDone = false
  finished = true
  private redirected = false
  private cleanups: (() => void)[] | null = null
  bytesSent = 0
  headerSize = 0
  /** Bytes read of it: head and body. */
  requestLength = 0
  /** It came together with the request before it. */
  pipelined = false
  limitRate: number | undefined = undefined
  /** With a limit: nothing more is sent before this time. */
  pausedUntil = 0
  /** What the server is doing for it, for the error log: `sending response to client`; '' where nginx names nothing. */
  action = ''
  /** `SCHEME://SERVER/URI` of the upstream server that the request is passed to, for the error log; '' for none. */
  upstream = ''
  readonly body: RequestBody
  readonly headersOut = new ResponseHeaders()
  runningFilters: RunningBodyFilter[] | null = null
  /** What it has changed of its location's filters. */
  filters: RequestFilters | null = null
  /** The head is made, but leaves with the first bytes of the body. */
  headHeld = false
  /** A body filter's source is at work: what is output meanwhile waits for this; null when nothing is. */
  filtering: Promise<Verdict> | null = null

  constructor(connection: Connection) {
    this.connection = connection
    this.head = new RequestHead(connection.engine.memory)
    this.body = new RequestBody(this)
  }

  /** Makes the object ready for the next request of its connection; what the head says is filled in by the connection. */
  begin(serial: number, now: number): void {
    this.serial = serial
    this.revision = 0
    this.step = 0
    this.startTime = now
    this.parent = this.nest = this.hooks = null
    this.contentHandler = null
    this.internal = this.uriChanged = this.validLocation = this.errorPage = false
    this.uriChanges = 11
    this.accessCode = this.errStatus = this.limitReqStatus = this.limitConnStatus = 0
    this.addUriToAlias = false
    this.captures = this.message = this.scriptState = null
    if (this.ctx.length > 0) this.ctx.length = 0
    if (this.variables.length > 0) this.variables.fill(undefined)
    this.headerOnly = this.headerSent = this.keepalive = this.chunked = this.outputDone = this.finished = this.redirected = false
    this.bytesSent = this.headerSize = 0
    this.limitRate = undefined
    this.pausedUntil = 0
    this.upstream = this.action = ''
    this.runningFilters = this.filtering = this.filters = null
    this.headHeld = false
    this.headersOut.reset()
  }

  /** The client's address in text; `unix:` for unix sockets. */
  get remoteAddress(): string { return this.connection.remoteAddress }
  /** Bytes of the response body sent so far (all bytes but the head). */
  get bodyBytesSent(): number { return Math.max(0, this.bytesSent - this.headerSize) }
  /** Part after the last dot of the last path segment; '' when there is none. */
  get extension(): string { return extension(this.uri) }
  /** The target as received, scheme and host included where the client named them. */
  get target(): string { return this.bare(T_TARGET_OFF, T_TARGET_LEN) ? this.uri : this.head.target() }
  /** Raw target without scheme and host: `$request_uri`. */
  get unparsedUri(): string { return this.bare(T_URI_OFF, T_URI_LEN) ? this.uri : this.head.unparsedUri() }
  /** Whether what lies at this offset of the head is nothing but the path, and `uri` the same text: most targets are. */
  private bare(offset: number, length: number): boolean {
    const { table } = this.head
    return this.revision === 0 && !this.internal && this.parent === null && this.head.received && (table[T_FLAGS]! & F_COMPLEX) === 0 &&
      table[offset] === table[T_PATH_OFF] && table[length] === table[T_PATH_LEN]
  }
  /** The request line as received. */
  get requestLine(): string { return this.head.requestLine() }
  /** The request body when it is in memory, else null. */
  get bodyBuffer(): Buffer | null { return this.body.buffer }
  get bodyFile(): string | null { return this.body.file }

  /** All lines of a header joined by `, ` (cookie: `; `), or null; the name in lower case. */
  header(lower: string): string | null { return this.head.get(lower) }

  /** Changes what the rest of the server sees of the request head. */
  setHeader(name: string, value: string): void { this.head.set(name, value); this.revision++ }
  addHeader(name: string, value: string): void { this.head.add(name, value); this.revision++ }
  removeHeader(lower: string): void { this.head.remove(lower); this.revision++ }

  /** Sets the path; `args` undefined keeps the arguments. Does not search the location again by itself. */
  setUri(uri: string, args?: string): void {
    this.uri = uri
    if (args !== undefined) this.args = args
    this.revision++
  }

  // --- configuration --------------------------------------------------------------------------------------------------------------

  /** Takes another location's configuration, as `if` and `limit_except` do (ngx_http_update_location_config's first half). */
  switchLocation(location: CoreLocConf): void {
    this.location = location
    this.loc = location.confs
    this.steps = location.steps
    this.contentHandler = location.boundHandler
  }

  /** Back to the server's own location conf, before a location is searched. */
  useServerLocation(): void {
    this.switchLocation(this.server.location)
    this.contentHandler = null
  }

  /** Second half of ngx_http_update_location_config: `limit_except`, keep-alive, content handler of the location just taken. */
  applyLocation(): void {
    const except = this.location.limitExcept
    if (except !== null && !except.allows(this.method)) this.switchLocation(except.location)
    if (this.keepalive) this.keepalive = this.connection.mayKeepAlive(this)
  }

  // --- flow -----------------------------------------------------------------------------------------------------------------------

  /** Sleeps until the promise settles, then goes on where `decide` says; the connection keeps what the request needs of its buffers. */
  wait(answer: Promise<Verdict>, decide: (verdict: Verdict) => boolean): void {
    const serial = this.serial
    this.connection.suspend(this)
    answer.then((verdict) => verdict, (error: unknown) => this.handlerFailed(error)).then((verdict) => {
      if (this.serial !== serial || this.finished) return
      this.connection.resume(this, () => { if (decide(verdict)) runPhases(this) })
    })
  }

  /** Ends the request with a verdict, or starts the answer that the verdict calls for; returns whether the phases go on. */
  finalize(rc: Verdict): boolean { return finalizeRequest(this, rc) }

  /** For handlers that answered DONE and finish later by themselves: ends the request and goes on with the connection. */
  finish(rc: Verdict): void {
    this.connection.resume(this, () => { if (this.finalize(rc)) runPhases(this) })
  }

  /** Whether a redirect was made since the last step; the phases then go on at its entry point. */
  takeRedirect(): boolean {
    const was = this.redirected
    this.redirected = false
    return was
  }

  /** Notes that the step index was moved by a redirect. */
  markRedirect(): Verdict {
    this.redirected = true
    return DONE
  }

  /** Restarts at SERVER_REWRITE with another URI (nginx.md §3.6); returns the verdict for the handler to return. */
  internalRedirect(uri: string, args: string): Verdict { return internalRedirect(this, uri, args) }

  /** Goes on at REWRITE of the server's location `@name`; returns the verdict for the handler to return. */
  namedLocation(name: string): Verdict { return namedLocation(this, name) }

  /** Logs what a handler threw, unless it says that this was done (a plugin's trap), and returns the verdict that stands for it: 500. */
  handlerFailed(error: unknown): Verdict {
    const e = error as Error & { readonly logged?: boolean }
    if (e?.logged !== true) this.log(Level.alert, `handler failed: ${e?.message ?? String(error)}${e?.stack ? ` at ${stackPlace(e.stack)}` : ''}`)
    return this.headerSent ? ERROR : 500
  }

  /** Runs `cleanup` when the request is over, however it ends, after the LOG phase (ngx_pool_cleanup_add): closing files and the like. */
  onEnd(cleanup: () => void): void {
    if (this.cleanups === null) this.cleanups = [cleanup]
    else this.cleanups.push(cleanup)
  }

  /** For the engine: runs and forgets what onEnd collected. */
  runCleanups(): void {
    const { cleanups } = this
    // With it goes what a route has kept of the message.
    this.message = this.scriptState = null
    if (cleanups === null) return
    this.cleanups = null
    for (const cleanup of cleanups) cleanup()
  }

  // --- request body -----------------------------------------------------------------------------------------------------------------

  /** Reads the whole body: OK when it is there, else a promise; a status (400, 408, 413, 500) when it cannot be had. */
  readBody(): Answer { return this.body.read() }

  /** For handlers that ignore the body: it is read and dropped in the background. */
  discardBody(): Answer { return this.body.discard() }

  // --- response ---------------------------------------------------------------------------------------------------------------------

  /** Runs the header filters and writes the head: OK, ERROR, or a status that the handler must return. */
  sendHeader(): Answer { return sendHeader(this) }

  /** Passes a body part through the filters to the client; a promise resolves when there is room for more. */
  output(part: BodyPart): Answer { return outputPart(this, part) }

  /** Status, type and the whole body in one call; the request body is discarded. A string is written as bytes (latin1). */
  respond(status: number, contentType: string, body: Buffer | string): Answer {
    const discarded = this.body.discard()
    if (discarded !== 0) return discarded
    const out = this.headersOut
    out.status = status
    out.contentType = contentType
    out.contentLength = body.length
    const rc = this.sendHeader()
    if (rc !== 0) return typeof rc === 'number' ? rc : rc.then((v) => (v !== 0 ? v : this.outputLast(body)))
    return this.outputLast(body)
  }

  private outputLast(body: Buffer | string): Answer {
    return this.headerOnly ? this.outputEnd() : outputWhole(this, body)
  }

  /** Puts a filter that `module` declares as `onDemand` into this request's chains; false when there is none or it is too late (logged). */
  insertFilter(module: string, name: string): boolean { return insertFilter(this, module, name) }

  /** Takes the filter with this state out of the response, or request body, that it is at work on. */
  removeFilter(state: unknown): void { removeFilter(this, state) }

  /** Ends the response without more body. */
  outputEnd(): Answer { return this.output({ data: null, file: null, last: true, flush: false }) }

  /** The file that the URI names by `root` or `alias`, as a byte string. */
  mapToPath(): string { return mapToPath(this) }

  // --- variables and log --------------------------------------------------------------------------------------------------------------

  /** A variable by name at run time; null when it has no value or is unknown. */
  variable(name: string): string | null { return this.connection.engine.variables(this).lookup(this, name) }

  get logSerial(): number { return this.connection.serial }

  logSuffix(): string {
    const server = this.server?.serverName ?? ''
    const host = this.header('host')
    const referer = this.header('referer')
    const line = this.requestLine
    return (this.action === '' ? '' : ` while ${this.action}`) + `, client: ${this.remoteAddress}, server: ${server}` + (line === '' ? '' : `, request: "${line}"`) +
      (this.parent === null ? '' : `, subrequest: "${this.uri}"`) + (this.upstream === '' ? '' : `, upstream: "${this.upstream}"`) +
      (host === null ? '' : `, host: "${host}"`) + (referer === null ? '' : `, referrer: "${referer}"`)
  }

  /** Writes to the location's error log. */
  log(level: number, message: string): void {
    const { errorLog } = this.location
    if (level <= errorLog.level) errorLog.write(level as Level, message, this)
  }
}

/** The first frame of a stack, without the rest: `connection.ts:12:5`. */
function stackPlace(stack: string): string {
  const match = /\(?([^/\s(]+:\d+:\d+)\)?\s*$/m.exec(stack.split('\n')[1] ?? '')
  return match?.[1] ?? 'unknown place'
}
