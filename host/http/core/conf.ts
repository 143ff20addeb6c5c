/**
 * The confs of the core http module at the three levels (nginx's ngx_http_core_main/srv/loc_conf_t). Times in ms, sizes
 * in bytes.
 */
import type { Answer } from '../../module.ts'
import type { Log } from '../../core/log.ts'
import type { HttpConfs } from '../../conf/cf.ts'
import type { Bufs, PathLevels } from '../../conf/setters.ts'
import type { Place } from '../../core/place.ts'
import type { VariableTable } from '../../expr/variables.ts'
import type { Template } from '../../expr/template.ts'
import type { Regex } from '../../expr/regex.ts'
import type { TlsServer } from '../../net/tls.ts'
import type { BoundContentHandler, Request } from '../request.ts'
import type { DemandFilters } from '../filters.ts'
import type { BoundBodyFilter, BoundHeaderFilter, BoundInputFilter } from '../response.ts'
import type { LastHead } from '../headwriter.ts'
import type { StepList } from '../phases.ts'
import type { LocationTree } from '../locations.ts'
import type { ListenOptions } from '../listen.ts'

/** The value of a field that no directive has set: `undefined`, whatever the field's type; merging replaces it. */
const unset = undefined as never

/** A size that may be computed per request: bytes, or a template that gives a size in nginx's notation. */
export type SizeValue = number | Template

/**
 * One address that servers listen on, while the configuration is read: its options and the servers in the order of
 * their `listen`.
 */
export interface ListenEntry {
  options: ListenOptions
  readonly servers: CoreSrvConf[]
  defaultServer: CoreSrvConf
  /** What a second `listen` said of ssl, http2 and proxy_protocol, to warn when a third says otherwise. */
  protocols: { bits: number, changed: boolean } | null
}

/** A name of `server_name`: lower-case text, or a regex with its text behind `~`. */
export interface ServerName {
  readonly name: string
  readonly regex: Regex | null
  readonly server: CoreSrvConf
}

/** The http level: what exists once. */
export class CoreMainConf {
  /** The variables of this http{}. */
  readonly variables: VariableTable
  /** Servers in the order of the file. */
  readonly servers: CoreSrvConf[] = []
  /**
   * Every location conf that a request can have: of servers, locations, `if` and `limit_except`, in the order of the
   * file; complete once http{} has been read.
   */
  readonly locations: CoreLocConf[] = []
  /** Addresses in the order of first mention, by their text. */
  readonly listens = new Map<string, ListenEntry>()
  serverNamesHashMaxSize: number = unset
  serverNamesHashBucketSize: number = unset
  variablesHashMaxSize: number = unset
  variablesHashBucketSize: number = unset

  constructor(variables: VariableTable) {
    this.variables = variables
  }
}

/** One `server{}`. */
export class CoreSrvConf {
  readonly main: CoreMainConf
  /** The conf arrays of this server. */
  ctx: HttpConfs = unset
  /** Location conf of the server itself (requests that match no location). */
  location: CoreLocConf = unset
  /** `$server_name`: the first name without a leading dot, a regex with its `~`; '' without a name. */
  serverName: string = ''
  readonly serverNames: ServerName[] = []
  /** A regex name of this server has captures. */
  captures = false
  /** How the server speaks TLS, by the ssl module; null: it has no certificate. */
  tls: TlsServer | null = null
  /** The server has a `listen` of its own. */
  listen = false
  /** Where `server` stands. */
  place: Place | null = null
  /** `@name` locations, the first of a name. */
  readonly named = new Map<string, CoreLocConf>()

  clientHeaderTimeout: number = unset
  clientHeaderBufferSize: number = unset
  largeClientHeaderBuffers: Bufs = unset
  maxHeaders: number = unset
  ignoreInvalidHeaders: boolean = unset
  underscoresInHeaders: boolean = unset
  mergeSlashes: boolean = unset
  connectionPoolSize: number = unset
  requestPoolSize: number = unset
  /** Read the body before the access phases when one of these is neither '' nor '0'; null when not configured. */
  clientBodyEarlyRead: Template[] | null = unset

  constructor(main: CoreMainConf) {
    this.main = main
  }
}

/** One `error_page` code. */
export interface ErrorPage {
  readonly status: number
  /** Status to answer instead: −1 keep the original, 0 the one of the page's own answer. */
  readonly overwrite: number
  /** `/path?args`, `@name` or another location; variables allowed. */
  readonly uri: Template
}

/** `limit_except`: requests with other methods take another configuration. */
export class LimitExcept {
  private readonly methods: ReadonlySet<string>
  /** The configuration of the block. */
  readonly location: CoreLocConf

  constructor(methods: ReadonlySet<string>, location: CoreLocConf) {
    this.methods = methods
    this.location = location
  }

  /** True when requests of that method stay in the location itself. */
  allows(method: string): boolean { return this.methods.has(method) }
}

/** `open_file_cache max= inactive=`; stored only. */
export interface OpenFileCache { readonly max: number, readonly inactive: number }

/** `resolver`: addresses as written, and its parameters; `valid` in seconds, −1 when absent. */
export interface ResolverConf {
  readonly servers: readonly string[]
  readonly valid: number
  readonly ipv4: boolean
  readonly ipv6: boolean
}

/** One `location{}`, `if{}` or `limit_except{}`, or the location level of a server or of http{}. */
export class CoreLocConf {
  /**
   * The name without modifier; a regex's text; of `if` and `limit_except` the name of the location around; '' at server
   * level.
   */
  name = ''
  exact = false
  noregex = false
  regex: Regex | null = null
  named = false
  /** `if` or `limit_except`: never found by name. */
  noname = false
  /** Inside `limit_except`. */
  limitExceptBlock = false
  /** Where the location stands; null at server and http level. */
  place: Place | null = null
  /** The conf array this belongs to (`r.loc`). */
  confs: unknown[] = unset
  /** The locations written directly inside, in order: the input of `locations`. */
  readonly children: CoreLocConf[] = []
  /** Nested locations that are found by URI; null when there are none. */
  locations: LocationTree | null = null
  /**
   * Content handler bound by a directive; replaces the content phase. Not inherited. Given the request and
   * `handlerConf`.
   */
  handler: ((r: Request, conf: any) => Answer) | null = null
  /** What `handler` is given: the conf of the module that bound it. */
  handlerConf: unknown = null
  /**
   * Set by directives like `proxy_pass` in a location whose name ends in `/`: the name without it is answered with 301.
   */
  autoRedirect = false
  limitExcept: LimitExcept | null = null

  // --- files
  /** `root` without a final slash, or `alias`; an absolute path when constant. Variables: made absolute per request. */
  root: Template = unset
  /**
   * 0: `root`. Above: `alias`, that many characters of the URI are replaced. −1: `alias` in a regex location, `root` is
   * the whole path.
   */
  alias: number = 0
  /** Extension in lower case → content type. */
  types: Map<string, string> = unset
  defaultType: string = unset
  etag: boolean = unset
  ifModifiedSince: 'off' | 'exact' | 'before' = unset
  maxRanges: number = unset
  logNotFound: boolean = unset
  disableSymlinks: 'off' | 'on' | 'if_not_owner' = unset
  disableSymlinksFrom: Template | null = unset
  openFileCache: OpenFileCache | null = unset
  openFileCacheErrors: boolean = unset
  openFileCacheEvents: boolean = unset
  openFileCacheMinUses: number = unset
  openFileCacheValid: number = unset
  aio: 'off' | 'on' | 'threads' = unset
  aioWrite: boolean = unset
  directio: number = unset
  directioAlignment: number = unset
  readAhead: number = unset
  sendfile: boolean = unset
  sendfileMaxChunk: number = unset

  // --- request body
  clientMaxBodySize: number = unset
  clientBodyBufferSize: number = unset
  clientBodyTimeout: number = unset
  clientBodyInFileOnly: 'off' | 'on' | 'clean' = unset
  clientBodyInSingleBuffer: boolean = unset
  clientBodyTempPath: PathLevels = unset

  // --- connection
  keepaliveTimeout: number = unset
  /** Seconds to announce in `Keep-Alive: timeout=N`; 0: no such line. */
  keepaliveHeader: number = unset
  keepaliveRequests: number = unset
  keepaliveTime: number = unset
  keepaliveMinTimeout: number = unset
  /** Bits of `KeepaliveDisable`. */
  keepaliveDisable: number = unset
  lingeringClose: 'off' | 'on' | 'always' = unset
  lingeringTime: number = unset
  lingeringTimeout: number = unset
  resetTimedoutConnection: boolean = unset
  tcpNodelay: boolean = unset
  tcpNopush: boolean = unset

  // --- response
  sendTimeout: number = unset
  sendLowat: number = unset
  postponeOutput: number = unset
  outputBuffers: Bufs = unset
  limitRate: SizeValue = unset
  limitRateAfter: SizeValue = unset
  chunkedTransferEncoding: boolean = unset
  serverTokens: 'off' | 'on' | 'build' = unset
  absoluteRedirect: boolean = unset
  portInRedirect: boolean = unset
  serverNameInRedirect: boolean = unset
  msiePadding: boolean = unset
  msieRefresh: boolean = unset
  errorPages: ErrorPage[] | null = unset
  recursiveErrorPages: boolean = unset
  earlyHints: Template[] | null = unset
  gzipVary: boolean = unset
  /** 1000 or 1001: the lowest HTTP version that gets a compressed answer. */
  gzipHttpVersion: number = unset
  /** Bits of `GzipProxied`. */
  gzipProxied: number = unset
  /** User agents that get no compressed answer: regexes, and `msie6`'s rule. */
  gzipDisable: GzipDisable | null = unset

  // --- access and flow
  satisfy: 'all' | 'any' = unset
  authDelay: number = unset
  internal: boolean = unset
  /** URI of a subrequest that is made when the request is over; '' or `off`: none. */
  postAction: string = unset
  logSubrequest: boolean = unset
  subrequestOutputBufferSize: number = unset
  errorLog: Log = unset
  resolver: ResolverConf | null = unset
  resolverTimeout: number = unset
  typesHashMaxSize: number = unset
  typesHashBucketSize: number = unset

  // --- compiled when the configuration is complete
  steps: StepList = unset
  headerFilters: BoundHeaderFilter[] = []
  bodyFilters: BoundBodyFilter[] = []
  /** In the order in which a request body passes them. */
  inputFilters: BoundInputFilter[] = []
  /** What requests may have inserted, of all modules. */
  demandFilters: DemandFilters | null = null
  /** `handler` as the engine runs it. */
  boundHandler: BoundContentHandler | null = null
  /** The engine's memory of the last response head written here. */
  lastHead: LastHead | null = null

  /** The content type of a file name's extension (without dot; '' for none): `types`, else `default_type`. */
  contentType(extension: string): string {
    if (extension === '') return this.defaultType
    return this.types.get(extension) ?? this.types.get(extension.toLowerCase()) ?? this.defaultType
  }
}

/** `gzip_disable`. */
export interface GzipDisable { readonly msie6: boolean, readonly regexes: Regex[] }

/** Bits of `keepalive_disable`. */
export const KeepaliveDisable = { none: 1, msie6: 2, safari: 4 } as const

/** Bits of `gzip_proxied`. */
export const GzipProxied = {
  off: 1, expired: 2, noCache: 4, noStore: 8, private: 16, noLastModified: 32, noEtag: 64, auth: 128, any: 256,
} as const
