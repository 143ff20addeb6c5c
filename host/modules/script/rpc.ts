/** Commands about the state of routing scripts: hash tables, shared variables, settings (kamailio.md §3.2). They answer in whichever thread is asked. */
import type { Command, Parameter } from '../../rpc/command.ts'
import type { Cycle } from '../../cycle.ts'
import type { HashTable } from '../../script/htable.ts'
import type { ScriptState } from './state.ts'
import { Members, RpcError } from '../../rpc/command.ts'
import { scan } from '../../rpc/scan.ts'
import { dateTime } from '../../rpc/times.ts'
import { bytesOf, textOf } from '../../core/text.ts'
import { slotOf, slotsOf } from './slot.ts'
import { scriptState } from './module.ts'
import { settingCommands } from './settings.ts'

const table: Parameter = { name: 'table', type: 'string' }
const key: Parameter = { name: 'key', type: 'text' }
const text: Parameter = { name: 'value', type: 'text' }
const int: Parameter = { name: 'value', type: 'int' }
const expire: Parameter = { name: 'expire', type: 'int' }

/** The commands of a cycle's scripts; none when it has no scripts. */
export function scriptCommands(cycle: Cycle): Command[] {
  const state = scriptState(cycle)
  if (state === null) return []
  return [...tableCommands(state), ...sharedCommands(state), ...settingCommands(cycle)]
}

function tableCommands(state: ScriptState): Command[] {
  const one = (name: string, parameters: readonly Parameter[], missing: string, usage: string, effect: Command['effect'], array: boolean,
    run: (found: HashTable, values: readonly (string | number)[]) => unknown): Command => ({
    name, usage: `${name} ${parameters.map((p) => p.name.toUpperCase()).join(' ')}: ${usage}`, effect, parameters, ...(array ? { array } : {}),
    run(params) {
      const values = scan(params, parameters)
      if (values.length < parameters.length) throw new RpcError(500, missing)
      const found = state.tables.get(String(values[0]))
      if (found === undefined) throw new RpcError(500, 'No such htable')
      // The key, as a byte string.
      return run(found, values.map((value, i) => (i === 1 ? bytesOf(String(value)) : value)))
    },
  })
  const set = (name: string, value: Parameter, timed: boolean): Command =>
    one(name, [table, key, value, ...(timed ? [expire] : [])], timed ? 'Not enough parameters (htable name, key name, value and expire)' : 'Not enough parameters (htable name, key name and value)',
      `set an entry${timed ? ' that lives for EXPIRE seconds' : ''}`, 'write', false, (found, [, name, given, seconds]) => {
        if (!found.set(String(name), typeof given === 'number' ? given : bytesOf(given!), Number(seconds ?? 0))) throw new RpcError(500, 'Failed to set the item.')
        return 'Ok. Key set to new value.'
      })
  const newestFirst = (): HashTable[] => state.tables.all().reverse()
  return [{
    name: 'htable.listTables', usage: 'htable.listTables: the hash tables, the newest first', effect: 'read', array: true,
    run: () => newestFirst().map(({ definition: d }) =>
      ({ name: d.name, dbtable: '', dbmode: 0, expire: d.autoexpire, updateexpire: d.updateexpire ? 1 : 0, size: slotsOf(d), dmqreplicate: 0 })),
  }, {
    name: 'htable.stats', usage: 'htable.stats: slots and entries of the hash tables', effect: 'read', array: true,
    run: () => newestFirst().map((found) => {
      const filled = [...bySlot(found).values()].map((entries) => entries.length)
      const slots = slotsOf(found.definition)
      return { name: found.definition.name, slots, all: filled.reduce((a, b) => a + b, 0), min: filled.length < slots ? 0 : Math.min(...filled), max: Math.max(0, ...filled) }
    }),
  },
  one('htable.dump', [table], 'No htable name given', 'the entries by slot', 'read', true, (found) =>
    [...bySlot(found)].sort(([a], [b]) => a - b).map(([entry, slot]) => ({ entry, size: slot.length, slot }))),
  one('htable.get', [table, key], 'Not enough parameters (htable name and key name)', 'an entry', 'read', false, (found, [, name]) => {
    const value = found.find(String(name))
    if (value === null) throw new RpcError(500, 'Key name doesn\'t exist in htable.')
    const left = found.expiry(String(name))
    return { item: { name: textOf(String(name)), value: shown(value), flags: typeof value === 'string' ? 2 : 0, expire: left === 0 ? 'NEVER' : dateTime((Math.floor(Date.now() / 1000) + left) * 1000) } }
  }),
  set('htable.sets', text, false), set('htable.seti', int, false), set('htable.setxs', text, true), set('htable.setxi', int, true),
  one('htable.setex', [table, key, expire], 'Not enough parameters (htable name, item name and expire)', 'let an entry live for EXPIRE seconds', 'write', false, (found, [, name, seconds]) => {
    found.expire(String(name), Number(seconds))
    return 'Ok'
  }),
  one('htable.delete', [table, key], 'Not enough parameters (htable name & key name', 'remove an entry', 'write', false, (found, [, name]) => {
    if (!found.delete(String(name))) throw new RpcError(404, 'Key not found in htable.')
    return 'Ok. Key deleted.'
  }),
  one('htable.flush', [table], 'No htable name given', 'remove all entries', 'write', false, (found) => (found.clear(), 'Ok. Htable flushed.')),
  ...['htable.reload', 'htable.store'].map((name): Command => ({
    name, usage: `${name} TABLE: not there, tables have no database here`, effect: 'write', run: () => { throw new RpcError(500, 'No htable db_url') },
  }))]
}

/** A table's entries by the slot that Kamailio would have them in. */
function bySlot(found: HashTable): Map<number, { name: string, value: number | string, type: 'int' | 'str' }[]> {
  const slots = new Map<number, { name: string, value: number | string, type: 'int' | 'str' }[]>()
  found.each((name, value) => {
    const slot = slotOf(found.definition, name)
    const entry = { name: textOf(name), value: shown(value), type: typeof value === 'number' ? 'int' as const : 'str' as const }
    const others = slots.get(slot)
    if (others === undefined) slots.set(slot, [entry])
    else others.push(entry)
  })
  return slots
}

/** A value of the language as an answer has it. */
const shown = (value: number | string): number | string => (typeof value === 'number' ? value : textOf(value))

const nameOnly: readonly Parameter[] = [{ name: 'name', type: 'text', optional: true }]
const assignment: readonly Parameter[] = [{ name: 'name', type: 'text' }, { name: 'type', type: 'string' }, { name: 'value', type: 'text' }]

function sharedCommands(state: ScriptState): Command[] {
  const variable = (name: string, value: number | string): unknown => ({ name: textOf(name), type: typeof value === 'number' ? 'int' : 'string', value: shown(value) })
  return [{
    name: 'pv.shvGet', usage: 'pv.shvGet [NAME]: a shared variable, or all', effect: 'read', parameters: nameOnly,
    run(params) {
      const [name] = scan(params, nameOnly)
      if (name === undefined) return { items: new Members(state.shared.entries().map(([known, value]) => ['shv', variable(known, value)])) }
      const value = state.shared.find(bytesOf(String(name)))
      if (value === null) throw new RpcError(404, 'Variable not found')
      return variable(bytesOf(String(name)), value)
    },
  }, {
    name: 'pv.shvSet', usage: 'pv.shvSet NAME int|str VALUE: set a shared variable', effect: 'write', parameters: assignment,
    run(params) {
      const [name, type, value] = scan(params, assignment)
      const missing = (what: string): RpcError => new RpcError(500, `Missing ${what} (Parameters: varname type value)`)
      if (name === undefined) throw missing('parameter varname')
      if (type === undefined) throw missing('parameter type')
      if (type !== 'int' && type !== 'str' && type !== 'string') throw new RpcError(500, 'Unknown parameter type (Types: int or str)')
      if (value === undefined) throw missing(type === 'int' ? 'integer parameter value' : 'parameter value')
      const whole = Number(BigInt.asIntN(32, BigInt(/^[+-]?\d{1,30}$/.test(String(value)) ? String(value) : 0)))
      if (!state.shared.set(bytesOf(String(name)), type === 'int' ? whole : bytesOf(String(value)))) throw new RpcError(500, 'Cannot set shv variable.')
      return 'Ok. Variable set to new value.'
    },
  }]
}
