import type { DatabaseUrl } from './url.ts'
import type { Link, Rows, Statement } from './types.ts'
import type { SqliteAnswer, SqliteAsk, SqliteStart } from './sqlite-thread.ts'
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { DatabaseError, DbTime } from './types.ts'

/** The thread's file: beside this one, in the checkout as in the bundle. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './sqlite-thread.ts' : './sqlite-thread.js', import.meta.url)

/** A SQLite database, worked on in a thread of its own. The file must be there. */
class SqliteLink implements Link {
  usable = true
  onLost: (() => void) | null = null
  private readonly worker: Worker
  private readonly stop = new Int32Array(new SharedArrayBuffer(4))
  private settle: ((answer: SqliteAnswer) => void) | null = null

  constructor(path: string) {
    this.worker = new Worker(entry, { workerData: { path, stop: this.stop } satisfies SqliteStart, name: 'vespid sqlite' })
    this.worker.unref()
    this.worker.on('message', (answer: SqliteAnswer) => this.answered(answer))
    this.worker.on('error', (error) => this.lost((error as Error).message))
    this.worker.on('exit', () => this.lost('its thread has ended'))
  }

  /** Resolves when the file is open. */
  opened(): Promise<Rows> {
    return this.answer()
  }

  run({ sql, params, rows, bytes }: Statement): Promise<Rows> {
    Atomics.store(this.stop, 0, 0)
    const answer = this.answer()
    const values = params.map((value) => (value instanceof DbTime ? value.text : value))
    this.worker.postMessage({ sql, params: values, rows, bytes } satisfies SqliteAsk)
    return answer
  }

  cancel(): void {
    Atomics.store(this.stop, 0, 1)
  }

  async close(): Promise<void> {
    this.usable = false
    this.answered({ error: 'the query was given up' })
    await this.worker.terminate()
  }

  private answer(): Promise<Rows> {
    // A statement in flight keeps the process alive, an idle database does not.
    this.worker.ref()
    return new Promise((resolve, reject) => {
      this.settle = (answer) => {
        this.worker.unref()
        if ('rows' in answer) return resolve(answer.rows)
        if (answer.fatal === true) this.usable = false
        reject(new DatabaseError(answer.error))
      }
    })
  }

  private answered(answer: SqliteAnswer): void {
    const { settle } = this
    this.settle = null
    settle?.(answer)
  }

  private lost(reason: string): void {
    this.usable = false
    this.answered({ error: reason })
    this.onLost?.()
  }
}

/** Opens a SQLite database; rejects with DatabaseError. */
export async function openSqlite({ path, shown }: DatabaseUrl): Promise<Link> {
  if (path !== ':memory:' && !existsSync(path)) throw new DatabaseError(`${shown}: there is no such file`)
  const link = new SqliteLink(path)
  try {
    await link.opened()
  } catch (error) {
    await link.close()
    throw new DatabaseError(`${shown}: ${(error as Error).message}`)
  }
  return link
}
