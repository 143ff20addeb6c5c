/** `$sht` and its relatives: hash tables shared by all workers (kamailio.md §9.7). */
import type { ScriptValue } from '../contract.ts'
import type { BoundVariable, HostVariable } from '../library.ts'
import type { HashTable } from '../htable.ts'
import type { ScriptRun } from '../run.ts'
import type { CompileContext } from '../compile/context.ts'
import { ConfigError } from '../../core/errors.ts'
import { compileFormat } from '../compile/format.ts'
import { unknown } from '../library.ts'
import { countTest } from '../tablematch.ts'
import { iterators } from '../functions/iterators.ts'

type Access = (table: HashTable, key: string, run: ScriptRun) => ScriptValue
type Change = (table: HashTable, key: string, value: ScriptValue, run: ScriptRun) => boolean

/** Reads `table=>key`: the table is checked at start-up, the key may hold variables. */
function tableAndKey(name: string, inner: string, context: CompileContext): { readonly table: HashTable, readonly key: (run: ScriptRun) => string } {
  const arrow = inner.indexOf('=>')
  if (arrow < 1) throw new ConfigError(`invalid name "${inner}" of the variable "$${name}"`, null, `write "$${name}(TABLE=>KEY)"`)
  const tableName = inner.slice(0, arrow).trim()
  const table = context.options.tables.get(tableName)
  if (table === undefined) throw unknown('hash table', tableName, '', context.options.tables.names())
  const format = compileFormat(inner.slice(arrow + 2).trim(), context)
  const { constant } = format
  return { table, key: constant === null ? format.evaluate : () => constant }
}

function variable(name: string, get: Access, set: Change | null = null): HostVariable {
  return {
    name, inner: 'required',
    get: () => null,
    bind(inner, _, context): BoundVariable {
      const { table, key } = tableAndKey(name, inner!, context)
      return {
        get: (run) => get(table, key(run), run),
        set: set === null ? null : (run, value) => set(table, key(run), value, run),
      }
    },
  }
}

function count(name: string, ofName: boolean): HostVariable {
  return variable(name, (table, expression, run) => {
    const test = countTest(expression)
    let found = 0
    table.each((key, value) => {
      run.step()
      if (test(ofName ? key : value)) found++
    })
    return found
  })
}

/** The entry where an iterator stands. */
function ofIterator(name: string, part: 0 | 1): HostVariable {
  return { name, inner: 'required', get: (run, inner) => iterators(run as ScriptRun).get(inner!.trim())?.present?.[part] ?? null }
}

export const tableVariables: readonly HostVariable[] = [
  variable('sht', (table, key) => table.get(key), (table, key, value) => {
    if (value !== null) return table.set(key, value)
    table.delete(key)
    return true
  }),
  variable('shtex', (table, key) => table.expiry(key), (table, key, value, run) => {
    table.expire(key, run.int(value))
    return true
  }),
  variable('shtinc', (table, key) => table.add(key, 1)),
  variable('shtdec', (table, key) => table.add(key, -1)),
  count('shtcn', true), count('shtcv', false),
  ofIterator('shtitkey', 0), ofIterator('shtitval', 1),
]
