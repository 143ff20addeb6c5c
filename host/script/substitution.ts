/** `#!subst`, `#!substdef`, `#!substdefs`: what is replaced in strings and variables that follow (kamailio.md §9.2). */

/** One substitution, ready to use. */
export interface Substitution {
  readonly pattern: RegExp
  /** The replacement as `String.replace` takes it. */
  readonly replacement: string
}

/** The three parts of `"/expression/replacement/flags"`; a text is what is wrong with it. */
export function splitSubstitution(source: string): { expression: string, replacement: string, flags: string } | string {
  const delimiter = source[0]
  if (delimiter === undefined) return 'is empty'
  const parts: string[] = ['']
  for (let i = 1; i < source.length; i++) {
    const c = source[i]!
    if (c === '\\' && source[i + 1] === delimiter) parts[parts.length - 1] += source[++i]!
    else if (c === delimiter && parts.length < 3) parts.push('')
    else parts[parts.length - 1] += c === '\\' && i + 1 < source.length ? c + source[++i]! : c
  }
  if (parts.length < 3) return `needs its delimiter "${delimiter}" three times`
  const [expression, replacement, flags] = parts as [string, string, string]
  if (expression === '') return 'has an empty expression'
  return { expression, replacement, flags }
}

/** Compiles one; flags are `g` (all places), `i` (without case) and `s`. A text is what is wrong. */
export function compileSubstitution(expression: string, replacement: string, flags: string): Substitution | string {
  const strange = /[^gis]/.exec(flags)
  if (strange !== null) return `has the unknown flag "${strange[0]}"`
  try {
    const pattern = new RegExp(javascriptOf(expression), [...new Set(flags)].join(''))
    return { pattern, replacement: replacement.replace(/\$/g, '$$$$').replace(/\\([1-9])/g, '$$$1') }
  } catch {
    return `has an invalid expression "${expression}"`
  }
}

/** POSIX character classes in JavaScript's words; the rest of the extended syntax that people write means the same. */
function javascriptOf(expression: string): string {
  return expression.replace(/\[:([a-z]+):\]/g, (all, name: string) => classes[name] ?? all)
}

const classes: Record<string, string> = {
  alpha: 'A-Za-z', digit: '0-9', alnum: 'A-Za-z0-9', upper: 'A-Z', lower: 'a-z', space: ' \\t\\n\\v\\f\\r', blank: ' \\t', xdigit: '0-9A-Fa-f',
  punct: '!-\\/:-@\\[-`{-~', print: ' -~', graph: '!-~', cntrl: '\\x00-\\x1f\\x7f',
}

/** No text may become longer than this by one substitution. */
const LONGEST = 1 << 22

/** `text` after all substitutions, one after the other; null when it would become too long. */
export function substitute(text: string, list: readonly Substitution[]): string | null {
  for (const { pattern, replacement } of list) {
    if ((text.length + 1) * (replacement.length + 1) > LONGEST && pattern.global) return null
    text = text.replace(pattern, replacement)
  }
  return text
}
