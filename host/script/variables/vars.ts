/** `$var $vn $vz $avp $shv` and what else holds values that the script sets. */
import type { ScriptValue } from '../contract.ts'
import type { HostVariable } from '../library.ts'
import type { ScriptRun } from '../run.ts'
import { ConfigError } from '../../core/errors.ts'
import { toText } from '../values.ts'

function slotVariable(kind: 'var' | 'vn' | 'vz'): HostVariable {
  return {
    name: kind, inner: 'required',
    get: () => null,
    set: () => false,
    bind(inner, index, { options: { slots } }) {
      if (index !== null) throw new ConfigError(`the variable "$${kind}" takes no index`)
      const slot = slots.of(kind, inner!.trim())
      const nothing = kind === 'vn' ? null : 0
      return {
        get: ({ vars }) => {
          const value = vars[slot]
          return value === undefined ? slots.initial(slot) : value
        },
        set: ({ vars }, value) => {
          vars[slot] = value ?? nothing
          return true
        },
      }
    },
  }
}

/** The key of an AVP: `s:name` and `name` are the same, `i:5` is another space. */
function avpKey(name: string): string {
  const trimmed = name.trim()
  return trimmed.startsWith('s:') ? trimmed.slice(2) : trimmed
}

/** The value of that number, newest 0. Below 0: from the oldest; Kamailio 5.6 finds there only the newest one, at minus their number. */
function avpAt(list: readonly ScriptValue[], index: number, strict: boolean): ScriptValue {
  if (index >= 0) return list[index] ?? null
  if (strict) return -index === list.length ? list[0]! : null
  return list[list.length + index] ?? null
}

function getAvp(run: ScriptRun, name: string, index: number | '*' | null): ScriptValue {
  const list = run.avps?.get(avpKey(name))
  if (list === undefined || list.length === 0) return null
  if (index === '*') return list.map(toText).join(', ')
  return avpAt(list, index ?? 0, run.program.options.strict)
}

/** Each assignment pushes; `[*]` replaces all; undefined takes the newest away, with `[*]` all. */
function setAvp(run: ScriptRun, name: string, index: number | '*' | null, value: ScriptValue): boolean {
  const key = avpKey(name)
  if (key === '' || (key.startsWith('i:') && !/^i:[1-9]\d*$/.test(key))) return false
  const avps = run.avps ??= new Map<string, ScriptValue[]>()
  const list = avps.get(key)
  run.hold(value)
  if (value === null) {
    if (index === '*' || list === undefined || list.length <= 1) avps.delete(key)
    else list.shift()
  } else if (list === undefined || index === '*') avps.set(key, [value])
  else list.unshift(value)
  return true
}

const avp: HostVariable = {
  name: 'avp', inner: 'required',
  get: (run, inner, index) => getAvp(run as ScriptRun, inner!, index),
  set: (run, inner, index, value) => setAvp(run as ScriptRun, inner!, index, value),
}

/** Shared by all workers. Undefined is kept as an empty text (measured). */
const shv: HostVariable = {
  name: 'shv', inner: 'required',
  get: (run, inner) => (run as ScriptRun).program.options.shared.get(inner!.trim()),
  set: (run, inner, _, value) => (run as ScriptRun).program.options.shared.set(inner!.trim(), value ?? ''),
}

/** `$null`, and what a script learns of its own state: `$rc`. */
const state: readonly HostVariable[] = [
  { name: 'null', inner: 'none', get: () => null, set: () => true },
  ...['rc', 'retcode', '?'].map((name): HostVariable => ({ name, inner: 'none', get: (run) => (run as ScriptRun).rc })),
  { name: 'mf', inner: 'none', get: (run) => (run as ScriptRun).flags | 0, set: (run, _, __, value) => {
    (run as ScriptRun).flags = (run as ScriptRun).int(value)
    return true
  } },
  { name: 'mF', inner: 'none', get: (run) => ((run as ScriptRun).flags >>> 0).toString(16).padStart(8, '0') },
]

export const scriptVariables: readonly HostVariable[] = [slotVariable('var'), slotVariable('vn'), slotVariable('vz'), avp, shv, ...state]
