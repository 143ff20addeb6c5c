/** `$xavp $xavu $xavi`: values in named roots (kamailio.md §9.7). */
import type { ScriptValue } from '../contract.ts'
import type { HostVariable } from '../library.ts'
import type { ScriptRun } from '../run.ts'
import { ConfigError } from '../../core/errors.ts'
import { compileFormat } from '../compile/format.ts'
import { compilePv } from '../compile/pv.ts'
import { parsePv } from '../pvtext.ts'
import type { CompileContext } from '../compile/context.ts'

/** Values of a name, newest first; a value may hold names itself. */
export type Xavp = Map<string, Item[]>
type Item = ScriptValue | Xavp

type Kind = 'xavp' | 'xavu' | 'xavi'

/** One step of `a[0]=>b[1]=>c`. */
interface Step {
  readonly name: (run: ScriptRun) => string
  /** Null: none was written. */
  readonly index: ((run: ScriptRun) => number) | null
}

/** The deepest chain that Kamailio knows (xavu). */
const deepest = 3

function compileSteps(kind: Kind, inner: string, context: CompileContext): Step[] {
  const steps = inner.split('=>').map((part) => {
    const match = /^\s*(.*?)\s*(?:\[([^\]]*)\])?\s*$/s.exec(part)!
    const [, name, index] = match
    if (name === '' || name === undefined) throw new ConfigError(`invalid name "${inner}" of the variable "$${kind}"`, null, `write "$${kind}(ROOT=>NAME)"`)
    const format = compileFormat(name, context)
    return {
      name: (run: ScriptRun) => kind === 'xavi' ? format.evaluate(run).toLowerCase() : format.evaluate(run),
      index: index === undefined ? null : compileIndex(kind, index.trim(), context),
    }
  })
  if (steps.length > (kind === 'xavu' ? deepest : 2)) throw new ConfigError(`the name "${inner}" of the variable "$${kind}" has too many parts`)
  return steps
}

function compileIndex(kind: Kind, text: string, context: CompileContext): Step['index'] {
  if (text === '*') return () => -1
  if (text.startsWith('$')) {
    const { get } = compilePv(parsePv(text, context.place), context)
    return (run) => run.int(get(run))
  }
  if (!/^\d{1,9}$/.test(text)) throw new ConfigError(`invalid index "${text}" of the variable "$${kind}"`)
  const value = Number(text)
  return () => value
}

function rootOf(run: ScriptRun, kind: Kind, make: boolean): Xavp | null {
  const field = `${kind}s` as const
  if (run[field] === null && make) run[field] = new Map()
  return run[field]
}

function find(run: ScriptRun, kind: Kind, steps: readonly Step[], count: number): Item | undefined {
  let at: Item | null | undefined = rootOf(run, kind, false)
  for (let i = 0; i < count; i++) {
    if (!(at instanceof Map)) return undefined
    const { name, index } = steps[i]!
    at = at.get(name(run))?.[index === null ? 0 : index(run)]
  }
  return at
}

function get(run: ScriptRun, kind: Kind, steps: readonly Step[]): ScriptValue {
  const found = find(run, kind, steps, steps.length)
  return found === undefined ? null : found instanceof Map ? `<<xavp:${steps[0]!.name(run)}>>` : found
}

/** Assigns in a map: `unique` kinds replace, others push; undefined takes the newest away. */
function put(map: Xavp, key: string, value: ScriptValue, unique: boolean): boolean {
  const list = map.get(key)
  if (value === null) {
    if (list === undefined || list.length <= 1 || unique) map.delete(key)
    else list.shift()
  } else if (list === undefined || unique) map.set(key, [value])
  else list.unshift(value)
  return true
}

function set(run: ScriptRun, kind: Kind, steps: readonly Step[], value: ScriptValue): boolean {
  const unique = kind === 'xavu'
  run.hold(value)
  let at = rootOf(run, kind, true)!
  for (let i = 0; i < steps.length - 1; i++) {
    const { name, index } = steps[i]!
    const key = name(run)
    let list = at.get(key)
    const held = index === null ? undefined : list?.[index(run)]
    if (index !== null && !unique) {
      if (!(held instanceof Map)) return false
      at = held
      continue
    }
    // Without an index a new root is made; the kinds with unique names go into the one there is.
    const there: Item | undefined = unique || value === null ? list?.[0] : undefined
    if (there instanceof Map) {
      at = there
      continue
    }
    if (value === null) return true
    const made: Xavp = new Map()
    if (list === undefined || unique) at.set(key, list = [])
    list.unshift(made)
    at = made
  }
  return put(at, steps.at(-1)!.name(run), value, unique)
}

function variable(kind: Kind): HostVariable {
  return {
    name: kind, inner: 'required',
    get: () => null,
    set: () => false,
    bind(inner, _, context) {
      const steps = compileSteps(kind, inner!, context)
      return { get: (run) => get(run, kind, steps), set: (run, value) => set(run, kind, steps, value) }
    },
  }
}

export const xavpVariables: readonly HostVariable[] = [variable('xavp'), variable('xavu'), variable('xavi')]
