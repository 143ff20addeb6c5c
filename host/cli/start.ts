import { formatProblems, wantsColor } from '../conf/report.ts'
import { Level } from '../core/log.ts'
import { ErrorLog, stderrLog } from '../core/logfile.ts'
import { Master } from '../master.ts'
import { obeySignals } from '../master/signals.ts'
import { StartLog } from '../master/startlog.ts'
import { loadHeadModule } from '../http/framing/wasmhead.ts'
import { coreConf } from '../modules/main/core.ts'
import { becomeDaemon, daemonParent } from './daemon.ts'
import type { ServerArguments } from './options.ts'
import { resolveOptions } from './paths.ts'

/** Serves: in this process, or with `daemon on` in one that stays when this one has ended. Returns the exit code, or null while it serves. */
export async function startServer(given: ServerArguments): Promise<number | null> {
  const options = resolveOptions(given, false)
  const parent = daemonParent()
  const say = parent?.say ?? ((text: string) => void process.stderr.write(text))
  const color = parent === null && wantsColor(process.stderr, process.env)
  const master = new Master(options, loadHeadModule())
  const candidate = master.build(stderrLog(Level.warn))
  const { cycle, ok } = candidate.built
  const quiet = cycle.log instanceof ErrorLog && cycle.log.toStderr
  if (ok) for (const { level, error } of cycle.problems) if (!quiet) cycle.log.write(Level[level], error.line)
  say(formatProblems(cycle.problems, { color }))
  if (!ok) return 1
  const conf = coreConf(cycle)
  if (conf.daemon && parent === null) {
    cycle.openFiles.closeAll()
    return becomeDaemon(quiet)
  }
  process.title = `vespid: master process ${process.argv.slice(2).join(' ')}`.trimEnd()
  obeySignals(() => master.log, {
    stop: (graceful) => master.shutdown(graceful),
    // What came of it stands in the log: a signal has nobody to answer.
    reload: () => void master.control.reload().catch(() => {}),
    reopen: () => void master.control.reopen(),
  })
  die(master)
  const told = new StartLog(cycle.log, say)
  const problems = await master.start(candidate, told)
  for (const { error } of problems) {
    if (!error.line.startsWith('bind() to ')) told.write(Level.emerg, error.line)
    if (error.note !== null) say(`  note: ${error.note}\n`)
  }
  if (problems.length > 0) {
    cycle.openFiles.closeAll()
    process.exit(1)
  }
  say(master.banner())
  parent?.ready()
  await master.ended
  process.exit(0)
}

/** A fault of ours in the master must not leave a half-dead server behind: it is told in one line, and the process ends. */
function die(master: Master): void {
  const last = (error: unknown) => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    const at = /\n\s+at (?:.*\()?(?:file:\/\/)?([^\s()]+:\d+:\d+)\)?/.exec(stack ?? '')
    master.log.write(Level.alert, `the master failed: ${message}${at === null ? '' : ` at ${at[1]}`}`)
    master.abandon()
    process.exit(1)
  }
  process.on('uncaughtException', last)
  process.on('unhandledRejection', last)
}
