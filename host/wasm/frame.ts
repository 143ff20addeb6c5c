import type { Cf } from '../conf/cf.ts'
import type { Connection } from '../http/connection.ts'
import type { Request } from '../http/request.ts'
import type { BodyPart } from '../http/response.ts'
import type { SubrequestOptions } from '../http/subrequest.ts'
import type { SubrequestStream } from '../http/streaming.ts'
import type { TransportAnswer } from '../net/transports/spec.ts'
import type { CallContext } from '../rpc/command.ts'
import type { ScriptRunView, ScriptValue } from '../script/contract.ts'
import type { Message } from '../sip/message.ts'

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
  /** A filter of request bodies. */
  InputFilter: 16384,
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
  /** A timer of its own. */
  Timer: 1024,
  /** Its state is handed over to, or from, another configuration. */
  State: 2048,
  /** A script function; on a message that is no HTTP request, the other. */
  Script: 4096,
  Message: 8192,
  /** A pseudo-variable or transformation where there is no request. */
  Peek: 65536,
  /** A hook of a connection. */
  Connect: 32768,
  /** A document of a transport of its own. */
  Document: 131072,
} as const

/** Kinds in which there is a request to look at. */
export const withRequest = Kind.Handle | Kind.HeaderFilter | Kind.BodyFilter | Kind.InputFilter | Kind.Look | Kind.Log | Kind.Script

/** Kinds of functions that may wait. */
export const mayWaitIn = Kind.Handle | Kind.HeaderFilter | Kind.BodyFilter | Kind.InputFilter | Kind.Log | Kind.Command | Kind.Timer | Kind.Script | Kind.Message

/** In words, for messages. */
export function kindInWords(kind: number): string {
  switch (kind) {
    case Kind.Register: return 'registration'
    case Kind.Configure: return 'configuration'
    case Kind.Handle: return 'a handler'
    case Kind.HeaderFilter: return 'a header filter'
    case Kind.BodyFilter: return 'a body filter'
    case Kind.InputFilter: return 'an input filter'
    case Kind.Look: return 'a variable or select'
    case Kind.Log: return 'a log handler'
    case Kind.Timer: return 'a timer'
    case Kind.Script: return 'a script function'
    case Kind.Message: return 'a script function on a message that is no HTTP request'
    case Kind.Peek: return 'a pseudo-variable or transformation where there is no request'
    case Kind.State: return 'the hand-over of its state'
    case Kind.Command: return 'an RPC command'
    case Kind.Life: return 'a lifecycle hook'
    case Kind.Connect: return 'a hook of a connection'
    case Kind.Document: return 'a document'
    case Kind.Idle: return 'its idle hook'
    default: return 'no call'
  }
}

/** What a handler wishes to be done when it has returned; one wish at most. */
export const Wish = { None: 0, Reply: 1, Redirect: 2, Rpc: 3, Repeat: 4 } as const

/** A handler wishes the request to be answered with the answer to the JSON-RPC document in its body. */
export interface RpcReply {
  readonly type: string
  readonly readOnly: string
  readonly batch: number
}

/** A subrequest that is to be made when the call has returned; its output stands before byte `at` of what the call gives. */
export interface OrderedSubrequest {
  readonly path: string
  readonly query: string
  readonly options: SubrequestOptions
  readonly at: number
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
  /** In hooks of a connection. */
  connection: Connection | null = null
  cf: Cf | null = null
  /** What `argument` reads: words of a directive, the rest of a variable's name, a select's or function's arguments. */
  args: readonly string[] = none
  /** What `answer` gave. */
  answer: string | null = null
  /** One of `Wish`. */
  wish: number = Wish.None
  replyStatus = 0
  replyType = ''
  replyBody: Buffer = empty
  redirectUri = ''
  redirectArgs = ''
  part: BodyPart | null = null
  partOut: Buffer | null = null
  params: unknown = undefined
  context: CallContext | null = null
  results: unknown[] | null = null
  failure: { code: number, message: string } | null = null
  rpcReply: RpcReply | null = null
  /** The words of the dialect in which a document is to be answered (`rpc_serve`). */
  dialect = ''
  /** What `document_answer` gave. */
  documentAnswer: TransportAnswer | null = null
  result: Result | null = null
  /** The subrequest whose body it reads. */
  stream: SubrequestStream | null = null
  /** The script's run that a function, pseudo-variable or transformation was called from, and what it was given. */
  script: ScriptRunView | null = null
  /** Subrequests whose output it wants in the response. */
  ordered: OrderedSubrequest[] | null = null
  values: readonly ScriptValue[] = noValues
  /** The message that a select of the plugin's is evaluated on. */
  message: Message | null = null
  /** What it has put together for another script function. */
  readonly callArguments: ScriptValue[] = []
  /** What `answer_int` gave. */
  number: number | null = null

  /** Forgets the previous call. */
  open(kind: number, request: Request | null): void {
    this.kind = kind
    this.request = request
    this.wish = Wish.None
    this.args = none
    this.answer = null
    this.ordered = null
  }

  /** Lets go of what the call referred to, so that nothing outlives it. */
  close(): void {
    this.kind = Kind.None
    this.request = null
  }

  /** Lets go of the rarely used rest. */
  clear(): void {
    this.cf = null
    this.connection = null
    this.args = none
    this.part = null
    this.partOut = null
    this.params = undefined
    this.context = null
    this.results = null
    this.failure = null
    this.rpcReply = null
    this.documentAnswer = null
    this.result = null
    if (this.stream !== null) {
      this.stream.close()
      this.stream = null
    }
    this.script = null
    this.values = noValues
    this.message = null
    if (this.callArguments.length > 0) this.callArguments.length = 0
    this.args = none
  }
}

const none: readonly string[] = []
const noValues: readonly ScriptValue[] = []
const empty = Buffer.alloc(0)
