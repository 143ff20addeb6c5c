/** The thread of one SQLite database: SQLite works in the thread that asks it, so it is given one of its own. */
import type { StatementSync } from 'node:sqlite'
import type { DbValue, Rows } from './types.ts'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { sizeOf } from './types.ts'

/** What the thread is asked: `times` are the positions of parameters that are dates. */
export interface SqliteAsk {
  readonly sql: string
  readonly params: readonly (null | bigint | number | string | Uint8Array)[]
  readonly rows: number
  readonly bytes: number
}
/** What it answers. */
export type SqliteAnswer = { readonly rows: Rows } | { readonly error: string, readonly fatal?: boolean }
/** What it begins with; `stop` is set to 1 to end the statement in flight. */
export interface SqliteStart {
  readonly path: string
  readonly stop: Int32Array
}

/** Prepared statements that are kept. */
const kept = 64
const { path, stop } = workerData as SqliteStart
const statements = new Map<string, StatementSync>()

function prepare(database: DatabaseSync, sql: string): StatementSync {
  let statement = statements.get(sql)
  if (statement !== undefined) return statement
  statement = database.prepare(sql)
  statement.setReadBigInts(true)
  statement.setReturnArrays(true)
  if (statements.size >= kept) statements.delete(statements.keys().next().value!)
  statements.set(sql, statement)
  return statement
}

function run(database: DatabaseSync, { sql, params, rows: most, bytes: room }: SqliteAsk): Rows {
  const statement = prepare(database, sql)
  const columns = statement.columns().map(({ name }) => name)
  if (columns.length === 0) {
    const { changes } = statement.run(...params as null[])
    return { columns, rows: [], more: false, affected: Number(changes) }
  }
  const rows: DbValue[][] = []
  let more = false
  let bytes = 0
  for (const row of statement.iterate(...params as null[]) as unknown as Iterable<DbValue[]>) {
    if (Atomics.load(stop, 0) === 1) throw new Error('the query was given up')
    if (rows.length >= most || bytes > room) {
      more = true
      break
    }
    for (const value of row) bytes += sizeOf(value)
    rows.push(row)
  }
  return { columns, rows, more, affected: 0 }
}

function serve(): void {
  const port = parentPort!
  let database: DatabaseSync
  try {
    database = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true })
  } catch (error) {
    port.postMessage({ error: (error as Error).message, fatal: true } satisfies SqliteAnswer)
    return
  }
  port.postMessage({ rows: { columns: [], rows: [], more: false, affected: 0 } } satisfies SqliteAnswer)
  port.on('message', (ask: SqliteAsk) => {
    let answer: SqliteAnswer
    try {
      answer = { rows: run(database, ask) }
    } catch (error) {
      answer = { error: (error as Error).message }
    }
    port.postMessage(answer)
  })
}

serve()
