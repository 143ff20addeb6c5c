import type { Cycle } from '../cycle.ts'
import type { SipListen } from '../sip/listens.ts'
import { createSocket } from 'node:dgram'
import { createServer, isIPv6 } from 'node:net'
import { systemFailure } from '../core/errors.ts'
import { sentBy } from '../sip/listens.ts'
import { BindFailure } from './bind.ts'

/**
 * As checkAddresses, for SIP: makes sure that workers will be able to listen where `cycle` says and `old` does not. A TCP address of HTTP's is its own.
 * Throws BindFailure.
 */
export async function checkSipAddresses(cycle: Cycle, old: Cycle | null): Promise<void> {
  const held = new Set((old?.sip?.listens ?? []).map(({ name }) => name))
  const http = new Set([...cycle.servers?.addresses ?? [], ...old?.servers?.addresses ?? []].map(({ key }) => key))
  for (const listen of cycle.sip?.listens ?? []) {
    if (held.has(listen.name) || (listen.protocol === 'tcp' && http.has(sentBy(listen.host, listen.port)))) continue
    const error = listen.protocol === 'udp' ? await tryUdp(listen) : await tryTcp(listen)
    if (error !== null) throw new BindFailure([{ message: systemFailure(`bind() to ${listen.name}`, error), note: null }])
  }
}

function tryUdp({ host, port }: SipListen): Promise<Error | null> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', ipv6Only: isIPv6(host) })
    socket.once('error', resolve)
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(null)))
  })
}

function tryTcp({ host, port }: SipListen): Promise<Error | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', resolve)
    server.listen({ host, port, ipv6Only: isIPv6(host), exclusive: true }, () => server.close(() => resolve(null)))
  })
}
