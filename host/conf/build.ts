import { ConfigError, PluginError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { Cycle } from '../cycle.ts'
import type { CycleOptions } from '../cycle.ts'
import type { Module } from '../module.ts'
import type { PluginSet } from '../wasm/plugins.ts'
import { Reader } from './reader.ts'

/** What became of a configuration. */
export interface Built {
  /** The cycle; to be served only when `ok`. */
  readonly cycle: Cycle
  /** The files could be read without an error: `-t` says `syntax is ok` here, after the first `parsed` problems. */
  readonly syntaxOk: boolean
  /** No error at all: `-t` says `test is successful`. */
  readonly ok: boolean
  /** How many of `cycle.problems` were found while the files were read; the others belong behind `syntax is ok`. */
  readonly parsed: number
}

/**
 * Reads a configuration and builds its cycle in nginx's order (ngx_init_cycle): core confs, `-g`, the file, `syntax is
 * ok`, the core modules' initConf, log files. Mistakes of the user are in `cycle.problems`, never thrown; a cycle that
 * failed holds nothing open. `modules` are the host's modules, `log` receives what is logged before the configuration
 * names a log, `number` counts cycles; `readMain` reads the file, by default as nginx's.
 */
export function buildCycle(
  options: CycleOptions, modules: readonly Module[], plugins: PluginSet, log: Log, number = 1,
  readMain = (reader: Reader): void => reader.readMain(),
): Built {
  const cycle = new Cycle(options, number, [...modules], plugins, log)
  cycle.modules.forEach((module, index) => {
    if (module.type === 'core' || module.type === 'event') cycle.confs[index] = module.createConf?.(cycle)
  })
  const reader = new Reader(cycle)
  if (options.globals !== '') reader.readGlobals(options.globals)
  readMain(reader)
  const parsed = cycle.problems.length
  const syntaxOk = reader.errors === 0
  if (syntaxOk) finish(cycle, reader)
  const ok = reader.errors === 0
  if (!ok) cycle.openFiles.closeAll()
  return { cycle, syntaxOk, ok, parsed }
}

function finish(cycle: Cycle, reader: Reader): void {
  cycle.modules.forEach((module, index) => {
    if (module.type !== 'core') return
    try {
      const text = module.initConf?.(reader.callback, cycle.confs[index])
      if (typeof text === 'string') reader.problem('emerg', new ConfigError(text))
    } catch (error) {
      reader.problem('emerg', asConfigError(error))
    }
  })
  if (reader.errors > 0) return
  for (const failure of cycle.openFiles.openAll()) reader.problem('emerg', new ConfigError(failure))
  const warn = (error: ConfigError): void => reader.problem('warn', error)
  for (const error of cycle.zones.open(cycle.options.zones ?? [], warn)) reader.problem('emerg', error)
}

function asConfigError(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error
  if (error instanceof PluginError) return new ConfigError(error.message, null, error.note)
  throw error
}
