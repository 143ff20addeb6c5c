/**
 * One RPC command, from the host or a plugin, transport-neutral (Kamailio's rpc_export_t: name, function, documentation).
 * Every transport (JSON-RPC over HTTP, the control socket, later FIFO and datagram) carries the same commands.
 */
export interface Command {
  /** `group.verb`, Kamailio's form: `core.version`, `plugin.reload`. */
  readonly name: string
  /** One line: the call's form, then what it does: `plugin.reload NAME: read the plugin's file anew and replace it`. */
  readonly usage: string
  /** `write` commands change the server; consoles refuse them on GET. */
  readonly effect: 'read' | 'write'
  /** The answer is always an array (Kamailio's RET_ARRAY): transports that speak as Kamailio does show `[]` where there is nothing to show. */
  readonly array?: boolean
  /** What it takes, in order: for consoles and documents; the command itself reads them (host/rpc/scan.ts). */
  readonly parameters?: readonly Parameter[]
  /**
   * Runs the command. `params` is the JSON-RPC params value (array, object or absent). The answer must be JSON. Throws RpcError for an
   * answer that is an error.
   */
  run(params: unknown, context: CallContext): unknown | Promise<unknown>
}

/**
 * One parameter. `int` and `float` take anything, what is no number is 0; `string` takes texts only; `text` also numbers, as unsigned integers
 * (Kamailio's `d f s .s`, kamailio.md §2.8). `rest`: any number of them.
 */
export interface Parameter {
  readonly name: string
  readonly type: 'int' | 'float' | 'string' | 'text'
  readonly optional?: boolean
  readonly rest?: boolean
}

/**
 * An object of an answer in which a name may stand twice (Kamailio's pv.shvGet), or whose order matters where names are numbers. Writers that
 * know it write it as that; for others it is a plain object, or, when a name is there twice, an array of objects with one member each.
 */
export class Members {
  readonly entries: readonly (readonly [string, unknown])[]

  constructor(entries: readonly (readonly [string, unknown])[]) {
    this.entries = entries
  }

  toJSON(): unknown {
    const plain = Object.fromEntries(this.entries)
    return Object.keys(plain).length === this.entries.length ? plain : this.entries.map(([name, value]) => ({ [name]: value }))
  }
}

/** An answer as data that goes from one thread to another: `Members` as JSON has them. */
export function plain(value: unknown): unknown {
  if (value instanceof Members) return plain(value.toJSON())
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}

/** Who calls: for logs and for commands that answer differently by transport. */
export interface CallContext {
  /** `http`, `control`, `fifo`, … */
  readonly transport: string
  /** The caller in words: a client address, or `control socket`. */
  readonly caller: string
  /**
   * Not '': commands that change the server are refused, and this note tells the caller how they are allowed. Plugins see to it for what they
   * carry; absent or '' for the operator's own transports.
   */
  readonly readOnly?: string
  /** The most calls that a batch may hold; absent or 0: any number. */
  readonly batch?: number
  /** How many commands called each other to come to this one; absent or 0: it is called from outside. */
  readonly within?: number
}

/** JSON-RPC 2.0 error codes (specification §5.1); a command's own failures use −32000. */
export const RpcCode = {
  ParseError: -32700, InvalidRequest: -32600, MethodNotFound: -32601, InvalidParams: -32602, InternalError: -32603, Failed: -32000,
} as const

/** An error answer: `code` as JSON-RPC numbers it, `message` for the caller, `data` optional JSON detail (a suggestion, a frame). */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}
