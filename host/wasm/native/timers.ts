import { threadId } from 'node:worker_threads'
import type { Cycle } from '../../cycle.ts'
import type { HttpEngine, Running } from '../../http/engine.ts'
import type { ServingThread } from '../../module.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import type { TimerCounts } from '../timerboard.ts'
import type { WaitingCall } from '../waiting.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import type { Waiting } from './waiting.ts'
import { Level } from '../../core/log.ts'
import { formatMsec } from '../../core/units.ts'
import { Kind } from '../frame.ts'
import { PoolFull } from '../pool.ts'
import { TimerBoard } from '../timerboard.ts'
import { GuestFault, Trap } from '../trap.ts'
import { Cancelled } from '../waiting.ts'
import { TimerFlag, bounds } from './abi.ts'

/** The least and the greatest interval in milliseconds: below it a worker would do little else, above it the clock of the system ends. */
const shortest = 10
const longest = 0x7fffffff
/** How soon a timer that runs once looks again when it could not run: another worker had to, or the plugin was busy. */
const again = 1000
/** How long the call of a timer whose configuration is over may still sleep: enough to finish, too short to go on for ever. */
const grace = 5000
/** What a plugin may call its timer. */
const timerName = /^[\x21-\x7e][\x20-\x7e]{0,63}$/

/** A timer that a plugin registered. */
export interface TimerEntry {
  readonly name: string
  /** Milliseconds between two calls, or until the one. */
  readonly interval: number
  readonly once: boolean
  /** It runs in one worker, not in each. */
  readonly single: boolean
  readonly call: GuestFunction
}

/** A timer in facts, for `plugin.show`. */
export interface TimerFacts extends TimerCounts {
  readonly name: string
  readonly every?: string
  readonly once?: string
  readonly workers: 'each' | 'one'
}

/** The function that registers a timer: while the plugin registers itself, while the configuration is read, and in hooks of its life. */
export function timerImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    timer: (pointer, length, interval, flags, call, data) => {
      instance.expect(Kind.Register | Kind.Configure | Kind.Life, 'timer')
      if ((flags! & ~(TimerFlag.Once | TimerFlag.Single)) !== 0) throw new GuestFault(`registered a timer with flags ${flags}`)
      const once = (flags! & TimerFlag.Once) !== 0
      const least = once ? 0 : shortest
      if (!(interval! >= least && interval! <= longest)) {
        throw new GuestFault(`registered a timer for ${interval} milliseconds; ${least} to ${longest} are allowed`)
      }
      const text = instance.text(pointer!, length!, bounds.name)
      if (text !== '' && !timerName.test(text)) throw new GuestFault(`registered a timer named "${text}"`)
      plugin.timers.add(text, interval!, once, (flags! & TimerFlag.Single) !== 0, (name) => instance.required(call!, data!, `timer "${name}"`))
    },
  }
}

/** The timers of one plugin in one thread and cycle. They run from `begin`, when the cycle is taken into use, until `retire`. */
export class PluginTimers {
  readonly entries: TimerEntry[] = []
  private readonly plugin: NativePlugin
  private readonly board: TimerBoard
  private readonly running: RunningTimer[] = []
  private over = false

  constructor(plugin: NativePlugin, board: SharedArrayBuffer) {
    this.plugin = plugin
    this.board = new TimerBoard(board)
  }

  /** Adds a timer; without a name it is called after its interval. A fault when there are too many, or two of one name. */
  add(wished: string, interval: number, once: boolean, single: boolean, bind: (name: string) => GuestFunction): void {
    if (this.over || this.running.length > 0) throw new GuestFault('registered a timer when its timers ran already')
    if (this.entries.length >= bounds.timers) throw new GuestFault(`registered more than ${bounds.timers} timers`)
    const name = wished !== '' ? wished : this.freeName(`${once ? 'once after' : 'every'} ${formatMsec(Math.round(interval))}`)
    if (this.entries.some((entry) => entry.name === name)) throw new GuestFault(`registered timer "${name}" twice`)
    this.entries.push({ name, interval, once, single, call: bind(name) })
  }

  private freeName(base: string): string {
    let name = base
    for (let n = 2; this.entries.some((entry) => entry.name === name); n++) name = `${base} #${n}`
    return name
  }

  /** The cycle is in use: the clocks run. `waiting`: where calls that may wait are made. */
  begin(cycle: Cycle, thread: ServingThread, waiting: () => Waiting): void {
    if (this.over) return
    const running = thread.engine.current
    for (const entry of this.entries) {
      const timer = new RunningTimer(this.plugin, entry, this.board, { cycle, thread, running, waiting })
      this.running.push(timer)
      timer.start()
    }
  }

  /** The cycle is no longer in use, or the thread ends: no call begins any more. Those in flight may finish. */
  retire(): void {
    this.over = true
    for (const timer of this.running) timer.stop()
  }

  /** Whether the timer of a name runs in this thread; null when there is none. */
  runs(name: string): (() => boolean) | null {
    return this.entries.some((entry) => entry.name === name) ? () => this.running.length > 0 && !this.over : null
  }

  facts(): TimerFacts[] {
    return this.entries.map(({ name, interval, once, single }) => ({
      name, [once ? 'once' : 'every']: formatMsec(Math.round(interval)), workers: single ? 'one' : 'each', ...this.board.counts(this.board.row(name)),
    }))
  }
}

interface Surroundings {
  readonly cycle: Cycle
  readonly thread: ServingThread
  readonly running: Running
  readonly waiting: () => Waiting
}

/** One timer at work. Calls of it never overlap: not in one thread, with `single` nowhere, and not with those of the configuration before. */
class RunningTimer {
  private readonly plugin: NativePlugin
  private readonly entry: TimerEntry
  private readonly board: TimerBoard
  private readonly row: number
  private readonly key: string
  private readonly around: Surroundings
  private clock: NodeJS.Timeout | null = null
  private flight: WaitingCall | null = null
  private stopped = false
  private cancelled = false

  constructor(plugin: NativePlugin, entry: TimerEntry, board: TimerBoard, around: Surroundings) {
    this.plugin = plugin
    this.entry = entry
    this.board = board
    this.row = board.row(entry.name)
    this.key = `${plugin.name} ${entry.name}`
    this.around = around
  }

  start(): void {
    const { once, interval } = this.entry
    this.clock = once ? setTimeout(() => this.due(), interval) : setInterval(() => this.tick(), interval)
    this.clock.unref()
  }

  stop(): void {
    this.stopped = true
    if (this.clock !== null) clearTimeout(this.clock)
    this.clock = null
    this.flight?.retire(grace)
  }

  /** The time of a timer that runs again and again. */
  private tick(): void {
    if (this.entry.single && !this.around.thread.leads()) return
    if (this.blocked || !this.take()) return this.board.count(this.row, 'skipped')
    this.run()
  }

  /** The time of one that runs once: what cannot be now is tried again, here or in the worker that leads by then. */
  private due(): void {
    const { entry: { single }, around: { cycle, thread }, board, row } = this
    if (single && board.done(row, cycle.number)) return
    if ((single && !thread.leads()) || this.blocked || !this.take()) return this.later()
    if (single && !board.claim(row, cycle.number)) return this.release()
    this.run()
  }

  private later(): void {
    if (!this.stopped) this.clock = setTimeout(() => this.due(), again).unref()
  }

  private get blocked(): boolean {
    const { faults } = this.plugin.instance
    return faults.blocked
  }

  private get engine(): HttpEngine { return this.around.thread.engine }

  private take(): boolean {
    const { busy } = this.engine
    if (busy.has(this.key) || (this.entry.single && !this.board.take(this.row, threadId))) return false
    busy.add(this.key)
    return true
  }

  private release(): void {
    this.engine.busy.delete(this.key)
    if (this.entry.single) this.board.release(this.row, threadId)
  }

  private run(): void {
    const { name, call } = this.entry
    if (call.waits) return this.runWaiting()
    this.board.count(this.row, 'runs')
    try {
      this.plugin.instance.run(Kind.Timer, call.label, (frame) => {
        frame.args = [name]
        call.calls++
        return call.call(call.data)
      })
    } catch (error) {
      this.failed(error)
    }
    this.release()
  }

  private runWaiting(): void {
    const { name, call } = this.entry
    const { running, waiting } = this.around
    const { engine } = this
    const work = { running, cancel: (): void => { this.cancelled = true; this.flight?.cancel() } }
    engine.detach(work)
    const began = (flight: WaitingCall): void => {
      this.board.count(this.row, 'runs')
      this.flight = flight
      if (this.cancelled) flight.cancel()
      else if (this.stopped) flight.retire(grace)
    }
    waiting().timer(call, [name], began).catch((error: unknown) => this.failed(error)).finally(() => {
      this.flight = null
      this.release()
      engine.detachedEnded(work)
    })
  }

  private failed(error: unknown): void {
    const { services, name } = this.plugin
    const { label } = this.entry.call
    if (error instanceof Trap) {
      this.board.count(this.row, 'faults')
      services.log?.(Level.error, `plugin ${name} trapped in ${label}: ${error.text}`)
    } else if (error instanceof Cancelled) services.log?.(Level.info, `plugin ${name}: ${label} was ended, its configuration is no longer in use`)
    else if (error instanceof PoolFull) this.board.count(this.row, 'skipped')
    else services.log?.(Level.alert, `plugin ${name}: ${label} failed: ${(error as Error).message}`)
  }
}
