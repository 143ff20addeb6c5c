import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { systemFailure } from '../core/errors.ts'
import { Level } from '../core/log.ts'
import type { Log } from '../core/log.ts'
import type { ListenAddress } from '../http/servers.ts'
import { probe } from '../rpc/control.ts'
import { holderOf } from './holder.ts'

const tries = 5
const pause = 500

/** Why addresses cannot be listened on: nginx's sentences, and a note that says more. */
export class BindFailure extends Error {
  readonly failures: readonly { message: string, note: string | null }[]

  constructor(failures: readonly { message: string, note: string | null }[]) {
    super(failures[0]!.message)
    this.failures = failures
  }
}

/**
 * Makes sure that workers will be able to listen on every address of `wanted` that is not in `held`, so that a failure is reported once
 * and before anything has changed. Workers share ports by SO_REUSEPORT, which would also let two servers of one user share a port
 * unnoticed: here the port is taken exclusively for a moment. An address in use is tried five times in two seconds (nginx.md
 * §10.2). Throws BindFailure.
 */
export async function checkAddresses(wanted: readonly ListenAddress[], held: readonly ListenAddress[], log: Log, wait = true): Promise<void> {
  const fresh = wanted.filter((address) => !held.some((other) => covers(other, address)))
  for (let i = 0; ; i++) {
    const failures: { message: string, note: string | null }[] = []
    for (const address of fresh) {
      const error = await tryBind(address)
      if (error === null) continue
      const failure = { message: systemFailure(`bind() to ${address.name}`, error), note: null as string | null }
      log.write(Level.emerg, failure.message)
      if (error.code !== 'EADDRINUSE') throw new BindFailure([failure])
      failure.note = holderOf(address.port)
      failures.push(failure)
    }
    if (failures.length === 0) return
    if (!wait) throw new BindFailure(failures)
    log.write(Level.notice, `try again to bind() after ${pause}ms`)
    await setTimeout(pause)
    if (i + 1 < tries) continue
    log.write(Level.emerg, 'still could not bind()')
    throw new BindFailure(failures)
  }
}

/** An address that is open already, or that overlaps one that is: there our own workers listen, and sharing is theirs to do. */
function covers(held: ListenAddress, address: ListenAddress): boolean {
  if (held.key === address.key) return true
  if (held.path !== null || address.path !== null || held.port !== address.port) return false
  return held.options.wildcard || address.options.wildcard
}

async function tryBind(address: ListenAddress): Promise<NodeJS.ErrnoException | null> {
  if (address.path !== null) {
    const found = await probe(address.path)
    if (found === 'none' || found === 'stale') return null
    return Object.assign(new Error(), { code: 'EADDRINUSE' })
  }
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', resolve)
    server.listen({ host: address.host, port: address.port, ipv6Only: address.ipv6only, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
