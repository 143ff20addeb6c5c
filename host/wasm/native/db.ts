import type { DatabaseUrl } from '../../db/url.ts'
import type { Statement } from '../../db/types.ts'
import type { Instance } from '../instance.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import { resolve } from 'node:path'
import { missingGrant } from '../../core/grants.ts'
import { bytesOf, textOf } from '../../core/text.ts'
import { databaseOf } from '../../db/database.ts'
import { DatabaseError } from '../../db/types.ts'
import { parseDatabaseUrl } from '../../db/url.ts'
import { readParameters, writeRows } from '../../db/wire.ts'
import { Kind, mayWaitIn } from '../frame.ts'
import { GuestFault, byteString } from '../trap.ts'
import { ABSENT, bounds } from './abi.ts'

/** As a plugin numbers them. */
const dialects = ['sqlite', 'postgres', 'mysql'] as const
const none = Buffer.alloc(0)
/** Databases that one plugin may open. */
const mostDatabases = 64
/** What a statement gets where the plugin gives 0, and the most it may have. */
const usual = { rows: 1000, timeout: 10_000 }
const most = { rows: 100_000, bytes: 16 << 20, timeout: 3600_000 }

/** The databases that a plugin has opened: its ids are positions. */
export class PluginDatabases {
  readonly urls: DatabaseUrl[] = []
  private readonly names: string[] = []

  /** The id of a URL, or of a database that the configuration names; throws Error that says why it may not be opened. */
  open(plugin: NativePlugin, name: string): number {
    const known = this.names.indexOf(name)
    if (known >= 0) return known
    if (this.urls.length >= mostDatabases) throw new GuestFault(`opened more than ${mostDatabases} databases`)
    const { cycle } = plugin
    if (cycle === null) throw new GuestFault('opened a database before the configuration was begun')
    const url = parseDatabaseUrl(textOf(name))
    if (!(plugin.own && plugin.files.named.has(name)) && !cycle.grants.list(plugin.name, 'db').some((grant) => sameDatabase(grant, url))) {
      throw new Error(`plugin "${plugin.name}" may not open database ${bytesOf(url.shown)}; ${missingGrant(plugin.name, 'db', bytesOf(url.shown))}`)
    }
    this.names.push(name)
    return this.urls.push(url.dialect === 'sqlite' && url.path !== ':memory:' ? { ...url, path: resolve(textOf(cycle.options.prefix), url.path) } : url) - 1
  }
}

/** A grant holds for the database that it names, whatever the password. */
function sameDatabase(grant: string, url: DatabaseUrl): boolean {
  try {
    return parseDatabaseUrl(textOf(grant)).shown === url.shown
  } catch {
    return false
  }
}

/** The functions that ask databases. */
export function databaseImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  const { databases } = plugin
  const database = (id: number): DatabaseUrl => {
    const url = databases.urls[id]
    if (url === undefined) throw new GuestFault(`used database ${id}, which it has not opened`)
    return url
  }
  const refuse = (message: string): number => {
    instance.frame.result = { body: Buffer.from(byteString(message), 'latin1'), headers: none }
    return ABSENT
  }
  return {
    db_open: (pointer, length) => {
      instance.expect(~(Kind.Register | Kind.Idle), 'db_open')
      try {
        return databases.open(plugin, instance.text(pointer!, length!, 4096))
      } catch (error) {
        if (error instanceof GuestFault) throw error
        plugin.files.reason = bytesOf((error as Error).message)
        return ABSENT
      }
    },
    db_dialect: (id) => dialects.indexOf(database(id!).dialect),
    db_query: instance.suspending((id: number, sql: number, sqlLength: number, params: number, paramsLength: number, rows: number, timeout: number) => {
      const frame = instance.expect(mayWaitIn, 'db_query')
      const url = database(id)
      let statement: Statement
      try {
        statement = statementOf(instance, { sql, sqlLength, params, paramsLength, rows, timeout })
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error
        return refuse(error.message)
      }
      return instance.waiting!.wait(`database ${bytesOf(url.shown)}`, (done) => databaseOf(url).ask(statement, (outcome) => {
        if (outcome instanceof DatabaseError) return done(refuseIn(frame, outcome.message))
        frame.result = { body: writeRows(outcome), headers: none }
        done(outcome.rows.length)
      }))
    }),
  }
}

function refuseIn(frame: { result: { readonly body: Buffer, readonly headers: Buffer } | null }, message: string): number {
  frame.result = { body: Buffer.from(byteString(message), 'latin1'), headers: none }
  return ABSENT
}

interface Asked { readonly sql: number, readonly sqlLength: number, readonly params: number, readonly paramsLength: number, readonly rows: number, readonly timeout: number }

function statementOf(instance: Instance, { sql, sqlLength, params, paramsLength, rows, timeout }: Asked): Statement {
  if (rows < 0 || rows > most.rows) throw new GuestFault(`asked a database for ${rows} rows; ${most.rows} are allowed`)
  if (timeout < 0 || timeout > most.timeout) throw new GuestFault(`gave a database ${timeout} milliseconds`)
  if (paramsLength < 0 || paramsLength > bounds.body) throw new GuestFault(`gave ${paramsLength} bytes of parameters`)
  const at = instance.range(params, paramsLength)
  const text = textOf(instance.text(sql, sqlLength))
  return {
    sql: text, params: readParameters(Buffer.from(instance.bytes.subarray(at, at + paramsLength))), rows: rows === 0 ? usual.rows : rows,
    bytes: most.bytes, timeout: timeout === 0 ? usual.timeout : timeout,
  }
}
