/**
 * `load_module` and `plugins`: which plugin files a configuration takes in. In the host because it makes modules out of
 * files.
 */
import { existsSync } from 'node:fs'
import { isGlob } from '../../conf/glob.ts'
import { errnoText, PluginError } from '../../core/errors.ts'
import { bytesOf } from '../../core/text.ts'
import { Args, Where } from '../../module.ts'
import type { Directive, Module } from '../../module.ts'
import { eventsBegun } from './events.ts'

const loadModule: Directive['set'] = (cf) => {
  if (cf.httpBegun || eventsBegun(cf.cycle)) return 'is specified too late'
  const path = cf.fullName(cf.args[1]!)
  if (!isGlob(path) && !existsSync(path)) {
    const file = bytesOf(path)
    const reason = `${file}: cannot open shared object file: No such file or directory`
    throw new PluginError(cf.args[1]!, `dlopen() "${file}" failed (${reason})`)
  }
  cf.addModules(cf.cycle.plugins.loadFile(path, cf.place))
}

const plugins: Directive['set'] = (cf) => {
  if (cf.httpBegun) return 'is specified too late'
  if (cf.args.length === 3 && cf.args[2] !== 'watch') return cf.fail(`invalid parameter "${cf.args[2]}"`, 2)
  const directory = cf.fullName(cf.args[1]!)
  if (!existsSync(directory)) {
    const missing = errnoText({ code: 'ENOENT' } as NodeJS.ErrnoException)
    return cf.fail(`opendir() "${bytesOf(directory)}" failed (${missing})`, 1)
  }
  cf.addModules(cf.cycle.plugins.loadDirectory(directory, cf.args.length === 3, cf.place))
}

/** `load_module FILE|PATTERN;` and `plugins DIRECTORY [watch];`, both before http{}. */
export const pluginsModule: Module = {
  name: 'plugins',
  type: 'core',
  directives: [
    { name: 'load_module', where: Where.Main, args: Args.Take1, conf: 'core', set: loadModule },
    { name: 'plugins', where: Where.Main, args: Args.Take12, conf: 'core', set: plugins },
  ],
}
