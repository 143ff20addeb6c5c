/** CONTRACT DRAFT by the lead; owner: the http configuration. The confs of the core http module, as nginx's ngx_http_core_*_conf_t. */
import type { Answer } from '../../module.ts'
import type { Log } from '../../core/log.ts'
import type { HttpConfs } from '../../conf/cf.ts'
import type { Request } from '../request.ts'
import type { LocationTree } from './locations.ts'
import type { Template } from '../../expr/template.ts'
import type { BoundHeaderFilter } from '../response.ts'
import type { BodyFilter } from '../../module.ts'
import type { Step } from '../phases.ts'

export declare class CoreSrvConf {
  /** The conf arrays of this server. */
  ctx: HttpConfs
  /** Location conf of the server itself (requests that match no location). */
  location: CoreLocConf
  serverName: string
  named: Map<string, CoreLocConf>
  clientHeaderTimeout: number; clientHeaderBufferSize: number; largeClientHeaderBuffers: { count: number, size: number }
  maxHeaders: number; ignoreInvalidHeaders: boolean; underscoresInHeaders: boolean; mergeSlashes: boolean
}

export declare class CoreLocConf {
  name: string
  exact: boolean; noregex: boolean; regex: unknown; named: boolean; noname: boolean
  /** The conf array this belongs to (`r.loc`). */
  confs: unknown[]
  /** Nested locations; null when there are none. */
  locations: LocationTree | null
  /** Content handler bound by a directive; replaces the content phase. Not inherited. */
  handler: ((r: Request) => Answer) | null
  autoRedirect: boolean
  limitExcept: { methods: number, location: CoreLocConf } | null
  errorLog: Log
  errorPages: { status: number, overwrite: number, uri: Template }[] | null
  // …every directive of nginx's core module as a field, camelCase of the directive: root alias defaultType types keepaliveTimeout
  // keepaliveHeader clientMaxBodySize clientBodyTimeout sendTimeout satisfy internal etag serverTokens …; times in ms, sizes in bytes
  // --- compiled when the configuration is complete (host/http/phases.ts) ---
  steps: Step[]
  headerFilters: BoundHeaderFilter[]
  bodyFilters: { filter: BodyFilter, conf: unknown }[]
}
