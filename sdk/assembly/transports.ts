// Byte transports (fifo, datagrams, TCP) that the server opens for a plugin, and JSON-RPC in Kamailio's manner over them and in scripts.
import * as host from './vespid'
import * as text from './text'
import { Bytes } from './bytes'
import { bytesOf, word } from './conf'
import { request } from './request'

export enum TransportKind { Fifo = 0, Datagram = 1, Tcp = 2 }

/** A document that a transport has received. Valid until the function returns. */
export class Received {
  /** The document as text (UTF-8). */
  get text(): string { return word(0) }
  /** Its bytes. A view that is good until the next call to the server. */
  get bytes(): Bytes { return bytesOf(0) }
  /** Who has sent it, in words. */
  get peer(): string { return word(1) }

  /** Answers with a text; on a fifo to the fifo of that name. */
  answer(body: string, to: string | null = null): void {
    text.begin()
    text.put(body)
    const at = text.at
    const length = text.length
    if (to === null) text.putNone()
    else text.put(to)
    host.document_answer(text.at, text.length, at, length)
  }

  /** Answers with the answer to the JSON-RPC document that this is, as `rpc_serve`. */
  serve(dialect: string): void { serve(dialect) }
}

const received = new Received()

/** A transport that the plugin wants; `listen` asks for it. */
export class Transport {
  private lines: string = ''

  constructor(readonly kind: TransportKind) {}

  /** Settings (docs/abi.md): `path`, `mode`, `user`, `group`, `replies`, `host`, `port`, `limit`, `timeout`, `clients`, `strict`, `optional`. */
  set(name: string, value: string): Transport {
    this.lines += name + '=' + value + '\n'
    return this
  }

  /** Has the server open it when the configuration is taken into use; only while the configuration is read. `receive` cannot wait. */
  listen(receive: (document: Received) => void): void {
    const run = (data: usize): i32 => {
      request.stamp = 0
      call_indirect(<u32>data, changetype<usize>(received))
      return 0
    }
    text.begin()
    text.put(this.lines)
    host.transport(this.kind, text.at, text.length, run.index, receive.index)
  }
}

/** The dialect that was asked for last, and the host's id of it; −1: it keeps none. */
let lastDialect = ''
let lastId: i32 = -1

function serve(dialect: string): void {
  if (changetype<usize>(dialect) != changetype<usize>(lastDialect)) {
    lastDialect = dialect
    lastId = text.intern(dialect)
  }
  if (lastId >= 0) return host.rpc_serve(lastId, -1)
  text.begin()
  text.put(dialect)
  host.rpc_serve(text.at, text.length)
}

/**
 * In a script function: answers the request with the answer to the JSON-RPC document in its body, when the function has returned; its return code is then
 * 1, or −1 when the body was no JSON and nothing was answered. `dialect`: the word `strict` (Kamailio to the letter) or `safe`, then perhaps `pretty`
 * (Kamailio's layout), `reply_name` (the answer goes to the fifo that the document names), `batch=N`, and a line `store=DIRECTORY`.
 */
export function rpc_serve(dialect: string): i32 {
  serve(dialect)
  return 1
}

/** In a script function: runs a JSON-RPC document, waits for its answer, and keeps that for `rpc_outcome`. −1: it is no JSON. */
export function rpc_exec(document: string, dialect: string): i32 {
  text.begin()
  text.put(document)
  const at = text.at
  const length = text.length
  text.put(dialect)
  return host.rpc_exec(at, length, text.at, text.length)
}

/** The same for the script's argument of that number, as it is. */
export function rpc_exec_argument(i: i32, dialect: string): i32 {
  text.begin()
  text.put(dialect)
  return host.rpc_exec(i, -2, text.at, text.length)
}

export enum Outcome { Code = 0, Text = 1, Body = 2 }

/** In a pseudo-variable: its value is that part of the last answer of `rpc_exec` in this script. Return what it returns; false is $null. */
export function rpc_outcome(part: Outcome): bool {
  return host.rpc_outcome(part) != 0
}
