/** A date and time as databases write it, without a zone: `YYYY-MM-DD HH:MM:SS`, perhaps with a fraction. */
export class DbTime {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A value that goes to a database or comes from one. Integers are bigint, so that none of 64 bits loses a digit. */
export type DbValue = null | bigint | number | string | Uint8Array | DbTime

/** One statement: `?` stands for each parameter. */
export interface Statement {
  readonly sql: string
  readonly params: readonly DbValue[]
  /** The most rows that are read; what is beyond is not fetched. */
  readonly rows: number
  /** The most bytes of values that are kept. */
  readonly bytes: number
  /** Milliseconds from asking to the last row. */
  readonly timeout: number
}

/** What a statement gave. */
export interface Rows {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly DbValue[])[]
  /** There would be more rows than were asked for, or than there was room for. */
  readonly more: boolean
  /** Rows that were changed, 0 for statements that only read. */
  readonly affected: number
}

/** A statement that failed, or a database that cannot be asked: what the user is told. Holds no password. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError'
}

/** One connection to a database, for one statement at a time. */
export interface Link {
  /** Runs a statement; rejects with DatabaseError. */
  run(statement: Statement): Promise<Rows>
  /** Asks the server to give up the statement in flight; its promise is settled all the same, perhaps late. */
  cancel(): void
  /** Ends the connection; resolves when nothing of it runs any more. */
  close(): Promise<void>
  /** It can run statements. */
  readonly usable: boolean
  /** Called when it has become unusable without being asked. */
  onLost: (() => void) | null
}

/** Room that a value takes, roughly. */
export function sizeOf(value: DbValue): number {
  if (typeof value === 'string') return 5 + value.length
  if (value instanceof Uint8Array) return 5 + value.length
  return 9
}
