import type { Request } from '../http/request.ts'
import { instantiateSync } from '@assemblyscript/loader'
import { bounds } from './native/abi.ts'
import { Clock } from './limits/clock.ts'
import { Faults } from './limits/faults.ts'
import { exported } from './limits/rewrite.ts'
import { configurationTime } from './limits/settings.ts'
import { tickFunction } from './limits/tick.ts'
import { registrationExport } from './sniff.ts'
import { Frame, Kind, kindInWords } from './frame.ts'
import { formatMsec, formatSize } from '../core/units.ts'
import type { WaitingCall } from './waiting.ts'
import { Guard } from './guard.ts'
import { GuestFunctions } from './functions.ts'
import type { GuestFunction, Program } from './program.ts'
import { Snapshot } from './snapshot.ts'
import { GuestFault, Trap, describeTrap, place } from './trap.ts'

/** Calls between two chances of the guest to tidy up. */
const idleInterval = 32

/** Calls while the configuration is read, which may take longer than those of requests. */
const configuring = Kind.Register | Kind.Configure | Kind.Life

/**
 * One plugin's WebAssembly instance in one thread and cycle: its memory, its calls and its recovery. One call is in
 * flight at a time; calls nest only where a host call that the guest makes leads back to it (a variable that it
 * defines itself). After a trap the WebAssembly instance is dropped, and a fresh one takes over from the snapshot
 * that `freeze` took when the configuration was complete.
 */
export class Instance extends GuestFunctions {
  readonly frames: Frame[] = []
  /** The frame of the call in flight. */
  frame: Frame
  depth = 0
  traps = 0
  /** Counts the WebAssembly instances: what was kept from an earlier one is gone. */
  generation = 0
  /** Its faults in this thread, and its quarantine. */
  readonly faults: Faults
  private readonly clock = new Clock()
  private readonly tick: () => number
  private readonly guard: Guard
  private exports!: WebAssembly.Exports
  private readonly imports: WebAssembly.Imports
  private snapshot: Snapshot | null = null
  /** Set while a trap unwinds the stack; the instance is replaced when the outermost call has ended. */
  private broken = false
  /** Why no fresh instance could be made; every call fails from then on. */
  private dead: string | null = null
  private idleFunction: GuestFunction | null = null
  private idleCountdown = idleInterval
  private seenSerial = 0
  private seenRevision = -1
  private stamp = 0
  declare readonly origin: Instance | null
  private readonly makeImports: (instance: Instance) => WebAssembly.Imports
  /** Every request begins with the snapshot. */
  private readonly fresh: boolean
  /** The call in flight when it is one that may wait. */
  waiting: WaitingCall | null = null
  /** Called when the WebAssembly instance was replaced: whoever holds something of the old one takes the new. */
  onReplace: (() => void) | null = null

  /** `origin`: of a plugin's further instances, its first one. */
  constructor(program: Program, imports: (instance: Instance) => WebAssembly.Imports, origin: Instance | null = null) {
    super(program, origin)
    this.guard = new Guard(program.catches, this.clock, () => { this.fuel.value = -1 })
    this.makeImports = imports
    this.fresh = program.settings.isolation === 'request'
    for (let i = 0; i < bounds.depth; i++) this.frames.push(new Frame())
    this.frame = this.frames[0]!
    this.imports = this.guard.imports(imports(this))
    this.faults = origin === null ? new Faults(program.settings, program.counters) : origin.faults
    this.tick = tickFunction(() => this.refuel())
  }

  /** The guest has used up its fuel: more, or −1, which ends the call. */
  private refuel(): number {
    if (this.guard.thrown !== null) return -1
    const { time } = this.program.settings
    return this.clock.tick(this.frames[0]!.kind & configuring ? Math.max(time, configurationTime) : time)
  }

  // --- life ------------------------------------------------------------------------------------------------------------

  /** Instantiates and runs the registration; throws Trap. */
  start(): void {
    this.run(Kind.Register, 'registration', () => {
      this.instantiate()
      const begin = this.exports[exported.start]
      if (begin !== undefined) (begin as () => void)()
      const initialize = this.exports['_initialize']
      if (typeof initialize === 'function') initialize()
      ;(this.exports[registrationExport] as () => void)()
    })
  }

  /** Takes the snapshot that recovery starts from. Called when the configuration is complete. */
  freeze(): void {
    this.snapshot = new Snapshot(this.bytes, this.exports, this.program.globals)
  }

  /** Another instance of the plugin, in the state of the snapshot; throws what the engine throws when there is no more room. */
  copy(): Instance {
    const copy = new Instance(this.program, this.makeImports, this)
    copy.snapshot = this.snapshot
    copy.restore(this.snapshot!)
    return copy
  }

  /** A host function that may wait: it answers at once, or by a promise until which the guest is suspended. Its waiting does not count as running. */
  suspending(f: (...args: any[]) => number | void | Promise<number>): WebAssembly.Suspending {
    return this.guard.suspending(f)
  }

  /** Back to the snapshot, without a new WebAssembly instance where that is possible: what it costs is copying the memory. */
  reset(): void {
    const { snapshot } = this
    if (snapshot === null || this.broken || this.dead !== null || !this.program.reach.resettable || this.bytes.length !== snapshot.memory.length) return this.replace()
    this.generation++
    this.seenRevision = -1
    this.seenSerial = 0
    snapshot.apply(this.bytes, this.exports)
  }

  private instantiate(): void {
    const { module, assemblyscript } = this.program
    this.exports = assemblyscript
      ? instantiateSync(module, this.imports as any).instance.exports
      : new WebAssembly.Instance(module, this.imports).exports
    this.memory = this.exports['memory'] as WebAssembly.Memory
    this.generation++
    this.fuel = this.exports[exported.fuel] as WebAssembly.Global
    ;(this.exports[exported.tick] as WebAssembly.Table).set(0, this.tick)
    this.useTable((this.exports['table'] ?? this.exports['__indirect_function_table']) as WebAssembly.Table)
    this.refresh()
  }

  /** A fresh instance in the state of the snapshot. */
  private replace(): void {
    this.broken = false
    this.guard.thrown = null
    this.dead = null
    try {
      if (this.snapshot !== null) this.restore(this.snapshot)
      else this.dead = 'it trapped before its configuration was complete'
    } catch (error) {
      this.dead = `no fresh instance could be made: ${(error as Error).message}`
    }
  }

  private restore(snapshot: Snapshot): void {
    this.frames[0]!.open(Kind.None, null)
    this.instantiate()
    const missing = snapshot.memory.length - this.bytes.length
    if (missing > 0) {
      this.memory.grow(missing / 65536)
      this.refresh()
    }
    snapshot.apply(this.bytes, this.exports)
    this.rebind()
    this.seenRevision = -1
    this.onReplace?.()
  }

  /** The function to call between requests; the guest tidies its memory there. */
  setIdle(f: GuestFunction): void {
    this.idleFunction = f
  }

  // --- calls -----------------------------------------------------------------------------------------------------------

  /** Opens a frame for a call. Every `enter` is followed by `leave`, whatever happened between. */
  enter(kind: number, request: Request | null): Frame {
    if (this.depth >= bounds.depth) throw new Trap(this.program.name, 'calls nest too deeply', null)
    if (this.dead !== null) this.revive()
    if (this.depth === 0) {
      this.clock.call++
      if (this.fresh && kind !== Kind.Idle) this.freshen(request)
    }
    const frame = this.frames[this.depth++]!
    frame.open(kind, request)
    this.frame = frame
    return frame
  }

  /** `plugin_isolation request`: what another request left in memory is gone. */
  private freshen(request: Request | null): void {
    if (this.snapshot !== null && (request === null || request.serial !== this.seenSerial)) this.reset()
  }

  /** Closes the frame of a call that returned. */
  leave(frame: Frame): void {
    frame.close()
    if (--this.depth === 0) {
      if (this.broken) this.replace()
      else if (--this.idleCountdown <= 0) this.idle()
    } else this.frame = this.frames[this.depth - 1]!
  }

  /** The call was ended because nobody wants it any more: no fault, but what it leaves is not to be relied on. */
  unwound(): void {
    this.broken = true
  }

  /**
   * What a call threw, as a Trap that names plugin and place; the instance is replaced when the outermost call is
   * left.
   */
  trapped(error: unknown): Trap {
    this.broken = true
    if (error instanceof Trap) return error
    this.traps++
    const ended = this.clock.ended && this.guard.thrown === null && error instanceof WebAssembly.RuntimeError
    this.faults.add(ended ? 'timeout' : 'trap')
    const { time, memory } = this.program.settings
    if (!ended) {
      // Before the first instantiation has succeeded there is no such global.
      const refused = (this.exports?.[exported.refused] as WebAssembly.Global | undefined)?.value === 1
      return describeTrap(this.program, this.guard.thrown ?? error, refused ? `; it was refused more memory (plugin_memory_limit ${formatSize(memory)})` : '')
    }
    const limit = this.frames[0]!.kind & configuring ? Math.max(time, configurationTime) : time
    return new Trap(this.program.name, `it ran for more than ${formatMsec(limit)} (plugin_time_limit)`, place(this.program, error))
  }

  /** Tries again to make a fresh instance where that failed; throws Trap. */
  private revive(): void {
    if (this.snapshot !== null && this.depth === 0) this.replace()
    if (this.dead !== null) throw new Trap(this.program.name, this.dead, null)
  }

  /** Runs `body` in a frame of its own; throws Trap for whatever it throws but ConfigErrors of the host. */
  run<T>(kind: number, what: string, body: (frame: Frame) => T, request: Request | null = null): T {
    const frame = this.enter(kind, request)
    try {
      return body(frame)
    } catch (error) {
      throw this.trapped(error)
    } finally {
      frame.clear()
      this.leave(frame)
    }
  }

  /** A fault unless the call in flight is one of `kinds`. */
  expect(kinds: number, call: string): Frame {
    const { frame } = this
    if ((frame.kind & kinds) === 0) throw new GuestFault(`called ${call}, which may not be called in ${kindInWords(frame.kind)}`)
    return frame
  }

  /**
   * The handle of a request as guests see it: a number that is the same as in the previous call when, and only when,
   * it is the same request with the same head and URI. Never 0.
   */
  handle(r: Request): number {
    if (r.serial !== this.seenSerial || r.revision !== this.seenRevision) {
      this.seenSerial = r.serial
      this.seenRevision = r.revision
      this.stamp = (this.stamp + 1) & 0x7fffffff
      if (this.stamp === 0) this.stamp = 1
    }
    return this.stamp
  }

  /**
   * Lets the guest tidy up (its garbage collector) between requests, once in `idleInterval` calls. The guest looks
   * first whether there is anything to do, so that this costs a call less than a nanosecond.
   */
  private idle(): void {
    const f = this.origin === null ? this.idleFunction : this.origin.idleFunction
    this.idleCountdown = f === null ? 0x7fffffff : idleInterval
    if (f === null || this.snapshot === null) return
    let frame: Frame | null = null
    try {
      frame = this.enter(Kind.Idle, null)
      this.bind(f)(f.data)
    } catch (error) {
      this.trapped(error)
    }
    if (frame !== null) frame.close()
    this.depth = 0
    if (this.broken) this.replace()
  }

  /** Bytes of the guest's memory now, traps and calls so far; for `plugin.show`. */
  stats(): { memory: number, traps: number, calls: number } {
    let calls = 0
    for (const f of this.functions) calls += f.calls
    return { memory: this.bytes.length, traps: this.traps, calls }
  }
}
