/** `sht_…`: functions on hash tables (Kamailio's htable module). */
import type { ScriptFunction, ScriptRunView, ScriptValue } from '../contract.ts'
import type { HashTable } from '../htable.ts'
import type { ScriptRun } from '../run.ts'
import type { EntryTest } from '../tablematch.ts'
import { LogLevel } from '../run.ts'
import { namedTest } from '../tablematch.ts'
import { toIntQuietly } from '../values.ts'
import { ScriptFailure } from '../values.ts'
import { matchesText } from '../compile/match.ts'
import { TableIterator, iterators } from './iterators.ts'
import { locks } from './locks.ts'

/** Entries that an iterator takes with it at most. */
const mostEntries = 100_000

function tableOf(run: ScriptRunView, name: ScriptValue): HashTable | null {
  const found = (run as ScriptRun).program.options.tables.get(String(name).trim())
  if (found === undefined) (run as ScriptRun).log(LogLevel.Error, `unknown hash table "${String(name)}"`)
  return found ?? null
}

/** Splits `table=>rest`. */
function splitName(text: ScriptValue): readonly [string, string] | null {
  const arrow = String(text).indexOf('=>')
  return arrow < 1 ? null : [String(text).slice(0, arrow).trim(), String(text).slice(arrow + 2).trim()]
}

function define(name: string, count: number, call: (run: ScriptRun, args: readonly ScriptValue[]) => number): ScriptFunction {
  return { name, minimum: count, maximum: count, call: (run, args) => call(run as ScriptRun, args) }
}

/** A function whose first argument names a table. */
function onTable(name: string, count: number, call: (table: HashTable, args: readonly string[], run: ScriptRun) => number): ScriptFunction {
  return define(name, count, (run, args) => {
    const table = tableOf(run, args[0]!)
    return table === null ? -1 : call(table, args.slice(1).map(String), run)
  })
}

/** All entries that fit; each counts as a step of the run. */
function matching(table: HashTable, run: ScriptRun, test: (key: string, value: number | string) => boolean): string[] | null {
  const found: string[] = []
  try {
    table.each((key, value) => {
      run.step()
      if (test(key, value)) found.push(key)
    })
  } catch (error) {
    if (!(error instanceof ScriptFailure)) throw error
    run.log(LogLevel.Error, error.message)
    return null
  }
  return found
}

/** `f(table, operator, operand)`: on the entries whose name or value fits. */
function onMatches(name: string, ofName: boolean, answer: (table: HashTable, keys: readonly string[]) => number): ScriptFunction {
  return onTable(name, 3, (table, [operator, operand], run) => {
    const test: EntryTest | null = namedTest(operator!, operand!)
    if (test === null) {
      run.log(LogLevel.Error, `unknown operator "${operator}" of "${name}"`)
      return -1
    }
    const keys = matching(table, run, (key, value) => ofName ? test(key) : typeof value === 'string' && test(value))
    return keys === null ? -1 : answer(table, keys)
  })
}

const some = (_: HashTable, keys: readonly string[]): number => keys.length > 0 ? 1 : -1
function remove(table: HashTable, keys: readonly string[]): number {
  for (const key of keys) table.delete(key)
  return 1
}

/** `f("table=>regex")` */
function removeByRegex(name: string, ofName: boolean): ScriptFunction {
  return define(name, 1, (run, [text]) => {
    const parts = splitName(text!)
    const table = parts === null ? null : tableOf(run, parts[0])
    if (table === null) return -1
    const keys = matching(table, run, (key, value) => ofName ? matchesText(parts![1], key) : typeof value === 'string' && matchesText(parts![1], value))
    return keys === null ? -1 : remove(table, keys)
  })
}

function setWithExpiry(name: string, value: (text: string) => number | string): ScriptFunction {
  return onTable(name, 4, (table, [key, text, seconds]) => table.set(key!, value(text!), toIntQuietly(seconds!)) ? 1 : -1)
}

const iteratorFunctions: readonly ScriptFunction[] = [
  define('sht_iterator_start', 2, (run, [name, tableName]) => {
    const table = tableOf(run, tableName!)
    if (table === null) return -1
    const entries: [string, number | string][] = []
    table.each((key, value) => { if (entries.length < mostEntries) entries.push([key, value]) })
    iterators(run).set(String(name), new TableIterator(table.definition.name, entries))
    return 1
  }),
  define('sht_iterator_next', 1, (run, [name]) => iterators(run).get(String(name))?.next() === true ? 1 : -1),
  define('sht_iterator_end', 1, (run, [name]) => iterators(run).delete(String(name)) ? 1 : -1),
  define('sht_iterator_rm', 1, (run, [name]) => {
    const iterator = iterators(run).get(String(name))
    if (iterator === undefined || iterator.present === null) return -1
    return tableOf(run, iterator.table)?.delete(iterator.present[0]) === true ? 1 : -1
  }),
]

function changeEntry(name: string, change: (table: HashTable, key: string, text: string) => boolean): ScriptFunction {
  return define(name, 2, (run, [iteratorName, text]) => {
    const iterator = iterators(run).get(String(iteratorName))
    const table = iterator === undefined || iterator.present === null ? null : tableOf(run, iterator.table)
    return table !== null && change(table, iterator!.present![0], String(text)) ? 1 : -1
  })
}

function lockFunction(name: string, take: boolean): ScriptFunction {
  return {
    name, minimum: 1, maximum: 1, waits: take,
    call(run, [text]) {
      const parts = splitName(text!)
      if (parts === null || tableOf(run, parts[0]) === null) return -1
      const key = `sht ${parts[0]} ${parts[1]}`
      return take ? locks(run as ScriptRun).take(key) : locks(run as ScriptRun).give(key)
    },
  }
}

export const tableFunctions: readonly ScriptFunction[] = [
  onTable('sht_reset', 1, (table) => { table.clear(); return 1 }),
  onTable('sht_rm', 2, (table, [key]) => { table.delete(key!); return 1 }),
  onTable('sht_is_null', 2, (table, [key]) => table.find(key!) === null ? 1 : -1),
  removeByRegex('sht_rm_name_re', true), removeByRegex('sht_rm_value_re', false),
  onMatches('sht_rm_name', true, remove), onMatches('sht_rm_value', false, remove),
  ...['sht_match_name', 'sht_has_name'].map((name) => onMatches(name, true, some)),
  ...['sht_match_str_value', 'sht_has_str_value'].map((name) => onMatches(name, false, some)),
  setWithExpiry('sht_setxs', (text) => text), setWithExpiry('sht_setxi', (text) => toIntQuietly(text)),
  { name: 'sht_print', minimum: 0, maximum: 0, call: (run) => {
    for (const table of (run as ScriptRun).program.options.tables.all()) {
      table.each((key, value) => {
        const shown = typeof value === 'number' ? value : `"${value}"`
        ;(run as ScriptRun).log(LogLevel.Error, `${table.definition.name}: "${key}" = ${shown}`)
      })
    }
    return 1
  } },
  lockFunction('sht_lock', true), lockFunction('sht_unlock', false),
  ...iteratorFunctions,
  changeEntry('sht_iterator_sets', (table, key, text) => table.set(key, text)),
  changeEntry('sht_iterator_seti', (table, key, text) => table.set(key, toIntQuietly(text))),
  changeEntry('sht_iterator_setex', (table, key, text) => table.expire(key, toIntQuietly(text))),
]
