import type { Cf } from '../../conf/cf.ts'
import type { ScriptFile } from '../../script/ast.ts'
import type { ScriptLocConf, ScriptMainConf } from './conf.ts'
import { addRoute } from './blocks.ts'
import { scriptMain, scriptModule } from './module.ts'
import { setModparam } from './modparam.ts'

/**
 * Takes a Kamailio file into http{}: its routes hold for every server, its module parameters and settings for
 * everything. The modules that it loads are there, with their confs. Mistakes are reported.
 */
export function enterScript(cf: Cf, file: ScriptFile): void {
  const main = scriptMain(cf)
  main.file = true
  main.debug = 0
  for (const { name, value } of file.settings) setting(main, name, value)
  for (const { name, place } of file.modules) main.named.set(name, place)
  const conf = cf.http!.loc[cf.cycle.indexOf(scriptModule)] as ScriptLocConf
  for (const block of file.routes) addRoute(cf, conf, block)
  for (const param of file.modparams) setModparam(cf, main, param)
}

/** The core settings that concern scripts; the others are the reader's. */
function setting(main: ScriptMainConf, name: string, value: number | string): void {
  switch (name) {
    case 'debug': main.debug = Number(value); break
    case 'max_while_loops': main.maxWhileLoops = Number(value); break
    case 'max_recursive_level': main.maxRecursiveLevel = Number(value); break
    case 'pv_buffer_size': main.pvBufferSize = Number(value); break
    case 'server_header': main.serverLine = String(value); break
    case 'server_signature': if (Number(value) === 0) main.serverLine = ''; break
  }
}
