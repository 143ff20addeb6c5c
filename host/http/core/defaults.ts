/** nginx's defaults of the core http module (nginx.md §1.9, nginx-directives.csv) and the merging of its confs. */
import type { Cf } from '../../conf/cf.ts'
import type { CoreLocConf, CoreMainConf, CoreSrvConf } from './conf.ts'
import { initValue, mergeValue, mergeValues } from '../../conf/merge.ts'
import { constantTemplate } from '../../expr/template.ts'
import { bytesOf } from '../../core/text.ts'
import { KeepaliveDisable, GzipProxied } from './conf.ts'

/** nginx's page size on the machines that it is measured on. */
const page = 4096

/** `max_ranges` without a limit (nginx's NGX_MAX_INT32_VALUE). */
const anyNumber = 0x7fffffff

/** Fills the http level's own fields. */
export function initMain(_cf: Cf, conf: CoreMainConf): void {
  initValue(conf, 'serverNamesHashMaxSize', 512)
  initValue(conf, 'serverNamesHashBucketSize', 64)
  initValue(conf, 'variablesHashMaxSize', 1024)
  initValue(conf, 'variablesHashBucketSize', 64)
}

/** Completes a server from the http level; a server without a name answers to the empty one. */
export function mergeServer(cf: Cf, parent: CoreSrvConf, child: CoreSrvConf): void {
  mergeValues(parent, child, {
    clientHeaderTimeout: 60_000, clientHeaderBufferSize: 1024, largeClientHeaderBuffers: { count: 4, size: 8192 },
    maxHeaders: 1000, ignoreInvalidHeaders: true, underscoresInHeaders: false, mergeSlashes: true,
    connectionPoolSize: 512, requestPoolSize: 4096, clientBodyEarlyRead: null,
  })
  if (child.largeClientHeaderBuffers.size < child.connectionPoolSize) {
    cf.fail('the "large_client_header_buffers" size must be equal to or greater than "connection_pool_size"')
  }
  if (child.serverNames.length === 0) child.serverNames.push({ name: '', regex: null, server: child })
  const { name, regex } = child.serverNames[0]!
  child.serverName = regex !== null ? `~${name}` : name.startsWith('.') ? name.slice(1) : name
}

/** Completes a location from the place around it. */
export function mergeLocation(cf: Cf, parent: CoreLocConf, child: CoreLocConf): void {
  if (child.root === undefined && parent.root !== undefined) {
    child.root = parent.root
    child.alias = parent.alias
  }
  if (child.root === undefined) child.root = constantTemplate(bytesOf(cf.fullName('html')))
  if (child.types === undefined) child.types = parent.types ?? defaultTypes()
  mergeValue(parent, child, 'clientBodyTempPath', { name: cf.fullName('client_body_temp'), levels: [] })
  mergeValues(parent, child, flowDefaults)
  mergeValues(parent, child, bodyDefaults)
  mergeValues(parent, child, connectionDefaults)
  mergeValues(parent, child, responseDefaults)
  mergeValues(parent, child, fileDefaults)
}

function defaultTypes(): Map<string, string> {
  return new Map([['html', 'text/html'], ['gif', 'image/gif'], ['jpg', 'image/jpeg']])
}

const flowDefaults: Partial<CoreLocConf> = {
  satisfy: 'all', authDelay: 0, internal: false, postAction: '', logSubrequest: false,
  subrequestOutputBufferSize: page, resolver: null, resolverTimeout: 30_000, typesHashMaxSize: 1024,
  typesHashBucketSize: 64,
  // Null until the main log is known, see `fillErrorLogs`.
  errorLog: null as never,
}

const bodyDefaults: Partial<CoreLocConf> = {
  clientMaxBodySize: 1024 * 1024, clientBodyBufferSize: 2 * page, clientBodyTimeout: 60_000,
  clientBodyInFileOnly: 'off', clientBodyInSingleBuffer: false,
}

const connectionDefaults: Partial<CoreLocConf> = {
  keepaliveTimeout: 75_000, keepaliveHeader: 0, keepaliveRequests: 1000, keepaliveTime: 3_600_000,
  keepaliveMinTimeout: 0, keepaliveDisable: KeepaliveDisable.msie6, lingeringClose: 'on', lingeringTime: 30_000,
  lingeringTimeout: 5_000, resetTimedoutConnection: false, tcpNodelay: true, tcpNopush: false,
}

const responseDefaults: Partial<CoreLocConf> = {
  sendTimeout: 60_000, sendLowat: 0, postponeOutput: 1460, outputBuffers: { count: 2, size: 32_768 }, limitRate: 0,
  limitRateAfter: 0, chunkedTransferEncoding: true, serverTokens: 'on', absoluteRedirect: true, portInRedirect: true,
  serverNameInRedirect: false, msiePadding: true, msieRefresh: false, errorPages: null, recursiveErrorPages: false,
  earlyHints: null, gzipVary: false, gzipHttpVersion: 1001, gzipProxied: GzipProxied.off, gzipDisable: null,
}

const fileDefaults: Partial<CoreLocConf> = {
  defaultType: 'text/plain', etag: true, ifModifiedSince: 'exact', maxRanges: anyNumber, logNotFound: true,
  disableSymlinks: 'off', disableSymlinksFrom: null, openFileCache: null, openFileCacheErrors: false,
  openFileCacheEvents: false, openFileCacheMinUses: 1, openFileCacheValid: 60, aio: 'off', aioWrite: false,
  directio: Infinity, directioAlignment: 512, readAhead: 0, sendfile: false, sendfileMaxChunk: 2 * 1024 * 1024,
}

/** Gives every location without an `error_log` of its own or around it the main one, once that is known. */
export function fillErrorLogs(cf: Cf, main: CoreMainConf): void {
  for (const location of main.locations) location.errorLog ??= cf.cycle.log
}
