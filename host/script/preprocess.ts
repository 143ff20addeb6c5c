/**
 * Kamailio's preprocessor (kamailio.md §9.2): the tokens of a file with its includes, after `#!define`, `#!ifdef`, `#!subst` and the others.
 * The marker may stand at any place of a line and is `#!` or `!!`. Nothing is thrown.
 */
import type { Place } from '../core/place.ts'
import { suggest } from '../core/suggest.ts'
import { ScriptLexer } from './lexer.ts'
import type { Report } from './lexer.ts'
import { compileSubstitution, splitSubstitution, substitute } from './substitution.ts'
import type { Substitution } from './substitution.ts'
import { Kind } from './token.ts'
import type { Token } from './token.ts'

/** What the preprocessor asks of its surroundings. */
export interface Surroundings {
  /** Opens a file that `include_file` names in `from`: its name and bytes; null when there is none; a text when it cannot be read. */
  readonly open: (name: string, from: string | null) => { name: string, text: string } | string | null
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Words that are defined from the start: the release that is followed, and which server reads the text. */
const predefined = ['KAMAILIO_5', 'KAMAILIO_5_6', 'KAMAILIO_5_6_3', 'VESPID']

/** Files in files, and defines in defines. */
const DEEPEST = 10
/** Files that one file may include altogether: two files that include each other twice would be a thousand. */
const MOST_INCLUDED = 1000
/** Kamailio's bound for the name of an included file. */
const LONGEST_NAME = 127
/** Tokens that defines may become in one file: values may name other defines. */
const MOST_EXPANDED = 1_000_000

const CONDITIONS = /(?:#!|!!)(ifdef|ifndef|else|endif)(?![A-Za-z0-9_])/g

interface Level {
  readonly lexer: ScriptLexer
  /** The name of the define whose value this is, with the token that it replaces; null for a file. */
  readonly define: string | null
  readonly at: Token | null
  first: boolean
}

/** An open `#!ifdef`: where it stands, whether its `#!else` was seen. */
interface Condition { readonly place: Place, otherwise: boolean }

/** The tokens of a text and of what it includes. */
export class Preprocessor {
  /** Values by name, as `$def(NAME)` shows them. */
  readonly defines = new Map(predefined.map((name) => [name, '']))
  readonly #around: Surroundings
  readonly #report: Report
  readonly #levels: Level[] = []
  readonly #substitutions: Substitution[] = []
  readonly #conditions: Condition[] = []
  readonly #ahead: Token[] = []
  #expanded = 0
  #files = 0
  #included = 0

  constructor(around: Surroundings, report: Report) {
    this.#around = around
    this.#report = report
  }

  /** Reads this text next; what is read at present goes on behind it. */
  enter(text: string, file: string | null, begins: Place | null = null): void {
    this.#files++
    this.#levels.push({ lexer: new ScriptLexer(text, file, this.#report, begins), define: null, at: null, first: false })
  }

  /** The next token, which stays the next one; `ahead` 1 is the one behind it. */
  peek(ahead = 0): Token {
    while (this.#ahead.length <= ahead) this.#ahead.push(this.#pull())
    return this.#ahead[ahead]!
  }

  next(): Token {
    return this.#ahead.length > 0 ? this.#ahead.shift()! : this.#pull()
  }

  /** Gives up reading. */
  stop(): void {
    for (const { lexer } of this.#levels) lexer.stop()
    this.#levels.splice(1)
    this.#ahead.length = this.#conditions.length = 0
  }

  #pull(): Token {
    for (;;) {
      const level = this.#levels[this.#levels.length - 1]!
      const token = level.lexer.next()
      if (token.kind === Kind.Directive) this.#obey(token, level)
      else if (token.kind === Kind.End) {
        if (this.#levels.length === 1) return this.#end(token)
        this.#levels.pop()
        if (level.define === null) this.#files--
      } else {
        const out = this.#placed(token, level)
        if (out.kind === Kind.Word && this.#word(out, level)) continue
        if (this.#substitutions.length === 0 || (out.kind !== Kind.String && out.kind !== Kind.Variable)) return out
        const text = substitute(out.text, this.#substitutions)
        if (text === null) this.#report('a substitution makes this text too long', out.place)
        else return { ...out, text }
      }
    }
  }

  /** Tokens of a define's value stand where the define was used. */
  #placed(token: Token, level: Level): Token {
    if (level.at === null) return token
    const glued = level.first ? level.at.glued : token.glued
    level.first = false
    return { ...token, place: level.at.place, glued, from: level.define }
  }

  #end(token: Token): Token {
    for (const { place } of this.#conditions.splice(0)) {
      this.#report('different number of preprocessor directives: "#!endif" is missing', place, 'the condition that begins here is not ended')
    }
    return token
  }

  /** A word that is no word: a define becomes its value, `include_file "x"` its file. */
  #word(token: Token, level: Level): boolean {
    const value = this.defines.get(token.text)
    if (value !== undefined) return this.#expand(token, value)
    if (token.text !== 'include_file' && token.text !== 'import_file') return false
    const name = level.lexer.next()
    if (name.kind !== Kind.String) {
      this.#report(`"${token.text}" needs the name of a file in quotes`, name.place)
      return true
    }
    this.#include(token.text, name.text, name.place)
    return true
  }

  #expand(token: Token, value: string): boolean {
    const within = this.#levels.filter((level) => level.define !== null)
    if (within.some((level) => level.define === token.text)) return false
    if (within.length >= DEEPEST) {
      this.#report(`defines name each other more than ${DEEPEST} deep`, token.place)
      return true
    }
    this.#expanded += value.length + 1
    if (this.#expanded > MOST_EXPANDED) {
      this.#report(`the values of defines are longer than ${MOST_EXPANDED} characters altogether`, token.place)
      this.stop()
      return true
    }
    const lexer = new ScriptLexer(value, token.place.file, (message, _place, note, level) => this.#report(message, token.place, note, level))
    this.#levels.push({ lexer, define: token.text, at: token, first: true })
    return true
  }

  #obey(token: Token, { lexer }: Level): void {
    const word = token.text
    switch (word) {
      case 'ifdef': case 'ifndef': return this.#condition(token, lexer)
      case 'else': return this.#otherwise(token, lexer)
      case 'endif':
        if (this.#conditions.pop() === undefined) {
          this.#report('different number of preprocessor directives: "#!endif" without "#!ifdef"', token.place)
        }
        return
      case 'subst': case 'substdef': case 'substdefs': return this.#subst(word, lexer)
      case 'include_file': case 'import_file': {
        const name = lexer.next()
        if (name.kind === Kind.String) return this.#include(word, name.text, name.place)
        return this.#report(`"${word}" needs the name of a file in quotes`, name.place)
      }
      default: return word.includes('env') ? this.#environment(word, lexer) : this.#define(word, lexer)
    }
  }

  #condition(token: Token, lexer: ScriptLexer): void {
    const name = lexer.next()
    if (name.kind !== Kind.Word) return this.#report(`"#!${token.text}" needs a name`, name.place)
    this.#conditions.push({ place: token.place, otherwise: false })
    if (this.defines.has(name.text) !== (token.text === 'ifdef')) this.#skip(lexer, true)
  }

  #otherwise(token: Token, lexer: ScriptLexer): void {
    const condition = this.#conditions[this.#conditions.length - 1]
    if (condition === undefined) return this.#report('"#!else" without "#!ifdef"', token.place)
    if (condition.otherwise) return this.#report('"#!else" is there twice', token.place)
    condition.otherwise = true
    this.#skip(lexer, false)
  }

  /** Skips the part of the innermost condition that does not hold, up to its `#!endif`, or with `half` to its `#!else`. */
  #skip(lexer: ScriptLexer, half: boolean): void {
    for (let depth = 0; ;) {
      const token = lexer.skipTo(CONDITIONS)
      if (token === null) return
      if (token.text === 'ifdef' || token.text === 'ifndef') depth++
      else if (token.text === 'endif') {
        if (depth-- > 0) continue
        this.#conditions.pop()
        return
      } else if (half && depth === 0) {
        this.#conditions[this.#conditions.length - 1]!.otherwise = true
        return
      }
    }
  }

  /** Notes a define; false when it exists. */
  #set(name: string, value: string, place: Place, how: 'new' | 'try' | 'replace'): void {
    if (this.defines.has(name) && how !== 'replace') {
      if (how === 'new') this.#report(`"${name}" is defined already`, place, 'use "#!redefine" to replace it, "#!trydef" to keep the first')
      return
    }
    this.defines.set(name, value)
  }

  #define(word: string, lexer: ScriptLexer): void {
    const { text, place } = lexer.restOfLine()
    const [, name, next = '', value = ''] = /^([A-Za-z_][A-Za-z0-9_]*)(\S?)([^]*)$/.exec(text) ?? []
    if (name === undefined) return this.#report(`"#!${word}" needs a name`, place)
    if (next !== '') return this.#report(`"${next}" is not allowed in the name of a define`, { ...place, column: place.column + name.length, length: 1 })
    const comment = commentIn(value)
    if (comment >= 0) {
      const column = place.column + name.length + comment
      this.#report(`a comment behind "#!${word}" becomes part of the value`, { ...place, column, length: 1 }, 'put it in a line of its own')
    }
    this.#set(name, (comment >= 0 ? value.slice(0, comment) : value).trim(), { ...place, length: name.length }, word.startsWith('try') ? 'try' : word.startsWith('re') ? 'replace' : 'new')
  }

  #environment(word: string, lexer: ScriptLexer): void {
    const { text, place } = lexer.restOfLine()
    const [, name, source = name] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=([A-Za-z_][A-Za-z0-9_]*))?$/.exec(text) ?? []
    if (name === undefined) return this.#report(`"#!${word}" needs NAME or NAME=VARIABLE`, place)
    const value = this.#around.env[source!]
    if (value !== undefined) return this.#set(name, word.endsWith('s') ? quoted(value) : value, place, word.startsWith('try') ? 'try' : 'new')
    if (word.startsWith('try')) return
    const meant = suggest(source!, Object.keys(this.#around.env))
    this.#report(`the environment has no variable "${source}"`, place, meant === null ? '"#!trydefenv" leaves it out silently' : `did you mean "${meant}"?`)
  }

  #subst(word: string, lexer: ScriptLexer): void {
    const { text, place } = lexer.restOfLine()
    const [, body] = /^"((?:[^"\\]|\\[^])*)"/.exec(text.slice(0, 4096)) ?? []
    if (body === undefined) return this.#report(`"#!${word}" needs "/expression/replacement/flags" in quotes`, place)
    const parts = splitSubstitution(body.replaceAll('\\"', '"'))
    if (typeof parts === 'string') return this.#report(`"#!${word}" ${parts}`, place)
    const { expression, replacement, flags } = parts
    const compiled = compileSubstitution(expression, replacement, flags)
    if (typeof compiled === 'string') return this.#report(`"#!${word}" ${compiled}`, place)
    this.#substitutions.push(compiled)
    if (word === 'subst') return
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(expression)) return this.#report(`"#!${word}" defines "${expression}", which is no name`, place)
    this.#set(expression, word === 'substdefs' ? quoted(replacement) : replacement, place, 'new')
  }

  #include(word: string, name: string, place: Place): void {
    if (this.#files > DEEPEST) return this.#report(`files include each other more than ${DEEPEST} deep`, place)
    if (name === '' || name.length > LONGEST_NAME) return this.#report(`the name of an included file has 1 to ${LONGEST_NAME} bytes`, place)
    if (name.includes('\0')) return this.#report('the name of an included file holds a NUL', place)
    const opened = this.#around.open(name, place.file)
    if (opened === null) {
      if (word === 'include_file') this.#report(`cannot open included file "${name}"`, place, '"import_file" leaves a missing file out silently')
      return
    }
    if (typeof opened === 'string') return this.#report(opened, place)
    if (this.#levels.some((level) => level.define === null && level.lexer.file === opened.name)) {
      return this.#report(`"${opened.name}" includes itself`, place)
    }
    if (++this.#included > MOST_INCLUDED) return this.#report(`more than ${MOST_INCLUDED} files are included`, place)
    this.enter(opened.text, opened.name)
  }
}

/** Where a comment begins in the value of a define, outside of quotes; -1 when there is none. */
function commentIn(value: string): number {
  for (let i = 0, quote = ''; i < value.length; i++) {
    const c = value[i]!
    if (quote !== '') {
      if (c === '\\' && quote === '"') i++
      else if (c === quote) quote = ''
    } else if (c === '"' || c === "'") quote = c
    else if (c === '#') return i
  }
  return -1
}

/** A value as a string in double quotes. */
function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`
}
