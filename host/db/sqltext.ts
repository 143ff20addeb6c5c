import type { Dialect } from './url.ts'

/** Texts, quoted names and comments of SQL, in which `?` is no parameter; dollar quotes are PostgreSQL's alone. */
const skip = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|--[^\n]*|\/\*[^]*?\*\/|\$([A-Za-z_]\w*)?\$[^]*?\$\1\$|\?/g

/** A statement with PostgreSQL's `$1`, `$2` … in the place of each `?`. */
export function numbered(sql: string): string {
  let n = 0
  return sql.replace(skip, (found) => (found === '?' ? `$${++n}` : found))
}

/** A name quoted so that it is nothing but a name. Of PostgreSQL a plain one is in lower case, as it is without quotes. */
export function quoteName(name: string, dialect: Dialect): string {
  if (dialect === 'mysql') return `\`${name.replaceAll('`', '``')}\``
  const folded = dialect === 'postgres' && /^[A-Za-z_]\w*$/.test(name) ? name.toLowerCase() : name
  return `"${folded.replaceAll('"', '""')}"`
}
