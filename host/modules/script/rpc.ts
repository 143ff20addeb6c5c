/** Commands about the state of routing scripts: hash tables, shared variables, settings (kamailio.md §3.2). They answer in whichever thread is asked. */
import type { Command, Parameter } from '../../rpc/command.ts'
import type { Cycle } from '../../cycle.ts'
import type { HashTable } from '../../script/htable.ts'
import type { ScriptState } from './state.ts'
import { Members, RpcError } from '../../rpc/command.ts'
import { scan } from '../../rpc/scan.ts'
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
      return run(found, values)
    },
  })
  const set = (name: string, value: Parameter, timed: boolean): Command =>
    one(name, [table, key, value, ...(timed ? [expire] : [])], timed ? 'Not enough parameters (htable name, key name, value and expire)' : 'Not enough parameters (htable name, key name and value)',
      `set an entry${timed ? ' that lives for EXPIRE seconds' : ''}`, 'write', false, (found, [, name, given, seconds]) => {
        // The language's numbers have 32 bits.
        const stored = typeof given === 'number' ? given | 0 : given!
        if (!found.set(String(name), stored, timed ? Math.max(0, Number(seconds)) : null)) throw new RpcError(500, 'Failed to set the item.')
        return 'Ok. Key set to new value.'
      })
  const noDatabase = (): never => { throw new RpcError(500, 'No htable db_url') }
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
    return { item: { name, value, flags: typeof value === 'string' ? 2 : 0, expire: left === 0 ? 'NEVER' : left } }
  }),
  set('htable.sets', text, false), set('htable.seti', int, false), set('htable.setxs', text, true), set('htable.setxi', int, true),
  one('htable.setex', [table, key, expire], 'Not enough parameters (htable name, key name and expire)', 'let an entry live for EXPIRE seconds', 'write', false, (found, [, name, seconds]) => {
    found.expire(String(name), Number(seconds))
    return 'Ok'
  }),
  one('htable.delete', [table, key], 'Not enough parameters (htable name and key name)', 'remove an entry', 'write', false, (found, [, name]) => {
    if (!found.delete(String(name))) throw new RpcError(404, 'Key not found in htable.')
    return 'Ok. Key deleted.'
  }),
  one('htable.flush', [table], 'No htable name given', 'remove all entries', 'write', false, (found) => (found.clear(), 'Ok. Htable flushed.')),
  one('htable.reload', [table], 'No htable name given', 'read from a database, which is not there', 'write', false, noDatabase),
  one('htable.store', [table], 'No htable name given', 'write to a database, which is not there', 'write', false, noDatabase)]
}

/** A table's entries by the slot that Kamailio would have them in. */
function bySlot(found: HashTable): Map<number, { name: string, value: number | string, type: 'int' | 'str' }[]> {
  const slots = new Map<number, { name: string, value: number | string, type: 'int' | 'str' }[]>()
  found.each((name, value) => {
    const slot = slotOf(found.definition, name)
    const entry = { name, value, type: typeof value === 'number' ? 'int' as const : 'str' as const }
    const others = slots.get(slot)
    if (others === undefined) slots.set(slot, [entry])
    else others.push(entry)
  })
  return slots
}

const nameOnly: readonly Parameter[] = [{ name: 'name', type: 'text', optional: true }]
const assignment: readonly Parameter[] = [{ name: 'name', type: 'text' }, { name: 'type', type: 'string' }, { name: 'value', type: 'text' }]

function sharedCommands(state: ScriptState): Command[] {
  const shown = (name: string, value: number | string): unknown => ({ name, type: typeof value === 'number' ? 'int' : 'string', value })
  return [{
    name: 'pv.shvGet', usage: 'pv.shvGet [NAME]: a shared variable, or all', effect: 'read', parameters: nameOnly,
    run(params) {
      const [name] = scan(params, nameOnly)
      if (name === undefined) return { items: new Members(state.shared.entries().map(([known, value]) => ['shv', shown(known, value)])) }
      const value = state.shared.find(String(name))
      if (value === null) throw new RpcError(404, 'Variable not found')
      return shown(String(name), value)
    },
  }, {
    name: 'pv.shvSet', usage: 'pv.shvSet NAME int|str VALUE: set a shared variable', effect: 'write', parameters: assignment,
    run(params) {
      const [name, type, value] = scan(params, assignment)
      if (value === undefined) throw new RpcError(500, 'not enough parameters')
      const whole = Number(BigInt.asIntN(32, BigInt(/^[+-]?\d{1,30}$/.test(String(value)) ? String(value) : 0)))
      if (type !== 'int' && type !== 'str' && type !== 'string') throw new RpcError(500, 'invalid type, it is int or str')
      if (!state.shared.set(String(name), type === 'int' ? whole : String(value))) throw new RpcError(500, 'Cannot set shv variable.')
      return 'Ok. Variable set to new value.'
    },
  }]
}
