import { httpModule } from '../http/block.ts'
import { httpCoreModule } from '../http/core/module.ts'
import type { Module } from '../module.ts'
import { additionModule } from './addition/module.ts'
import { authBasicModule } from './auth_basic/module.ts'
import { authRequestModule } from './auth_request/module.ts'
import { gatewaysModule } from './gateways/module.ts'
import { geoModule } from './geo/module.ts'
import { limitConnModule } from './limit_conn/module.ts'
import { limitReqModule } from './limit_req/module.ts'
import { logModule } from './log/module.ts'
import { mainModules } from './main/list.ts'
import { httpZoneModule } from './main/zone.ts'
import { mapModule } from './map/module.ts'
import { mirrorModule } from './mirror/module.ts'
import { notModifiedModule } from './notmodified/module.ts'
import { postActionModule } from './post_action/module.ts'
import { proxyModule } from './proxy/module.ts'
import { rangeBodyModule, rangeHeaderModule } from './range/module.ts'
import { realipModule } from './realip/module.ts'
import { rewriteModule } from './rewrite/module.ts'
import { scriptModule } from './script/module.ts'
import { sipModule } from './sip/module.ts'
import { splitClientsModule } from './split_clients/module.ts'
import { autoindexModule } from './static/autoindex.ts'
import { gunzipModule } from './gunzip/module.ts'
import { gzipModule } from './gzip/module.ts'
import { gzipStaticModule } from './gzip_static/module.ts'
import { http2Module } from './http2/module.ts'
import { indexModule } from './static/index.ts'
import { sslModule } from './ssl/module.ts'
import { staticModule } from './static/static.ts'
import { tryFilesModule } from './static/tryfiles.ts'
import { unsupportedModule } from './unsupported/module.ts'
import { upstreamModule } from './upstream/module.ts'

/** The host's modules in the order of their confs; `Module.order` alone decides the order of handlers and filters. */
export const hostModules: readonly Module[] = [
  ...mainModules, httpModule, httpCoreModule, logModule, staticModule, autoindexModule, indexModule, tryFilesModule,
  authBasicModule, limitConnModule, limitReqModule, httpZoneModule, geoModule, mapModule, splitClientsModule, rewriteModule,
  sslModule, http2Module, realipModule, upstreamModule, proxyModule, gatewaysModule, gzipModule, gunzipModule,
  gzipStaticModule, rangeHeaderModule, rangeBodyModule, notModifiedModule,
  authRequestModule, mirrorModule, additionModule, postActionModule, scriptModule, sipModule, unsupportedModule,
]
