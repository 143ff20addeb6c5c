import { Socket } from 'node:net'
import { eventLoop, hasFfi, lastError, pointerTo } from '../ffi.ts'
import { Epoll, Sys, eventData, eventSize, setupCalls, socketCalls } from './calls.ts'
import type { SetupCalls, SocketCalls } from './calls.ts'
import { Descriptors } from './descriptors.ts'

/** Events taken at once. */
const batch = 512
/** How often a turn asks for more events before the rest of the event loop has its turn. */
const rounds = 4
/** Fewer events than this and it is cheaper to come back for the next ones than to ask whether there are some. */
const busy = 4
/** What the wake-up file starts with: each turn takes one off. */
const wakes = 0x7fff_ffff

/** Whose file descriptor something happened to. */
export interface Pollable {
  /** `events`: bits of Epoll, a hint only: what happened to a closed descriptor's successor looks the same. */
  ready(events: number): void
}

/**
 * The event method `epoll`: one epoll instance of our own per worker, whose sockets are read and written by direct system calls. It hangs on the epoll instance of Node's event
 * loop, so that timers, files and everything of Node's go on beside it; Node's streams cost 1.5 µs a request, this 0.3 (docs/performance.md).
 *
 * How it hangs there: libuv tells what a ready descriptor is for by the number in the event's data. Ours is registered in libuv's instance under the number of a socket that Node owns (`wake`, really
 * an event counter that always has something to read, and is itself not watched), so a ready socket of ours makes Node read that counter and call `turn`. Nothing of ours lives in libuv: when
 * a thread is ended by force, Node closes what it owns, and the rest goes with the loop.
 */
export class Poller {
  readonly calls: SocketCalls
  readonly setup: SetupCalls
  readonly descriptors: Descriptors
  /** Room for what calls write or read besides data: an address, a vector. */
  readonly scratch = Buffer.alloc(256)
  readonly scratchPointer: bigint
  /** Called before each batch of events. */
  begin: () => void = () => {}
  private readonly epoll: number
  private readonly epollWord: bigint
  private readonly events = new Int32Array(batch * eventSize / 4)
  private readonly eventsPointer: bigint
  private readonly change = Buffer.alloc(eventSize)
  private readonly targets: (Pollable | undefined)[] = []
  private readonly wake: Socket
  private count = 0
  private turns = 0
  private closed = false

  /** The poller of this thread; a sentence why there can be none here. What it opens is noted in `descriptors`. */
  static async open(descriptors = new Descriptors()): Promise<Poller | string> {
    if (!hasFfi()) return 'needs Linux and a Node.js with node:ffi'
    try {
      const poller = new Poller(descriptors)
      await poller.attached
      return poller
    } catch (error) {
      return (error as Error).message
    }
  }

  private readonly attached: Promise<void>

  private constructor(descriptors: Descriptors) {
    this.descriptors = descriptors
    this.calls = socketCalls()
    this.setup = setupCalls()
    this.scratchPointer = pointerTo(this.scratch)
    this.eventsPointer = pointerTo(this.events)
    this.epoll = this.setup.epoll_create1(Sys.CloseOnExec)
    if (this.epoll < 0) throw lastError()
    this.epollWord = BigInt(this.epoll)
    descriptors.opened(this.epoll)
    const fd = this.makeWake()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.attached = promise
    let attached = false
    const callback = (): boolean => {
      if (attached) this.turn()
      else {
        // It has something to read: Node tells so once it watches it, and from then on only our own instance is to.
        attached = true
        try {
          this.hang(fd)
          resolve()
        } catch (error) {
          reject(error)
        }
      }
      return true
    }
    this.wake = new Socket({ fd, readable: true, writable: false, onread: { buffer: new Uint8Array(16), callback } })
    this.fillWake(fd)
    this.wake.on('error', reject)
    this.wake.read(0)
  }

  /** A descriptor that Node takes for a pipe's. */
  private makeWake(): number {
    const ends = Buffer.alloc(8)
    if (this.setup.pipe2(ends, Sys.NonBlocking | Sys.CloseOnExec) < 0) throw lastError()
    this.calls.close(BigInt(ends.readInt32LE(4)))
    return ends.readInt32LE(0)
  }

  /** Makes the descriptor an event counter; also to fill it again. */
  private fillWake(fd: number): void {
    const counter = this.setup.eventfd(wakes, Sys.SemaphoreEvents | Sys.NonBlocking | Sys.CloseOnExec)
    if (counter < 0 || this.setup.dup2(counter, fd) < 0) throw lastError()
    this.calls.close(BigInt(counter))
  }

  /** Puts our instance into the place of the wake-up descriptor in Node's. */
  private hang(fd: number): void {
    const backend = this.setup.uv_backend_fd(eventLoop())
    this.change.fill(0)
    if (this.setup.epoll_ctl(backend, Epoll.Delete, fd, this.change) < 0) throw lastError()
    this.change.writeUInt32LE(Epoll.In)
    this.change.writeInt32LE(fd, eventData)
    if (this.setup.epoll_ctl(backend, Epoll.Add, this.epoll, this.change) < 0) throw lastError()
    this.wake.unref()
  }

  /** Takes a descriptor in and watches it for `events`; throws what the system says. */
  add(fd: number, events: number, target: Pollable): void {
    this.control(Epoll.Add, fd, events)
    this.targets[fd] = target
    if (this.count++ === 0) this.wake.ref()
  }

  /** Changes what a descriptor is watched for. */
  modify(fd: number, events: number): void {
    this.control(Epoll.Modify, fd, events)
  }

  /** Watches a descriptor that was taken in no more, until `watch`: the system tells of hang-ups also who asks for nothing. */
  unwatch(fd: number): void {
    this.control(Epoll.Delete, fd, 0)
  }

  watch(fd: number, events: number): void {
    this.control(Epoll.Add, fd, events)
  }

  /** Closes a descriptor that was taken in. */
  close(fd: number): void {
    this.targets[fd] = undefined
    if (--this.count === 0) this.wake.unref()
    this.closeUnwatched(fd)
  }

  /** Closes one that was not. */
  closeUnwatched(fd: number): void {
    this.descriptors.forget(fd)
    this.calls.close(BigInt(fd))
  }

  private control(operation: number, fd: number, events: number): void {
    const { change } = this
    change.writeUInt32LE(events)
    change.writeInt32LE(fd, eventData)
    if (this.setup.epoll_ctl(this.epoll, operation, fd, change) < 0) throw lastError()
  }

  /** Takes what happened, batch by batch. */
  private turn(): void {
    if (this.closed) return
    if (++this.turns === wakes - 1) this.refill()
    const { events, targets } = this
    for (let round = 0; round < rounds; round++) {
      const count = this.calls.epoll_wait(this.epollWord, this.eventsPointer, 512n, 0n)
      if (count <= 0) return
      this.begin()
      for (let i = 0, at = 0; i < count; i++, at += eventSize / 4) targets[events[at + eventData / 4]!]?.ready(events[at]!)
      if (count < busy) return
    }
  }

  private refill(): void {
    this.turns = 0
    const fd = (this.wake as unknown as { _handle: { fd: number } })._handle.fd
    this.fillWake(fd)
  }

  /** Ends it. Who has descriptors here closes them first. */
  end(): void {
    if (this.closed) return
    this.closed = true
    this.closeUnwatched(this.epoll)
    this.wake.destroy()
  }
}
