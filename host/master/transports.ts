import { bytesOf } from '../core/text.ts'
import { Level } from '../core/log.ts'
import type { Log } from '../core/log.ts'
import type { Cycle } from '../cycle.ts'
import { makeTransport } from '../net/transports/open.ts'
import { addressOf } from '../net/transports/spec.ts'
import type { Transport, TransportAnswer, TransportSpec } from '../net/transports/spec.ts'

/** Gives a document to a module where requests are served; rejects when nobody serves. */
export type Carry = (module: string, address: string, document: Buffer, peer: string) => Promise<TransportAnswer | null>

interface Kept {
  readonly module: string
  readonly spec: TransportSpec
  readonly transport: Transport
  /** Documents are carried from now on. */
  readonly begin: () => void
}

/**
 * The byte transports of the configuration in use. They are the master's, because there is one of each, and because it
 * outlives workers; their documents are worked on in a worker. A transport whose address stays in the next
 * configuration stays open.
 */
export class Transports {
  readonly #carry: Carry
  readonly #log: () => Log
  /** By address. */
  #open = new Map<string, Kept>()
  /** Those of the configuration that is being taken into use. */
  #next: Map<string, Kept> | null = null

  constructor(carry: Carry, log: () => Log) {
    this.#carry = carry
    this.#log = log
  }

  /** Opens what a configuration adds; the complaints when that failed, and then nothing has changed. */
  async prepare(cycle: Cycle): Promise<string[]> {
    const next = new Map<string, Kept>()
    this.#next = next
    const complaints: string[] = []
    for (const { name, transports = [] } of cycle.modules) {
      for (const { spec } of transports) {
        const address = addressOf(spec)
        const taken = next.get(address)
        const kept = this.#open.get(address)
        if (taken !== undefined) complaints.push(`plugins "${taken.module}" and "${name}" both want to listen on ${address}`)
        else if (kept?.module === name) next.set(address, { ...kept, spec })
        else {
          await this.#add(next, name, spec).catch((error: Error) => {
            if (!spec.optional) complaints.push(`${name}: ${error.message}`)
            else this.#log().write(Level.warn, bytesOf(`${name}: ${error.message}; it goes on without ${address}`))
          })
        }
      }
    }
    if (complaints.length > 0) this.drop()
    return complaints
  }

  async #add(next: Map<string, Kept>, module: string, spec: TransportSpec): Promise<void> {
    const address = addressOf(spec)
    // Workers know the address when the configuration is in use; a document that is earlier waits for that.
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const transport = makeTransport(spec, (document, peer) => begun.then(() => this.#carry(module, address, document, peer)),
      (level, message) => this.#log().write(Level[level], bytesOf(`${module}: ${message}`)))
    await transport.open()
    next.set(address, { module, spec, transport, begin })
  }

  /** The configuration is in use: transports that it does not name are closed, the others take its settings. */
  use(): void {
    const next = this.#next
    if (next === null) return
    this.#next = null
    const before = this.#open
    this.#open = next
    for (const [address, { transport }] of before) if (next.get(address)?.transport !== transport) transport.close()
    for (const [address, { module, spec, transport, begin }] of next) {
      begin()
      const complaint = before.get(address)?.transport === transport ? transport.update(spec) : null
      if (complaint !== null) this.#log().write(Level.error, bytesOf(`${module}: ${complaint}`))
    }
  }

  /** The configuration is not used after all: what `prepare` opened is closed again. */
  drop(): void {
    for (const { transport } of this.#next?.values() ?? []) {
      if (![...this.#open.values()].some((kept) => kept.transport === transport)) transport.close()
    }
    this.#next = null
  }

  /** Closes all and removes their files. */
  close(): void {
    this.drop()
    for (const { transport } of this.#open.values()) transport.close()
    this.#open.clear()
  }
}
