import type { Request } from '../http/request.ts'
import type { CallContext } from '../rpc/command.ts'
import type { Outcome } from '../rpc/dialect.ts'
import type { Activity } from '../core/activity.ts'

/**
 * What plugins need of layers above this one; the cycle's builder brings it. All members are optional: a thread that
 * only checks a configuration needs none.
 */
export interface Services {
  /** Runs one RPC command: the result, or a promise of it; throws or rejects with RpcError. */
  call?(method: string, params: unknown, context: CallContext): unknown
  /**
   * Runs a JSON-RPC document (UTF-8, `document[start…end)`) and returns the answer's document, '' for none (`dispatch` of
   * host/rpc/jsonrpc.ts).
   */
  dispatch?(document: Buffer, context: CallContext, start?: number, end?: number): string | Promise<string>
  /** The same in a dialect, given in its words (`serveDocument` of host/rpc/documents.ts). */
  serve?(document: Buffer, context: CallContext, dialect: string, start?: number, end?: number): Outcome | Promise<Outcome>
  /** Connections and requests of all workers together. */
  activity?(): Activity
  /** A line for the error log outside of requests. */
  log?(level: number, message: string): void
  /**
   * The place in nginx's module order of a plugin that is shipped with vespid (`moduleOrder` of
   * host/modules/order.ts).
   */
  order?(plugin: string): number | undefined
  /**
   * Assigns to a variable by name; false when it is unknown or cannot be set. Default: the request's server's table.
   */
  assign?(r: Request, name: string, value: string): boolean
}
