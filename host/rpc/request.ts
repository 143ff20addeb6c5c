/** Takes JSON-RPC 2.0 documents apart (https://www.jsonrpc.org/specification), for both ways in which they are answered: jsonrpc.ts and documents.ts. */
import { RpcCode, RpcError } from './command.ts'
import type { Command } from './command.ts'

/** The source text proposal, which Node 26 has and TypeScript's library does not declare yet. */
const json = JSON as typeof JSON & { rawJSON(text: string): object, isRawJSON(value: unknown): boolean }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a call says. */
export interface CallObject {
  /** Null: it is no call by the specification (§4). */
  readonly method: string | null
  /** An array, an object, or undefined. */
  readonly params: unknown
  /** The id's JSON text; null when there is none, or something that cannot be one. */
  readonly id: string | null
}

/** Reads a document of UTF-8 bytes; ids that a double cannot hold keep their digits. Throws when it is no JSON. */
export function readDocument(bytes: Buffer): unknown {
  const text = utf8.decode(bytes)
  const value: unknown = JSON.parse(text)
  if (hasWideId(value)) keepWideIds(value, text)
  return value
}

/** Reads one call of a document. */
export function readCall(value: unknown): CallObject {
  const id = member(value, 'id')
  const mayBeId = id === undefined || id === null || typeof id === 'string' || typeof id === 'number' || json.isRawJSON(id)
  const method = member(value, 'method')
  const params = member(value, 'params')
  const sound = mayBeId && member(value, 'jsonrpc') === '2.0' && typeof method === 'string' &&
    (params === undefined || (typeof params === 'object' && params !== null))
  return { method: sound ? method : null, params, id: mayBeId && id !== undefined ? JSON.stringify(id) : null }
}

/** A member of an object, its own; undefined where there is no such member, or no object. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

/** The answer to what is no JSON (§5.1). */
export function parseError(): RpcError {
  return new RpcError(RpcCode.ParseError, 'Parse error')
}

/** The answer to what is JSON and no call (§5.1); `note`: why. */
export function invalidRequest(note = ''): RpcError {
  return new RpcError(RpcCode.InvalidRequest, 'Invalid Request', note === '' ? undefined : { note })
}

/** The answer to a batch of more calls than `most`; null to others. 0: any number may come. */
export function tooMany(calls: number, most: number): RpcError | null {
  return most > 0 && calls > most ? invalidRequest(`a batch may hold at most ${most} calls, not ${calls}`) : null
}

/** The answer to a command that changes the server where the transport is for reading only (`note` says which); null to others. */
export function refusal(command: Command, note: string | undefined): RpcError | null {
  if (command.effect !== 'write' || !note) return null
  return new RpcError(RpcCode.Failed, `command "${command.name}" changes the server and may not be called here`, { note })
}

/** Whether a call of the document has an id that a double cannot hold; the caller must get it back as it was (§5: "the same as the value"). */
function hasWideId(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => !Array.isArray(item) && hasWideId(item))
  const id = member(value, 'id')
  return typeof id === 'number' && !Number.isSafeInteger(id)
}

/** Reads the document again, this time with each id's own digits, and puts those ids in the place of the rounded ones. */
function keepWideIds(value: unknown, text: string): void {
  const exact = JSON.parse(text, (key: string, v: unknown, context?: { source?: string }) => {
    return key === 'id' && typeof v === 'number' ? json.rawJSON(context!.source!) : v
  })
  const calls: unknown[] = Array.isArray(value) ? value : [value]
  const exactCalls: unknown[] = Array.isArray(value) ? exact : [exact]
  calls.forEach((item, i) => {
    if (!Array.isArray(item) && hasWideId(item)) (item as { id: unknown }).id = (exactCalls[i] as { id: unknown }).id
  })
}
