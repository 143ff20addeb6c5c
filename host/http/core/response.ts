/** Directives about answers and connections that no standard setter covers. */
import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import type { CoreLocConf, GzipDisable, ResolverConf } from './conf.ts'
import { ErrorLog } from '../../core/logfile.ts'
import { addErrorLog } from '../../conf/errorlog.ts'
import { compileTemplate } from '../../expr/template.ts'
import { inet6Address, inetAddress, lookUpHost } from './hostnames.ts'
import { bindRegex } from '../../expr/define.ts'
import { parseMsec, parseNumber, parseSec, parseSize } from '../../core/units.ts'

/** `keepalive_timeout TIME [HEADER];`: how long to wait, and what to announce to the client. */
export const setKeepalive: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  if (conf.keepaliveTimeout !== undefined) return 'is duplicate'
  const timeout = parseMsec(cf.args[1]!)
  const header = cf.args.length > 2 ? parseSec(cf.args[2]!) : undefined
  if (timeout === null || header === null) return 'invalid value'
  conf.keepaliveTimeout = timeout
  if (header !== undefined) conf.keepaliveHeader = header
}

/** `error_page CODE… [=[CODE]] URI;` (nginx.md §3.5). */
export const setErrorPage: Directive<CoreLocConf>['set'] = (cf: Cf, _directive, conf) => {
  const last = cf.args.length - 1
  const response = cf.args[last - 1]!
  let overwrite = -1
  let codes = last - 1
  if (response.startsWith('=')) {
    if (last - 1 === 1) cf.fail(`invalid value "${response}"`, 1)
    const status = response === '=' ? 0 : parseNumber(response.slice(1))
    overwrite = status ?? cf.fail(`invalid value "${response}"`, last - 1)
    codes = last - 2
  }
  const uri = compileTemplate(cf, cf.args[last]!, last)
  const pages = conf.errorPages ??= []
  for (let i = 1; i <= codes; i++) {
    const word = cf.args[i]!
    const status = parseNumber(word)
    if (status === null || status === 499) cf.fail(`invalid value "${word}"`, i)
    if (status < 300 || status > 599) cf.fail(`value "${word}" must be between 300 and 599`, i)
    // 494 to 497 are nginx's own codes; a client sees 400.
    pages.push({ status, overwrite: overwrite === -1 && status >= 494 && status <= 497 ? 400 : overwrite, uri })
  }
}

/** `error_log FILE [LEVEL];` inside http{}: all of one place together replace those of the place around. */
export const setErrorLog: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  const log = (conf.errorLog ?? new ErrorLog()) as ErrorLog
  addErrorLog(cf, log)
  conf.errorLog = log
}

/** `internal;` */
export const setInternal: Directive<CoreLocConf>['set'] = (_cf, _directive, conf) => {
  if (conf.internal !== undefined) return 'is duplicate'
  conf.internal = true
}

/** A size that may have variables (`limit_rate`); a constant one is checked at once. */
export const setSizeValue: Directive['set'] = (cf, directive, conf) => {
  const field = directive.field!
  if (conf[field] !== undefined) return 'is duplicate'
  const template = compileTemplate(cf, cf.args[1]!, 1)
  const size = template.constant === null ? template : parseSize(template.constant)
  if (size === null) return 'invalid value'
  conf[field] = size
}

/** Values of which one that is neither '' nor '0' switches something on (`early_hints`). */
export const setPredicates: Directive['set'] = (cf, directive, conf) => {
  const predicates = conf[directive.field!] ??= []
  for (let i = 1; i < cf.args.length; i++) predicates.push(compileTemplate(cf, cf.args[i]!, i))
}

/** `gzip_disable REGEX…|msie6;` */
export const setGzipDisable: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  const before: GzipDisable = conf.gzipDisable ?? { msie6: false, regexes: [] }
  let { msie6 } = before
  const regexes = [...before.regexes]
  for (let i = 1; i < cf.args.length; i++) {
    if (cf.args[i] === 'msie6') msie6 = true
    else regexes.push(bindRegex(cf, cf.args[i]!, true, i))
  }
  conf.gzipDisable = { msie6, regexes }
}

/** The address of a name server as written: numeric, with or without a port. */
function nameServer(cf: Cf, i: number): string {
  const word = cf.args[i]!
  if (/[/?]/.test(word) || (word.startsWith('[') && !word.includes(']'))) cf.fail(`invalid host in resolver "${word}"`, i)
  const [, six, four, port] = /^(?:\[(.*?)\]|([^:]*))(?::(.*))?$/s.exec(word) ?? []
  const number = port === undefined ? 53 : parseNumber(port)
  if (number === null || number < 1 || number > 65535) cf.fail(`invalid port in resolver "${word}"`, i)
  if ((six !== undefined && inet6Address(six) !== null) || (four !== undefined && inetAddress(four) !== null)) return word
  if (six !== undefined) cf.fail(`invalid IPv6 address in resolver "${word}"`, i)
  if (four === '') cf.fail(`no host in resolver "${word}"`, i)
  const [found] = four === undefined || four.includes('=') ? [] : lookUpHost(four)
  if (found === undefined) return cf.fail(`host not found in resolver "${word}"`, i, 'name servers are told by their addresses')
  return found.family === 'inet' ? `${found.host}:${number}` : `[${found.host}]:${number}`
}

/** `resolver ADDRESS… [valid=TIME] [ipv4=on|off] [ipv6=on|off] [status_zone=ZONE];` */
export const setResolver: Directive<CoreLocConf>['set'] = (cf, _directive, conf) => {
  if (conf.resolver !== undefined) return 'is duplicate'
  const servers: string[] = []
  let valid = -1
  const families = { ipv4: true, ipv6: true }
  for (let i = 1; i < cf.args.length; i++) {
    const word = cf.args[i]!
    const family = /^(ipv4|ipv6)=(.*)$/s.exec(word)
    if (word.startsWith('valid=')) {
      valid = parseSec(word.slice(6)) ?? cf.fail(`invalid parameter: ${word}`, i)
    } else if (family !== null) {
      if (family[2] !== 'on' && family[2] !== 'off') cf.fail(`invalid parameter: ${word}`, i)
      families[family[1] as 'ipv4' | 'ipv6'] = family[2] === 'on'
    } else if (!word.startsWith('status_zone=')) servers.push(nameServer(cf, i))
  }
  if (!families.ipv4 && !families.ipv6) cf.fail('"ipv4" and "ipv6" cannot both be "off"')
  if (servers.length === 0) cf.fail('no name servers defined')
  conf.resolver = { servers, valid, ...families } satisfies ResolverConf
}

/** Checks a pool size as nginx does, though there are no pools here. */
export function checkPoolSize(cf: Cf, _directive: Directive, size: number): void {
  if (size < 112) cf.fail('the pool size must be no less than 112', 1)
  if (size % 16 !== 0) cf.fail('the pool size must be a multiple of 16', 1)
}

/** nginx on Linux says so and does nothing. */
export function ignoreLowat(cf: Cf, { name }: Directive): void {
  cf.warn(`"${name}" is not supported, ignored`)
}
