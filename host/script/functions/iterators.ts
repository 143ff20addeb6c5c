import type { ScriptRun } from '../run.ts'

/** A walk through a hash table: what was in it when it began. */
export class TableIterator {
  readonly table: string
  present: readonly [string, number | string] | null = null
  private readonly entries: (readonly [string, number | string])[]
  private at = 0

  constructor(table: string, entries: (readonly [string, number | string])[]) {
    this.table = table
    this.entries = entries
  }

  /** Goes to the next entry; false at the end. */
  next(): boolean {
    this.present = this.entries[this.at++] ?? null
    return this.present !== null
  }
}

const key = Symbol('hash table iterators')

/** The iterators of a run by name. */
export function iterators(run: ScriptRun): Map<string, TableIterator> {
  return run.keep(key, () => new Map<string, TableIterator>())
}
