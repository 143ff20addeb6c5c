/** Rewriting of what a response says about places: `proxy_redirect`, `proxy_cookie_domain`, `_path`, `_flags`. */
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import type { CookieFlags, ReplaceRule } from './conf.ts'
import { Regex } from '../../expr/regex.ts'

/** The result of the first rule whose text begins `value` at `from`, or whose regex matches it; null when none does. */
export function rewriteRedirect(r: Request, rules: readonly ReplaceRule[], value: string, from = 0): string | null {
  const subject = value.slice(from)
  for (const { pattern, replacement } of rules) {
    if (pattern instanceof Regex) {
      if (pattern.exec(r, subject)) return value.slice(0, from) + replacement.evaluate(r)
      continue
    }
    const prefix = pattern.evaluate(r)
    if (subject.startsWith(prefix)) return value.slice(0, from) + replacement.evaluate(r) + subject.slice(prefix.length)
  }
  return null
}

/** As `rewriteRedirect` for a Refresh header, whose place follows `url=`. */
export function rewriteRefresh(r: Request, rules: readonly ReplaceRule[], value: string): string | null {
  const at = value.toLowerCase().indexOf('url=')
  return at < 0 ? null : rewriteRedirect(r, rules, value, at + 4)
}

/** The rules for cookies of one place. */
export interface CookieRules {
  readonly cookieDomains: readonly ReplaceRule[] | null
  readonly cookiePaths: readonly ReplaceRule[] | null
  readonly cookieFlags: readonly CookieFlags[] | null
}

/** A Set-Cookie value by the rules; unchanged when none applies. */
export function rewriteCookie(r: Request, rules: CookieRules, value: string): string {
  const parts = value.split(';').map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ''))
  let changed = false
  for (let i = 1; i < parts.length; i++) {
    const equals = parts[i]!.indexOf('=')
    if (equals < 0) continue
    const name = parts[i]!.slice(0, equals).trimEnd().toLowerCase()
    const old = parts[i]!.slice(equals + 1).trimStart()
    const made = name === 'domain' && rules.cookieDomains !== null ? rewriteDomain(r, rules.cookieDomains, old) :
      name === 'path' && rules.cookiePaths !== null ? rewriteRedirect(r, rules.cookiePaths, old) : null
    if (made === null) continue
    parts[i] = `${parts[i]!.slice(0, equals).trimEnd()}=${made}`
    changed = true
  }
  if (rules.cookieFlags !== null && changeFlags(r, rules.cookieFlags, parts)) changed = true
  return changed ? parts.join('; ') : value
}

/** A text stands for the whole domain; a leading dot of the cookie stays. */
function rewriteDomain(r: Request, rules: readonly ReplaceRule[], value: string): string | null {
  const dot = value.startsWith('.') ? '.' : ''
  const plain = value.slice(dot.length).toLowerCase()
  for (const { pattern, replacement } of rules) {
    if (pattern instanceof Regex) {
      if (pattern.exec(r, value)) return replacement.evaluate(r)
    } else if (pattern.evaluate(r).replace(/^\./, '').toLowerCase() === plain) return dot + replacement.evaluate(r)
  }
  return null
}

/** Adds and removes flags by the first rule for the cookie; true when it found one. */
function changeFlags(r: Request, rules: readonly CookieFlags[], parts: string[]): boolean {
  const pair = parts[0]!
  const equals = pair.indexOf('=')
  const name = equals < 0 ? pair : pair.slice(0, equals)
  const rule = rules.find(({ cookie }) => cookie instanceof Regex ? cookie.exec(r, name) : same(cookie, r, name))
  if (rule === undefined) return false
  setFlag(parts, 'secure', rule.secure === true ? 'Secure' : rule.secure)
  setFlag(parts, 'httponly', rule.httponly === true ? 'HttpOnly' : rule.httponly)
  setFlag(parts, 'samesite', typeof rule.samesite === 'string' ? `SameSite=${rule.samesite}` : rule.samesite)
  return true
}

function same(cookie: Template, r: Request, name: string): boolean {
  return cookie.evaluate(r).toLowerCase() === name.toLowerCase()
}

/** null leaves an attribute, false removes it, a text puts it in the place of the old one or at the end. */
function setFlag(parts: string[], name: string, value: string | false | null): void {
  if (value === null) return
  const at = parts.findIndex((part, i) => i > 0 && part.split('=', 1)[0]!.trim().toLowerCase() === name)
  if (value === false) {
    if (at > 0) parts.splice(at, 1)
  } else if (at > 0) parts[at] = value
  else parts.push(value)
}
