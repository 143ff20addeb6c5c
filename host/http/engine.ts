import type { Socket } from 'node:net'
import type { Cycle } from '../cycle.ts'
import type { Activity } from '../core/activity.ts'
import type { ListenAddress } from './servers.ts'
import { Stat, statistics } from '../core/statistics.ts'
import type { LogContext } from '../core/log.ts'
import type { Request } from './request.ts'
import { Level } from '../core/log.ts'
import { Connection } from './connection.ts'
import { State } from './connstate.ts'
import { waitedTooLong } from './departure.ts'
import { Greeting } from './greeting.ts'
import type { Room } from './room.ts'
import { Writer } from './writer.ts'
import type { HeadParser } from './framing/parser.ts'
import { CoreMemory, readOffset } from './framing/memory.ts'
import { TsHead } from './framing/head.ts'
import { WasmHead } from './framing/wasmhead.ts'
import type { ByteSink } from '../net/bytestream.ts'
import { NodeStream } from '../net/nodestream.ts'
import { EpollStream } from '../net/epoll/stream.ts'
import type { Poller } from '../net/epoll/poller.ts'
import { toDescriptor } from '../net/handover.ts'
import { peerOf } from '../net/peer.ts'
import type { Peer } from '../net/peer.ts'
import { Arrivals } from './arrivals.ts'
import { runConnectionHooks } from './hooks/lists.ts'

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
  /** Reads and writes connections; null: Node's own sockets do. */
  readonly poller: Poller | null
  private readonly arrivals = new Arrivals(this)
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
  sniff: ((socket: () => Socket, address: ListenAddress) => boolean) | null = null
  /** Called when the last request of a retired cycle ended. */
  onRetired: (cycle: Cycle) => void = () => {}
  /** Called a few times a second while there are connections, and when the last one is gone: to publish `activity`. */
  onActivity: () => void = () => {}

  /** `headWasm`: the compiled head parser; null: its TypeScript twin. `poller`: the event method `epoll`; null: Node's. */
  constructor(cycle: Cycle, headWasm: WebAssembly.Module | null, poller: Poller | null = null) {
    this.memory = new CoreMemory()
    this.parser = headWasm === null ? new TsHead(this.memory.bytes, this.memory.table) : new WasmHead(headWasm, this.memory)
    this.poller = poller
    if (poller !== null) poller.begin = () => { this.now = Date.now() }
    this.writer = new Writer(this.memory, this.parser, poller !== null)
    this.current = { cycle, active: 0, retired: false }
  }

  /**
   * Binds every address of `cycle` that is not open yet. Rejects with the first failure after closing what it opened, so that a failed
   * reload leaves everything as it was. `own` says which unix sockets and whether shared ports are this worker's to open.
   */
  open(cycle: Cycle, own: (address: ListenAddress) => boolean = () => true): Promise<void> {
    return this.arrivals.add(cycle, own)
  }

  /** Makes `cycle` the one that new requests begin with; listeners that it does not name are closed; the old one drains. */
  commit(cycle: Cycle): void {
    const old = this.current
    this.current = { cycle, active: 0, retired: false }
    this.idleSubrequests.length = 0
    this.arrivals.take(cycle)
    for (const connection of this.connections) if (connection.state === State.Idle && !connection.refresh()) connection.close()
    if (old.cycle === cycle) return
    old.retired = true
    if (old.active === 0) this.onRetired(old.cycle)
  }

  /** The present configuration of a listening address; undefined when it is no longer listened on. */
  address(key: string): ListenAddress | undefined { return this.arrivals.address(key) }

  /** Where the listeners really listen (after port 0): key → address. */
  ports(): ReturnType<Arrivals['ports']> { return this.arrivals.ports() }

  private count(): number {
    this.accepted++
    statistics.add(Stat.passiveOpen)
    statistics.add(Stat.established)
    if (this.sweeper === null) this.sweeper = setInterval(() => this.sweep(), sweepInterval)
    return ++this.serials
  }

  /** A connection on which HTTP begins at once: a socket of Node's, or a descriptor of the poller's. */
  admit(source: Socket | number, address: ListenAddress, peer: Peer): Connection {
    return this.begin(source, new Connection(this, address, this.count(), peer))
  }

  /** A connection on which something comes before HTTP. */
  greet(raw: Socket, address: ListenAddress): void {
    this.greetings.add(new Greeting(this, raw, address, this.count()))
  }

  /** A connection to a shared address turned out to be HTTP's; `rest` is what was read of it already. */
  sniffed(socket: Socket, address: ListenAddress, rest: Buffer): void {
    if (socket.destroyed || this.closing) return void socket.destroy()
    this.now = Date.now()
    // A socket that has handed its descriptor over does not know any more who it was with.
    const peer = peerOf(socket, address)
    this.goOn(this.admit(this.own(socket), address, peer), rest)
  }

  /** HTTP begins on a connection that something else came first on; `rest` is what was read of it already. */
  greeted(greeting: Greeting, socket: Socket, rest: Buffer): void {
    this.now = Date.now()
    const connection = new Connection(this, greeting.address, greeting.logSerial, greeting.peer, greeting)
    this.goOn(this.begin(greeting.session === null ? this.own(socket) : socket, connection), rest)
  }

  /** A plain socket as the event method in use wants it. */
  private own(socket: Socket): Socket | number {
    return this.poller === null ? socket : toDescriptor(this.poller, socket) ?? socket
  }

  private goOn(connection: Connection, rest: Buffer): void {
    if (rest.length > 0 && !this.receivedCopy(connection, rest)) connection.stream.pause()
  }

  private countOpen(): void { statistics.put(Stat.open, this.connections.size + this.greetings.size) }

  private begin(source: Socket | number, connection: Connection): Connection {
    const { read } = this.memory
    if (typeof source === 'number') connection.stream = new EpollStream(this.poller!, source, read, connection)
    else connection.stream = new NodeStream(source, read, this.inTime(connection), (data) => this.receivedCopy(connection, data))
    this.connections.add(connection)
    this.countOpen()
    const { hooks } = connection.listen.defaultServer.location.steps
    if (hooks !== null && !runConnectionHooks(connection, hooks)) connection.close()
    return connection
  }

  /** A connection that Node reads: the time is taken with each read, which the poller does with each batch. */
  private inTime(connection: Connection): ByteSink {
    return {
      received: (count) => {
        this.now = Date.now()
        return connection.received(count)
      },
      ended: () => {
        this.now = Date.now()
        connection.ended()
      },
      closed: () => connection.closed(),
    }
  }

  /** A connection's socket is gone. */
  gone(connection: Connection): void {
    this.connections.delete(connection)
    this.countOpen()
    if (this.connections.size === 0 && this.greetings.size === 0) this.nothingLeft()
  }

  /** Bytes that were not read into our buffer: they are copied there when they fit. */
  private receivedCopy(connection: Connection, data: Buffer): boolean {
    const { memory } = this
    this.now = Date.now()
    if (data.length > memory.read.length) return connection.take(data, 0, data.length)
    data.copy(memory.bytes, readOffset)
    return connection.received(data.length)
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
    this.arrivals.closeAll()
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
