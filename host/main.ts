/**
 * The vespid command. Decides what was asked for and loads only what that needs: the version and the clients of a running server must
 * answer at once.
 */
import { readArguments } from './cli/options.ts'
import { configureLines, usage, versionLine } from './cli/usage.ts'
import { suggest } from './core/suggest.ts'

const commands = ['rpc', 'new', 'build', 'check'] as const

async function main(words: readonly string[]): Promise<number | null> {
  const rest = words.slice(1)
  switch (words[0]) {
    case 'rpc': return (await import('./cli/rpc.ts')).rpcCommand(rest)
    case 'new': return (await import('./cli/new.ts')).newCommand(rest)
    case 'build': return (await import('./cli/build.ts')).buildCommand(rest)
    case 'check': return (await import('./cli/check.ts')).checkCommand(rest)
  }
  const given = readArguments(words)
  if (typeof given === 'string') {
    process.stderr.write(`vespid: ${given}\n`)
    const meant = words[0] === undefined || words[0].startsWith('-') ? null : suggest(words[0], commands)
    if (meant !== null) process.stderr.write(`  note: did you mean "vespid ${meant}"?\n`)
    return 1
  }
  if (given.version) {
    process.stderr.write(versionLine)
    if (given.help) process.stderr.write(usage(process.cwd().replace(/\/*$/, '/')))
    if (given.configure) process.stderr.write(configureLines())
    if (!given.test) return 0
  }
  if (given.test) return (await import('./cli/test.ts')).testConfiguration(given)
  if (given.signal !== null) return (await import('./cli/signal.ts')).signalServer(given, given.signal)
  return (await import('./cli/start.ts')).startServer(given)
}

const status = await main(process.argv.slice(2))
// Null: the server runs on. Otherwise the event loop ends by itself once output is flushed.
if (status !== null) process.exitCode = status
