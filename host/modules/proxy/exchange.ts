import type { Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { UpstreamGroup } from '../upstream/group.ts'
import type { LinkUser } from '../upstream/link.ts'
import type { Outcome, Peer, Selection } from '../upstream/peers.ts'
import type { ResponseHead } from '../upstream/head.ts'
import type { ProxyConf, Target } from './conf.ts'
import type { SendBody } from './request.ts'
import type { SenderOwner } from './sender.ts'
import type { TunnelOwner } from './tunnel.ts'
import { DONE, ERROR, OK } from '../../module.ts'
import { errnoText } from '../../core/errors.ts'
import { Level } from '../../core/log.ts'
import { BodyReader } from '../upstream/body.ts'
import { HeadFault, headEnd, parseResponseHead } from '../upstream/head.ts'
import { Link } from '../upstream/link.ts'
import { Try, triesOf } from '../upstream/states.ts'
import { NextUpstream } from './conf.ts'
import { linkKey, linkOptions } from './connect.ts'
import { Pump } from './pump.ts'
import { accelBuffering, accelRedirect, copyForRedirect, copyHead } from './relay.ts'
import { bodyToSend, buildRequestHead } from './request.ts'
import { Sender } from './sender.ts'
import { followAccelRedirect, mayIntercept, retryBit, retryStatus } from './status.ts'
import { UpgradeTunnel } from './tunnel.ts'

/** What the exchange is doing, as nginx words it behind `while`. */
const doing = {
  connect: 'connecting to upstream', handshake: 'SSL handshaking to upstream', send: 'sending request to upstream',
  head: 'reading response header from upstream', body: 'reading upstream', tunnel: 'proxying upgraded connection', over: '',
} as const
type Stage = keyof typeof doing

const nothing: Buffer = Buffer.alloc(0)
/** Interim (1xx) heads of one response that are skipped before it counts as an attack. */
const interimLimit = 32
/** Requests of these methods may have had their effect: not sent again. */
const unsafeMethods = new Set(['POST', 'LOCK', 'PATCH'])

/** One request at an upstream: tries servers until one answers, and passes its answer on (ngx_http_upstream.c's behaviour). */
export class Exchange implements LinkUser, SenderOwner, TunnelOwner {
  private readonly r: Request
  private readonly conf: ProxyConf
  private readonly group: UpstreamGroup
  private readonly target: Target
  private readonly uri: string
  private readonly streamed: boolean
  private readonly selection: Selection
  private readonly began = Date.now()
  private settle: (verdict: Verdict) => void = () => {}
  private stage: Stage = 'connect'
  private method = ''
  private body!: SendBody
  private peer: Peer | null = null
  private link: Link | null = null
  private reused = false
  private try!: Try
  private sender: Sender | null = null
  private writing = false
  private sent = false
  private headBytes = nothing
  private interim = 0
  private head: ResponseHead | null = null
  private reader: BodyReader | null = null
  private pump: Pump | null = null
  private tunnel: UpgradeTunnel | null = null
  private timer: NodeJS.Timeout | null = null
  private delay = 0
  private detached = false

  constructor(r: Request, conf: ProxyConf, group: UpstreamGroup, target: Target, uri: string, streamed: boolean) {
    this.r = r
    this.conf = conf
    this.group = group
    this.target = target
    this.uri = uri
    this.streamed = streamed
    this.selection = group.select(r)
    const { nextUpstreamTries } = conf
    if (nextUpstreamTries > 0 && this.selection.tries > nextUpstreamTries) this.selection.tries = nextUpstreamTries
  }

  /** Resolves with the verdict of the content handler when the response is through, or no server gave one. */
  run(): Promise<Verdict> {
    this.body = bodyToSend(this.r, this.conf, this.streamed)
    const done = new Promise<Verdict>((resolve) => { this.settle = resolve })
    this.r.onEnd(() => this.requestEnded())
    this.guard(() => this.connect())
    return done
  }

  // --- trying servers

  private connect(): void {
    const { r, group, conf } = this
    const now = Date.now()
    this.try = new Try(now)
    triesOf(r).list.push(this.try)
    this.stage = 'connect'
    this.reused = this.writing = this.sent = false
    this.headBytes = nothing
    this.head = null
    this.reader = null
    const peer = this.peer = this.selection.next(now)
    const address = this.try.address = peer === null ? group.host : peer.endpoint.name
    const unix = peer !== null && peer.endpoint.path !== null ? ':' : ''
    r.upstream = `${this.target.ssl ? 'https' : 'http'}://${address}${unix}${this.uri}`
    if (peer === null) {
      this.log(Level.error, 'no live upstreams')
      return this.next(NextUpstream.noLive)
    }
    const key = linkKey(r, conf, this.target, peer.endpoint)
    const kept = group.idle.take(key)
    if (kept !== null) {
      this.reused = true
      this.link = kept
      kept.user = this
      this.try.connectTime = 0
      return this.send()
    }
    this.arm(conf.connectTimeout)
    this.link = new Link(peer.endpoint, key, linkOptions(r, conf, this.target), this)
  }

  /** Gives up this server for `reason`; the next one is asked when that is allowed, else the client gets the reason's status. */
  private next(reason: number): void {
    const status = retryStatus(reason)
    this.freePeer(reason === NextUpstream.http403 || reason === NextUpstream.http404 ? 'next' : 'failed')
    // A kept connection may have been closed while idle: that says nothing about the server.
    if (this.reused && reason === NextUpstream.error) this.selection.tries++
    this.dropLink()
    this.try.status = status
    this.try.responseTime = Date.now() - this.try.started
    if (this.stage === 'over') return
    if (!this.mayTryNext(reason, 1)) return this.finish(status)
    this.guard(() => this.connect())
  }

  /** Whether `proxy_next_upstream` and its bounds allow another server, with at least `left` tries left. */
  private mayTryNext(reason: number, left: number): boolean {
    const { conf } = this
    const wanted = this.writing && unsafeMethods.has(this.r.method) ? reason | NextUpstream.nonIdempotent : reason
    if (this.selection.tries < left || (conf.nextUpstream & wanted) !== wanted || (this.writing && this.streamed)) return false
    return !this.detached && (conf.nextUpstreamTimeout === 0 || Date.now() - this.began < conf.nextUpstreamTimeout)
  }

  private freePeer(outcome: Outcome): void {
    const { peer } = this
    if (peer === null) return
    this.peer = null
    if (this.selection.free(peer, outcome, Date.now())) this.log(Level.warn, 'upstream server temporarily disabled')
  }

  private send(): void {
    const { r, conf, group } = this
    this.stage = 'send'
    this.writing = true
    const head = buildRequestHead(r, conf, this.uri, this.body, !group.idle.enabled)
    if (head === null) return this.finish(500)
    this.method = head.method
    this.link!.requests++
    this.sender = new Sender(r, this.link!, this.body, this)
    this.arm(conf.sendTimeout)
    this.sender.start(head)
  }

  requestSent(): void {
    this.sent = true
    this.try.bytesSent = this.sender?.sent ?? 0
    if (this.stage !== 'send') return
    this.stage = 'head'
    this.arm(this.conf.readTimeout)
  }

  sendProgress(): void {
    if (this.stage === 'send') this.arm(this.conf.sendTimeout)
  }

  bodyFailed(status: number): void {
    if (this.stage !== 'over') this.finish(this.r.headerSent ? ERROR : status)
  }

  // --- what the link tells

  linkConnected(): void {
    this.try.connectTime = Date.now() - this.try.started
    this.guard(() => this.send())
  }

  linkDrained(): void {
    if (this.tunnel !== null) this.tunnel.drained()
    else this.sender?.drained()
  }

  linkData(data: Buffer): void {
    this.try.bytesReceived += data.length
    this.guard(() => {
      if (this.tunnel !== null) this.tunnel.fromServer(data)
      else if (this.reader !== null) this.bodyData(data)
      else this.headData(data)
    })
  }

  linkEnded(): void {
    this.guard(() => {
      if (this.tunnel !== null) return this.tunnel.finish()
      if (this.reader === null) {
        this.log(Level.error, 'upstream prematurely closed connection', 'head')
        return this.next(NextUpstream.error)
      }
      if (!this.reader.end()) {
        this.log(Level.error, 'upstream prematurely closed connection')
        return this.fail()
      }
      this.released(false)
      this.pump!.push(nothing, true)
    })
  }

  linkFailed(error: NodeJS.ErrnoException): void {
    this.guard(() => {
      if (this.tunnel !== null) return this.tunnel.finish()
      if (this.stage === 'connect' && error.syscall !== 'connect') {
        const detail = error.code?.startsWith('E') && error.errno !== undefined ? errnoText(error) : `SSL: ${error.message}`
        this.log(Level.error, `SSL_do_handshake() failed (${detail})`, 'handshake')
      } else {
        const call = this.stage === 'connect' ? 'connect()' : error.syscall === 'write' ? 'writev()' : 'recv()'
        this.log(Level.error, `${call} failed (${errnoText(error)})`)
      }
      if (this.reader === null) this.next(NextUpstream.error)
      else this.fail()
    })
  }

  // --- the response

  private headData(data: Buffer): void {
    let bytes = this.headBytes.length === 0 ? data : Buffer.concat([this.headBytes, data])
    let searched = this.headBytes.length
    for (;;) {
      const end = headEnd(bytes, searched)
      if (end > this.conf.bufferSize || (end < 0 && bytes.length >= this.conf.bufferSize)) return this.badHead('upstream sent too big header')
      if (end < 0) {
        this.headBytes = bytes
        if (this.sent) this.arm(this.conf.readTimeout)
        return
      }
      const head = parseResponseHead(bytes.latin1Slice(0, end))
      if (head instanceof HeadFault) return this.badHead(head.message)
      bytes = bytes.subarray(end)
      searched = 0
      if (head.status < 200 && head.status !== 101) {
        if (++this.interim > interimLimit) return this.badHead('upstream sent too many interim responses')
        continue
      }
      this.headBytes = nothing
      return this.gotHead(head, bytes)
    }
  }

  private badHead(message: string): void {
    this.log(Level.error, message, 'head')
    this.next(NextUpstream.invalidHeader)
  }

  private gotHead(head: ResponseHead, rest: Buffer): void {
    const { r, conf } = this
    const { status } = head
    if (status === 101) {
      if (r.header('upgrade') === null || r.version < 1001) return this.badHead('upstream sent unexpected "101 Switching Protocols"')
      return this.upgrade(head, rest)
    }
    const retry = retryBit(status)
    if (retry !== 0 && this.mayTryNext(retry, 2)) return this.next(retry)
    this.try.status = status
    this.try.headerTime = Date.now() - this.try.started
    triesOf(r).head = this.head = head
    const bodiless = this.method === 'HEAD' || status === 204 || status === 304
    this.reader = new BodyReader(head, bodiless)
    this.stage = 'body'
    if (this.detached) return this.startBody(rest, false)
    if (conf.interceptErrors && mayIntercept(r, status)) {
      if (status === 401) for (let i = 0; i < head.names.length; i++) {
        if (head.lower[i] === 'www-authenticate') r.headersOut.add(head.names[i]!, head.values[i]!)
      }
      return this.finish(status)
    }
    const redirect = accelRedirect(head, conf)
    if (redirect !== null) {
      copyForRedirect(r, conf, head)
      return this.finish(DONE, redirect)
    }
    // A length may be announced without a body (HEAD, 304); a 204 has neither.
    copyHead(r, conf, head, status === 204 ? -1 : head.chunked ? -1 : head.contentLength)
    const rc = r.sendHeader()
    if (typeof rc === 'number') return this.headSent(rc, rest)
    this.link!.socket.pause()
    this.disarm()
    rc.then((v) => {
      if (this.stage !== 'body') return
      this.link?.socket.resume()
      this.guard(() => this.headSent(v, rest))
    }, (error: unknown) => this.finish(r.handlerFailed(error)))
  }

  private headSent(rc: Verdict, rest: Buffer): void {
    if (rc !== OK) return this.finish(rc)
    this.startBody(rest, true)
  }

  private startBody(rest: Buffer, flush: boolean): void {
    const { conf, head } = this
    const limit = accelBuffering(head!, conf) ? conf.buffers.count * conf.buffers.size : 0
    this.pump = new Pump(this.r, limit, (held) => this.hold(held), (verdict) => this.finish(verdict))
    this.pump.discard = this.detached
    if (rest.length > 0 || this.reader!.state === 'done') this.bodyData(rest)
    else if (flush) this.pump.flush()
    if (this.stage === 'body' && this.link !== null && !this.link.socket.isPaused()) this.arm(conf.readTimeout)
  }

  private bodyData(data: Buffer): void {
    const reader = this.reader!
    if (data.length > 0) this.arm(this.conf.readTimeout)
    const content = reader.feed(data)
    this.try.responseLength += content.length
    if (reader.surplus) this.log(Level.warn, 'upstream sent more data than specified in "Content-Length" header')
    if (reader.state === 'done') {
      const { head, link } = this
      this.released(this.sent && link !== null && !reader.surplus && !head!.close && this.conf.httpVersion > 1000)
      return this.pump!.push(content, true)
    }
    if (content.length > 0) this.pump!.push(content, false)
    if (reader.state !== 'invalid') return
    this.log(Level.error, 'upstream sent invalid chunked response')
    this.fail()
  }

  /** The server has said everything: its connection is kept for others or closed, while the client still reads. */
  private released(keep: boolean): void {
    const { link } = this
    this.disarm()
    this.freePeer('ok')
    this.try.responseTime = Date.now() - this.try.started
    if (!keep || link === null) return this.dropLink()
    this.sender = null
    this.link = null
    this.group.idle.keep(link)
  }

  private hold(held: boolean): void {
    const { link } = this
    if (link === null) return
    if (held) {
      link.socket.pause()
      this.disarm()
    } else {
      link.socket.resume()
      this.arm(this.conf.readTimeout)
    }
  }

  /** The response broke off after its head: the client gets what came, then its connection is closed so that it notices. */
  private fail(): void {
    this.dropLink()
    this.disarm()
    this.freePeer('ok')
    this.try.responseTime = Date.now() - this.try.started
    if (this.pump === null) this.finish(ERROR)
    else this.pump.end(ERROR)
  }

  // --- upgrade

  private upgrade(head: ResponseHead, rest: Buffer): void {
    const { r, conf } = this
    this.try.status = 101
    this.try.headerTime = Date.now() - this.try.started
    triesOf(r).head = this.head = head
    this.stage = 'tunnel'
    copyHead(r, conf, head, -1)
    const rc = r.sendHeader()
    const start = (v: Verdict): void => {
      if (v !== OK || this.stage !== 'tunnel') return this.finish(v)
      r.keepalive = false
      r.connection.engine.writer.flush()
      this.tunnel = new UpgradeTunnel(r, this.link!, this)
      this.arm(conf.readTimeout)
      this.tunnel.start(rest)
    }
    if (typeof rc === 'number') start(rc)
    else rc.then((v) => this.guard(() => start(v)), (error: unknown) => this.finish(r.handlerFailed(error)))
  }

  tunnelActive(): void { this.arm(this.conf.readTimeout) }

  tunnelOver(): void {
    this.r.outputDone = true
    this.finish(OK)
  }

  // --- the end

  /** Settles once. With `redirect` the request goes on inside at that place. */
  private finish(verdict: Verdict, redirect: string | null = null): void {
    if (this.stage === 'over') return
    this.stage = 'over'
    this.disarm()
    this.freePeer('ok')
    if (this.try.responseTime < 0) this.try.responseTime = Date.now() - this.try.started
    this.dropLink()
    if (!this.detached) this.settle(redirect === null ? verdict : followAccelRedirect(this.r, redirect))
  }

  /** The request is over: because it was answered, or because the client went away. */
  private requestEnded(): void {
    if (this.stage === 'over') return
    this.detached = true
    if (this.conf.ignoreClientAbort && this.tunnel === null && !this.streamed) {
      if (this.pump !== null) {
        this.pump.discard = true
        this.pump.push(nothing, false)
      }
      return
    }
    this.finish(ERROR)
  }

  private dropLink(): void {
    this.sender?.stop()
    this.sender = null
    const { link } = this
    this.link = null
    if (link === null) return
    if (this.tunnel !== null && link.socket.writableEnded) {
      // The client's last bytes are still on their way.
      link.user = null
      link.socket.destroySoon()
    } else link.destroy()
  }

  private timedOut(): void {
    this.timer = null
    this.guard(() => {
      if (this.stage === 'over') return
      const tls = this.stage === 'connect' && this.target.ssl && this.link !== null && !this.link.socket.connecting
      this.log(Level.error, 'upstream timed out (110: Connection timed out)', tls ? 'handshake' : this.stage)
      if (this.tunnel !== null) this.tunnel.finish()
      else if (this.reader === null) this.next(NextUpstream.timeout)
      else this.fail()
    })
  }

  /** Starts or restarts the one timer of the exchange. */
  private arm(delay: number): void {
    if (this.timer !== null && this.delay === delay) return void this.timer.refresh()
    this.disarm()
    this.delay = delay
    this.timer = setTimeout(() => this.timedOut(), delay)
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private log(level: Level, message: string, stage: Stage = this.stage): void {
    if (!this.detached || level <= Level.error) this.r.log(level, `${message} while ${doing[stage]}`)
  }

  /** Nothing that a filter, a regex or we get wrong may reach the event loop. */
  private guard(step: () => void): void {
    if (this.stage === 'over') return
    try {
      step()
    } catch (error) {
      this.finish(this.r.handlerFailed(error))
    }
  }
}

