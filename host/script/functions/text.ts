/** Functions on texts and on the message (Kamailio's textops, textopsx, siputils, kex, pv, corex). */
import { isIP } from 'node:net'
import type { ParameterKind, ScriptFunction, ScriptRunView, ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { PosixFlags } from '../posix.ts'
import { headerId } from '../../sip/names.ts'
import { lowerAscii } from '../../sip/scan.ts'
import { mediaType } from '../../sip/body.ts'
import { unbracketed } from '../../sip/listens.ts'
import { uriOf } from '../../sip/uri.ts'
import { MatchLimitError } from '../../expr/regex.ts'
import { AddressTest } from '../addresses.ts'
import { PosixError, posixRegex } from '../posix.ts'
import { LogLevel } from '../run.ts'
import { headerValues } from '../variables/message.ts'

const truth = (yes: boolean): number => yes ? 1 : -1

function define(name: string, count: number, call: (args: readonly string[], run: ScriptRunView) => number,
  parameters?: readonly ParameterKind[]): ScriptFunction {
  const made: ScriptFunction = { name, minimum: count, maximum: count, call: (run, args) => call(args.map(String), run) }
  return parameters === undefined ? made : { ...made, parameters }
}

/** textops' regular expressions: without regard to case, line by line. */
const searchFlags: PosixFlags = { caseless: true, newline: true }

function found(run: ScriptRunView, pattern: string, subject: string): number {
  try {
    return truth(posixRegex(pattern, searchFlags).test(subject))
  } catch (error) {
    if (!(error instanceof PosixError) && !(error instanceof MatchLimitError)) throw error
    ;(run as ScriptRun).log(LogLevel.Error, `matching against "${pattern}" failed: ${error.message}`)
    return -1
  }
}

const body = (run: ScriptRunView): string => run.subject.message?.body ?? ''

function hasHeader(run: ScriptRunView, name: string): boolean {
  const lower = lowerAscii(name.trim())
  return (run.subject.message?.find(headerId(lower), lower, 0) ?? -1) >= 0
}

/** Lists of methods that were asked for, in capitals. */
const methodLists = new Map<string, ReadonlySet<string>>()

/** `GET|POST` */
const isMethod: ScriptFunction = define('is_method', 1, ([list], run) => {
  let names = methodLists.get(list!)
  if (names === undefined) {
    if (methodLists.size >= 256) methodLists.clear()
    methodLists.set(list!, names = new Set(list!.toUpperCase().split('|').map((one) => one.trim())))
  }
  const method = run.subject.message?.method ?? ''
  return truth(names.has(method) || names.has(method.toUpperCase()))
})

const hasBody: ScriptFunction = {
  name: 'has_body', minimum: 0, maximum: 1,
  call(run, [type]) {
    if (body(run) === '') return -1
    if (type === undefined || type === null) return 1
    const values = headerValues(run.subject.message!, run as ScriptRun, 'content-type')
    return truth(values.length > 0 && mediaType(values[0]!) === String(type).toLowerCase())
  },
}

function inList(prefix: boolean): (args: readonly string[]) => number {
  return ([item, list, separator]) => {
    const mark = separator === '' ? ',' : separator![0]!
    return truth(list!.split(mark).some((one) => prefix ? one.trim() !== '' && item!.startsWith(one.trim()) : one.trim() === item))
  }
}

/** 1 when equal, else −2 or −1 by the order (measured: "a" and "b" give −2). */
function compared(a: string, b: string): number {
  return a === b ? 1 : a < b ? -2 : -1
}

function searchHeader(run: ScriptRunView, name: string, pattern: string, which: string): number {
  const values = run.subject.message === null ? [] : headerValues(run.subject.message, run as ScriptRun, name)
  const some = which === 'f' ? values.slice(0, 1) : which === 'l' ? values.slice(-1) : values
  return truth(some.some((value) => found(run, pattern, value) > 0))
}

const variableFunctions: readonly ScriptFunction[] = [
  define('pv_isset', 1, ([source], run) => truth(run.get(source!) !== null), ['variable']),
  define('pv_unset', 1, ([source], run) => truth(run.set(source!, null)), ['variable']),
  define('not_empty', 1, ([source], run) => {
    const value = run.get(source!)
    return truth(value !== null && value !== '')
  }, ['variable']),
  define('is_int', 1, ([source], run) => truth(typeof run.get(source!) === 'number'), ['variable']),
  ...['pv_printf', 'avp_printf'].map((name) => define(name, 2, ([target, text], run) => truth(run.set(target!, text!)), ['variable', 'text'])),
]

const characters: readonly ScriptFunction[] = [
  define('is_numeric', 1, ([text]) => truth(/^[0-9]+$/.test(text!))),
  define('is_alphanum', 1, ([text]) => /^[A-Za-z0-9]+$/.test(text!) ? 1 : -3),
  define('is_alphanumex', 2, ([text, more]) => [...text!].every((c) => /[A-Za-z0-9]/.test(c) || more!.includes(c)) && text !== '' ? 1 : -3),
]

/** ipops' tests of texts. */
const addresses: readonly ScriptFunction[] = [
  define('is_ip', 1, ([text]) => truth(isIP(text!.replace(/^\[(.*)\]$/, '$1')) !== 0)),
  define('is_ipv4', 1, ([text]) => truth(isIP(text!) === 4)),
  define('is_ipv6', 1, ([text]) => truth(isIP(text!.replace(/^\[(.*)\]$/, '$1')) === 6)),
  ...['is_in_subnet', 'is_ip_in_subnet'].map((name) => define(name, 2, ([address, nets]) =>
    truth(nets!.split(',').some((net) => AddressTest.parse(net.trim())?.has(address!) === true)))),
]

const isMyself: ScriptFunction = define('is_myself', 1, ([text], run) => {
  const uri = uriOf(text!)
  return truth(uri !== null && (run as ScriptRun).program.options.isMyself(unbracketed(uri.host), uri.port === '' ? 0 : Number(uri.port)))
})

/** What these do to a SIP message's header shows only in the message that is sent on (Kamailio); on HTTP there is none. */
const headerChanges: readonly ScriptFunction[] = (['append', 'insert', 'remove'] as const).map((how) => ({
  name: `${how}_hf`, minimum: 1, maximum: how === 'remove' ? 1 : 2,
  call: (run: ScriptRunView, [text]: readonly ScriptValue[]): number => {
    const { sip } = run.subject
    if (how === 'remove' && !hasHeader(run, String(text))) return -1
    return sip === undefined ? 1 : truth(sip.changeHeaders(how, String(text)))
  },
}))

export const textFunctions: readonly ScriptFunction[] = [
  isMethod, hasBody, isMyself,
  define('search', 1, ([pattern], run) => found(run, pattern!, run.subject.message?.text ?? ''), ['regex']),
  define('search_body', 1, ([pattern], run) => body(run) === '' ? -1 : found(run, pattern!, body(run)), ['regex']),
  define('search_hf', 3, ([name, pattern, which], run) => searchHeader(run, name!, pattern!, which!), ['text', 'regex', 'text']),
  define('is_present_hf', 1, ([name], run) => truth(hasHeader(run, name!))),
  define('starts_with', 2, ([text, start]) => truth(text!.startsWith(start!))),
  define('ends_with', 2, ([text, end]) => truth(text!.endsWith(end!))),
  define('in_list', 3, inList(false)), define('in_list_prefix', 3, inList(true)),
  define('cmp_str', 2, ([a, b]) => compared(a!, b!)), define('cmp_istr', 2, ([a, b]) => compared(lowerAscii(a!), lowerAscii(b!))),
  define('str_find', 2, ([text, part]) => { const at = text!.indexOf(part!); return at < 0 ? -1 : at + 1 }),
  define('str_ifind', 2, ([text, part]) => { const at = lowerAscii(text!).indexOf(lowerAscii(part!)); return at < 0 ? -1 : at + 1 }),
  ...variableFunctions, ...characters, ...addresses, ...headerChanges,
]
