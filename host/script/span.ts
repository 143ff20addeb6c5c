/** Where a variable or a select of the routing language ends (kamailio.md §9.1, select.md §1). */

const WORD = /[A-Za-z0-9_]*/y
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const INTEGER = /-?[0-9]+/y

/**
 * The position behind the variable whose `$` stands at `at`, or -1 when it is none: `$name`, `$name(…)`, `$(…)`, `$?`. Only parentheses
 * count, as in Kamailio, and a variable ends in the line in which it begins.
 */
export function endOfVariable(text: string, at: number): number {
  let i = at + 1
  if (text[i] === '?') return i + 1
  if (text[i] !== '(') {
    WORD.lastIndex = i
    WORD.test(text)
    if (WORD.lastIndex === i) return -1
    i = WORD.lastIndex
    if (text[i] !== '(') return i
  }
  for (let depth = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 40) depth++
    else if (c === 41 && --depth === 0) return i + 1
    else if (c === 10 || c === 0) return -1
  }
  return -1
}

/**
 * The position behind the select whose `@` stands at `at`: elements with one index each, `@a.b[-1].c["x"]`; -1 when it is none. Whether
 * it exists is not looked at.
 */
export function endOfSelect(text: string, at: number): number {
  let i = at + 1
  for (;;) {
    NAME.lastIndex = i
    if (!NAME.test(text)) return -1
    i = NAME.lastIndex
    if (text[i] === '[') {
      i = endOfIndex(text, i + 1)
      if (i < 0) return -1
    }
    if (text[i] !== '.') return i
    i++
  }
}

function endOfIndex(text: string, at: number): number {
  const quote = text[at]
  let i = at
  if (quote === '"' || quote === "'") {
    for (i++; i < text.length && text[i] !== quote; i++) {
      if (text[i] === '\n') return -1
      if (text[i] === '\\' && quote === '"') i++
    }
    i++
  } else {
    INTEGER.lastIndex = at
    if (!INTEGER.test(text)) return -1
    i = INTEGER.lastIndex
  }
  return text[i] === ']' ? i + 1 : -1
}
