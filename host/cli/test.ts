import { formatProblems, wantsColor } from '../conf/report.ts'
import type { Problem } from '../conf/report.ts'
import { Level } from '../core/log.ts'
import { stderrLog } from '../core/logfile.ts'
import { textOf } from '../core/text.ts'
import { BindFailure, checkAddresses } from '../master/bind.ts'
import { checkSipAddresses } from '../master/sipbind.ts'
import { masterRegistry } from '../master/commands.ts'
import { Configurations } from '../master/configurations.ts'
import { checkPidFile } from '../master/pidfile.ts'
import { problem, problemsOf } from '../master/report.ts'
import type { Cycle } from '../cycle.ts'
import { coreConf } from '../modules/main/core.ts'
import { RpcError } from '../rpc/command.ts'
import type { ServerControl } from '../rpc/server.ts'
import type { ServerArguments } from './options.ts'
import { resolveOptions } from './paths.ts'

/** `-t` and `-T`: checks the configuration as far as a start would, prints nginx's lines, and returns the exit code. */
export async function testConfiguration(given: ServerArguments): Promise<number> {
  const options = resolveOptions(given, true)
  const { cycle, ok, syntaxOk, parsed } = new Configurations(options, {}).build({}, stderrLog(Level.warn)).built
  const color = wantsColor(process.stderr, process.env)
  const say = (text: string) => process.stderr.write(text)
  const show = (problems: readonly Problem[]) => say(formatProblems(problems, { color }))

  show(cycle.problems.slice(0, parsed))
  if (syntaxOk && !given.quiet) say(`vespid: the configuration file ${options.confFile} syntax is ok\n`)
  show(cycle.problems.slice(parsed))
  const later = ok ? await tryStart(cycle) : []
  show(later)
  cycle.openFiles.closeAll()
  if (!ok || later.length > 0) {
    say(`vespid: configuration file ${options.confFile} test failed\n`)
    return 1
  }
  if (!given.quiet) say(`vespid: configuration file ${options.confFile} test is successful\n`)
  if (given.dump) dump(cycle)
  return 0
}

/** What a start would do after the configuration is read, without leaving anything behind (nginx.md §10.1). */
async function tryStart(cycle: Cycle): Promise<Problem[]> {
  const silent = { level: 0, write() {} }
  try {
    const complaint = checkPidFile(coreConf(cycle).pid)
    if (complaint !== null) return [problem(complaint)]
    masterRegistry(cycle, {} as ServerControl, () => silent, () => null)
    await checkAddresses(cycle.servers?.addresses ?? [], [], silent, false)
    await checkSipAddresses(cycle, null)
  } catch (error) {
    // An address in use may well be held by the very server that this configuration is for.
    if (error instanceof BindFailure) return error.failures.filter(({ message }) => !message.includes('(98: ')).map(({ message }) => problem(message))
    if (error instanceof RpcError) return [problem(error.message)]
    return problemsOf(error)
  }
  try {
    for (const module of cycle.modules) module.initModule?.(cycle)
    return []
  } catch (error) {
    return problemsOf(error)
  }
}

function dump(cycle: Cycle): void {
  for (const { name, text } of cycle.files) {
    process.stdout.write(`# configuration file ${textOf(name)}:\n`)
    process.stdout.write(Buffer.from(text, 'latin1'))
    process.stdout.write('\n')
  }
}
