import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { systemFailure } from '../core/errors.ts'
import { Level } from '../core/log.ts'
import { stderrLog } from '../core/logfile.ts'
import { coreConf } from '../modules/main/core.ts'
import { buildConfiguration } from '../modules/kamailio/build.ts'
import { hostModules } from '../modules/list.ts'
import { RpcCode, RpcError } from '../rpc/command.ts'
import { callControl, controlPath } from '../rpc/control.ts'
import { resolveOptions } from './paths.ts'
import { commandList, plainText } from './text.ts'

interface RpcArguments {
  prefix: string | null
  confFile: string | null
  scriptFile: string | null
  socket: string | null
  json: boolean
  words: readonly string[]
}

/**
 * `vespid rpc`: calls a command of the running server over its control socket and prints the result; lists the commands when none is
 * named. Exit codes: 1 the command failed, 2 the call was wrong, 3 no server answers.
 */
export async function rpcCommand(words: readonly string[]): Promise<number> {
  const given = readArguments(words)
  if (typeof given === 'string') return complain(given, 2)
  const path = given.socket ?? controlPath(pidFile(given))
  const [command, ...args] = given.words
  try {
    const result = await callControl(path, command ?? 'system.describe', command === undefined ? [] : params(args))
    process.stdout.write(given.json ? `${JSON.stringify(result, null, 2)}\n` : command === undefined ? commandList(result) : plainText(result))
    return 0
  } catch (error) {
    if (error instanceof RpcError) return explain(error, command ?? '', given.json)
    if ((error as NodeJS.ErrnoException).syscall === undefined) return complain((error as Error).message, 3)
    const failure = (error as NodeJS.ErrnoException).syscall === 'lstat' ? `connect() to unix:${path} failed (2: No such file or directory)` : systemFailure(`connect() to unix:${path}`, error)
    return complain(`[error] ${failure}\n  note: no server runs with this pid file; "-p", "-c" and "-f" say which server is meant`, 3)
  }
}

function complain(text: string, code: number): number {
  process.stderr.write(`vespid: ${text}\n`)
  return code
}

function readArguments(words: readonly string[]): RpcArguments | string {
  const given: RpcArguments = { prefix: null, confFile: null, scriptFile: null, socket: null, json: false, words: [] }
  let i = 0
  for (; i < words.length && words[i]!.startsWith('-'); i++) {
    const word = words[i]!
    if (word === '--json') {
      given.json = true
      continue
    }
    const member = ({ '-p': 'prefix', '-c': 'confFile', '-f': 'scriptFile', '--socket': 'socket' } as const)[word]
    if (member === undefined) return `invalid option: "${word}"`
    const value = words[++i]
    if (value === undefined) return `option "${word}" requires ${word === '-p' ? 'directory' : 'file'} name`
    given[member] = value
  }
  const last = words.slice(i)
  // `--json` may also stand at the end, where one thinks of it.
  if (last.at(-1) === '--json') {
    given.json = true
    last.pop()
  }
  return { ...given, words: last, socket: given.socket === null ? null : resolve(given.socket) }
}

/** The pid file that the configuration names, even when the configuration has mistakes elsewhere: the server runs on an older one. */
function pidFile(given: RpcArguments): string {
  const options = resolveOptions({ ...given, errorLog: 'stderr', globals: '' }, true)
  const none = { loadDirectory: () => [], loadFile: () => [], loadFor: () => null, providerOf: () => null }
  const main = hostModules.filter(({ type }) => type === 'core' || type === 'event')
  const { cycle, ok } = buildConfiguration(options, main, none, stderrLog(Level.stderr))
  if (ok) cycle.openFiles.closeAll()
  const { pid } = coreConf(cycle)
  return resolve(options.prefix, pid ?? (existsSync(`${options.prefix}logs`) ? 'logs/vespid.pid' : 'vespid.pid'))
}

/** Arguments as parameters: one object names them; otherwise each is a number or JSON where it looks so, else text. */
export function params(args: readonly string[]): unknown {
  const values = args.map(value)
  const [first] = values
  return values.length === 1 && typeof first === 'object' && first !== null && !Array.isArray(first) ? first : values
}

function value(word: string): unknown {
  // A number that would come out differently (08, 1.50, more digits than a double holds) was meant as text.
  if (/^-?\d/.test(word)) return String(Number(word)) === word ? Number(word) : word
  if (!/^[[{"]/.test(word) && word !== 'true' && word !== 'false' && word !== 'null') return word
  try {
    return JSON.parse(word)
  } catch {
    return word
  }
}

function explain(error: RpcError, command: string, json: boolean): number {
  const code = error.code === RpcCode.MethodNotFound || error.code === RpcCode.InvalidParams ? 2 : 1
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: { code: error.code, message: error.message, data: error.data } }, null, 2)}\n`)
    return code
  }
  const { suggestion, usage, note, report } = (error.data ?? {}) as Record<string, string | undefined>
  if (report !== undefined) {
    process.stderr.write(report)
    return code
  }
  let text = error.code === RpcCode.MethodNotFound ? `unknown command "${command}"` : error.message
  if (suggestion !== undefined) text += `\n  note: did you mean "${suggestion}"?`
  if (note !== undefined) text += `\n  note: ${note}`
  if (usage !== undefined) text += `\n  usage: ${usage}`
  return complain(text, code)
}
