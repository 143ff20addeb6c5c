import type { ScriptRunView, ScriptValue, TransformationClass } from '../contract.ts'
import type { PosixRegex } from '../posix.ts'
import { ConfigError } from '../../core/errors.ts'
import { MatchLimitError } from '../../expr/regex.ts'
import { unknown } from '../library.ts'
import { constantRegex } from '../posix.ts'
import { longestText } from '../values.ts'
import { cannot } from './table.ts'

/** `/regex/replacement/flags` in its parts; the first character is the delimiter, a backslash before it makes it ordinary. */
function splitSubstitution(text: string): { readonly pattern: string, readonly replacement: string, readonly flags: string } {
  const trimmed = text.trim()
  const mark = trimmed[0]
  const wrong = (): ConfigError => new ConfigError(`invalid substitution "${text}"`, null, 'write "/REGEX/REPLACEMENT/FLAGS"')
  if (mark === undefined || mark === '\\' || /[\w$]/.test(mark)) throw wrong()
  const parts = ['']
  for (let at = 1; at < trimmed.length; at++) {
    if (trimmed[at] === '\\' && at + 1 < trimmed.length) {
      at++
      parts[parts.length - 1] += trimmed[at] === mark ? mark : `\\${trimmed[at]}`
    } else if (trimmed[at] === mark && parts.length < 3) parts.push('')
    else parts[parts.length - 1] += trimmed[at]
  }
  if (parts.length !== 3) throw wrong()
  const flags = parts[2]!.trim()
  if (!/^[igs]*$/.test(flags)) throw new ConfigError(`invalid flags "${flags}" of the substitution "${text}"`, null, 'they are i, g and s')
  return { pattern: parts[0]!, replacement: parts[1]!, flags }
}

/** Writes the replacement of one match: `\0`…`\9` are groups, `\n \r \t \\` as usual. */
function write(replacement: string, groups: readonly (string | undefined)[]): string {
  return replacement.replace(/\\([0-9nrt\\])/g, (_, c: string) => {
    if (c >= '0' && c <= '9') return groups[Number(c)] ?? ''
    return c === 'n' ? '\n' : c === 'r' ? '\r' : c === 't' ? '\t' : '\\'
  })
}

/** Replaces the first match or all. An empty match is an error, as in Kamailio; without a match the text stays. */
function substitute(text: string, regex: PosixRegex, replacement: string, all: boolean): ScriptValue {
  let out = ''
  let from = 0
  for (;;) {
    const groups = regex.search(text, from)
    if (groups === null) return out + text.slice(from)
    const match = groups[0]!
    if (match === '') return null
    const { position } = regex
    out += text.slice(from, position) + write(replacement, groups)
    if (out.length > longestText) return null
    from = position + match.length
    if (!all || from >= text.length) return out + text.slice(from)
  }
}

/** `{re.subst,/regex/replacement/flags}`: case-sensitive unless `i`; `s` takes line ends as ordinary characters. */
export const regexTransformations: TransformationClass = {
  name: 're',
  compile(operation, _args, raw, expand) {
    if (operation !== 'subst') throw unknown('transformation', `re.${operation}`, '', ['re.subst'])
    const { pattern, replacement, flags } = splitSubstitution(raw)
    const put = replacement.includes('$') ? expand(replacement) : () => replacement
    const regex = constantRegex(pattern, { caseless: flags.includes('i'), newline: !flags.includes('s') })
    const all = flags.includes('g')
    return (value: string | number, run: ScriptRunView) => {
      try {
        return substitute(String(value), regex, put(run), all) ?? cannot(run, `the regular expression "${pattern}" matches an empty text`)
      } catch (error) {
        if (!(error instanceof MatchLimitError)) throw error
        return cannot(run, `matching against "${pattern}" takes too long`)
      }
    }
  },
}
