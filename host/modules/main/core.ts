/**
 * The directives of the main context (nginx's ngx_core_module). In the host because they tell how its processes and
 * threads run.
 */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Cf } from '../../conf/cf.ts'
import { initValue } from '../../conf/merge.ts'
import { setEnum, setFlag, setMsec, setNum, setOff, setStr } from '../../conf/setters.ts'
import { parseNumber } from '../../core/units.ts'
import type { Cycle } from '../../cycle.ts'
import { Args, Where } from '../../module.ts'
import type { Directive, Module } from '../../module.ts'
import { openFileLimit } from './rlimit.ts'
import { setUser } from './user.ts'

/** The settings of the main context; complete once the configuration is read. */
export class CoreConf {
  daemon!: boolean
  masterProcess!: boolean
  workerProcesses!: number
  /** Absolute path. */
  pid!: string
  lockFile!: string
  workingDirectory!: string | undefined
  /** Milliseconds that a worker waits for its requests after it was told to end; 0: for ever. */
  shutdownTimeout!: number
  timerResolution!: number
  rlimitNofile!: number | undefined
  rlimitCore!: number | undefined
  /** Nice value, -20 to 20. */
  priority: number | null = null
  cpuAffinity: readonly string[] | null = null
  debugPoints!: string | undefined
  pcreJit!: boolean
  /** Whom the workers run as; null: whoever started the server. */
  user: { name: string, uid: number, gid: number } | null = null
  /** Environment variables to keep (`value` null) or to set. */
  env: { name: string, value: string | null }[] = []
}

const workerProcesses: Directive['set'] = (cf, _directive, conf: CoreConf) => {
  if (conf.workerProcesses !== undefined) return 'is duplicate'
  const word = cf.args[1]!
  const count = word === 'auto' ? availableParallelism() : parseNumber(word)
  if (count === null) return cf.fail('"worker_processes" directive invalid value', 1)
  conf.workerProcesses = count
}

const env: Directive['set'] = (cf, _directive, conf: CoreConf) => {
  const [name, ...rest] = cf.args[1]!.split('=')
  conf.env.push({ name: name!, value: rest.length === 0 ? null : rest.join('=') })
}

const workerPriority: Directive['set'] = (cf, _directive, conf: CoreConf) => {
  if (conf.priority !== null) return 'is duplicate'
  const word = cf.args[1]!
  const value = parseNumber(word.replace(/^[-+]/, ''))
  if (value === null) return cf.fail('"worker_priority" directive invalid number', 1)
  conf.priority = word.startsWith('-') ? -value : value
}

const cpuAffinity: Directive['set'] = (cf, _directive, conf: CoreConf) => {
  if (conf.cpuAffinity !== null) return 'is duplicate'
  const masks = cf.args[1] === 'auto' ? 2 : 1
  if (masks === 2 && cf.args.length > 3) {
    return cf.fail('invalid number of arguments in "worker_cpu_affinity" directive')
  }
  for (let i = masks; i < cf.args.length; i++) {
    // nginx reads a mask from its end.
    const wrong = /([^01 ])[01 ]*$/.exec(cf.args[i]!)
    if (wrong !== null) return cf.fail(`invalid character "${wrong[1]}" in "worker_cpu_affinity"`, i)
  }
  conf.cpuAffinity = cf.args.slice(1)
  cf.warn('"worker_cpu_affinity" is not supported on this platform, ignored')
}

const rlimitNofile: Directive['set'] = (cf, directive, conf: CoreConf) => {
  const text = setNum(cf, directive, conf)
  const limit = openFileLimit()
  if (typeof text === 'string' || limit === null || conf.rlimitNofile! <= limit) return text
  cf.warn(`"worker_rlimit_nofile" ${conf.rlimitNofile} is ignored, the limit is ${limit} and can only be raised ` +
    'where the server is started')
}

const inMain = { where: Where.Main, conf: 'core' } as const

const directives: readonly Directive[] = [
  { ...inMain, name: 'daemon', args: Args.Flag, set: setFlag, field: 'daemon' },
  { ...inMain, name: 'master_process', args: Args.Flag, set: setFlag, field: 'masterProcess' },
  { ...inMain, name: 'worker_processes', args: Args.Take1, set: workerProcesses },
  { ...inMain, name: 'pid', args: Args.Take1, set: setStr, field: 'pid' },
  { ...inMain, name: 'lock_file', args: Args.Take1, set: setStr, field: 'lockFile' },
  { ...inMain, name: 'user', args: Args.Take12, set: setUser },
  { ...inMain, name: 'env', args: Args.Take1, set: env },
  { ...inMain, name: 'worker_shutdown_timeout', args: Args.Take1, set: setMsec, field: 'shutdownTimeout' },
  { ...inMain, name: 'worker_rlimit_nofile', args: Args.Take1, set: rlimitNofile, field: 'rlimitNofile' },
  { ...inMain, name: 'worker_rlimit_core', args: Args.Take1, set: setOff, field: 'rlimitCore' },
  { ...inMain, name: 'worker_priority', args: Args.Take1, set: workerPriority },
  { ...inMain, name: 'worker_cpu_affinity', args: Args.OneOrMore, set: cpuAffinity },
  { ...inMain, name: 'working_directory', args: Args.Take1, set: setStr, field: 'workingDirectory' },
  { ...inMain, name: 'timer_resolution', args: Args.Take1, set: setMsec, field: 'timerResolution' },
  {
    ...inMain, name: 'debug_points', args: Args.Take1, set: setEnum, field: 'debugPoints',
    post: { stop: 'stop', abort: 'abort' },
  },
  { ...inMain, name: 'pcre_jit', args: Args.Flag, set: setFlag, field: 'pcreJit' },
]

function initConf(cf: Cf, conf: CoreConf): void {
  // nginx's default is on; a server that stays in the foreground is what a terminal, a container and systemd expect.
  initValue(conf, 'daemon', false)
  initValue(conf, 'masterProcess', true)
  initValue(conf, 'workerProcesses', 1)
  initValue(conf, 'shutdownTimeout', 0)
  initValue(conf, 'timerResolution', 0)
  initValue(conf, 'pcreJit', false)
  // A prefix without nginx's logs/ (a project's directory) gets its pid file in itself.
  const logs = existsSync(cf.fullName('logs')) ? 'logs/' : ''
  conf.pid = cf.fullName(conf.pid ?? `${logs}vespid.pid`)
  conf.lockFile = cf.fullName(conf.lockFile ?? 'logs/vespid.lock')
}

/** The core module. */
export const coreModule: Module = { name: 'core', type: 'core', createConf: () => new CoreConf(), initConf, directives }

/** The main context's settings of a cycle. */
export function coreConf(cycle: Cycle): CoreConf {
  return cycle.confs[cycle.indexOf(coreModule)] as CoreConf
}
