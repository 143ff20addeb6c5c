import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import type { Variable } from '../../expr/variables.ts'
import type { Statement } from './program.ts'
import { Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { parseNumber } from '../../core/units.ts'
import { createLocation } from '../../http/block.ts'
import { coreLoc } from '../../http/core/confs.ts'
import { compileCondition } from '../../expr/condition.ts'
import { bindRegex, settableVariable } from '../../expr/define.ts'
import { compileTemplate } from '../../expr/template.ts'
import { notFound } from '../../expr/variables.ts'
import { BreakStatement, IfStatement, ReturnStatement, SetStatement } from './program.ts'
import { RewriteStatement } from './rewrite.ts'

/** The rewrite module's conf of one place. */
export class RewriteConf {
  /** The program, in order; null when the place has none. Never inherited. Statements of an `if` are inside of its statement. */
  statements: Statement[] | null = null
  /** A `return` that the program begins with and so never gets past: run without the rest of the machinery. */
  only: ReturnStatement | null = null
  log: boolean | undefined = undefined
  warn: boolean | undefined = undefined
}

function add(conf: RewriteConf, statement: Statement): void {
  (conf.statements ??= []).push(statement)
}

function looksLikeUrl(text: string): boolean {
  return text.startsWith('http://') || text.startsWith('https://') || text.startsWith('$scheme')
}

/** `set $name value;` */
export function setSet(cf: Cf, directive: Directive, conf: RewriteConf, index: () => number): void {
  const variable = settableVariable(cf, 1)
  if (variable.get === notFound) fillWithWarning(variable, index())
  add(conf, new SetStatement(variable, compileTemplate(cf, cf.args[2]!, 2)))
}

/** A variable that only `set` fills is empty before, and reading it then is worth a warning. */
function fillWithWarning(variable: Variable, index: number): void {
  variable.get = (r: Request): string => {
    if ((r.loc[index] as RewriteConf).warn !== false) r.log(Level.warn, `using uninitialized "${variable.name}" variable`)
    return ''
  }
}

/** `break;` */
export function setBreak(_cf: Cf, _directive: Directive, conf: RewriteConf): void {
  add(conf, new BreakStatement())
}

/** `return code [text | URL];`, `return URL;` */
export function setReturn(cf: Cf, _directive: Directive, conf: RewriteConf): void {
  const first = cf.args[1]!
  let status = parseNumber(first)
  let text: Template | null = null
  if (status === null) {
    if (cf.args.length !== 2 || !looksLikeUrl(first)) cf.fail(`invalid return code "${first}"`, 1)
    status = 302
    text = compileTemplate(cf, first, 1)
  } else {
    if (status > 999) cf.fail(`invalid return code "${first}"`, 1)
    if (cf.args.length === 3) text = compileTemplate(cf, cf.args[2]!, 2)
  }
  add(conf, new ReturnStatement(status, text))
}

/** `rewrite regex replacement [last | break | redirect | permanent];` */
export function setRewrite(cf: Cf, _directive: Directive, conf: RewriteConf): void {
  const regex = bindRegex(cf, cf.args[1]!, false, 1)
  let replacement = cf.args[2]!
  if (replacement === '') cf.fail('empty replacement', 2)
  const addArgs = !replacement.endsWith('?')
  if (!addArgs) replacement = replacement.slice(0, -1)
  let status = looksLikeUrl(replacement) ? 302 : 0
  let last = status !== 0
  let breakCycle = false
  if (cf.args.length === 4) {
    last = true
    switch (cf.args[3]) {
      case 'last': break
      case 'break': breakCycle = true; break
      case 'redirect': status = 302; break
      case 'permanent': status = 301; break
      default: cf.fail(`invalid parameter "${cf.args[3]}"`, 3, 'it may be last, break, redirect, permanent')
    }
  }
  compileTemplate(cf, replacement, 2)
  const mark = replacement.indexOf('?')
  const split = status === 0 && mark >= 0
  add(conf, new RewriteStatement({
    regex, addArgs, status, last, breakCycle, questionMark: mark >= 0,
    path: compileTemplate(cf, split ? replacement.slice(0, mark) : replacement, 2),
    args: split ? compileTemplate(cf, replacement.slice(mark + 1), 2) : null,
  }))
}

/** `if (condition) { … }` */
export function setIf(cf: Cf, _directive: Directive, conf: RewriteConf, index: () => number): void {
  const inLocation = coreLoc(cf).name !== ''
  const { http, location } = createLocation(cf)
  const condition = compileCondition(cf)
  const inner = http.loc[index()] as RewriteConf
  const body: Statement[] = inner.statements = []
  // The block's statements belong to the program around; the block's own conf has none.
  cf.block(inLocation ? Where.LocationIf : Where.ServerIf, http)
  inner.statements = null
  add(conf, new IfStatement(condition, body, inLocation ? location : null))
}
