import type { Cf } from '../conf/cf.ts'
import type { Request } from '../http/request.ts'
import type { BodyPart } from '../http/response.ts'
import type { CallContext } from '../rpc/command.ts'

/**
 * What a guest is being called for: decides which host calls it may make. A bit set, so that a call can name several.
 */
export const Kind = {
  None: 0,
  /** `vespid_abi_1`: names and numbers are handed over. */
  Register: 1,
  /** A directive's set, a conf's create, init or merge. */
  Configure: 2,
  /** A phase or content handler: may answer the request. */
  Handle: 4,
  /** A header filter. */
  HeaderFilter: 8,
  /** A body filter. */
  BodyFilter: 16,
  /** A variable, a select. */
  Look: 32,
  /** An RPC command. */
  Command: 64,
  /** Lifecycle hooks. */
  Life: 128,
  /** Between requests: the guest's garbage collection. */
  Idle: 256,
  /** A log handler. */
  Log: 512,
} as const

/** Kinds in which there is a request to look at. */
export const withRequest = Kind.Handle | Kind.HeaderFilter | Kind.BodyFilter | Kind.Look | Kind.Log

/** Kinds of functions that may wait. */
export const mayWaitIn = Kind.Handle | Kind.HeaderFilter | Kind.BodyFilter | Kind.Log | Kind.Command

/** In words, for messages. */
export function kindInWords(kind: number): string {
  switch (kind) {
    case Kind.Register: return 'registration'
    case Kind.Configure: return 'configuration'
    case Kind.Handle: return 'a handler'
    case Kind.HeaderFilter: return 'a header filter'
    case Kind.BodyFilter: return 'a body filter'
    case Kind.Look: return 'a variable or select'
    case Kind.Log: return 'a log handler'
    case Kind.Command: return 'an RPC command'
    case Kind.Life: return 'a lifecycle hook'
    case Kind.Idle: return 'its idle hook'
    default: return 'no call'
  }
}

/** A handler wishes the request to be answered with the answer to the JSON-RPC document in its body. */
export interface RpcReply {
  readonly type: string
  readonly readOnly: string
  readonly batch: number
}

/** What the last host call that waited gave: bytes, and headers as name, value, name, value … with a NUL behind each. */
export interface Result {
  readonly body: Buffer
  readonly headers: Buffer
}

/**
 * One call into a guest: everything that host calls made during it refer to. An instance keeps a small stack of them
 * and uses them again, so a call allocates nothing.
 */
export class Frame {
  kind: number = Kind.None
  request: Request | null = null
  cf: Cf | null = null
  /** What `argument` reads: words of a directive, the rest of a variable's name, a select's or function's arguments. */
  args: readonly string[] = none
  /** What `answer` gave. */
  answer: string | null = null
  replied = false
  replyStatus = 0
  replyType = ''
  replyBody: Buffer = empty
  redirectUri: string | null = null
  redirectArgs = ''
  part: BodyPart | null = null
  partOut: Buffer | null = null
  params: unknown = undefined
  context: CallContext | null = null
  results: unknown[] | null = null
  failure: { code: number, message: string } | null = null
  rpcReply: RpcReply | null = null
  result: Result | null = null

  /** Forgets the previous call. */
  open(kind: number, request: Request | null): void {
    this.kind = kind
    this.request = request
    this.replied = false
    this.redirectUri = null
    this.rpcReply = null
    this.args = none
    this.answer = null
  }

  /** Lets go of what the call referred to, so that nothing outlives it. */
  close(): void {
    this.kind = Kind.None
    this.request = null
  }

  /** Lets go of the rarely used rest. */
  clear(): void {
    this.cf = null
    this.args = none
    this.part = null
    this.partOut = null
    this.params = undefined
    this.context = null
    this.results = null
    this.failure = null
    this.rpcReply = null
    this.result = null
    this.args = none
  }
}

const none: readonly string[] = []
const empty = Buffer.alloc(0)
