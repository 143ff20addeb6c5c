/** The directives of nginx's ngx_http_v2_module, so that configurations load: HTTP/2 is not served, clients are offered HTTP/1.1. */
import type { Directive, Module } from '../../module.ts'
import { Args, Where } from '../../module.ts'
import { setFlag, setNum, setSize } from '../../conf/setters.ts'

const setHttp2: Directive['set'] = (cf, directive, conf) => {
  const text = setFlag(cf, directive, conf)
  if (typeof text !== 'string' && conf.http2 === true) cf.warn('HTTP/2 is not served yet, clients are offered HTTP/1.1 in its place')
  return text
}

const successors: Readonly<Record<string, string>> = {
  http2_idle_timeout: 'keepalive_timeout', http2_recv_timeout: 'client_header_timeout', http2_max_requests: 'keepalive_requests',
  http2_max_field_size: 'large_client_header_buffers', http2_max_header_size: 'large_client_header_buffers',
}

const obsolete: Directive['set'] = (cf, { name }) => {
  const other = successors[name]
  cf.warn(`the "${name}" directive is obsolete, ${other === undefined ? 'ignored' : `use the "${other}" directive instead`}`)
}

const servers = Where.Http | Where.Server

function srv(name: string, set: Directive['set'], args: number = Args.Take1, where = servers): Directive {
  return { name, where, args, conf: 'srv', set, field: name }
}

/** The v2 module. */
export const http2Module: Module = {
  name: 'http2',
  createSrvConf: () => ({}),
  createLocConf: () => ({}),
  createMainConf: () => ({}),
  // Named by log formats; there is nothing to say while every request is HTTP/1.
  variables: ['http2', 'http3'].map((name) => ({ name, get: () => null })),
  directives: [
    srv('http2', setHttp2, Args.Flag),
    srv('http2_body_preread_size', setSize),
    srv('http2_max_concurrent_streams', setNum),
    srv('http2_pool_size', setSize),
    srv('http2_streams_index_size', setNum),
    { name: 'http2_chunk_size', where: servers | Where.Location, args: Args.Take1, conf: 'loc', set: setSize, field: 'chunkSize' },
    { name: 'http2_recv_buffer_size', where: Where.Http, args: Args.Take1, conf: 'main', set: setSize, field: 'recvBufferSize' },
    ...['idle_timeout', 'recv_timeout', 'max_concurrent_pushes', 'max_field_size', 'max_header_size', 'max_requests']
      .map((name) => srv(`http2_${name}`, obsolete)),
    { name: 'http2_push', where: servers | Where.Location, args: Args.Take1, conf: 'loc', set: obsolete },
    { name: 'http2_push_preload', where: servers | Where.Location, args: Args.Flag, conf: 'loc', set: obsolete },
  ],
}
