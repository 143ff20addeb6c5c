/** Connections that go over from Node's sockets to the event method of our own, and back. */
import { Socket } from 'node:net'
import type { Accepted } from './epoll/listener.ts'
import type { Poller } from './epoll/poller.ts'
import { Sys } from './epoll/calls.ts'

/** An accepted connection as a socket of Node's that does not read yet: for TLS and for what comes before HTTP. */
export function toSocket(poller: Poller, accepted: Accepted): Socket {
  poller.descriptors.forget(accepted.fd)
  const options = { fd: accepted.fd, readable: true, writable: true, allowHalfOpen: true, pauseOnCreate: true }
  return new Socket(options as ConstructorParameters<typeof Socket>[0])
}

/**
 * The descriptor of a socket of Node's that is not read at the moment and has nothing left to write; the socket is closed. null when the system gives no descriptor: the socket
 * is as it was.
 */
export function toDescriptor(poller: Poller, socket: Socket): number | null {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  const own = poller.setup.fcntl(fd, Sys.DuplicateCloseOnExec, 0)
  if (own < 0) return null
  if (!poller.descriptors.opened(own)) {
    poller.closeUnwatched(own)
    return null
  }
  socket.destroy()
  return own
}
