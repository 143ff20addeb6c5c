/** Pseudo-variables of time, process and configuration. */
import { randomInt } from 'node:crypto'
import type { HostVariable } from '../library.ts'
import type { ScriptRun } from '../run.ts'
import { ConfigError } from '../../core/errors.ts'
import { version } from '../../core/version.ts'
import { compileSelect } from '../../expr/select/compile.ts'
import { formatTime } from '../../sip/selects/strftime.ts'
import { numberOf } from '../constant.ts'
import { unknown } from '../library.ts'

const seconds = (): number => Math.floor(Date.now() / 1000) | 0

/** `Fri Nov 20 15:21:10 2026`, local time. */
function ctime(): string { return formatTime('%a %b %e %H:%M:%S %Y', new Date(), false) }

const clock: Readonly<Record<string, (date: Date, utc: boolean) => number>> = {
  sec: (d, utc) => utc ? d.getUTCSeconds() : d.getSeconds(), min: (d, utc) => utc ? d.getUTCMinutes() : d.getMinutes(),
  hour: (d, utc) => utc ? d.getUTCHours() : d.getHours(), mday: (d, utc) => utc ? d.getUTCDate() : d.getDate(),
  mon: (d, utc) => (utc ? d.getUTCMonth() : d.getMonth()) + 1, year: (d, utc) => utc ? d.getUTCFullYear() : d.getFullYear(),
  wday: (d, utc) => (utc ? d.getUTCDay() : d.getDay()) + 1, yday: (d, utc) => Number(formatTime('%j', d, utc)),
  isdst: (d, utc) => utc ? 0 : d.getTimezoneOffset() < new Date(d.getFullYear(), 0, 1).getTimezoneOffset() ? 1 : 0,
}

function fields(name: string, utc: boolean): HostVariable {
  return {
    name, inner: 'required',
    check(inner) { if (clock[inner!.trim()] === undefined) throw unknown(`part of "$${name}"`, inner!.trim(), '', Object.keys(clock)) },
    get: (_, inner) => clock[inner!.trim()]?.(new Date(), utc) ?? null,
  }
}

const instants: Record<string, () => number | string> = {
  s: seconds, u: () => Math.floor((performance.timeOrigin + performance.now()) * 1000 % 1e6),
  Sn: () => `${seconds()}.${String(Date.now() % 1000).padStart(3, '0')}000`,
}
instants['sn'] = instants['s']!
instants['un'] = instants['u']!

const times: readonly HostVariable[] = [
  { name: 'Ts', inner: 'none', get: seconds }, { name: 'TS', inner: 'none', get: seconds }, { name: 'Tb', inner: 'none', get: () => started },
  { name: 'Tf', inner: 'none', get: ctime }, { name: 'TF', inner: 'none', get: ctime },
  {
    name: 'TV', inner: 'required',
    check(inner) { if (instants[inner!.trim()] === undefined) throw unknown('part of "$TV"', inner!.trim(), '', Object.keys(instants)) },
    get: (_, inner) => instants[inner!.trim()]?.() ?? null,
  },
  fields('time', false), fields('utime', true),
  { name: 'timef', inner: 'required', get: (_, inner) => formatTime(inner!, new Date(), false) },
  { name: 'utimef', inner: 'required', get: (_, inner) => formatTime(inner!, new Date(), true) },
]

const started = seconds()

const full = `vespid ${version}`
const versions: Readonly<Record<string, string>> = { num: version, full, hash: '', id: '' }

const versionVariable: HostVariable = {
  name: 'version', inner: 'required',
  check(inner) { if (versions[inner!.trim()] === undefined) throw unknown('part of "$version"', inner!.trim(), '', Object.keys(versions)) },
  get: (_, inner) => versions[inner!.trim()] ?? null,
}

const place: Readonly<Record<string, (run: ScriptRun) => string | number>> = {
  name: (run) => run.place.file ?? run.program.options.file, file: (run) => run.place.file ?? run.program.options.file,
  line: (run) => run.place.line, route: (run) => run.route,
}

const cfg: HostVariable = {
  name: 'cfg', inner: 'required',
  check(inner) { if (place[inner!.trim()] === undefined) throw unknown('part of "$cfg"', inner!.trim(), '', Object.keys(place)) },
  get: (run, inner) => place[inner!.trim()]?.(run as ScriptRun) ?? null,
}

/** `$sel(…)`: a select; `cfg_get.group.name` is a custom variable of the configuration too. */
const sel: HostVariable = {
  name: 'sel', inner: 'required',
  get: () => null,
  bind(inner, _, { options, place: where }) {
    const text = inner!.trim().replace(/^@/, '')
    const setting = /^cfg_get\.([^.]+)\.([^.]+)$/.exec(text)
    if (setting !== null) {
      const key = `${setting[1]}.${setting[2]}`
      if (options.settings.has(key)) return { get: () => options.settings.get(key) ?? null, set: null }
    }
    if (options.selects === null) throw new ConfigError(`unknown select "@${text}"`)
    const select = compileSelect(`@${text}`, options.selects, where)
    return { get: ({ subject }) => subject.message === null ? null : select.evaluate(subject.message) ?? null, set: null }
  },
}

function define(name: string, numeric: boolean): HostVariable {
  return {
    name, inner: 'required',
    get: (run, inner) => {
      const text = (run as ScriptRun).program.options.defines.get(inner!.trim()) ?? null
      return numeric && text !== null ? numberOf(text) ?? 0 : text
    },
  }
}

const colours = 'xsrgybpcw'
/** Terminal colours: letters of foreground and background. */
const colour: HostVariable = {
  name: 'C', inner: 'required',
  check(inner) { if (!/^[xsrgybpcwXSRGYBPCW]{2}$/.test(inner!.trim())) return 'the colours of "$C" are two letters of x s r g y b p c w' },
  get: (_, inner) => {
    const [front, back] = inner!.trim()
    const code = (letter: string, base: number): number => letter.toLowerCase() === 'x' ? base + 9 : base + colours.indexOf(letter.toLowerCase()) - 1
    return `\x1b[${/[A-Z]/.test(front!) ? 1 : 0};${code(front!, 30)};${code(back!, 40)}m`
  },
}

const constants: Readonly<Record<string, number>> = { IPv4: 2, INET: 2, IPv6: 10, INET6: 10, UDP: 1, TCP: 2, TLS: 3, SCTP: 4, WS: 5, WSS: 6 }

export const environmentVariables: readonly HostVariable[] = [
  ...times, versionVariable, cfg, sel, define('def', false), define('defn', true), colour,
  { name: 'pp', inner: 'none', get: () => process.pid },
  { name: 'RANDOM', inner: 'none', get: () => randomInt(0x7fffffff) },
  {
    name: 'env', inner: 'required',
    get(_, inner) {
      const value = process.env[inner!.trim()]
      return value === undefined ? null : Buffer.from(value).latin1Slice()
    },
  },
  { name: 'stat', inner: 'required', get: (run, inner) => (run as ScriptRun).program.options.statistic(inner!.trim()) },
  {
    name: 'K', inner: 'required',
    check(inner) { if (constants[inner!.trim()] === undefined) throw unknown('part of "$K"', inner!.trim(), '', Object.keys(constants)) },
    get: (_, inner) => constants[inner!.trim()] ?? null,
  },
]
