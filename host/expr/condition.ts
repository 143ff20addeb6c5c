import { statSync } from 'node:fs'
import type { Cf } from '../conf/cf.ts'
import type { Request } from '../http/request.ts'
import type { Regex } from './regex.ts'
import type { Template } from './template.ts'
import type { SelectUse, SelectUses } from './select/uses.ts'
import type { Variable } from './variables.ts'
import { placeSuffix } from '../core/place.ts'
import { errnoText } from '../core/errors.ts'
import { Level } from '../core/log.ts'
import { bindRegex } from './define.ts'
import { compareSelect } from './select/truth.ts'
import { compileTemplate, isTrue, useSelect } from './template.ts'

/** What the statements of one run of a rewrite program share (ngx_http_script_engine_t). */
export interface Run {
  /** Captures are escaped when they are inserted: true until the first `rewrite` matched (nginx's engine starts so). */
  quote: boolean
  /** `rewrite_log`: matches are logged. */
  readonly log: boolean
}

/** The condition of an `if`, compiled. */
export interface Condition {
  test(r: Request, run: Run): boolean
}

/** Runs a regex as the rewrite module does: a match is logged if wanted, a failure clears the captures. */
export function matches(r: Request, regex: Regex, subject: string, run: Run): boolean {
  const found = regex.exec(r, subject)
  if (!found) r.captures = null
  if (run.log) r.log(Level.notice, `"${regex.source}" ${found ? 'matches' : 'does not match'} "${subject}"`)
  return found
}

/** A template's value inside a rewrite program. */
export function valueIn(template: Template, r: Request, run: Run): string {
  return run.quote ? template.evaluateQuoted(r) : template.evaluate(r)
}

class VariableTest implements Condition {
  private readonly variable: Variable
  constructor(variable: Variable) { this.variable = variable }
  test(r: Request): boolean { return isTrue(this.variable.value(r)) }
}

class EqualTest implements Condition {
  private readonly variable: Variable
  private readonly value: Template
  private readonly equal: boolean
  constructor(variable: Variable, value: Template, equal: boolean) {
    this.variable = variable
    this.value = value
    this.equal = equal
  }
  test(r: Request, run: Run): boolean {
    const left = this.variable.value(r) ?? ''
    return (left === valueIn(this.value, r, run)) === this.equal
  }
}

class RegexTest implements Condition {
  private readonly variable: Variable
  private readonly regex: Regex
  private readonly positive: boolean
  constructor(variable: Variable, regex: Regex, positive: boolean) {
    this.variable = variable
    this.regex = regex
    this.positive = positive
  }
  test(r: Request, run: Run): boolean { return matches(r, this.regex, this.variable.value(r) ?? '', run) === this.positive }
}

type FileKind = 'f' | 'd' | 'e' | 'x'

/** Whether a path names a regular file (f), a directory (d), either (e; nothing else exists for nginx), something executable (x); failures but "not there" are logged. */
function fileIs(r: Request, kind: FileKind, path: string): boolean {
  if (path.includes('\0')) return false
  const bytes = Buffer.from(path, 'latin1')
  try {
    const stat = statSync(bytes, { throwIfNoEntry: false })
    if (stat === undefined) return false
    if (kind === 'f') return stat.isFile()
    if (kind === 'd') return stat.isDirectory()
    if (kind === 'x') return (stat.mode & 0o100) !== 0
    return stat.isFile() || stat.isDirectory()
  } catch (error) {
    const e = error as NodeJS.ErrnoException
    if (e.code !== 'ENOENT' && e.code !== 'ENOTDIR' && e.code !== 'ENAMETOOLONG') r.log(Level.crit, `stat() "${path}" failed (${errnoText(e)})`)
    return false
  }
}

class FileTest implements Condition {
  private readonly kind: FileKind
  private readonly path: Template
  private readonly positive: boolean
  constructor(kind: FileKind, path: Template, positive: boolean) {
    this.kind = kind
    this.path = path
    this.positive = positive
  }
  test(r: Request, run: Run): boolean { return fileIs(r, this.kind, valueIn(this.path, r, run)) === this.positive }
}

/** `@a = text`: a select that has failed is equal to nothing, and not unequal to anything either (`select_truth`, docs/selects.md). */
class SelectEqualTest implements Condition {
  private readonly select: SelectUse
  private readonly value: Template
  private readonly operator: '==' | '!='
  private readonly selects: SelectUses
  constructor(select: SelectUse, value: Template, operator: '==' | '!=', selects: SelectUses) {
    this.select = select
    this.value = value
    this.operator = operator
    this.selects = selects
  }
  test(r: Request, run: Run): boolean {
    return compareSelect(this.operator, this.select.selected(r), valueIn(this.value, r, run), this.selects.truth)
  }
}

class SelectRegexTest implements Condition {
  private readonly select: SelectUse
  private readonly regex: Regex
  private readonly positive: boolean
  private readonly selects: SelectUses
  constructor(select: SelectUse, regex: Regex, positive: boolean, selects: SelectUses) {
    this.select = select
    this.regex = regex
    this.positive = positive
    this.selects = selects
  }
  test(r: Request, run: Run): boolean {
    const value = this.select.selected(r)
    if (typeof value !== 'string' && this.selects.truth === 'seed') {
      r.captures = null
      return false
    }
    return matches(r, this.regex, value ?? '', run) === this.positive
  }
}

/** The words between the brackets of `if (…)` with the word each came from; fails with `invalid condition "WORD"` when a bracket is missing. */
function conditionWords(cf: Cf): Word[] {
  const words: Word[] = cf.args.slice(1).map((text, i) => ({ text, argument: i + 1 }))
  const first = words[0]!
  if (!first.text.startsWith('(')) cf.fail(`invalid condition "${first.text}"`, 1, 'a condition stands in brackets: if ($name)')
  first.text = first.text.slice(1)
  const last = words[words.length - 1]!
  if (!last.text.endsWith(')')) cf.fail(`invalid condition "${last.text}"`, last.argument, 'the closing bracket is missing')
  last.text = last.text.slice(0, -1)
  if (first.text === '' && cf.args[1] === '(') words.shift()
  if (words.length > 0 && last.text === '' && cf.args[last.argument] === ')') words.pop()
  return words
}

/** Reads and compiles the condition that the words of the present directive hold (nginx.md §4). */
export function compileCondition(cf: Cf): Condition {
  const words = conditionWords(cf)
  const first = words[0]
  if (first === undefined || first.text === '') cf.fail('invalid condition ")"', 1, 'a condition stands in the brackets: if ($name)')
  const invalid = (): never => cf.fail(`invalid condition "${first.text}"`, first.argument,
    first.text.startsWith('${@') ? `write "${first.text.slice(2).replace(/\}$/, '')}" here` : 'it may be $name, $name = text, $name ~ regex, @select = text, or -f path')
  if (first.text.startsWith('@')) {
    if (words.length !== 1 && words.length !== 3) return invalid()
    const select = useSelect(cf, first.text, first.argument)
    return words.length === 1 ? new VariableTest(select) : selectComparison(cf, select, words[1]!, words[2]!)
  }
  if (first.text.startsWith('${@')) return invalid()
  if (first.text.startsWith('$') && first.text.length > 1) {
    if (words.length !== 1 && words.length !== 3) return invalid()
    const variable = cf.cycle.variables.reference(first.text.slice(1), placeSuffix(cf.place))
    if (words.length === 1) return new VariableTest(variable)
    return comparison(cf, variable, words[1]!, words[2]!)
  }
  const file = /^(!?)-([fdex])$/.exec(first.text)
  if (file === null || words.length !== 2) return invalid()
  return new FileTest(file[2] as FileKind, compileTemplate(cf, words[1]!.text, words[1]!.argument), file[1] === '')
}

/** A word of a condition without its bracket, and the argument it came from. */
interface Word { text: string, readonly argument: number }

function comparison(cf: Cf, variable: Variable, operator: Word, operand: Word): Condition {
  switch (operator.text) {
    case '=': case '!=':
      return new EqualTest(variable, compileTemplate(cf, operand.text, operand.argument), operator.text === '=')
    case '~': case '~*': case '!~': case '!~*':
      return new RegexTest(variable, bindRegex(cf, operand.text, operator.text.endsWith('*'), operand.argument), !operator.text.startsWith('!'))
    default:
      cf.fail(`unexpected "${operator.text}" in condition`, operator.argument, 'it may be = != ~ ~* !~ !~*')
  }
}

function selectComparison(cf: Cf, select: SelectUse, operator: Word, operand: Word): Condition {
  const { selects } = cf.cycle
  switch (operator.text) {
    case '=': case '!=':
      return new SelectEqualTest(select, compileTemplate(cf, operand.text, operand.argument), operator.text === '=' ? '==' : '!=', selects)
    case '~': case '~*': case '!~': case '!~*': {
      const regex = bindRegex(cf, operand.text, operator.text.endsWith('*'), operand.argument)
      return new SelectRegexTest(select, regex, !operator.text.startsWith('!'), selects)
    }
    default:
      cf.fail(`unexpected "${operator.text}" in condition`, operator.argument, 'it may be = != ~ ~* !~ !~*')
  }
}
