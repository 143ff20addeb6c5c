/** The access log (nginx.md §9). A host module because it writes files. */
import type { Module, Verdict } from '../../module.ts'
import { existsSync } from 'node:fs'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import { Args, OK, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { isTrue } from '../../expr/template.ts'
import { moduleOrder } from '../order.ts'
import { LogLocConf, LogMainConf, defaultLog, setAccessLog, setLogFormat, setOpenLogFileCache } from './directives.ts'
import { writeComputed } from './sink.ts'

const places = Where.Http | Where.Server | Where.Location

function mainConf(cf: Cf): LogMainConf {
  return cf.http!.main[cf.cycle.indexOf(logModule)] as LogMainConf
}

function writeLogs(r: Request, conf: LogLocConf): Verdict {
  const logs = conf.logs!
  for (let i = 0; i < logs.length; i++) {
    const log = logs[i]!
    if (log.condition !== null && !isTrue(log.condition.evaluate(r))) continue
    if (log.sink !== null) log.sink.write(log.format.line(r))
    else writeToComputed(r, log.path!.evaluate(r), log.format.line(r))
  }
  return OK
}

function writeToComputed(r: Request, path: string, line: string): void {
  const { errorLog } = r.location
  writeComputed(path, r.location.root.evaluate(r), line, (message) => errorLog.write(Level.crit, message))
}

/** The log module. */
export const logModule: Module = {
  name: 'log',
  order: moduleOrder.log,
  createMainConf: () => new LogMainConf(),
  createLocConf: () => new LogLocConf(),
  mergeLocConf(cf: Cf, parent: LogLocConf, child: LogLocConf) {
    if (child.logs !== null || child.off) return
    child.logs = parent.logs
    child.off = parent.off
    if (child.logs !== null || child.off) return
    // As the error log and the pid file: a prefix without nginx's logs/ is a project's directory, which gets no files unasked.
    if (existsSync(cf.fullName('logs'))) child.logs = [defaultLog(cf, mainConf(cf))]
    else child.off = true
  },
  directives: [
    { name: 'log_format', where: Where.Http, args: Args.TwoOrMore, conf: 'main', set: setLogFormat },
    {
      name: 'access_log', where: places | Where.LocationIf | Where.LimitExcept, args: Args.OneOrMore, conf: 'loc',
      set: (cf, directive, conf) => setAccessLog(cf, directive, conf, mainConf(cf)),
    },
    { name: 'open_log_file_cache', where: places, args: Args.Take1234, conf: 'loc', set: setOpenLogFileCache },
  ],
  phases: [{ phase: Phase.Log, handler: writeLogs, active: (conf: LogLocConf) => !conf.off && conf.logs !== null }],
}
