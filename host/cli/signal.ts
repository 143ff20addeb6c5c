import { formatProblems, wantsColor } from '../conf/report.ts'
import { Level } from '../core/log.ts'
import { stderrLog } from '../core/logfile.ts'
import { systemFailure } from '../core/errors.ts'
import { Configurations } from '../master/configurations.ts'
import { lives, readPidFile } from '../master/pidfile.ts'
import { coreConf } from '../modules/main/core.ts'
import { RpcError } from '../rpc/command.ts'
import { callControl, controlPath } from '../rpc/control.ts'
import type { ReloadReport } from '../rpc/server.ts'
import type { ServerArguments, SignalName } from './options.ts'
import { resolveOptions } from './paths.ts'

/** What each signal is over the control socket, and the number that nginx would send. */
const calls: Record<SignalName, { method: string, params: unknown[], number: number }> = {
  stop: { method: 'core.shutdown', params: [false], number: 15 },
  quit: { method: 'core.shutdown', params: [true], number: 3 },
  reopen: { method: 'core.reopen', params: [], number: 10 },
  reload: { method: 'core.reload', params: [], number: 1 },
}

/**
 * `-s`: asks the running server, over the control socket instead of by a signal, so that the answer comes back: a reload that was refused
 * is printed with its places and exits with 1 (nginx exits with 0 and tells only the error log).
 */
export async function signalServer(given: ServerArguments, signal: SignalName): Promise<number> {
  const options = resolveOptions(given, false)
  const say = (text: string) => process.stderr.write(text)
  const { cycle, ok } = new Configurations(options, {}).build({}, stderrLog(Level.warn)).built
  if (!ok) {
    say(formatProblems(cycle.problems, { color: wantsColor(process.stderr, process.env) }))
    return 1
  }
  cycle.log.write(Level.notice, 'signal process started')
  const { pid: pidFile } = coreConf(cycle)
  cycle.openFiles.closeAll()
  const pid = readPidFile(pidFile)
  if (typeof pid === 'string') {
    say(`vespid: [error] ${pid}\n`)
    return 1
  }
  const { method, params, number } = calls[signal]
  if (!lives(pid)) {
    say(`vespid: [alert] kill(${pid}, ${number}) failed (3: No such process)\n`)
    return 1
  }
  try {
    const result = await callControl(controlPath(pidFile), method, params)
    if (signal === 'reload') {
      const { configuration, milliseconds, warnings } = result as ReloadReport
      for (const warning of warnings) say(`vespid: [warn] ${warning}\n`)
      say(`vespid: configuration ${configuration} is in use after ${milliseconds} ms\n`)
    }
    return 0
  } catch (error) {
    say(refused(error, pid, controlPath(pidFile)))
    return 1
  }
}

function refused(error: unknown, pid: number, path: string): string {
  if (error instanceof RpcError) {
    const report = (error.data as { report?: string } | undefined)?.report
    return `${report ?? `vespid: [error] ${error.message}\n`}`
  }
  const sentence = (error as NodeJS.ErrnoException).syscall === undefined ? (error as Error).message : systemFailure(`connect() to unix:${path}`, error)
  return `vespid: [error] ${sentence}\n  note: process ${pid} of the pid file lives but does not answer here; if it is vespid, end it by "kill ${pid}"\n`
}
