import { sameAt, skipQuoted, skipSpace, trimEnd } from './scan.ts'

/**
 * The value of a parameter in a `;` list `name[=value];…` without its quotes, undefined when it has none (`a` and `a=`), null when it is not in the list. The
 * first of that name counts, names without regard to ASCII case; `lower` in lower case. Quotes protect `;`. Linear time.
 */
export function parameterValue(list: string, lower: string, start = 0, end = list.length): string | undefined | null {
  let at = start
  while (at < end) {
    at = skipSpace(list, at, end)
    let nameEnd = at
    while (nameEnd < end) {
      const code = list.charCodeAt(nameEnd)
      if (code === 59 || code === 61 || code === 32 || code === 9 || code === 13 || code === 10) break
      nameEnd++
    }
    const behind = skipSpace(list, nameEnd, end)
    const found = nameEnd - at === lower.length && sameAt(list, at, lower)
    if (behind < end && list.charCodeAt(behind) === 61) {
      const from = skipSpace(list, behind + 1, end)
      const to = valueEnd(list, from, end)
      if (found) return to === from ? undefined : unquoted(list, from, trimEnd(list, from, to))
      at = to + 1
    } else {
      if (found) return undefined
      at = valueEnd(list, behind, end) + 1
    }
  }
  return null
}

/** Where a value that begins at `at` ends: the next `;` outside of quotes. */
function valueEnd(list: string, at: number, end: number): number {
  while (at < end) {
    const code = list.charCodeAt(at)
    if (code === 59) return at
    if (code === 34) {
      const close = skipQuoted(list, at, end)
      if (close < 0) return end
      at = close
    } else at++
  }
  return end
}

/** `text[start…end)` without a pair of quotes around it; what is escaped in it stays escaped. */
export function unquoted(text: string, start: number, end: number): string {
  if (end - start >= 2 && text.charCodeAt(start) === 34 && text.charCodeAt(end - 1) === 34) return text.slice(start + 1, end - 1)
  return text.slice(start, end)
}

/** What has header parameters: a Via value, an address. */
export class WithParameters {
  /** As written, without the leading `;`. */
  readonly params: string
  /** The parameter asked for last, and its value: routes ask for the same one again and again. */
  private asked: string | null = null
  private answer: string | null = null

  constructor(params: string) {
    this.params = params
  }

  /** A parameter without its quotes: '' when it has no value, null when it is absent. */
  param(lower: string): string | null {
    if (this.params === '') return null
    if (lower !== this.asked) {
      const value = parameterValue(this.params, lower)
      this.answer = value === undefined ? '' : value
      this.asked = lower
    }
    return this.answer
  }
}
