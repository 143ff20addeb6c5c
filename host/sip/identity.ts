/** Tags and branches: what marks a message as one that this server has made. */
import { hash } from 'node:crypto'
import type { Message } from './message.ts'
import type { Via } from './via.ts'
import { H_CALL_ID } from './names.ts'

/** 32 bits of a text (FNV-1a): spreads, hides nothing. */
function spread(text: string, from: number): number {
  let value = from
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/** What every tag of this server begins with. */
export function tagPrefix(secret: string): string {
  return hash('md5', `tag ${secret}`)
}

/** The tag of the answer to a request: the same for each retransmission, without anything being kept (RFC 3261 §8.2.7). */
export function replyTag(prefix: string, m: Message): string {
  const { parsed } = m
  const value = spread(parsed.cseq?.number ?? '', spread(parsed.header(H_CALL_ID) ?? '', spread(parsed.via(0)?.param('branch') || parsed.viaText(0), 0x811c9dc5)))
  return `${prefix}.${value.toString(16).padStart(8, '0')}`
}

/** All that decides where a response goes behind this server. */
function routeOf(via: Via): string {
  return [via.transport, via.host, via.port, via.param('branch') ?? '', via.param('received') ?? '', via.param('rport') ?? ''].join(' ')
}

/** What our Via says of the stream that a request came by, so that the answer finds it: its number, and what only this server can make of it. */
export function connectionMark(secret: string, branch: string, number: number): string {
  return `${number}.${hash('sha1', `stream ${secret} ${branch} ${number}`).slice(0, 8)}`
}

/**
 * The branch of the Via that goes on top of `below`, which has its `received` and `rport` by then. One transaction has one (RFC 3261 §16.11), and only who
 * knows the secret can make one: a response with another is nobody's, and is not sent on.
 */
export function branchFor(secret: string, below: Via): string {
  return `z9hG4bK${hash('sha1', `branch ${secret} ${routeOf(below)}`).slice(0, 24)}.0`
}
