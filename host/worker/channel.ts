import { RpcError } from '../rpc/command.ts'

/** The part of a MessagePort, a Worker or parentPort that a channel uses. */
export interface Port {
  postMessage(value: unknown): void
  on(event: 'message', listener: (value: any) => void): unknown
}

type Message =
  | { readonly ask: number, readonly kind: string, readonly data: unknown }
  | { readonly answer: number, readonly value: unknown }
  | { readonly answer: number, readonly error: { readonly message: string, readonly code?: number, readonly data?: unknown } }

/** Questions and answers between the master and a worker, both ways over one port. Values must be cloneable. */
export class Channel {
  readonly #port: Port
  readonly #handlers = new Map<string, (data: any) => unknown>()
  readonly #open = new Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>()
  #serial = 0
  #gone: Error | null = null

  constructor(port: Port) {
    this.#port = port
    port.on('message', (message: Message) => this.#receive(message))
  }

  /** Answers questions of a kind; what `handler` throws is thrown where the question was asked (message, and an RpcError's code and data). */
  handle(kind: string, handler: (data: any) => unknown): void {
    this.#handlers.set(kind, handler)
  }

  /** Asks the other side. Rejects with what its handler threw, or when the other side is gone. */
  ask<T>(kind: string, data?: unknown): Promise<T> {
    if (this.#gone !== null) return Promise.reject(this.#gone)
    const ask = ++this.#serial
    return new Promise((resolve, reject) => {
      this.#open.set(ask, { resolve, reject })
      this.#port.postMessage({ ask, kind, data })
    })
  }

  /** The other side has ended: every open and every later question rejects with `error`. */
  fail(error: Error): void {
    this.#gone = error
    const open = [...this.#open.values()]
    this.#open.clear()
    for (const { reject } of open) reject(error)
  }

  #receive(message: Message): void {
    if ('ask' in message) return void this.#answer(message.ask, message.kind, message.data)
    const waiting = this.#open.get(message.answer)
    if (waiting === undefined) return
    this.#open.delete(message.answer)
    if ('value' in message) return waiting.resolve(message.value)
    const { error } = message
    waiting.reject(error.code === undefined ? new Error(error.message) : new RpcError(error.code, error.message, error.data))
  }

  async #answer(ask: number, kind: string, data: unknown): Promise<void> {
    try {
      const handler = this.#handlers.get(kind)
      if (handler === undefined) throw new Error(`no handler for "${kind}"`)
      this.#port.postMessage({ answer: ask, value: await handler(data) })
    } catch (error) {
      const { message, code, data } = error as Partial<RpcError>
      const wire = error instanceof RpcError ? { message, code, data } : { message: message ?? String(error) }
      this.#port.postMessage({ answer: ask, error: wire })
    }
  }
}
