import { DatabaseError } from './types.ts'

/** Which SQL a database speaks. */
export type Dialect = 'sqlite' | 'postgres' | 'mysql'

/** Where a database is, read from a URL as Kamailio writes them. */
export interface DatabaseUrl {
  readonly dialect: Dialect
  /** The same database has the same key: it holds the password, and is for no log. */
  readonly key: string
  /** The URL without its password, for messages. */
  readonly shown: string
  /** Of SQLite: the file, as it stands in the URL. */
  readonly path: string
  readonly host: string
  /** 0: the usual one. */
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** A unix socket's path (mysql) or directory (postgres); '' for TCP. */
  readonly socket: string
}

const schemes: Readonly<Record<string, Dialect>> = {
  sqlite: 'sqlite', postgres: 'postgres', postgresql: 'postgres', mysql: 'mysql', mariadb: 'mysql',
}
/** Drivers of Kamailio's that there are none of here. */
const absent = ['text', 'berkeley', 'oracle', 'cassandra', 'cluster', 'flatstore', 'unixodbc', 'mongodb', 'redis', 'perlvdb', 'http']

const form = 'it is sqlite:///PATH, postgres://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE'

/**
 * Reads `sqlite:///PATH`, `postgres://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE` or the same with `mysql`; HOST may be `unix(SOCKET)`. Throws
 * DatabaseError. Of Kamailio's other drivers `text://` is refused with a word on what to do.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const [, scheme, rest] = /^([a-z0-9+_]+):(?:\/\/)?([^\0\r\n]*)$/is.exec(text) ?? []
  if (scheme === undefined || rest === undefined) throw new DatabaseError(`invalid database URL "${hidden(text)}": ${form}`)
  const name = scheme.toLowerCase()
  const dialect = Object.hasOwn(schemes, name) ? schemes[name]! : undefined
  if (dialect === undefined) {
    if (name === 'text') throw new DatabaseError(`database URL "${hidden(text)}": db_text files are not supported; load them into SQLite and write sqlite:///PATH`)
    throw new DatabaseError(`database URL "${hidden(text)}": there is no driver "${name}"${absent.includes(name) ? ' here' : ''}; ${form}`)
  }
  if (dialect === 'sqlite') {
    const path = rest
    if (path === '') throw new DatabaseError(`invalid database URL "${text}": it names no file`)
    return { dialect, key: `sqlite ${path}`, shown: `sqlite://${path}`, path, host: '', port: 0, user: '', password: '', database: path, socket: '' }
  }
  return parseServer(text, dialect, rest)
}

function parseServer(text: string, dialect: Dialect, rest: string): DatabaseUrl {
  const wrong = (what: string): DatabaseError => new DatabaseError(`invalid database URL "${hidden(text)}": ${what}`)
  // A password may hold "@" and "/" in Kamailio's URLs: the last "@" ends it.
  const at = rest.lastIndexOf('@')
  const account = at < 0 ? '' : rest.slice(0, at)
  const [, socket, host = '', port, database = ''] = /^(?:unix\(([^)]*)\)|(\[[0-9a-f:.]+\]|[^:/[\]]*))(?::(\d{1,5}))?(?:\/([^/?#]*))?$/i.exec(rest.slice(at + 1)) ?? []
  if (socket === undefined && host === '' && database === '') throw wrong(form)
  if (database === '') throw wrong('it names no database')
  if (Number(port ?? 0) > 65535) throw wrong(`there is no port ${port}`)
  const colon = account.indexOf(':')
  const user = decode(colon < 0 ? account : account.slice(0, colon))
  const password = colon < 0 ? '' : decode(account.slice(colon + 1))
  const where = socket === undefined ? `${host}${port === undefined ? '' : `:${port}`}` : `unix(${socket})`
  const shown = `${dialect}://${user === '' ? '' : `${user}@`}${where}/${database}`
  return {
    dialect, key: `${shown} ${password}`, shown, path: '', host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? 0), user, password,
    database: decode(database), socket: socket ?? '',
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A text that should have been a URL, without what may be its password. */
function hidden(text: string): string {
  return text.replace(/(:\/\/[^:/@]*):.*@/s, '$1:***@')
}
