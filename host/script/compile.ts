import type { RouteBlock, Statement } from './ast.ts'
import type { ScriptOptions } from './compile/context.ts'
import type { ScriptLibrary } from './library.ts'
import { ConfigError } from '../core/errors.ts'
import { placeSuffix } from '../core/place.ts'
import { CompileContext } from './compile/context.ts'
import { compileBlock } from './compile/statement.ts'
import { callsOf } from './compile/calls.ts'
import { Program, ScriptRoute } from './program.ts'

/** What the compiler makes: the program, to be used only when there are no errors. */
export interface CompiledScript {
  readonly program: Program
  /** Every mistake of every route, with its place. */
  readonly errors: readonly ConfigError[]
  readonly warnings: readonly ConfigError[]
}

/**
 * Compiles the routes of a configuration. To be called once all modules have filled the library and defined their nginx variables, and before
 * `VariableTable.resolve`.
 */
export function compileProgram(blocks: readonly RouteBlock[], library: ScriptLibrary, options: ScriptOptions): CompiledScript {
  const routes = new Map<string, ScriptRoute>()
  const events = new Map<string, ScriptRoute>()
  const others = new Map<string, ScriptRoute>()
  const context = new CompileContext(library, options, routes)
  const bodies: { readonly route: ScriptRoute, readonly body: readonly Statement[] }[] = []
  for (const block of blocks) {
    const route = new ScriptRoute(block.kind, block.name, block.place)
    const table = block.kind === 'route' && block.name !== '' ? routes : block.kind === 'event_route' ? events : others
    const key = table === others ? `${block.kind === 'route' ? 'request_route' : block.kind} ${block.name}` : block.name
    const first = table.get(key)
    if (first !== undefined) {
      const what = block.name === '' ? `"${block.kind}"` : `"${block.kind}[${block.name}]"`
      context.fail(new ConfigError(`duplicate ${what}`, null, `the first one is${placeSuffix(first.place)}`), block.place)
      continue
    }
    table.set(key, route)
    bodies.push({ route, body: block.body })
  }
  colour(bodies, library, routes)
  for (const { route, body } of bodies) {
    const action = compileBlock(body, context)
    if (action.wait !== null) route.wait = action.wait
    else if (route.waits) route.wait = (run) => Promise.resolve(action.run(run))
    else route.run = action.run
  }
  return { program: new Program(options, routes, events, others, context), errors: context.errors, warnings: context.warnings }
}

/** Marks the routes that wait: those that call a function that does, or a route that does; a route by variable may be any. */
function colour(bodies: readonly { readonly route: ScriptRoute, readonly body: readonly Statement[] }[], library: ScriptLibrary,
  routes: ReadonlyMap<string, ScriptRoute>): void {
  const calls = bodies.map(({ route, body }) => ({ route, ...callsOf(body) }))
  for (const { route, functions } of calls) route.waits = functions.some((name) => library.functions.get(name)?.waits === true)
  for (let changed = true; changed;) {
    changed = false
    const any = [...routes.values()].some(({ waits }) => waits)
    for (const { route, routes: names, dynamic } of calls) {
      if (route.waits || !(names.some((name) => routes.get(name)?.waits === true) || (dynamic && any))) continue
      route.waits = changed = true
    }
  }
}
