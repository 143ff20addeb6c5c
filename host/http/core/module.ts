/**
 * The core http module: its directives (nginx-directives.csv, ngx_http_core_module) and confs. In the host because they
 * say how the engine itself works.
 *
 * Accepted, checked and stored like all others, but without effect here:
 *
 * | directives | why |
 * |---|---|
 * | sendfile, sendfile_max_chunk, tcp_nopush, output_buffers | Node writes |
 * | aio, aio_write, directio, directio_alignment, read_ahead | Node reads |
 * | open_file_cache, open_file_cache_errors, _events, _min_uses, _valid | no cache of open files |
 * | connection_pool_size, request_pool_size | no pools |
 * | variables_hash_*, server_names_hash_*, types_hash_* | hashes grow by themselves |
 * | send_lowat | as in nginx on Linux |
 * | msie_refresh, gzip_disable's browsers | nobody uses them any more |
 * | resolver, resolver_timeout | the system resolver is asked |
 */
import type { Directive, Module } from '../../module.ts'
import { Args, Where } from '../../module.ts'
import {
  setBitmask, setBufs, setEnum, setFlag, setMsec, setNum, setOff, setPath, setSec, setSize, setStr,
} from '../../conf/setters.ts'
import { CoreLocConf, CoreMainConf, CoreSrvConf, GzipProxied, KeepaliveDisable } from './conf.ts'
import { coreMain, httpCoreName } from './confs.ts'
import { initMain, mergeLocation, mergeServer } from './defaults.ts'
import { setAio, setDirectio, setDisableSymlinks, setOpenFileCache, setRoot, setTypes } from './files.ts'
import { setLimitExcept, setLocation } from './location.ts'
import {
  checkPoolSize, ignoreLowat, setErrorLog, setErrorPage, setGzipDisable, setInternal, setKeepalive, setPredicates,
  setResolver, setSizeValue,
} from './response.ts'
import { setListen, setServer, setServerName } from './server.ts'
import { coreVariables } from './variables.ts'

const { Http, Server, Location, LocationIf } = Where
const everywhere = Http | Server | Location

type Setter = Directive['set']

/** `client_body_timeout` → `clientBodyTimeout`: the field that a standard setter writes. */
function fieldOf(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** A directive of http, server and location. */
function loc(name: string, set: Setter, args: number = Args.Take1, post?: unknown, where = everywhere): Directive {
  return { name, where, args, conf: 'loc', set, field: fieldOf(name), post }
}

/** A directive of http and server. */
function srv(name: string, set: Setter, args: number = Args.Take1, post?: unknown): Directive {
  return { name, where: Http | Server, args, conf: 'srv', set, field: fieldOf(name), post }
}

/** A directive of http alone. */
function main(name: string, set: Setter): Directive {
  return { name, where: Http, args: Args.Take1, conf: 'main', set, field: fieldOf(name) }
}

function flags(...names: string[]): Directive[] {
  return names.map((name) => loc(name, setFlag, Args.Flag))
}

const structure: readonly Directive[] = [
  { name: 'server', where: Http, args: Args.Block | Args.None, conf: 'main', set: setServer },
  { name: 'listen', where: Server, args: Args.OneOrMore, conf: 'srv', set: setListen },
  { name: 'server_name', where: Server, args: Args.OneOrMore, conf: 'srv', set: setServerName },
  { name: 'location', where: Server | Location, args: Args.Block | Args.Take12, conf: 'loc', set: setLocation },
  { name: 'limit_except', where: Location, args: Args.Block | Args.OneOrMore, conf: 'loc', set: setLimitExcept },
  { name: 'internal', where: Location, args: Args.None, conf: 'loc', set: setInternal },
  main('server_names_hash_max_size', setNum),
  main('server_names_hash_bucket_size', setNum),
  main('variables_hash_max_size', setNum),
  main('variables_hash_bucket_size', setNum),
]

const servers: readonly Directive[] = [
  srv('client_header_timeout', setMsec),
  srv('client_header_buffer_size', setSize),
  srv('large_client_header_buffers', setBufs, Args.Take2),
  srv('max_headers', setNum),
  srv('ignore_invalid_headers', setFlag, Args.Flag),
  srv('underscores_in_headers', setFlag, Args.Flag),
  srv('merge_slashes', setFlag, Args.Flag),
  srv('connection_pool_size', setSize, Args.Take1, checkPoolSize),
  srv('request_pool_size', setSize, Args.Take1, checkPoolSize),
  srv('client_body_early_read', setPredicates, Args.OneOrMore),
]

const files: readonly Directive[] = [
  loc('root', setRoot, Args.Take1, undefined, everywhere | LocationIf),
  loc('alias', setRoot, Args.Take1, undefined, Location),
  { name: 'types', where: everywhere, args: Args.Block | Args.None, conf: 'loc', set: setTypes },
  loc('default_type', setStr),
  loc('types_hash_max_size', setNum),
  loc('types_hash_bucket_size', setNum),
  loc('if_modified_since', setEnum, Args.Take1, { off: 'off', exact: 'exact', before: 'before' }),
  loc('max_ranges', setNum),
  loc('disable_symlinks', setDisableSymlinks, Args.Take12),
  loc('open_file_cache', setOpenFileCache, Args.Take12),
  loc('open_file_cache_min_uses', setNum),
  loc('open_file_cache_valid', setSec),
  loc('aio', setAio),
  loc('directio', setDirectio),
  loc('directio_alignment', setOff),
  loc('read_ahead', setSize),
  loc('sendfile', setFlag, Args.Flag, undefined, everywhere | LocationIf),
  loc('sendfile_max_chunk', setSize),
  ...flags('etag', 'log_not_found', 'open_file_cache_errors', 'open_file_cache_events', 'aio_write'),
]

const bodies: readonly Directive[] = [
  loc('client_max_body_size', setOff),
  loc('client_body_buffer_size', setSize),
  loc('client_body_timeout', setMsec),
  loc('client_body_in_file_only', setEnum, Args.Take1, { off: 'off', on: 'on', clean: 'clean' }),
  loc('client_body_temp_path', setPath, Args.Take1234),
  ...flags('client_body_in_single_buffer'),
]

const connections: readonly Directive[] = [
  loc('keepalive_timeout', setKeepalive, Args.Take12),
  loc('keepalive_requests', setNum),
  loc('keepalive_time', setMsec),
  loc('keepalive_min_timeout', setMsec),
  loc('keepalive_disable', setBitmask, Args.Take12, KeepaliveDisable),
  loc('lingering_close', setEnum, Args.Take1, { off: 'off', on: 'on', always: 'always' }),
  loc('lingering_time', setMsec),
  loc('lingering_timeout', setMsec),
  loc('send_timeout', setMsec),
  loc('send_lowat', setSize, Args.Take1, ignoreLowat),
  loc('postpone_output', setSize),
  loc('output_buffers', setBufs, Args.Take2),
  loc('limit_rate', setSizeValue, Args.Take1, undefined, everywhere | LocationIf),
  loc('limit_rate_after', setSizeValue, Args.Take1, undefined, everywhere | LocationIf),
  ...flags('reset_timedout_connection', 'tcp_nodelay', 'tcp_nopush'),
]

const responses: readonly Directive[] = [
  loc('server_tokens', setEnum, Args.Take1, { off: 'off', on: 'on', build: 'build' }),
  { name: 'error_page', where: everywhere | LocationIf, args: Args.TwoOrMore, conf: 'loc', set: setErrorPage },
  loc('early_hints', setPredicates, Args.OneOrMore),
  loc('post_action', setStr, Args.Take1, undefined, everywhere | LocationIf),
  loc('gzip_http_version', setEnum, Args.Take1, { '1.0': 1000, '1.1': 1001 }),
  loc('gzip_proxied', setBitmask, Args.OneOrMore, {
    off: GzipProxied.off, expired: GzipProxied.expired, 'no-cache': GzipProxied.noCache,
    'no-store': GzipProxied.noStore, private: GzipProxied.private, no_last_modified: GzipProxied.noLastModified,
    no_etag: GzipProxied.noEtag, auth: GzipProxied.auth, any: GzipProxied.any,
  }),
  loc('gzip_disable', setGzipDisable, Args.OneOrMore),
  ...flags('chunked_transfer_encoding', 'absolute_redirect', 'port_in_redirect', 'server_name_in_redirect',
    'msie_padding', 'msie_refresh', 'recursive_error_pages', 'gzip_vary'),
]

const flow: readonly Directive[] = [
  loc('satisfy', setEnum, Args.Take1, { all: 'all', any: 'any' }),
  loc('auth_delay', setMsec),
  loc('subrequest_output_buffer_size', setSize),
  loc('resolver', setResolver, Args.OneOrMore),
  loc('resolver_timeout', setMsec),
  { name: 'error_log', where: everywhere, args: Args.OneOrMore, conf: 'loc', set: setErrorLog },
  ...flags('log_subrequest'),
]

/** The core http module; it stands before all other http modules. */
export const httpCoreModule: Module = {
  name: httpCoreName,
  order: 10,
  variables: coreVariables,
  directives: [...structure, ...servers, ...files, ...bodies, ...connections, ...responses, ...flow],
  createMainConf: (cf) => new CoreMainConf(cf.cycle.variables),
  initMainConf: initMain,
  createSrvConf: (cf) => new CoreSrvConf(coreMain(cf)),
  mergeSrvConf: mergeServer,
  createLocConf(cf) {
    const conf = new CoreLocConf()
    conf.confs = cf.http!.loc
    return conf
  },
  mergeLocConf: mergeLocation,
}
