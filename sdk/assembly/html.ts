// Pages of HTML that a plugin makes: texts in them, and how they are sent.
import { Request } from './request'
import { Script } from './script'
import { Status } from './status'

/**
 * What stands for a character that may not stand for itself; `''` for the others. Control characters cannot be shown.
 */
function nameOf(c: i32): string {
  switch (c) {
    case 38: return '&amp;'
    case 60: return '&lt;'
    case 62: return '&gt;'
    case 34: return '&quot;'
    case 39: return '&#39;'
    default: return c < 32 && c != 9 && c != 10 || c == 127 ? '\ufffd' : ''
  }
}

/** A text as it may stand in HTML: as text, and as the value of an attribute in quotes. */
export function escape(text: string): string {
  let from = 0
  const out: string[] = []
  for (let i = 0; i < text.length; i++) {
    const name = nameOf(text.charCodeAt(i))
    if (name.length == 0) continue
    out.push(text.substring(from, i))
    out.push(name)
    from = i + 1
  }
  if (from == 0) return text
  out.push(text.substring(from))
  return out.join('')
}

/** A page and how it is answered. */
export class Page {
  type: string = 'text/html; charset=utf-8'
  /** Names and values in turn. */
  private readonly headers: string[] = []

  constructor(public status: i32, public reason: string, public body: string) {}

  /** Adds a header line. */
  with(name: string, value: string): Page {
    this.headers.push(name)
    this.headers.push(value)
    return this
  }

  /**
   * The page loads nothing, runs no scripts, sends its forms here only, is in no frame, and is kept by nobody (Content
   * Security Policy 3). `style`: the source of its style sheet, `nonce-…` or `sha256-…`.
   */
  sealed(style: string): Page {
    const rest = `form-action 'self'; frame-ancestors 'none'; base-uri 'none'`
    return this.with('Content-Security-Policy', `default-src 'none'; style-src '${style}'; ${rest}`)
      .with('X-Content-Type-Options', 'nosniff').with('Referrer-Policy', 'same-origin')
      .with('Cache-Control', 'no-store')
  }

  /** Answers the request with it. Return what this returns. */
  send(r: Request): Status {
    for (let i = 0; i < this.headers.length; i += 2) r.response.add(this.headers[i], this.headers[i + 1])
    return r.reply(this.status, this.type, this.body)
  }

  /** Answers the request of a script with it; false when it is answered already. */
  reply(s: Script): bool {
    for (let i = 0; i < this.headers.length; i += 2) s.appendHeader(`${this.headers[i]}: ${this.headers[i + 1]}\r\n`)
    return s.reply(this.status, this.reason, this.type, this.body)
  }
}
