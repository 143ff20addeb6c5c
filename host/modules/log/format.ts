import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { ConfigError } from '../../core/errors.ts'
import type { Variable } from '../../expr/variables.ts'
import { placeSuffix } from '../../core/place.ts'
import { escapeJson } from '../../core/text.ts'
import { coreVariables } from '../../http/core/variables.ts'
import { splitTemplate, useSelect } from '../../expr/template.ts'

/** How values are made safe in a line: `escape=` of log_format. */
export type Escape = 'default' | 'json' | 'none'

/** What log_format reads anew instead of taking the value that the request may have kept from before (ngx_http_log_vars). */
const fresh = new Map(coreVariables.filter((v) => [
  'pipe', 'time_local', 'time_iso8601', 'msec', 'request_time', 'status', 'bytes_sent', 'body_bytes_sent', 'request_length',
].includes(v.name)).map((v) => [v.name, v.get]))

type Fresh = (r: Request, rest: string) => string | null

const unsafe = /["\\\x00-\x1f\x7f-\xff]/
const unsafeAll = /["\\\x00-\x1f\x7f-\xff]/g

/** nginx's default escaping: quotes, backslashes, controls and everything above 0x7e as `\xHH`. */
export function escapeDefault(value: string): string {
  if (!unsafe.test(value)) return value
  return value.replace(unsafeAll, (c) => `\\x${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

/** A `log_format`, compiled. */
export class LogFormat {
  readonly name: string
  private readonly escape: Escape
  private readonly parts: readonly (string | Fresh | Variable)[]

  constructor(name: string, escape: Escape, parts: readonly (string | Fresh | Variable)[]) {
    this.name = name
    this.escape = escape
    this.parts = parts
  }

  /** The line of a request that is over, with its line feed. */
  line(r: Request): string {
    let line = ''
    for (let i = 0; i < this.parts.length; i++) {
      const part = this.parts[i]!
      if (typeof part === 'string') line += part
      else if (typeof part === 'function') line += part(r, '') ?? '-'
      else line += this.safe(part.value(r))
    }
    return line + '\n'
  }

  private safe(value: string | null): string {
    if (value === null) return this.escape === 'default' ? '-' : ''
    if (this.escape === 'default') return escapeDefault(value)
    return this.escape === 'json' ? escapeJson(value) : value
  }
}

/** Compiles the texts of a format; `cf` is the place that defines it, `first` the word where the first text stands. */
export function compileFormat(cf: Cf, name: string, escape: Escape, texts: readonly string[], first: number): LogFormat {
  const parts: (string | Fresh | Variable)[] = []
  texts.forEach((text, i) => {
    for (const piece of split(cf, text, first + i)) {
      if ('text' in piece) parts.push(piece.text)
      else if ('select' in piece) parts.push(useSelect(cf, piece.select, first + i))
      else if ('variable' in piece) parts.push(fresh.get(piece.variable) ?? cf.cycle.variables.reference(piece.variable, placeSuffix(cf.place)))
    }
  })
  return new LogFormat(name, escape, parts)
}

function split(cf: Cf, text: string, argument: number): ReturnType<typeof splitTemplate> {
  try {
    return splitTemplate(text, false)
  } catch (error) {
    const { message } = error as ConfigError
    // nginx shows the text from the lone dollar on.
    const at = /\$(?![A-Za-z0-9_{])|\$\{\}?$|\$\{[^A-Za-z0-9_]/.exec(text)?.index ?? 0
    cf.fail(message === 'invalid variable name' ? `invalid parameter "${text.slice(at)}"` : message, argument)
  }
}

/** The texts of the predefined format `combined`. */
export const combinedTexts = [
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
]
