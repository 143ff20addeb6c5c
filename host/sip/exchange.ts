import type { Request } from '../http/request.ts'
import type { ScriptSubject } from '../script/contract.ts'
import type { Branch, MessageState } from './state.ts'
import type { Changes } from './forward.ts'
import type { SipEngine } from './engine.ts'
import type { SipListen, SipMain } from './listens.ts'
import type { SipMessage } from './sipmessage.ts'
import type { SipStream } from './stream.ts'
import type { Target } from './target.ts'
import type { UdpSocket } from '../net/udp.ts'
import { Level } from '../core/log.ts'
import { errorLogLevel } from '../script/loglevels.ts'
import { sipCounts } from './counters.ts'
import { requestText } from './forward.ts'
import { unbracketed } from './listens.ts'
import { branchFor, connectionMark, replyTag } from './identity.ts'
import { H_MAX_FORWARDS, H_TO } from './names.ts'
import { markedVia, replyText } from './reply.ts'
import { targetOf, withAddress } from './target.ts'
import { uriOf } from './uri.ts'
import { parseVia } from './via.ts'

const none: readonly Branch[] = []
/** Header lines that a script may add, in characters. */
const mostAdded = 16384
/** Replies that one request may get: provisional ones, and one that is final. */
const mostReplies = 16

/** What a request without Max-Forwards is given (RFC 3261 §16.6). */
export const fullHops = 70

/** One SIP message that routes run on: what they change of it, how it is answered and sent on. */
export class SipExchange implements ScriptSubject, MessageState {
  readonly request: Request | null = null
  readonly message: SipMessage
  readonly engine: SipEngine
  readonly main: SipMain
  readonly listen: SipListen
  private readonly udp: UdpSocket | null
  readonly stream: SipStream | null
  /** Replies so far, and whether one of them was final. */
  private replies = 0
  final = false
  private replyHeaders = ''
  private close = false
  private replyBody = ''
  private replyType = ''
  /** It was sent on. */
  forwarded = false
  forced = false
  // What the script has changed.
  uri: string | null = null
  destination = ''
  readonly flags = 0
  readonly branches = none
  readonly transaction = null
  readonly timer = null
  recordRoute = false
  routesTaken = 0
  /** Max-Forwards as mf_process_maxfwd_header left it; −1 before. */
  hops = -1
  removed: Set<string> | null = null
  inserted = ''
  appended = ''

  constructor(engine: SipEngine, main: SipMain, message: SipMessage, listen: SipListen, udp: UdpSocket | null, stream: SipStream | null) {
    this.engine = engine
    this.main = main
    this.message = message
    this.listen = listen
    this.udp = udp
    this.stream = stream
    message.state = this
  }

  get sip(): SipExchange { return this }

  attribute(): string | null { return null }

  localAddress(uri: string): string | null {
    const parsed = uriOf(uri)
    return parsed === null || targetOf(parsed) === null ? null : this.engine.ownAddress(this.listen, unbracketed(parsed.host))
  }

  log(level: number, text: string): void {
    this.engine.log(errorLogLevel(level), text)
  }

  closeAfterReply(): void { this.close = true }

  appendReplyHeader(lines: string): boolean {
    const clean = headerLines(lines)
    if (clean === null || this.replyHeaders.length + clean.length > mostAdded) return false
    this.replyHeaders += clean
    return true
  }

  /** The body of the answer to come. */
  setReplyBody(body: string, type: string): boolean {
    if (/[\r\n]/.test(type) || body.length > 60_000) return false
    this.replyBody = body
    this.replyType = type
    return true
  }

  /** Whether To has a tag: the request is inside of a dialog. */
  get hasToTag(): boolean { return (this.message.parsed.address(H_TO)?.param('tag') ?? '') !== '' }

  /** Answers the request, to where it came from. An ACK is never answered, and nothing behind a final answer. */
  reply(code: number, reason: string, contentType: string, body: string): boolean {
    const { message, engine } = this
    if (!message.isRequest || message.method === 'ACK' || this.final || this.replies >= mostReplies || code < 100 || code > 699) return false
    const via = message.parsed.via(0)!
    const { source } = message.transport!
    const tag = code === 100 ? '' : replyTag(engine.prefix, message)
    const text = replyText(message, markedVia(message.parsed.viaText(0), via, source, this.forced), {
      code, reason, headers: this.replyHeaders, contentType: body === '' ? this.replyType : contentType, body: body === '' ? this.replyBody : body, tag, server: this.main.serverLine,
    })
    this.replies++
    if (code >= 200) this.final = true
    this.replyHeaders = ''
    sipCounts.reply(code)
    if (this.stream !== null) {
      this.stream.send(text)
      if (this.close && this.final) this.stream.end()
    } else {
      const port = this.forced || via.param('rport') !== null ? source.port : via.port === '' ? 5060 : Number(via.port)
      engine.datagram(this.udp!, text, port, source.address)
    }
    return true
  }

  /** Adds or takes away header lines of the request that is sent on; false for what is none. */
  changeHeaders(how: 'append' | 'insert' | 'remove', text: string): boolean {
    if (how === 'remove') {
      (this.removed ??= new Set()).add(text.trim().toLowerCase())
      return true
    }
    const clean = headerLines(text)
    if (clean === null || this.appended.length + this.inserted.length + clean.length > mostAdded) return false
    if (how === 'append') this.appended += clean
    else this.inserted += clean
    return true
  }

  /** What Max-Forwards says: −1 without one, NaN for what is no number. */
  get maxForwards(): number {
    const value = this.message.parsed.header(H_MAX_FORWARDS)
    return value === null ? -1 : /^\d{1,3}$/.test(value) ? Number(value) : NaN
  }

  /** Sends the request on without keeping anything of it: to `to`, else to the destination ($du), else to the request URI. False when it cannot go there. */
  forward(to: Target | null = null): boolean {
    const uri = uriOf(this.uri ?? this.message.target)
    const next = this.destination === '' ? uri : uriOf(this.destination)
    const target = to ?? (next === null ? null : targetOf(next))
    if (target === null || uri === null || !this.message.isRequest) return false
    let hops = this.hops
    if (hops < 0) {
      const left = this.maxForwards
      if (left === 0 || Number.isNaN(left)) {
        if (left === 0) this.reply(483, 'Too Many Hops', '', '')
        return false
      }
      hops = left < 0 ? fullHops : left - 1
    }
    return withAddress(target.host, (address) => {
      if (address === null) this.engine.log(Level.info, `sip: no address for "${target.host}"`)
      else this.sendOn(target, address, hops)
    })
  }

  private sendOn({ protocol, port }: Target, address: string, hops: number): void {
    const { engine, message, main } = this
    const out = engine.way(protocol, address, port, this.udp, this.listen)
    if (out === null) return engine.log(Level.info, `sip: there is no ${protocol} socket to send to ${address}:${port}`)
    const own = engine.ownAddress(out.listen, address)
    const below = markedVia(message.parsed.viaText(0), message.parsed.via(0)!, message.transport!.source, this.forced)
    const seen = parseVia(below)
    if (seen === null) return
    const branch = branchFor(main.secret(), seen)
    const mark = this.stream === null ? '' : `;i=${connectionMark(main.secret(), branch, this.stream.number)}`
    const changes: Changes = {
      uri: this.uri ?? message.target, below, routesTaken: this.routesTaken, removed: this.removed,
      via: `SIP/2.0/${protocol.toUpperCase()} ${own};branch=${branch}${mark}`,
      recordRoute: this.recordRoute ? `<sip:${own}${protocol === 'udp' ? '' : `;transport=${protocol}`};lr>` : '',
      inserted: this.inserted, appended: this.appended, maxForwards: hops,
    }
    this.forwarded = true
    sipCounts.forwardedRequest()
    out.send(requestText(message, changes))
  }
}

/** `Name: value` lines, each with its end; null when one is none, or says how long the body is. */
export function headerLines(text: string): string | null {
  let lines = ''
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') continue
    if (!/^(?:[A-Za-z0-9\-.!%*_+`'~]+[ \t]*:|[ \t])/.test(line) || /^(?:content-length|l)[ \t]*:/i.test(line)) return null
    lines += `${line}\r\n`
  }
  return lines
}
