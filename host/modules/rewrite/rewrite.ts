import type { Answer } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Run } from '../../expr/condition.ts'
import type { Regex } from '../../expr/regex.ts'
import type { Template } from '../../expr/template.ts'
import type { Statement } from './program.ts'
import { DECLINED } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { matches } from '../../expr/condition.ts'
import { safeLocation, unescapeRedirect } from '../../expr/escape.ts'
import { NEXT } from './program.ts'

/** What `rewrite regex replacement [flag]` says. */
export interface RewriteRule {
  readonly regex: Regex
  /** The replacement up to its `?`; of a redirect the whole. */
  readonly path: Template
  /** What follows the replacement's `?`; null without one, and for redirects. */
  readonly args: Template | null
  /** A redirect's replacement holds a `?`, so the old arguments follow with `&`. */
  readonly questionMark: boolean
  /** The old arguments are kept; false when the replacement ended in `?`. */
  readonly addArgs: boolean
  /** 301 or 302: answer with Location; 0: change the URI. */
  readonly status: number
  /** Stop the program after this rule. */
  readonly last: boolean
  /** Stay in the location. */
  readonly breakCycle: boolean
}

/** `rewrite`: changes the URI or answers with a redirect when its regex matches the URI (nginx.md §4). */
export class RewriteStatement implements Statement {
  private readonly rule: RewriteRule
  constructor(rule: RewriteRule) {
    this.rule = rule
  }

  run(r: Request, run: Run): Answer {
    const { rule } = this
    if (!matches(r, rule.regex, r.uri, run)) return NEXT
    if (rule.status !== 0) return this.redirect(r, run)
    r.internal = true
    if (rule.breakCycle) r.validLocation = false
    r.uriChanged = !rule.breakCycle
    const uri = rule.path.evaluate(r)
    const args = this.newArgs(r)
    run.quote = false
    if (run.log) r.log(Level.notice, `rewritten data: "${uri}", args: "${args}"`)
    if (uri === '') {
      r.log(Level.error, 'the rewritten URI has a zero length')
      return 500
    }
    r.setUri(uri, args)
    return rule.last ? DECLINED : NEXT
  }

  private newArgs(r: Request): string {
    const { rule } = this
    if (rule.args === null) return rule.addArgs ? r.args : ''
    const own = rule.args.evaluateQuoted(r)
    return rule.addArgs && r.args !== '' ? `${own}&${r.args}` : own
  }

  private redirect(r: Request, run: Run): number {
    const { rule } = this
    let url = unescapeRedirect(rule.path.evaluateQuoted(r))
    if (rule.addArgs && r.args !== '') url += (rule.questionMark ? '&' : '?') + r.args
    if (run.log) r.log(Level.notice, `rewritten redirect: "${url}"`)
    r.headersOut.location = safeLocation(url)
    return rule.status
  }
}
