/** The setters of the proxy module that are not nginx's standard ones. */
import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import type { CookieFlags, ProxyConf, ReplaceRule } from './conf.ts'
import { bindAddress } from './bind.ts'
import { setStr } from '../../conf/setters.ts'
import { bindRegex } from '../../expr/define.ts'
import { compileTemplate, constantTemplate } from '../../expr/template.ts'

type Setter = Directive<ProxyConf>['set']
type Writable<T> = { -readonly [K in keyof T]: T[K] }

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** `proxy_set_header NAME VALUE;` */
export const setHeader: Setter = (cf, _directive, conf) => {
  const name = cf.args[1]!
  if (!token.test(name)) cf.fail(`invalid header name "${name}"`, 1)
  const value = compileTemplate(cf, cf.args[2]!, 2)
  ;(conf.setHeaders ??= []).push({ name, value })
}

/** One argument with variables (nginx's ngx_http_set_complex_value_slot). */
export const setTemplate: Setter = (cf, directive, conf) => {
  const fields = conf as unknown as Record<string, unknown>
  if (fields[directive.field!] !== undefined) return 'is duplicate'
  fields[directive.field!] = compileTemplate(cf, cf.args[1]!, 1)
}

/** A file name, which may have no variables: certificates are read once. */
export const setFile: Setter = (cf, directive, conf) => {
  if (compileTemplate(cf, cf.args[1]!, 1).constant === null) cf.fail(`variables in "${directive.name}" are not supported`, 1)
  return setStr(cf, directive, conf)
}

/** `proxy_bind ADDRESS [transparent] | off;` */
export const setBind: Setter = (cf, _directive, conf) => {
  if (conf.bind !== undefined) return 'is duplicate'
  if (cf.args.length === 2 && cf.args[1] === 'off') {
    conf.bind = null
    return
  }
  const bind = compileTemplate(cf, cf.args[1]!, 1)
  if (bind.constant !== null && bindAddress(bind.constant) === null) cf.fail(`invalid address "${bind.constant}"`, 1)
  if (cf.args.length === 3) {
    if (cf.args[2] !== 'transparent') cf.fail(`invalid parameter "${cf.args[2]}"`, 2, 'it may be transparent')
    cf.warn('transparent proxying is not supported on this platform, ignored', 2)
  }
  conf.bind = bind
}

/** `proxy_redirect off | default | REDIRECT REPLACEMENT;` */
export const setRedirect: Setter = (cf, _directive, conf) => {
  if (conf.redirects === null) return 'is duplicate'
  const first = cf.args[1]!
  if (cf.args.length === 3) {
    (conf.redirects ??= []).push(rule(cf, false))
    return
  }
  if (first === 'off') {
    if (conf.redirects !== undefined) return 'is duplicate'
    conf.redirects = null
    return
  }
  if (first !== 'default') cf.fail(`invalid parameter "${first}"`, 1, 'it may be off, default, or two texts')
  if (conf.pass !== null) cf.fail('"proxy_redirect default" cannot be used with "proxy_pass" directive with variables')
  if (conf.url === '') cf.fail('"proxy_redirect default" should be placed after the "proxy_pass" directive')
  ;(conf.redirects ??= []).push(defaultRedirect(conf))
}

/** The server's own URLs become ours: its address and URI the location's name. */
export function defaultRedirect(conf: ProxyConf): ReplaceRule {
  const uri = conf.target !== null && conf.target.uri !== ''
  return {
    pattern: constantTemplate(uri ? conf.url : `${conf.url}/`),
    replacement: constantTemplate(uri ? conf.location : '/'),
  }
}

/** Arguments 1 and 2: a text, or a regex behind `~` or `~*`, and its replacement. */
function rule(cf: Cf, caseless: boolean): ReplaceRule {
  const text = cf.args[1]!
  return { pattern: pattern(cf, text, caseless), replacement: compileTemplate(cf, cf.args[2]!, 2) }
}

function pattern(cf: Cf, text: string, caseless: boolean): ReplaceRule['pattern'] {
  if (!text.startsWith('~')) return compileTemplate(cf, text, 1)
  const star = text.startsWith('~*')
  return bindRegex(cf, text.slice(star ? 2 : 1), caseless || star, 1)
}

/** `proxy_cookie_domain off | DOMAIN REPLACEMENT;` and `proxy_cookie_path` likewise; `field` says which. */
export const setCookieRule: Setter = (cf, directive, conf) => {
  const field = directive.field as 'cookieDomains' | 'cookiePaths'
  if (conf[field] === null) return 'is duplicate'
  if (cf.args.length === 3) {
    (conf[field] ??= []).push(rule(cf, field === 'cookieDomains'))
    return
  }
  if (cf.args[1] !== 'off') cf.fail(`invalid parameter "${cf.args[1]}"`, 1)
  if (conf[field] !== undefined) return 'is duplicate'
  conf[field] = null
}

/** `proxy_cookie_flags off | COOKIE [FLAG…];` */
export const setCookieFlags: Setter = (cf, _directive, conf) => {
  if (conf.cookieFlags === null) return 'is duplicate'
  if (cf.args.length === 2 && cf.args[1] === 'off') {
    if (conf.cookieFlags !== undefined) return 'is duplicate'
    conf.cookieFlags = null
    return
  }
  if (cf.args.length === 2) cf.fail(`invalid parameter "${cf.args[1]}"`, 1, 'it may be off, or a cookie and flags')
  const flags: Writable<CookieFlags> = {
    cookie: pattern(cf, cf.args[1]!, false), secure: null, httponly: null, samesite: null,
  }
  for (let i = 2; i < cf.args.length; i++) readFlag(cf, i, flags)
  ;(conf.cookieFlags ??= []).push(flags)
}

const sameSite: Record<string, string | false> = {
  'samesite=strict': 'Strict', 'samesite=lax': 'Lax', 'samesite=none': 'None', nosamesite: false,
}

function readFlag(cf: Cf, i: number, flags: Writable<CookieFlags>): void {
  const word = cf.args[i]!
  const value = sameSite[word.toLowerCase()]
  if (word === 'secure' || word === 'nosecure') flags.secure = word === 'secure'
  else if (word === 'httponly' || word === 'nohttponly') flags.httponly = word === 'httponly'
  else if (value !== undefined) flags.samesite = value
  else if (!word.includes('$')) cf.fail(`invalid parameter "${word}"`, i)
  else cf.fail(`variables in the flag "${word}" are not supported`, i)
}

/** Directives of the cache and the store, which do not exist here: `off` is true anyway. */
export const setOffOnly: Setter = (cf, directive) => {
  if (cf.args[1] !== 'off') cf.fail(`"${directive.name}" supports only "off"`, 1, 'responses are neither cached nor stored')
}

/** Predicates of the cache, which does not exist here: checked, then nothing. */
export const setPredicatesOnly: Setter = (cf) => {
  for (let i = 1; i < cf.args.length; i++) compileTemplate(cf, cf.args[i]!, i)
}

