import type { Request } from '../../http/request.ts'
import type { Regex } from '../../expr/regex.ts'
import type { Template } from '../../expr/template.ts'

/** What became of a key: `conflict` when it is there already, `invalid` when it is no host name or wildcard. */
export type Added = 'added' | 'conflict' | 'invalid'

/** The keys of one `map` block with their values, looked up exact, then by wildcard, then by regex in order (nginx.md §11). */
export class MapTable {
  /** Keys are host names: wildcards are understood and a final dot of the subject does not count. */
  hostnames = false
  fallback: Template | null = null
  private readonly exact = new Map<string, Template>()
  /** `*.a.b` by `a.b`, `.a.b` as well. */
  private readonly heads = new Map<string, Template>()
  /** `a.b.*` by `a.b`. */
  private readonly tails = new Map<string, Template>()
  private readonly regexes: { readonly regex: Regex, readonly value: Template }[] = []

  /** Adds a key that is no regex. Case does not count. */
  add(key: string, value: Template): Added {
    const lower = key.toLowerCase()
    if (this.hostnames) {
      const stars = lower.split('*').length - 1
      if (stars > 1 || lower.includes('..') || lower.includes('\0')) return 'invalid'
      if (lower.length > 1 && lower.startsWith('.') && stars === 0) return this.addDotted(lower.slice(1), value)
      if (lower.length > 2 && lower.startsWith('*.')) return put(this.heads, lower.slice(2), value)
      if (lower.length > 2 && lower.endsWith('.*')) return put(this.tails, lower.slice(0, -2), value)
      if (stars > 0) return 'invalid'
    }
    return put(this.exact, lower, value)
  }

  private addDotted(name: string, value: Template): Added {
    if (this.exact.has(name) || this.heads.has(name)) return 'conflict'
    this.exact.set(name, value)
    this.heads.set(name, value)
    return 'added'
  }

  /** Adds a regex behind the others. */
  addRegex(regex: Regex, value: Template): void {
    this.regexes.push({ regex, value })
  }

  /** The value of a subject in this request; '' when nothing fits and there is no default. A regex that fits sets the captures. */
  find(r: Request, subject: string): string {
    const text = this.hostnames && subject.endsWith('.') ? subject.slice(0, -1) : subject
    const template = this.search(r, text) ?? this.fallback
    return template === null ? '' : template.evaluate(r)
  }

  private search(r: Request, subject: string): Template | null {
    const lower = subject.toLowerCase()
    const exact = this.exact.get(lower)
    if (exact !== undefined) return exact
    if (this.hostnames) {
      const wildcard = this.searchWildcards(lower)
      if (wildcard !== undefined) return wildcard
    }
    if (subject === '') return null
    for (let i = 0; i < this.regexes.length; i++) {
      const entry = this.regexes[i]!
      if (entry.regex.exec(r, subject)) return entry.value
    }
    return null
  }

  private searchWildcards(lower: string): Template | undefined {
    if (this.heads.size > 0) {
      for (let dot = lower.indexOf('.'); dot >= 0; dot = lower.indexOf('.', dot + 1)) {
        const value = dot === 0 ? undefined : this.heads.get(lower.slice(dot + 1))
        if (value !== undefined) return value
      }
    }
    if (this.tails.size > 0) {
      for (let dot = lower.lastIndexOf('.'); dot > 0; dot = lower.lastIndexOf('.', dot - 1)) {
        const value = this.tails.get(lower.slice(0, dot))
        if (value !== undefined) return value
      }
    }
    return undefined
  }
}

function put(map: Map<string, Template>, key: string, value: Template): Added {
  if (map.has(key)) return 'conflict'
  map.set(key, value)
  return 'added'
}
