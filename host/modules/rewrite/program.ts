import type { Answer } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Condition, Run } from '../../expr/condition.ts'
import type { Template } from '../../expr/template.ts'
import type { Variable } from '../../expr/variables.ts'
import type { CoreLocConf } from '../../http/core/conf.ts'
import { DECLINED, OK } from '../../module.ts'
import { valueIn } from '../../expr/condition.ts'
import { safeLocation } from '../../expr/escape.ts'

/** What a statement answers when the next one is to run; no verdict and no status has this number. */
export const NEXT = -100

/** One statement of a location's program: answers NEXT, or the verdict that ends the program. */
export interface Statement {
  run(r: Request, run: Run): Answer
}

/** Runs statements in order until one ends the program. A statement that waits ends it as well: only `return` can. */
function runStatements(statements: readonly Statement[], r: Request, run: Run): Answer {
  for (let i = 0; i < statements.length; i++) {
    const answer = statements[i]!.run(r, run)
    if (answer !== NEXT) return answer
  }
  return NEXT
}

/** Runs a location's whole program; DECLINED when it ran to its end or met `break`. */
export function runProgram(statements: readonly Statement[], r: Request, log: boolean): Answer {
  const answer = runStatements(statements, r, { quote: true, log })
  return answer === NEXT ? DECLINED : answer
}

/** `set $name value;` */
export class SetStatement implements Statement {
  private readonly variable: Variable
  private readonly value: Template
  constructor(variable: Variable, value: Template) {
    this.variable = variable
    this.value = value
  }
  run(r: Request, run: Run): number {
    this.variable.assign(r, valueIn(this.value, r, run))
    return NEXT
  }
}

/** `break;` ends the program and keeps the location even if a `rewrite` changed the URI. */
export class BreakStatement implements Statement {
  run(r: Request): number {
    if (r.uriChanged) {
      r.uriChanged = false
      r.validLocation = false
    }
    return DECLINED
  }
}

/** `if (…) { … }`; in a location a true condition also takes the block's configuration. */
export class IfStatement implements Statement {
  private readonly condition: Condition
  private readonly body: readonly Statement[]
  /** Null at server level. */
  private readonly location: CoreLocConf | null
  constructor(condition: Condition, body: readonly Statement[], location: CoreLocConf | null) {
    this.condition = condition
    this.body = body
    this.location = location
  }
  run(r: Request, run: Run): Answer {
    if (!this.condition.test(r, run)) return NEXT
    if (this.location !== null) {
      r.switchLocation(this.location)
      r.applyLocation()
    }
    return runStatements(this.body, r, run)
  }
}

const nothing = Buffer.alloc(0)

/** Whether a status of `return` sends its text as Location. */
function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** `return code;`, `return code text;`, `return code URL;`, `return URL;` (ngx_http_send_response). */
export class ReturnStatement implements Statement {
  private readonly status: number
  private readonly text: Template | null
  /** The body's bytes when the text is constant. */
  private readonly body: Buffer | null
  private readonly redirect: boolean
  /** An error without text of its own is left to the error pages. */
  private readonly bare: boolean

  constructor(status: number, text: Template | null) {
    this.status = status
    this.text = text
    this.redirect = isRedirect(status)
    this.bare = status >= 400 && (text === null || text.constant === '')
    const constant = text === null ? '' : text.constant
    this.body = constant === null ? null : constant === '' ? nothing : Buffer.from(constant, 'latin1')
  }

  run(r: Request): Answer {
    if (this.bare) return this.status
    if (this.redirect) return this.answerRedirect(r)
    const out = r.headersOut
    // The text may name $status.
    out.status = this.status
    const type = out.contentType === '' ? r.location.contentType(r.extension) : out.contentType
    return r.respond(this.status, type, this.body ?? this.text!.evaluate(r))
  }

  private answerRedirect(r: Request): Answer {
    const discarded = r.discardBody()
    if (discarded !== OK) return discarded
    r.headersOut.status = this.status
    r.headersOut.location = this.text === null ? '' : safeLocation(this.text.evaluate(r))
    return this.status
  }
}
