import type { Socket } from 'node:net'
import type { Accepted } from './epoll/listener.ts'

/** The addresses of an accepted connection, as nginx writes them; `unix:` and port 0 for unix sockets. */
export interface Peer {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
}

/** Who is connected: asked once, because a socket that was closed does not know any more. */
export function peerOf(socket: Socket, listen: { readonly path: string | null, readonly port: number }): Peer {
  if (listen.path !== null) return unixPeer(listen.path)
  return {
    remoteAddress: plainAddress(socket.remoteAddress), remotePort: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress), localPort: socket.localPort ?? listen.port,
  }
}

function unixPeer(path: string): Peer {
  return { remoteAddress: 'unix:', remotePort: 0, localAddress: `unix:${path}`, localPort: 0 }
}

/** A socket address without the IPv4-in-IPv6 prefix that a dual-stack listener adds. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** The same of a connection that was accepted by its descriptor. */
export function peerOfAccepted(accepted: Accepted, listen: { readonly path: string | null }): Peer {
  if (listen.path !== null) return unixPeer(listen.path)
  return { remoteAddress: accepted.host, remotePort: accepted.port, localAddress: accepted.localHost, localPort: accepted.localPort }
}
