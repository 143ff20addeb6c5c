import type { Server, Socket } from 'node:net'
import type { Cycle } from '../cycle.ts'
import type { Activity } from '../core/activity.ts'
import type { ListenAddress } from './servers.ts'
import { Stat, statistics } from '../core/statistics.ts'
import type { LogContext } from '../core/log.ts'
import type { Request } from './request.ts'
import { Level } from '../core/log.ts'
import { Connection } from './connection.ts'
import { State } from './connstate.ts'
import { peerClosed, waitedTooLong } from './departure.ts'
import { Greeting } from './greeting.ts'
import type { Room } from './room.ts'
import { hasRoom } from './room.ts'
import { Writer } from './writer.ts'
import type { HeadParser } from './framing/parser.ts'
import { CoreMemory, readOffset } from './framing/memory.ts'
import { TsHead } from './framing/head.ts'
import { WasmHead } from './framing/wasmhead.ts'
import { adopt, plain } from '../net/socket.ts'
import { listen, sharesPorts } from '../net/listen.ts'
import { runConnectionHooks } from './hooks/lists.ts'

/**
 * Sockets that a worker opens for one TCP address. libuv accepts one connection per socket and turn of the event loop, so a burst of
 * connections to a busy worker waits that many turns; several sockets of one SO_REUSEPORT group share the burst. Measured at 512 connections: the
 * slowest first answer 80–1800 ms with one socket, 4–330 ms with 8.
 */
const socketsPerAddress = 8

/** How often waits are looked at, in milliseconds: the precision of every timeout; one pass over all connections costs little. */
const sweepInterval = 100

/** One configuration at work in this worker and the requests that still use it. */
export interface Running {
  readonly cycle: Cycle
  /** Requests in progress. */
  active: number
  /** A newer configuration took over. */
  retired: boolean
}

/** A log handler that waits, when its request is over: it holds the configuration, and a graceful shutdown. */
export interface Detached {
  readonly running: Running
  cancel(): void
}

/** The HTTP side of one worker: listeners, connections, and the cycle that new requests begin with. */
export class HttpEngine {
  readonly memory: CoreMemory
  readonly writer: Writer
  readonly parser: HeadParser
  readonly connections = new Set<Connection>()
  /** Connections that are not at HTTP yet. */
  readonly greetings = new Set<Greeting>()
  private readonly listeners = new Map<string, { servers: Server[], address: ListenAddress }>()
  current: Running
  /** Milliseconds since the epoch, taken once per read or timer, as nginx caches its time per event. */
  now = Date.now()
  /** A socket read is being processed: what is written gathers until its end. */
  reading = false
  /** The worker is shutting down: no kept-alive connection takes another request. */
  closing = false
  accepted = 0
  requests = 0
  /** Request objects for subrequests, and the last serial number of one. */
  readonly idleSubrequests: Request[] = []
  subrequestSerial = 0
  private serials = 0
  private sweeper: NodeJS.Timeout | null = null
  private idle: (() => void) | null = null
  private readonly detached = new Set<Detached>()
  /** Timers of plugins whose call is in flight, of whichever configuration: `PLUGIN NAME`. */
  readonly busy = new Set<string>()
  /** What bounds the connections; null: nothing does. */
  room: Room | null = null
  private flushing: NodeJS.Immediate | null = null
  /** Takes a connection to an address that another protocol shares, until its first line is there (host/sip); null: none does. */
  sniff: ((socket: Socket, address: ListenAddress) => boolean) | null = null
  /** Called when the last request of a retired cycle ended. */
  onRetired: (cycle: Cycle) => void = () => {}
  /** Called a few times a second while there are connections, and when the last one is gone: to publish `activity`. */
  onActivity: () => void = () => {}

  constructor(cycle: Cycle, headWasm: WebAssembly.Module | null) {
    this.memory = new CoreMemory()
    this.parser = headWasm === null ? new TsHead(this.memory.bytes, this.memory.table) : new WasmHead(headWasm, this.memory)
    this.writer = new Writer(this.memory, this.parser)
    this.current = { cycle, active: 0, retired: false }
  }

  /**
   * Binds every address of `cycle` that is not open yet. Rejects with the first failure after closing what it opened, so that a failed
   * reload leaves everything as it was. `own` says which unix sockets and whether shared ports are this worker's to open.
   */
  async open(cycle: Cycle, own: (address: ListenAddress) => boolean = () => true): Promise<void> {
    const opened: string[] = []
    try {
      for (const address of cycle.servers?.addresses ?? []) {
        if (this.listeners.has(address.key) || !own(address)) continue
        const servers: Server[] = []
        this.listeners.set(address.key, { servers, address })
        opened.push(address.key)
        const shared = address.path === null && address.port !== 0 && sharesPorts
        for (let i = shared ? socketsPerAddress : 1; i > 0; i--) servers.push(await listen(address, (socket) => this.accept(socket, address.key)))
      }
    } catch (error) {
      for (const key of opened) this.closeListener(key)
      throw error
    }
  }

  /** Makes `cycle` the one that new requests begin with; listeners that it does not name are closed; the old one drains. */
  commit(cycle: Cycle): void {
    const old = this.current
    this.current = { cycle, active: 0, retired: false }
    this.idleSubrequests.length = 0
    const wanted = new Map((cycle.servers?.addresses ?? []).map((a) => [a.key, a]))
    for (const [key, listener] of this.listeners) {
      const address = wanted.get(key)
      if (address === undefined) this.closeListener(key)
      else listener.address = address
    }
    for (const connection of this.connections) if (connection.state === State.Idle && !connection.refresh()) connection.close()
    if (old.cycle === cycle) return
    old.retired = true
    if (old.active === 0) this.onRetired(old.cycle)
  }

  /** The present configuration of a listening address; undefined when it is no longer listened on. */
  address(key: string): ListenAddress | undefined { return this.listeners.get(key)?.address }

  /** Where the listeners really listen (after port 0): key → address of net.Server. */
  ports(): Map<string, ReturnType<Server['address']>> {
    return new Map([...this.listeners].map(([key, l]) => [key, l.servers[0]!.address()]))
  }

  private closeListener(key: string): void {
    for (const server of this.listeners.get(key)?.servers ?? []) server.close()
    this.listeners.delete(key)
  }

  private accept(raw: Socket, key: string): void {
    const address = this.listeners.get(key)?.address
    if (address === undefined) return void raw.destroy()
    this.now = Date.now()
    if (this.room !== null && !hasRoom(this, this.room, this.listeners.size)) return void raw.destroy()
    if (this.sniff !== null && this.sniff(raw, address)) return
    this.admit(raw, address)
  }

  /** A connection to a shared address turned out to be HTTP's; `rest` is what was read of it already. */
  sniffed(socket: Socket, address: ListenAddress, rest: Buffer): void {
    if (socket.destroyed || this.closing) return void socket.destroy()
    this.now = Date.now()
    const connection = this.admit(socket, address)
    if (connection !== null && !this.receivedCopy(connection, rest)) connection.socket.pause()
  }

  private admit(raw: Socket, address: ListenAddress): Connection | null {
    this.accepted++
    statistics.add(Stat.passiveOpen)
    statistics.add(Stat.established)
    const serial = ++this.serials
    if (this.sweeper === null) this.sweeper = setInterval(() => this.sweep(), sweepInterval)
    if (!address.ssl && !address.proxyProtocol) return this.begin(raw, address, serial, null)
    this.greetings.add(new Greeting(this, raw, address, serial))
    return null
  }

  /** HTTP begins on a connection that something else came first on; `rest` is what was read of it already. */
  greeted(greeting: Greeting, socket: Socket, rest: Buffer): void {
    this.now = Date.now()
    const connection = this.begin(socket, greeting.address, greeting.logSerial, greeting)
    if (rest.length > 0 && !this.receivedCopy(connection, rest)) connection.socket.pause()
  }

  private countOpen(): void { statistics.put(Stat.open, this.connections.size + this.greetings.size) }

  private begin(raw: Socket, address: ListenAddress, serial: number, greeting: Greeting | null): Connection {
    const { memory } = this
    const holder: { connection: Connection | null } = { connection: null }
    const onData = (data: Buffer) => this.receivedCopy(holder.connection!, data)
    const socket = greeting !== null && greeting.session !== null ? plain(raw, onData)
      : adopt(raw, memory.read, (count) => this.received(holder.connection!, memory.bytes, readOffset, count), onData)
    const connection = holder.connection = new Connection(this, socket, address, serial, greeting)
    this.connections.add(connection)
    this.countOpen()
    socket.on('end', () => { this.now = Date.now(); peerClosed(connection) })
    socket.on('error', () => {})
    socket.on('close', () => {
      connection.socketClosed()
      this.connections.delete(connection)
      this.countOpen()
      if (this.connections.size === 0 && this.greetings.size === 0) this.nothingLeft()
    })
    const { hooks } = connection.listen.defaultServer.location.steps
    if (hooks !== null && !runConnectionHooks(connection, hooks)) connection.close()
    return connection
  }

  private received(connection: Connection, buffer: Buffer, start: number, count: number): boolean {
    this.now = Date.now()
    this.enter()
    const more = connection.received(buffer, start, start + count)
    this.leave()
    return more
  }

  /** Fallback where the socket cannot read into our buffer: the chunk is copied there when it fits. */
  private receivedCopy(connection: Connection, data: Buffer): boolean {
    const { memory } = this
    if (data.length > memory.read.length) return this.received(connection, data, 0, data.length)
    data.copy(memory.bytes, readOffset)
    return this.received(connection, memory.bytes, readOffset, data.length)
  }

  /** Begins a batch: writes gather. */
  enter(): void { this.reading = true }

  /** Ends a batch: everything gathered leaves in one write. */
  leave(): void {
    this.writer.flush()
    this.reading = false
  }

  /** Sends what gathers outside of reads at the end of this turn of the event loop, so that many small parts make few writes. */
  flushSoon(): void {
    if (this.flushing !== null) return
    this.flushing = setImmediate(() => {
      this.flushing = null
      this.writer.flush()
    })
  }

  private sweep(): void {
    const now = this.now = Date.now()
    for (const connection of this.connections) if (connection.deadline <= now) waitedTooLong(connection)
    for (const greeting of this.greetings) if (greeting.deadline <= now) greeting.timedOut()
    if (this.connections.size === 0 && this.greetings.size === 0) return this.nothingLeft()
    this.writer.flush()
    this.onActivity()
  }

  private nothingLeft(): void {
    if (this.sweeper !== null) clearInterval(this.sweeper)
    this.sweeper = null
    this.onActivity()
    if (this.closing && this.detached.size === 0) this.idle?.()
  }

  /** Somebody goes on working for a request that is over. */
  detach(work: Detached): void {
    work.running.active++
    this.detached.add(work)
  }

  /** It is done. */
  detachedEnded(work: Detached): void {
    this.requestEnded(work.running)
    if (this.detached.delete(work) && this.connections.size === 0 && this.greetings.size === 0) this.nothingLeft()
  }

  /** A request began: it holds its cycle until it ends. */
  requestBegan(): Running {
    this.requests++
    statistics.add(Stat.rcvRequests)
    this.current.active++
    return this.current
  }

  requestEnded(running: Running): void {
    running.active--
    if (running.retired && running.active === 0) this.onRetired(running.cycle)
  }

  /** Writes to the main error log. */
  log(level: Level, message: string, who?: LogContext): void {
    const { log } = this.current.cycle
    if (level <= log.level) log.write(level, message, who)
  }

  /** Connections and requests of this worker; one pass over its connections. */
  activity(): Activity {
    let reading = this.greetings.size
    let writing = 0
    let waiting = 0
    for (const { state, request } of this.connections) {
      if (state === State.Idle) waiting++
      else if (state === State.Head) reading++
      else if (!request.finished) writing++
    }
    return { accepted: this.accepted, handled: this.accepted, requests: this.requests, active: this.connections.size + this.greetings.size, reading, writing, waiting }
  }

  /**
   * Ends this worker's HTTP: stops listening, closes idle connections, lets busy ones finish (`graceful`) for at most `timeout` milliseconds
   * (0: no limit), then closes the rest. Resolves when no connection is left.
   */
  close(graceful: boolean, timeout: number): Promise<void> {
    this.closing = true
    for (const key of [...this.listeners.keys()]) this.closeListener(key)
    for (const greeting of this.greetings) greeting.abort()
    for (const connection of this.connections) {
      if (!graceful) connection.abort()
      else if (connection.state === State.Idle) connection.close()
    }
    return new Promise((resolve) => {
      if (!graceful) this.cancelDetached()
      if (this.connections.size === 0 && this.detached.size === 0) return resolve()
      const end = (): void => {
        for (const c of this.connections) c.abort()
        this.cancelDetached()
        if (this.connections.size === 0) this.idle?.()
      }
      const timer = graceful && timeout > 0 ? setTimeout(end, timeout) : null
      this.idle = () => {
        if (timer !== null) clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Ends the connections whose request still works with a replaced cycle (`worker_shutdown_timeout`). */
  abortCycle(cycle: Cycle): void {
    for (const connection of this.connections) {
      const { request } = connection
      if (!request.finished && request.running?.cycle === cycle) connection.abort()
    }
    for (const work of this.detached) if (work.running.cycle === cycle) work.cancel()
  }

  private cancelDetached(): void {
    const works = [...this.detached]
    this.detached.clear()
    for (const work of works) work.cancel()
  }

  variables(r: Request): { lookup(r: Request, name: string): string | null } { return r.server.main.variables }
}
