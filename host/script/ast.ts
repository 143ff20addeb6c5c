/**
 * What a routing script is after reading: Kamailio's statements and expressions as a tree with places (kamailio.md §9). The parser (parse.ts) makes it,
 * the compiler (compile.ts) turns it into closures once every module has registered its functions and variables. Nothing in it depends on a request.
 */
import type { Place } from '../core/place.ts'

/** `$name`, `$name(inner)`, `$(name(inner)[index]{transformation}…)`; `inner` and arguments of transformations may hold variables themselves. */
export interface PvNode {
  readonly kind: 'pv'
  readonly place: Place
  /** The whole text as written, with the `$`. */
  readonly source: string
  readonly name: string
  /** What stands in the parentheses, as written; null when there are none. */
  readonly inner: string | null
  /** A number, `*` for all, a variable as index, or null when there is none. */
  readonly index: number | '*' | PvNode | null
  readonly transformations: readonly TransformationNode[]
}

/** What stands between braces: `class.operation,argument,…`. */
export interface TransformationNode {
  /** As written. */
  readonly source: string
  readonly className: string
  readonly operation: string
  /** All that stands behind the first comma, '' without one, and its parts between commas. */
  readonly raw: string
  readonly args: readonly string[]
}

export type UnaryOperator = '!' | '~' | '-' | 'int' | 'str' | 'defined' | 'strlen' | 'strempty'
export type BinaryOperator = '||' | '&&' | '|' | '&' | '^' | '<<' | '>>' | '==' | '!=' | '=~' | 'eq' | 'ne' | 'ieq' | 'ine' |
  '>' | '<' | '>=' | '<=' | '+' | '-' | '*' | '/' | 'mod'

/** `src_ip`, `dst_port`, `proto`, `method`, `msg:len` … compared by the rules of kamailio.md §9.10. */
export interface KeywordTest {
  readonly kind: 'test'
  readonly place: Place
  readonly keyword: 'src_ip' | 'dst_ip' | 'src_port' | 'dst_port' | 'proto' | 'af' | 'method' | 'msg:len' | 'uri' | 'from_uri' | 'to_uri' | 'myself'
  readonly op: '==' | '!=' | '=~' | '>' | '<' | '>=' | '<='
  /** An expression, or the unquoted word, address, `ip/len` or `myself` as written. */
  readonly right: Expression | { readonly kind: 'word', readonly place: Place, readonly text: string }
}

export type Expression =
  | { readonly kind: 'int', readonly place: Place, readonly value: number }
  | { readonly kind: 'string', readonly place: Place, readonly value: string }
  | PvNode
  | { readonly kind: 'select', readonly place: Place, readonly source: string }
  | { readonly kind: 'unary', readonly place: Place, readonly op: UnaryOperator, readonly operand: Expression }
  | { readonly kind: 'binary', readonly place: Place, readonly op: BinaryOperator, readonly left: Expression, readonly right: Expression }
  | { readonly kind: 'selval', readonly place: Place, readonly condition: Expression, readonly yes: Expression, readonly no: Expression }
  | CallNode
  | { readonly kind: 'assign', readonly place: Place, readonly target: PvNode, readonly value: Expression }
  | KeywordTest

/** A call of a script function or, with `name` 'route', of a route. Arguments are constants; functions expand variables in them themselves. */
export interface CallNode {
  readonly kind: 'call'
  readonly place: Place
  readonly name: string
  readonly args: readonly Expression[]
}

export interface SwitchCase {
  readonly place: Place
  /** An int, a string, `{ regex }`, or null for `default`. */
  readonly match: number | string | { readonly regex: string } | null
  readonly body: readonly Statement[]
}

export type Statement =
  | { readonly kind: 'expression', readonly place: Place, readonly value: Expression }
  | { readonly kind: 'if', readonly place: Place, readonly condition: Expression, readonly yes: readonly Statement[], readonly no: readonly Statement[] | null }
  | { readonly kind: 'while', readonly place: Place, readonly condition: Expression, readonly body: readonly Statement[] }
  | { readonly kind: 'switch', readonly place: Place, readonly subject: Expression, readonly cases: readonly SwitchCase[] }
  | { readonly kind: 'return' | 'exit' | 'drop', readonly place: Place, readonly value: Expression | null }
  | { readonly kind: 'break', readonly place: Place }
  | { readonly kind: 'block', readonly place: Place, readonly body: readonly Statement[] }

/** What kind of block: `request_route` has the name ''. */
export type RouteKind = 'request_route' | 'route' | 'event_route' | 'reply_route' | 'onreply_route' | 'failure_route' | 'branch_route' | 'onsend_route'

export interface RouteBlock {
  readonly kind: RouteKind
  readonly name: string
  readonly place: Place
  readonly body: readonly Statement[]
}

/** One `modparam("module|regex", "name", value)`. */
export interface Modparam {
  readonly place: Place
  readonly module: string
  readonly name: string
  readonly value: number | string
}

/** One `listen=` line. */
export interface ScriptListen {
  readonly place: Place
  readonly protocol: 'udp' | 'tcp' | 'tls' | 'sctp' | null
  readonly address: string
  /** 0 when the line names none. */
  readonly port: number
  readonly advertise: string | null
  readonly name: string | null
}

/** A whole Kamailio file after the preprocessor (kamailio.md §9.2, §9.3). */
export interface ScriptFile {
  readonly path: string
  /** Core settings in file order: `name = value`. */
  readonly settings: readonly { readonly place: Place, readonly name: string, readonly value: number | string }[]
  /** `group.name = value` custom configuration variables. */
  readonly variables: readonly { readonly place: Place, readonly group: string, readonly name: string, readonly value: number | string }[]
  readonly listens: readonly ScriptListen[]
  /** loadmodule, in file order, names without `.so` and path; `file` when a plugin's own file (`.wasm`) was named. */
  readonly modules: readonly { readonly place: Place, readonly name: string, readonly file?: string }[]
  readonly modparams: readonly Modparam[]
  readonly routes: readonly RouteBlock[]
  /** Names of `#!define`d words with their values. */
  readonly defines: ReadonlyMap<string, string>
  /** Every file read, the first first (for `watch` and messages). */
  readonly files: readonly string[]
}
