import type { Socket } from 'node:net'
import type { Cycle } from '../cycle.ts'
import type { Accepted } from '../net/epoll/listener.ts'
import type { Listener } from '../net/listen.ts'
import type { HttpEngine } from './engine.ts'
import type { ListenAddress } from './servers.ts'
import { Level } from '../core/log.ts'
import { systemFailure } from '../core/errors.ts'
import { EpollListener } from '../net/epoll/listener.ts'
import { toSocket } from '../net/handover.ts'
import { listen, sharesPorts } from '../net/listen.ts'
import { peerOf, peerOfAccepted } from '../net/peer.ts'
import { hasRoom } from './room.ts'

/**
 * Sockets that a worker opens for one TCP address where Node accepts. libuv accepts one connection per socket and turn of the event loop, so a burst of
 * connections to a busy worker waits that many turns; several sockets of one SO_REUSEPORT group share the burst. Measured at 512 connections: the
 * slowest first answer 80–1800 ms with one socket, 4–330 ms with 8.
 */
const socketsPerAddress = 8

interface Open { readonly listeners: Listener[], address: ListenAddress }

/** The listening sockets of one worker, and its connections until they are the engine's. */
export class Arrivals {
  private readonly engine: HttpEngine
  private readonly open = new Map<string, Open>()

  constructor(engine: HttpEngine) {
    this.engine = engine
  }

  /** How many addresses are open. */
  get size(): number { return this.open.size }

  /** Opens what `cycle` adds; rejects with the first failure, having closed what it opened. `own` says what is this worker's to open. */
  async add(cycle: Cycle, own: (address: ListenAddress) => boolean): Promise<void> {
    const opened: string[] = []
    try {
      for (const address of cycle.servers?.addresses ?? []) {
        if (this.open.has(address.key) || !own(address)) continue
        const listeners: Listener[] = []
        this.open.set(address.key, { listeners, address })
        opened.push(address.key)
        await this.listen(address, listeners)
      }
    } catch (error) {
      for (const key of opened) this.close(key)
      throw error
    }
  }

  private async listen(address: ListenAddress, listeners: Listener[]): Promise<void> {
    const { poller } = this.engine
    const { key } = address
    if (poller !== null) {
      const failed = (error: NodeJS.ErrnoException): void => this.engine.log(Level.alert, systemFailure('accept4()', error))
      listeners.push(new EpollListener(poller, address, (accepted) => this.arrived(accepted, key), failed))
      return
    }
    const shared = address.path === null && address.port !== 0 && sharesPorts
    for (let i = shared ? socketsPerAddress : 1; i > 0; i--) listeners.push(await listen(address, (socket) => this.accepted(socket, key)))
  }

  /** Goes over to the addresses of a new configuration: what it does not name is closed. */
  take(cycle: Cycle): void {
    const wanted = new Map((cycle.servers?.addresses ?? []).map((a) => [a.key, a]))
    for (const [key, one] of this.open) {
      const address = wanted.get(key)
      if (address === undefined) this.close(key)
      else one.address = address
    }
  }

  /** The present configuration of a listening address; undefined when it is no longer listened on. */
  address(key: string): ListenAddress | undefined { return this.open.get(key)?.address }

  /** Where the listeners really listen (after port 0): key → address. */
  ports(): Map<string, ReturnType<Listener['address']>> {
    return new Map([...this.open].map(([key, one]) => [key, one.listeners[0]!.address()]))
  }

  closeAll(): void {
    for (const key of [...this.open.keys()]) this.close(key)
  }

  private close(key: string): void {
    for (const listener of this.open.get(key)?.listeners ?? []) listener.close()
    this.open.delete(key)
  }

  /** Whether there is an address, and room, for one more connection to it. */
  private welcome(key: string): ListenAddress | null {
    const { engine } = this
    const address = this.open.get(key)?.address
    if (address === undefined) return null
    engine.now = Date.now()
    return engine.room !== null && !hasRoom(engine, engine.room, this.open.size) ? null : address
  }

  /** Node has accepted a connection. */
  private accepted(socket: Socket, key: string): void {
    const { engine } = this
    const address = this.welcome(key)
    if (address === null) return void socket.destroy()
    if (engine.sniff !== null && engine.sniff(() => socket, address)) return
    if (address.ssl || address.proxyProtocol) engine.greet(socket, address)
    else engine.admit(socket, address, peerOf(socket, address))
  }

  /** The poller has accepted one. */
  private arrived(accepted: Accepted, key: string): void {
    const { engine } = this
    const poller = engine.poller!
    const address = this.welcome(key)
    if (address === null) return poller.closeUnwatched(accepted.fd)
    const socket = (): Socket => toSocket(poller, accepted)
    if (engine.sniff !== null && engine.sniff(socket, address)) return
    if (address.ssl || address.proxyProtocol) engine.greet(socket(), address)
    else engine.admit(accepted.fd, address, peerOfAccepted(accepted, address))
  }
}
