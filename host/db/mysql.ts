import type { Connection } from 'mysql2'
import type { DatabaseUrl } from './url.ts'
import type { DbValue, Link, Rows, Statement } from './types.ts'
import { DatabaseError, DbTime, sizeOf } from './types.ts'

/** Milliseconds to connect in. */
const connectTimeout = 5000
/** Column types as the protocol numbers them. */
const Type = { tiny: 1, short: 2, long: 3, float: 4, double: 5, timestamp: 7, longlong: 8, int24: 9, date: 10, datetime: 12, year: 13, bit: 16 } as const

interface Field { readonly name: string, readonly columnType?: number, readonly type?: number }

function valueOf(value: unknown, field: Field): DbValue {
  if (value === null || value === undefined) return null
  switch (field.columnType ?? field.type) {
    case Type.tiny: case Type.short: case Type.long: case Type.longlong: case Type.int24: case Type.year: return BigInt(value as string)
    case Type.float: case Type.double: return Number(value)
    case Type.timestamp: case Type.datetime: return new DbTime(String(value))
    case Type.date: return new DbTime(`${value as string} 00:00:00`)
    case Type.bit: {
      let bits = 0n
      for (const byte of value as Uint8Array) bits = bits << 8n | BigInt(byte)
      return bits
    }
    default: return value instanceof Uint8Array || typeof value === 'string' ? value : String(value)
  }
}

function parameterOf(value: DbValue): unknown {
  if (value instanceof DbTime) return value.text
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length)
  return value
}

class MysqlLink implements Link {
  usable = true
  onLost: (() => void) | null = null
  private readonly connection: Connection
  private readonly another: () => Connection
  private running = false

  constructor(connection: Connection, another: () => Connection) {
    this.connection = connection
    this.another = another
    const lost = (): void => {
      this.usable = false
      this.onLost?.()
    }
    connection.on('error', lost)
    connection.on('end', lost)
  }

  run({ sql, params, rows: most, bytes: room }: Statement): Promise<Rows> {
    const list: DbValue[][] = []
    let fields: readonly Field[] = []
    let bytes = 0
    let more = false
    let affected = 0
    this.running = true
    return new Promise<Rows>((resolve, reject) => {
      const end = (): void => resolve({ columns: fields.map(({ name }) => name), rows: list, more, affected })
      const query = this.connection.execute({ sql, values: params.map(parameterOf), rowsAsArray: true } as any) as any
      query.on('fields', (found: Field[] | undefined) => { fields = found ?? [] })
      query.on('result', (row: unknown[] | { affectedRows: number }) => {
        if (!Array.isArray(row)) {
          affected = row.affectedRows
          return
        }
        if (more) return
        if (list.length >= most || bytes > room) {
          // The server sends all that it has: ending the connection ends that.
          more = true
          this.usable = false
          this.connection.destroy()
          return end()
        }
        const values = row.map((value, i) => valueOf(value, fields[i]!))
        for (const value of values) bytes += sizeOf(value)
        list.push(values)
      })
      query.on('error', (error: Error & { fatal?: boolean }) => {
        if (error.fatal === true) this.usable = false
        reject(new DatabaseError(error.message))
      })
      query.on('end', end)
    }).finally(() => { this.running = false })
  }

  cancel(): void {
    const { threadId } = this.connection
    if (!this.running || threadId === null) return
    const messenger = this.another()
    messenger.on('error', () => {})
    messenger.query(`KILL QUERY ${Number(threadId)}`, () => messenger.destroy())
  }

  async close(): Promise<void> {
    const politely = this.usable && !this.running
    this.usable = false
    if (politely) this.connection.end(() => {})
    else this.connection.destroy()
  }
}

/** Connects to a MySQL or MariaDB server; rejects with DatabaseError. */
export async function openMysql(url: DatabaseUrl): Promise<Link> {
  const { default: mysql } = await import('mysql2')
  const another = (): Connection => mysql.createConnection({
    ...(url.socket !== '' ? { socketPath: url.socket } : { host: url.host === '' ? 'localhost' : url.host, port: url.port === 0 ? 3306 : url.port }),
    ...(url.user === '' ? {} : { user: url.user }), password: url.password, database: url.database, connectTimeout, charset: 'utf8mb4',
    supportBigNumbers: true, bigNumberStrings: true, dateStrings: true, multipleStatements: false, maxPreparedStatements: 64,
    flags: ['-LOCAL_FILES'],
  })
  const connection = another()
  const link = new MysqlLink(connection, another)
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => { if (error === null) resolve(); else reject(error) })
    })
    return link
  } catch (error) {
    await link.close()
    throw new DatabaseError(`${url.shown}: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`)
  }
}
