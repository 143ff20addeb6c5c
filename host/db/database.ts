import type { DatabaseUrl } from './url.ts'
import type { Link } from './types.ts'
import type { PoolLimits } from './pool.ts'
import { openMysql } from './mysql.ts'
import { Pool } from './pool.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'

/** Connections of one thread to one server; a SQLite database is worked on by one thread. */
const connections = 4
const limits: PoolLimits = { connections, queue: 256, idle: 30_000 }

const open: Readonly<Record<DatabaseUrl['dialect'], (url: DatabaseUrl) => Promise<Link>>> = {
  sqlite: openSqlite, postgres: openPostgres, mysql: openMysql,
}

/** The thread's databases: connections outlive configurations, and close by themselves when they are idle. */
const pools = new Map<string, Pool>()

/** The connections of this thread to a database. */
export function databaseOf(url: DatabaseUrl): Pool {
  let pool = pools.get(url.key)
  if (pool === undefined) {
    pool = new Pool(() => open[url.dialect](url), url.dialect === 'sqlite' ? { ...limits, connections: 1 } : limits)
    pools.set(url.key, pool)
  }
  return pool
}
