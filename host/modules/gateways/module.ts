import type { Module } from '../../module.ts'
import { Args, Where } from '../../module.ts'
import { setPath } from '../../conf/setters.ts'

/**
 * The temporary directories of gateways that vespid does not speak to (FastCGI, uwsgi, SCGI). Configurations name them in their preamble
 * without using the gateways, so they are checked and kept; `fastcgi_pass` and its kin are unknown and say so.
 */
export const gatewaysModule: Module = {
  name: 'gateways',
  directives: ['fastcgi_temp_path', 'uwsgi_temp_path', 'scgi_temp_path'].map((name) => ({
    name, where: Where.Http | Where.Server | Where.Location, args: Args.Take1234, conf: 'loc' as const, set: setPath, field: name,
  })),
  createLocConf: () => ({}),
}
