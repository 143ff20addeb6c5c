/** Texts, quoted names and comments of SQL, in which `?` is no parameter; dollar quotes are PostgreSQL's alone. */
const skip = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|--[^\n]*|\/\*[^]*?\*\/|\$([A-Za-z_]\w*)?\$[^]*?\$\1\$|\?/g

/** A statement with PostgreSQL's `$1`, `$2` … in the place of each `?`. */
export function numbered(sql: string): string {
  let n = 0
  return sql.replace(skip, (found) => (found === '?' ? `$${++n}` : found))
}
