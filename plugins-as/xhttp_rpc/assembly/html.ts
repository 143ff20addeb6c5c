/** What stands for a character that may not stand for itself; '' for the others. */
function nameOf(c: i32): string {
  switch (c) {
    case 38: return '&amp;'
    case 60: return '&lt;'
    case 62: return '&gt;'
    case 34: return '&quot;'
    case 39: return '&#39;'
    default: return c < 32 && c != 9 && c != 10 ? '\ufffd' : ''
  }
}

/** A text as it may stand in HTML, in attributes too. */
export function escape(text: string): string {
  let from = 0
  const out: string[] = []
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const name = nameOf(c)
    if (name.length == 0) continue
    out.push(text.substring(from, i))
    out.push(name)
    from = i + 1
  }
  if (from == 0) return text
  out.push(text.substring(from))
  return out.join('')
}

/** What is answered: the page and how. */
export class Page {
  /** Names and values in turn. */
  readonly headers: string[] = []

  constructor(readonly status: i32, readonly reason: string, readonly body: string) {}

  with(name: string, value: string): Page {
    this.headers.push(name)
    this.headers.push(value)
    return this
  }
}
