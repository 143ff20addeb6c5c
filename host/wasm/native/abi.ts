import type { Signature } from '../binary.ts'
import * as verdict from '../../module.ts'

/**
 * The numbers of ABI 1 (docs/abi.md). They are the ABI's own: nginx's and Apache's verdicts collide, so a guest never
 * sees either.
 */
export const Verdict = { Ok: 1, Declined: 2, Done: 3, Error: 5 } as const

/** The host's verdict for each of the guest's below 100; `undefined` for numbers that are none. */
export const hostVerdict: readonly (number | undefined)[] = [undefined, verdict.OK, verdict.DECLINED, verdict.DONE, undefined, verdict.ERROR]

/** Conf levels as a guest numbers them. */
export const levels = ['main', 'srv', 'loc'] as const

/** What `lifecycle` hooks are called at. */
export const LifecycleEvent = {
  Preconfiguration: 0, Postconfiguration: 1, InitModule: 2, InitProcess: 3, ExitProcess: 4, Idle: 5,
} as const

/** The same in words, by their numbers. */
export const lifecycleNames = ['preconfiguration', 'postconfiguration', 'init_module', 'init_process', 'exit_process', 'idle'] as const

/** Fields of `request_text`. */
export const RequestText = {
  Method: 0, Uri: 1, Args: 2, UnparsedUri: 3, RequestLine: 4, Host: 5, RemoteAddress: 6, Location: 7, Target: 8,
} as const

/** Fields of `request_number`. */
export const RequestNumber = {
  Version: 0, HeaderCount: 1, ContentLength: 2, BodyLength: 3, Flags: 4, StartTime: 5, Connection: 6, BytesSent: 7, BodyBytesSent: 8, RequestLength: 9,
} as const

/** Bits of `request_number(Flags)`. */
export const RequestFlag = { Internal: 1, HeaderOnly: 2, HeaderSent: 4, ErrorPage: 8, KeepAlive: 16, Subrequest: 32, SatisfyAny: 64 } as const

/** Fields of `response_number` and `response_set_number`. */
export const ResponseNumber = { Status: 0, ContentLength: 1, LastModified: 2, HeaderCount: 3 } as const

/** How `request_header_set` and `response_header_set` change a header. */
export const HeaderMode = { Set: 0, Add: 1, Remove: 2 } as const

/** What `activity` tells of the whole server: the fields of host/core/activity.ts, in their order. */
export const ActivityNumber = ['accepted', 'handled', 'requests', 'active', 'reading', 'writing', 'waiting'] as const

/** Bits of a handler's and a variable's `flags`. */
export const HandlerFlag = { Body: 1 } as const
export const VariableFlag = { Prefix: 1, NoCache: 2, Changeable: 4 } as const

/** Bits of a timer's `flags`, and of those that state is registered with. */
export const TimerFlag = { Once: 1, Single: 2 } as const
export const StateFlag = { Required: 1 } as const

/** Kinds of hooks as a guest numbers them, and bits of `hook`'s `flags`. */
export const HookKinds = ['void', 'all', 'first'] as const
export const HookFlag = { Body: 1, Optional: 2 } as const

/** Fields of `connection_text` and `connection_number`. */
export const ConnectionText = { RemoteAddress: 0, LocalAddress: 1, Listen: 2 } as const
export const ConnectionNumber = { Serial: 0, RemotePort: 1, LocalPort: 2, Requests: 3, Created: 4, Secure: 5 } as const

/** What a filter of bodies answers; Leave is added to another. */
export const PartAnswer = { Pass: 0, Replace: 1, Hold: 2, Leave: 4 } as const

/** Kinds of a script function's arguments, four bits each from the first on, 0 ends; of pseudo-variables' parentheses; of values. */
export const ArgumentKind = ['', 'text', 'int', 'regex', 'variable', 'constant', 'select'] as const
export const Inner = ['none', 'required', 'optional'] as const
export const ValueKind = { Null: 0, Int: 1, Text: 2 } as const
/** What `admit` of an event route says; `Always`: for every request of this configuration. */
export const Admitted = { No: 0, Yes: 1, Always: 2 } as const
/** How a pseudo-variable's function is told that there is no index, and that all are wanted. */
export const Index = { None: 0x7fffffff, All: 0x7ffffffe } as const

/** What may follow on a select's text, by the bits of `select`; what its function answers; `select_get` answers Failed where it cannot be told. */
export const SelectNests = ['uri', 'address', 'params', 'header', 'value'] as const
export const SelectAnswer = { Null: 0, Value: 1, Failed: -2 } as const

/** What a length-returning call answers when there is nothing. */
export const ABSENT = -1

/** What `result` and `result_length` are asked for. */
export const ResultPart = { Body: 0, Headers: 1 } as const

/** Bounds that every guest is held to; a call beyond them is a fault. */
export const bounds = {
  /** Registrations of one plugin, all kinds together. */
  registrations: 1024,
  /** Interned names of one plugin. */
  names: 4096,
  /** Longest interned name, header name or variable name. */
  name: 256,
  /** Longest text that crosses in one call other than a body (header values, log lines, JSON). */
  text: 1 << 20,
  /** Longest JSON text in one call: the host parses it without a break. */
  json: 4 << 20,
  /** Longest response body in one call. */
  body: 1 << 26,
  /** Calls within calls in one instance. */
  depth: 16,
  /** Timers of one plugin. */
  timers: 32,
  /** State that one instance hands over to the next configuration, in bytes. */
  state: 4 << 20,
  /** Notes of one request or connection, and the longest one. */
  notes: 256,
  note: 65536,
  /** Commands that call commands. */
  commands: 16,
} as const

/** The functions of module `vespid` with their types; a plugin that imports another name or type is refused. */
export const imports: Readonly<Record<string, Signature>> = {
  name: 'ii>i',
  arena: 'ii>',
  conf: 'iiii>i',
  conf_level: 'iiii>',
  conf_merge: 'iii>',
  directive: 'iiiiiii>i',
  content: 'iiii>',
  phase: 'iiiii>',
  header_filter: 'iii>',
  body_filter: 'iiiii>',
  input_filter: 'iiiii>',
  filter_options: 'iiiiiiii>',
  filter_insert: 'ii>i',
  variable: 'iiiiii>',
  select: 'iiiiiii>',
  select_resolve: 'ii>i',
  select_get: 'iii>i',
  script_function: 'iiiiiii>',
  pseudo_variable: 'iiiiiiiii>',
  transformation: 'iiiiii>',
  parameter: 'iiiiii>',
  event_route: 'iiiiii>',
  event_server: 'iiiii>',
  command: 'iiiiiii>',
  metric: 'iiiiiiiii>i',
  statistic: 'iiiiii>',
  lifecycle: 'iii>',
  hook: 'iiiiiiiiiii>',
  hook_point: 'iii>i',
  argument_count: '>i',
  argument: 'iii>i',
  argument_kind: 'i>i',
  argument_int: 'i>i',
  answer: 'ii>',
  answer_int: 'i>',
  answer_field: 'i>',
  warn: 'ii>',
  template: 'ii>i',
  expand: 'iii>i',
  head: '>i',
  remote_address: 'i>i',
  request_text: 'iii>i',
  request_number: 'i>F',
  request_set: 'iii>i',
  request_header: 'iiii>i',
  request_header_at: 'iiii>i',
  request_header_set: 'iiiii>i',
  body: 'iii>i',
  conf_of: 'i>i',
  variable_get: 'iiii>i',
  variable_set: 'iiii>i',
  response_header: 'iiii>i',
  response_header_at: 'iiii>i',
  response_header_set: 'iiiii>i',
  response_number: 'i>F',
  response_set_number: 'iF>i',
  response_trailer: 'iiii>i',
  request_trailer: 'iiii>i',
  request_trailer_at: 'iiii>i',
  reply: 'iiiii>',
  redirect: 'iiii>',
  repeat: '>',
  part_length: '>i',
  part: 'iii>i',
  part_set: 'ii>',
  log: 'iii>',
  metric_add: 'iiiF>',
  metric_set: 'iiiF>',
  rpc_params: 'ii>i',
  rpc_add: 'iii>',
  rpc_error: 'iii>',
  rpc_call: 'iiii>i',
  rpc_dispatch: 'iiiii>i',
  rpc_reply: 'iiiii>',
  rpc_serve: 'ii>',
  rpc_exec: 'iiii>i',
  rpc_outcome: 'i>i',
  transport: 'iiiii>',
  document_answer: 'iiii>',
  sleep: 'F>',
  fetch: 'iiiiiiiiiii>i',
  subrequest: 'iiiiiiiiii>i',
  subrequest_open: 'iiiiiiiiii>i',
  subrequest_read: 'ii>i',
  subrequest_background: 'iiiiiiiiii>i',
  subrequest_ordered: 'iiiiiiiiiii>i',
  read_body: '>i',
  result: 'iiii>i',
  result_length: 'i>i',
  hook_run: 'i>i',
  context_get: 'i>i',
  context_set: 'ii>',
  context_ended: '>i',
  note_get: 'iiiii>i',
  note_set: 'iiiii>i',
  user_get: 'ii>i',
  user_set: 'ii>',
  connection_text: 'iii>i',
  connection_number: 'i>F',
  activity: 'i>F',
  zone_open: 'ii>i',
  zone_get: 'iiiii>i',
  zone_set: 'iiiiiF>i',
  zone_add: 'iiiiiF>i',
  zone_cas: 'iiiiiiiF>i',
  zone_incr: 'iiiFFFi>i',
  zone_delete: 'iii>i',
  zone_expire: 'iiiF>i',
  zone_ttl: 'iii>F',
  zone_each: 'iiii>i',
  timer: 'iiFiii>',
  state: 'iiiiii>',
  state_put: 'ii>',
  state_read: 'iii>i',
  regex: 'iii>i',
  regex_test: 'iii>i',
  pv: 'ii>i',
  pv_get: 'iii>i',
  pv_int: 'i>i',
  pv_set: 'iiii>i',
  script_reply: 'iiiiiii>i',
  script_header: 'ii>i',
  script_close: '>',
  script_argument: 'iii>',
  script_call: 'ii>i',
  file_read: 'iiiii>i',
  generation: 'i>i',
  reason: 'ii>i',
  db_open: 'ii>i',
  db_dialect: 'i>i',
  db_query: 'iiiiiii>i',
  now: '>F',
  random: 'ii>',
}

/** Those of them that may suspend the guest. */
export const waiting: ReadonlySet<string> = new Set(['sleep', 'db_query', 'fetch', 'subrequest', 'subrequest_open', 'subrequest_read', 'read_body', 'rpc_call', 'rpc_dispatch', 'rpc_exec', 'script_call'])

/** Functions of the host as an instance imports them. */
export type HostFunctions = Record<string, ((...args: number[]) => unknown) | WebAssembly.Suspending>

/** What compilers import by themselves, from module `env` (AssemblyScript's standard library). */
export const environment: Readonly<Record<string, Signature>> = {
  abort: 'iiii>',
  trace: 'iiFFFFF>',
  seed: '>F',
  'Date.now': '>F',
  'performance.now': '>F',
  'console.log': 'i>', 'console.info': 'i>', 'console.debug': 'i>', 'console.warn': 'i>', 'console.error': 'i>',
}
