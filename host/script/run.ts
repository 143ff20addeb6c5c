import type { Place } from '../core/place.ts'
import type { ReturnCode, ScriptRunView, ScriptSubject, ScriptValue } from './contract.ts'
import type { MessageState } from '../sip/state.ts'
import type { Program } from './program.ts'
import type { Xavp } from './variables/xavp.ts'
import { ConfigError } from '../core/errors.ts'
import { parseInteger } from './values.ts'

/** Why a list of statements ends early; 0 while it goes on. `Exit` leaves the whole script, `Return` the route, `Break` the loop or switch. */
export const Flow = { Break: 1, Return: 2, Exit: 3 } as const

/** Kamailio's log levels. */
export const LogLevel = { Alert: -5, Bug: -4, Critical: -2, Error: -1, Warning: 0, Notice: 1, Info: 2, Debug: 3 } as const

/** The run used up its budget and ends at once. */
export class ScriptOverrun extends Error {
  override readonly name = 'ScriptOverrun'
}

/** Bytes of text that `$avp` and `$xavp` of one run may take. */
const mostHeld = 64 << 20

const noBranches: MessageState['branches'] = []

/** How often the clock is looked at, in steps. */
const clockEvery = 1024

/** One run of a route on one message: everything that the script changes. */
export class ScriptRun implements ScriptRunView, MessageState {
  readonly program: Program
  readonly subject: ScriptSubject
  /** `$var`, `$vn`, `$vz` by their slots. */
  readonly vars: ScriptValue[]
  /** `$avp` by name (`i:5` for numbers), newest value first. */
  avps: Map<string, ScriptValue[]> | null = null
  /** Roots of `$xavp`, `$xavu`, `$xavi`, newest first. */
  xavps: Xavp | null = null
  xavus: Xavp | null = null
  xavis: Xavp | null = null
  /** setflag() */
  flags = 0
  /** What the script did to the message, for selects: `$ru` and `$du` as set. */
  private ownUri: string | null = null
  private ownDestination = ''
  readonly branches: MessageState['branches'] = noBranches
  readonly transaction = null
  readonly timer = null
  /** Result of the last function or route: `$rc`. */
  rc = 0
  flow = 0
  dropped = false
  /** Ended by its budget or by a fault; the caller answers 500 when nothing was answered. */
  failed = false
  /** The final result; below 0 the connection is to be closed. */
  result = 0
  /** How deep blocks are nested. */
  level = 0
  /** Name of the route that runs, for `$cfg(route)`. */
  route = ''
  place: Place
  /** Whatever functions keep for this run, by their own symbols: locks, iterators. */
  private kept: Map<symbol, unknown> | null = null
  private cleanups: (() => void)[] | null = null
  /** Steps until the clock is looked at; steps left behind that. */
  private steps = clockEvery
  private left: number
  private held = 0
  /** When the clock was looked at first since the start or the last wait; 0 before. */
  private since = 0

  constructor(program: Program, subject: ScriptSubject, vars: ScriptValue[], place: Place) {
    this.program = program
    this.subject = subject
    this.vars = vars
    this.place = place
    this.left = program.options.steps
  }

  get line(): string { return `${this.place.file ?? 'command line'}:${this.place.line}` }

  /** To be called before each statement and each turn of a loop. Throws ScriptOverrun. */
  step(): void {
    if (--this.steps < 0) this.refill()
  }

  private refill(): void {
    const { steps, milliseconds } = this.program.options
    this.left -= clockEvery
    if (this.left < 0) throw new ScriptOverrun(`script ended: more than ${steps} steps`)
    const now = performance.now()
    if (this.since === 0) this.since = now
    if (now - this.since > milliseconds) throw new ScriptOverrun(`script ended: it ran for more than ${milliseconds} ms`)
    this.steps = clockEvery
  }

  /** Counts text that the run holds on to. Throws ScriptOverrun when it becomes too much. */
  hold(value: ScriptValue): void {
    if (typeof value !== 'string' || (this.held += value.length) <= mostHeld) return
    throw new ScriptOverrun(`script ended: its variables hold more than ${mostHeld >> 20} MiB`)
  }

  /** After a wait: the time budget begins anew. */
  resumed(): void { this.since = 0 }

  get(source: string): ScriptValue {
    const bound = this.program.variable(source)
    if (bound instanceof ConfigError) {
      this.log(LogLevel.Error, bound.message)
      return null
    }
    return bound.get(this)
  }

  set(source: string, value: ScriptValue): boolean {
    const bound = this.program.variable(source)
    if (bound instanceof ConfigError || bound.set === null) {
      this.log(LogLevel.Error, bound instanceof ConfigError ? bound.message : `the variable "${source}" is read-only`)
      return false
    }
    return bound.set(this, value)
  }

  call(name: string, args: readonly ScriptValue[]): ReturnCode | Promise<ReturnCode> {
    const found = this.program.function(name, args.length)
    if (found instanceof ConfigError) {
      this.log(LogLevel.Error, found.message)
      return -1
    }
    return found.call(this, args)
  }

  /** A value as int; text that is none is 0 with a warning (none for an empty text). */
  int(value: ScriptValue): number {
    if (typeof value === 'number') return value
    if (value === null || value === '') return 0
    const parsed = parseInteger(value)
    if (parsed === null) {
      this.log(LogLevel.Warning, `"${shorten(value)}" is no number and counts as 0`)
      return 0
    }
    return parsed
  }

  /** Logs with the line of the script, if the level is wanted. */
  log(level: number, text: string): void {
    if (level <= this.program.options.debug) this.subject.log(level, `${text} in ${this.line}`)
  }

  /** What a function keeps in this run under its symbol, made at its first use. */
  keep<T>(key: symbol, make: () => T): T {
    this.kept ??= new Map()
    let value = this.kept.get(key) as T | undefined
    if (value === undefined) this.kept.set(key, value = make())
    return value
  }

  /** Runs when the run is over, however it ends. */
  onEnd(cleanup: () => void): void { (this.cleanups ??= []).push(cleanup) }

  /** For Program: the run is over. */
  ended(): void {
    if (this.cleanups === null) return
    for (const cleanup of this.cleanups) cleanup()
    this.cleanups = null
  }

  /** The request URI and the destination that the script has set: a SIP message's own, for it is sent on with them. */
  get uri(): string | null { return this.subject.sip === undefined ? this.ownUri : this.subject.sip.uri }
  set uri(text: string | null) {
    if (this.subject.sip === undefined) this.ownUri = text
    else this.subject.sip.uri = text
  }
  get destination(): string { return this.subject.sip === undefined ? this.ownDestination : this.subject.sip.destination }
  set destination(text: string) {
    if (this.subject.sip === undefined) this.ownDestination = text
    else this.subject.sip.destination = text
  }

  localAddress(uri: string): string | null { return this.subject.sip?.localAddress(uri) ?? null }

  /** `$avp` as text, for selects. */
  attribute(name: string): string | null {
    const value = this.avps?.get(name)?.[0]
    return value === undefined || value === null ? null : String(value)
  }
}

/** A text cut so that a log line stays readable. */
export function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}...` : text
}

