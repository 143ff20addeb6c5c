import { addErrorLog } from '../../conf/errorlog.ts'
import { Level } from '../../core/log.ts'
import { ErrorLog } from '../../core/logfile.ts'
import { Args, Where } from '../../module.ts'
import type { Module } from '../../module.ts'

/** `error_log FILE|stderr [LEVEL];` of the main context; becomes the cycle's log. In the host because it owns files. */
export const errorLogModule: Module = {
  name: 'errlog',
  type: 'core',
  createConf: () => new ErrorLog(),
  initConf(cf, log: ErrorLog) {
    const { cycle } = cf
    if (log.outputs === 0) log.add(cycle.openFiles.get(cycle.options.errorLog), Level.error)
    cycle.log = log
  },
  directives: [
    {
      name: 'error_log', where: Where.Main, args: Args.OneOrMore, conf: 'core',
      set: (cf, _directive, log) => addErrorLog(cf, log),
    },
  ],
}
