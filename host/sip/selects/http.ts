/** `@http…`: what only an HTTP request has; an error on SIP messages. Not Kamailio's. */
import type { Message } from '../message.ts'
import type { SelectRow, Selected } from '../../expr/select/table.ts'
import { cookieValue, queryArgument } from '../../http/core/variables-request.ts'

function http(pattern: string, read: (m: Message) => Selected): SelectRow {
  return { pattern: `http.${pattern}`, bind: () => (m) => m.kind === 'http' ? read(m) : undefined }
}

/** As `http`, with a name. */
function named(pattern: string, read: (m: Message, lower: string) => Selected): SelectRow {
  return {
    pattern: `http.${pattern}.*`,
    bind: ([name]) => {
      const lower = (name as string).toLowerCase()
      return (m) => m.kind === 'http' ? read(m, lower) : undefined
    },
  }
}

function header(m: Message, lower: string): string | null {
  const line = m.find(0, lower, 0)
  return line < 0 ? null : m.parsed.value(line)
}

/** The target in front of `?`, as received. */
function path({ target }: Message): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

/** Behind `?`, as received; null without `?`. */
function query({ target }: Message): string | null {
  const mark = target.indexOf('?')
  return mark < 0 ? null : target.slice(mark + 1)
}

/** All Cookie lines as one. */
function cookies(m: Message): string | null {
  let all = header(m, 'cookie')
  if (all === null) return null
  for (let line = m.find(0, 'cookie', m.find(0, 'cookie', 0) + 1); line >= 0; line = m.find(0, 'cookie', line + 1)) all += `; ${m.parsed.value(line)}`
  return all
}

/** The rows. */
export const httpRows: readonly SelectRow[] = [
  http('scheme', (m) => m.tls === null ? 'http' : 'https'),
  http('host', (m) => header(m, 'host')),
  http('path', path),
  http('query', query),
  named('query', (m, lower) => queryArgument(query(m) ?? '', lower)),
  http('cookie', cookies),
  named('cookie', (m, lower) => cookieValue(cookies(m) ?? '', lower)),
]
