/** The routes of a place, compiled: the one door from the server to the language. */
import type { Cf } from '../../conf/cf.ts'
import type { Program } from '../../script/program.ts'
import type { RouteTable, ScriptMainConf } from './conf.ts'
import { ConfigError } from '../../core/errors.ts'
import { compileProgram } from '../../script/compile.ts'
import { hostLibrary } from '../../script/builtin.ts'
import { scriptOptions } from '../../script/options.ts'
import { readStatistic } from '../../rpc/statistics.ts'
import { LiveSettings, debugLevel } from './live.ts'
import { myAddresses } from './myself.ts'
import { socketLines } from './socketlines.ts'
import { makeState } from './state.ts'
import type { ScriptLibrary } from '../../script/library.ts'
import type { ScriptRoute } from '../../script/program.ts'

/** A route with the program that runs it. */
export interface PlacedRoute {
  readonly program: Program
  readonly route: ScriptRoute
}

/** The route or event route of that name in a place; null when there is none. */
export function findRoute(table: RouteTable, kind: 'route' | 'event_route', name: string): PlacedRoute | null {
  const { program } = table
  const route = (kind === 'route' ? program?.routes : program?.events)?.get(name)
  return route === undefined ? null : { program: program!, route }
}

/**
 * Compiles what places see; mistakes are reported, once each: a block is seen from many places. False when there was
 * one.
 */
export function compileTables(cf: Cf, main: ScriptMainConf, tables: Iterable<RouteTable>): boolean {
  const library = libraryOf(cf)
  const list = [...tables]
  const state = main.state = makeState(cf, main, list.flatMap(({ blocks }) => [...blocks.values()]))
  const { cycle } = cf
  const file = cycle.script
  const options = scriptOptions({
    ...state.options, strict: main.compat.get('script') === 'strict',
    maxWhileLoops: main.maxWhileLoops, maxRecursiveLevel: main.maxRecursiveLevel, formatLimit: main.pvBufferSize, debug: main.debug,
    file: cycle.options.confFile, variables: cycle.variables, selects: cycle.selects.table, selectTruth: cycle.selects.truth,
    isMyself: myAddresses(cycle), socket: socketLines(cycle), statistic: (name) => readStatistic(cycle, name),
    ...(file === null ? {} : {
      defines: file.defines,
      settings: new LiveSettings(cycle.number, [
        ...file.settings.map(({ name, value }) => [`core.${name}`, value] as const),
        ...file.variables.map(({ group, name, value }) => [`${group}.${name}`, value] as const),
      ]),
    }),
  })
  // A command may change it while the server runs.
  Object.defineProperty(options, 'debug', { get: () => debugLevel(cycle.number, main.debug) })
  let good = true
  const told = new Set<string>()
  for (const table of list) {
    const { program, errors, warnings } = compileProgram([...table.blocks.values()], library, options)
    table.program = program
    for (const error of warnings) {
      if (isNew(told, error)) cycle.problems.push({ level: 'warn', error })
    }
    for (const error of errors) {
      good = false
      if (isNew(told, error)) cf.report(error)
    }
  }
  return good
}

function isNew(told: Set<string>, error: ConfigError): boolean {
  const key = `${error.message} ${error.place?.file} ${error.place?.line}:${error.place?.column}`
  if (told.has(key)) return false
  told.add(key)
  return true
}

/** What the host and the modules of a cycle bring to the language. */
function libraryOf(cf: Cf): ScriptLibrary {
  const library = hostLibrary()
  for (const module of cf.cycle.modules) {
    const add = (what: () => void): void => {
      try {
        what()
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        cf.report(new ConfigError(`module "${module.name}" cannot be used: ${error.message}`, null, error.note))
      }
    }
    for (const f of module.functions ?? []) add(() => library.addFunction(f))
    // What a module brings goes before what the host has of that name.
    for (const v of module.pseudoVariables ?? []) {
      library.variables.delete(v.name)
      add(() => library.addVariable(v))
    }
    for (const t of module.transformations ?? []) {
      library.transformations.delete(t.name)
      add(() => library.addTransformation(t))
    }
    for (const e of module.eventRoutes ?? []) add(() => library.addEvent(e))
  }
  return library
}
