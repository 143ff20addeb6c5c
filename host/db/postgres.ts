import type { Client, FieldDef } from 'pg'
import type { DatabaseUrl } from './url.ts'
import type { DbValue, Link, Rows, Statement } from './types.ts'
import { connect } from 'node:net'
import { DatabaseError, DbTime, sizeOf } from './types.ts'
import { numbered } from './sqltext.ts'

/** Milliseconds to connect in. */
const connectTimeout = 5000
/** Types as PostgreSQL numbers them (pg_type.dat). */
const Oid = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, oid: 26, float4: 700, float8: 701, date: 1082, timestamp: 1114, timestamptz: 1184 } as const

/** Values come as texts; how each becomes a value is told by its type. */
function valueOf(text: string | null, type: number): DbValue {
  if (text === null) return null
  switch (type) {
    case Oid.int2: case Oid.int4: case Oid.int8: case Oid.oid: return BigInt(text)
    case Oid.float4: case Oid.float8: return Number(text)
    case Oid.bool: return text === 't' ? 1n : 0n
    case Oid.bytea: return text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'latin1')
    case Oid.timestamp: case Oid.timestamptz: return new DbTime(text)
    case Oid.date: return new DbTime(`${text} 00:00:00`)
    default: return text
  }
}

/** Parameters go as texts, whose type the server knows from where they stand; bytes go as bytes. */
function parameterOf(value: DbValue): unknown {
  if (value === null) return null
  if (value instanceof DbTime) return value.text
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length)
  return String(value)
}

const texts = { getTypeParser: () => (text: string) => text }

interface Wire { sync(): void }

/** Asks a server to end what a connection is at (PostgreSQL's protocol, "Canceling Requests in Progress"). */
function cancelRequest(options: ConnectOptions, processId: number, secret: number): void {
  const { host, port } = options
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
  const packet = Buffer.alloc(16)
  packet.writeInt32BE(16, 0)
  packet.writeInt32BE(80877102, 4)
  packet.writeInt32BE(processId, 8)
  packet.writeInt32BE(secret | 0, 12)
  socket.setTimeout(connectTimeout, () => socket.destroy())
  socket.on('error', () => {})
  socket.end(packet)
}

interface ConnectOptions { readonly host: string, readonly port: number }

class PostgresLink implements Link {
  usable = true
  onLost: (() => void) | null = null
  private readonly client: Client
  private readonly pg: typeof import('pg')
  private readonly options: ConnectOptions
  private running: unknown = null

  constructor(client: Client, pg: typeof import('pg'), options: ConnectOptions) {
    this.client = client
    this.pg = pg
    this.options = options
    const lost = (): void => {
      this.usable = false
      this.onLost?.()
    }
    client.on('error', lost)
    client.on('end', lost)
  }

  run({ sql, params, rows: most, bytes: room }: Statement): Promise<Rows> {
    const list: DbValue[][] = []
    let columns: readonly FieldDef[] = []
    let bytes = 0
    let more = false
    return new Promise((resolve, reject) => {
      // `rows` bounds what the server sends at once; what would come behind it is not asked for.
      const query = new this.pg.Query({ text: numbered(sql), values: params.map(parameterOf), rowMode: 'array', types: texts, rows: most + 1 } as any) as any
      // In this mode the client leaves the end of the exchange to the query.
      let synced = false
      const sync = (connection: Wire): void => {
        if (!synced) connection.sync()
        synced = true
      }
      query.handlePortalSuspended = (connection: Wire) => {
        more = true
        sync(connection)
      }
      query.handleCommandComplete = (message: unknown, connection: Wire) => {
        query._result.addCommandComplete(message)
        sync(connection)
      }
      const { handleError } = query
      query.handleError = (error: Error, connection: Wire) => {
        sync(connection)
        handleError.call(query, error, connection)
      }
      query.on('row', (row: (string | null)[], result: { fields: FieldDef[] }) => {
        columns = result.fields
        if (list.length >= most || bytes > room) {
          more = true
          return
        }
        const values = row.map((text, i) => valueOf(text, columns[i]!.dataTypeID))
        for (const value of values) bytes += sizeOf(value)
        list.push(values)
      })
      query.on('error', (error: Error) => {
        this.running = null
        reject(new DatabaseError(error.message))
      })
      query.on('end', (result: { fields: FieldDef[], rowCount: number | null }) => {
        this.running = null
        const fields = result.fields ?? columns
        resolve({ columns: fields.map(({ name }) => name), rows: list, more, affected: fields.length > 0 ? 0 : result.rowCount ?? 0 })
      })
      this.running = query
      this.client.query(query)
    })
  }

  cancel(): void {
    const { processID, secretKey } = this.client as unknown as { processID: number | null, secretKey: number | null }
    if (this.running !== null && processID !== null && secretKey !== null) cancelRequest(this.options, processID, secretKey)
  }

  async close(): Promise<void> {
    this.usable = false
    // A polite end waits for the statement in flight.
    if (this.running !== null) (this.client as any).connection?.stream?.destroy()
    await this.client.end().catch(() => {})
  }
}

/** Connects to a PostgreSQL server; rejects with DatabaseError. */
export async function openPostgres(url: DatabaseUrl): Promise<Link> {
  const { default: pg } = await import('pg')
  const options = {
    host: url.socket !== '' ? url.socket : url.host === '' ? 'localhost' : url.host, port: url.port === 0 ? 5432 : url.port,
    ...(url.user === '' ? {} : { user: url.user }), password: url.password, database: url.database,
    connectionTimeoutMillis: connectTimeout, application_name: 'vespid', keepAlive: true,
  }
  const client = new pg.Client(options)
  const link = new PostgresLink(client, pg as unknown as typeof import('pg'), options)
  try {
    await client.connect()
    return link
  } catch (error) {
    await link.close()
    throw new DatabaseError(`${url.shown}: ${reason(error)}`)
  }
}

function reason(error: unknown): string {
  const { errors, message } = error as AggregateError
  return message !== '' ? message : errors?.map((e: Error) => e.message).join(', ') ?? 'no connection'
}
