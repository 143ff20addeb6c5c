import { httpModule } from '../http/block.ts'
import { httpCoreModule } from '../http/core/module.ts'
import type { Module } from '../module.ts'
import { geoModule } from './geo/module.ts'
import { logModule } from './log/module.ts'
import { mainModules } from './main/list.ts'
import { mapModule } from './map/module.ts'
import { rewriteModule } from './rewrite/module.ts'
import { splitClientsModule } from './split_clients/module.ts'

/** The host's modules in the order of their confs; `Module.order` alone decides the order of handlers and filters. */
export const hostModules: readonly Module[] = [
  ...mainModules, httpModule, httpCoreModule, logModule, geoModule, mapModule, splitClientsModule, rewriteModule,
]
