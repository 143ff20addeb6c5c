/** CONTRACT DRAFT by the lead: fields and methods are settled, bodies follow. */
import type { Answer, Verdict } from '../module.ts'
import type { LogContext } from '../core/log.ts'
import type { Connection } from './connection.ts'
import type { CoreLocConf, CoreSrvConf } from './core/conf.ts'
import { ResponseHeaders } from './response.ts'
import type { BodyPart } from './response.ts'

/** One request (ngx_http_request_t). Objects are reused by the connection: hold none beyond the request's end. All strings are byte strings. */
export declare class Request implements LogContext {
  readonly connection: Connection
  // --- configuration of the present place; changed by the engine only -------------------------------------------------------------
  main: unknown[]                 // conf arrays by module position (cycle.indexOf(module))
  srv: unknown[]
  loc: unknown[]
  server: CoreSrvConf
  location: CoreLocConf           // r.loc's core conf; root, types, error pages, steps…
  // --- request line ------------------------------------------------------------------------------------------------------------
  method: string                  // 'GET'
  uri: string                     // normalised, decoded path
  args: string                    // after '?', raw
  unparsedUri: string             // raw target path and query: $request_uri
  extension: string               // of uri, without dot
  requestLine: string             // whole line, for logs
  version: number                 // 1001, 1000, 9
  host: string                    // validated, lower-case; '' if none
  quotedUri: boolean              // raw path had %XX ($rewrite re-escaping)
  plusInUri: boolean
  // --- head -------------------------------------------------------------------------------------------------------------------
  header(lower: string): string | null            // all lines joined ', ' (cookie '; '); null when absent
  headerCount: number
  headerName(i: number): string                   // as received
  headerValue(i: number): string
  setHeader(name: string, value: string): void    // replaces all lines of that name in the request
  addHeader(name: string, value: string): void
  removeHeader(lower: string): void
  contentLength: number                           // −1 when absent
  chunkedBody: boolean
  // --- state ------------------------------------------------------------------------------------------------------------------
  internal: boolean
  uriChanged: boolean
  uriChanges: number                              // nginx: 11 → 10 changes allowed
  validLocation: boolean
  captures: RegExpExecArray | null                // of the last regex that ran: $1…$9
  readonly ctx: unknown[]                         // per module (by position), cleared at internal redirect
  readonly variables: (string | null | undefined)[] // cache by variable index, undefined = not evaluated
  readonly startTime: number                      // ms since epoch
  errorPage: boolean                              // an error page is being answered
  errStatus: number
  headerOnly: boolean
  headerSent: boolean
  keepalive: boolean
  chunked: boolean
  finished: boolean
  bytesSent: number; bodyBytesSent: number; requestLength: number
  // --- request body ---------------------------------------------------------------------------------------------------------
  body: Buffer | null             // in memory; null when none, not read, or in a file
  bodyFile: string | null
  /** Reads the whole body (memory, then temporary file): OK at once when it is there or empty; else a promise. Answers a status (413, 400, 408) on failure. */
  readBody(): Answer
  /** Reads and forgets the body in the background; call it in handlers that ignore the body. */
  discardBody(): Answer
  // --- response --------------------------------------------------------------------------------------------------------------
  readonly headersOut: ResponseHeaders
  /** Runs the header filters and writes the head. OK, ERROR, or a status to return from the handler. */
  sendHeader(): Answer
  /** Passes one body part through the body filters to the client; a promise when the client is slow (resolves when there is room). */
  output(part: BodyPart): Answer
  /** Status, type and whole body in one call: discards the request body, sends head and body. Returns the handler's verdict. */
  respond(status: number, contentType: string, body: Buffer | string): Answer
  /** Restarts at SERVER_REWRITE with another URI; returns DONE for the handler to return. */
  internalRedirect(uri: string, args: string): Verdict
  /** Goes on at REWRITE of a named location; returns DONE. */
  namedLocation(name: string): Verdict
  // --- variables and log -----------------------------------------------------------------------------------------------------
  /** Value of a variable by name at run time (slow path; templates are compiled). null when not found or unknown. */
  variable(name: string): string | null
  readonly logSerial: number
  logSuffix(): string
  log(level: number, message: string): void       // to the location's error log
}
