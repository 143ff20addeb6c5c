import type { Verdict } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { UpstreamGroup } from '../upstream/group.ts'
import type { LinkUser } from '../upstream/link.ts'
import type { Outcome, Peer, Selection } from '../upstream/peers.ts'
import type { ProxyConf, Target } from './conf.ts'
import type { SendBody } from './request.ts'
import type { SenderOwner } from './sender.ts'
import { DONE, ERROR } from '../../module.ts'
import { errnoText } from '../../core/errors.ts'
import { Level } from '../../core/log.ts'
import { Link } from '../upstream/link.ts'
import { Try, triesOf } from '../upstream/states.ts'
import { NextUpstream } from './conf.ts'
import { linkKey, linkOptions } from './connect.ts'
import { Deadline } from './deadline.ts'
import { Reply } from './reply.ts'
import { bodyToSend, buildRequestHead } from './request.ts'
import { Sender } from './sender.ts'
import { followAccelRedirect, retryStatus } from './status.ts'

/** What the exchange is doing, as nginx words it behind `while`. */
const doing = {
  connect: 'connecting to upstream', handshake: 'SSL handshaking to upstream', send: 'sending request to upstream',
  head: 'reading response header from upstream', body: 'reading upstream', tunnel: 'proxying upgraded connection',
  over: '',
} as const
/** How far an exchange is. */
export type Stage = keyof typeof doing

/** Requests of these methods may have had their effect: not sent again. */
const unsafeMethods = new Set(['POST', 'LOCK', 'PATCH'])

/**
 * One request at an upstream: tries servers until one answers, and passes its answer on (ngx_http_upstream.c's
 * behaviour). Ends once, through `finish`; whatever the link, the timer or the client do afterwards is without effect.
 */
export class Exchange implements LinkUser, SenderOwner {
  readonly r: Request
  readonly conf: ProxyConf
  private readonly group: UpstreamGroup
  private readonly target: Target
  private readonly uri: string
  private readonly streamed: boolean
  private readonly selection: Selection
  private readonly began = Date.now()
  private readonly deadline = new Deadline(() => this.timedOut())
  private settle: (verdict: Verdict) => void = () => {}
  private body!: SendBody
  private peer: Peer | null = null
  /** The link in use came from the idle ones. */
  private reused = false
  /** This server was sent something. */
  private writing = false
  private sender: Sender | null = null
  private reply!: Reply
  stage: Stage = 'connect'
  link: Link | null = null
  /** The present try. */
  try!: Try
  /** The method as sent. */
  method = ''
  /** The server was sent everything. */
  sent = false
  /** The client is gone, the server's answer is only read to its end (`proxy_ignore_client_abort`). */
  detached = false

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
    this.reply = new Reply(this)
    const peer = this.peer = this.selection.next(now)
    const address = this.try.address = peer === null ? group.host : peer.endpoint.name
    const colon = peer !== null && peer.endpoint.path !== null ? ':' : ''
    r.upstream = `${this.target.ssl ? 'https' : 'http'}://${address}${colon}${this.uri}`
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

  /**
   * Gives up this server for `reason`; the next one is asked when that is allowed, else the client gets the reason's
   * status.
   */
  next(reason: number): void {
    const status = retryStatus(reason)
    // A kept connection may have been closed while idle: that says nothing about the server and is no try.
    const stale = this.reused && reason === NextUpstream.error
    this.freePeer(stale || reason === NextUpstream.http403 || reason === NextUpstream.http404 ? 'next' : 'failed')
    if (stale) this.selection.tries++
    this.dropLink()
    this.deadline.disarm()
    this.try.status = status
    this.noteEnd()
    if (this.mayTryNext(reason, 1)) this.connect()
    else this.finish(status)
  }

  /** Whether `proxy_next_upstream` and its bounds allow another server, with at least `left` tries left. */
  mayTryNext(reason: number, left: number): boolean {
    const { conf } = this
    const wanted = this.writing && unsafeMethods.has(this.r.method) ? reason | NextUpstream.nonIdempotent : reason
    if (this.selection.tries < left || (conf.nextUpstream & wanted) !== wanted) return false
    if (this.detached || (this.writing && this.streamed)) return false
    return conf.nextUpstreamTimeout === 0 || Date.now() - this.began < conf.nextUpstreamTimeout
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
    if (this.stage !== 'send') return
    this.stage = 'head'
    this.arm(this.conf.readTimeout)
  }

  sendProgress(blocked: boolean): void {
    if (this.stage !== 'send') return
    if (blocked) this.arm(this.conf.sendTimeout)
    else this.deadline.disarm()
  }

  bodyFailed(status: number): void { this.finish(this.r.headerSent ? ERROR : status) }

  // --- what the link tells

  linkConnected(): void {
    this.try.connectTime = Date.now() - this.try.started
    this.guard(() => this.send())
  }

  linkDrained(): void {
    if (this.reply.tunnel !== null) this.reply.tunnel.drained()
    else this.guard(() => this.sender?.drained())
  }

  linkData(data: Buffer): void {
    this.try.bytesReceived += data.length
    this.guard(() => this.reply.data(data))
  }

  linkEnded(): void { this.guard(() => this.reply.ended()) }

  linkFailed(error: NodeJS.ErrnoException): void {
    this.guard(() => {
      if (this.reply.tunnel !== null) return this.reply.tunnel.finish()
      if (this.stage === 'connect' && error.syscall !== 'connect') {
        const system = error.errno !== undefined && (error.code ?? '').startsWith('E')
        const why = system ? errnoText(error) : `SSL: ${error.message}`
        this.log(Level.error, `SSL_do_handshake() failed (${why})`, 'handshake')
      } else {
        const to = this.peer !== null && this.peer.endpoint.path !== null ? ` to ${this.peer.endpoint.name}` : ''
        const call = this.stage === 'connect' ? `connect()${to}` : error.syscall === 'write' ? 'writev()' : 'recv()'
        this.log(Level.error, `${call} failed (${errnoText(error)})`)
      }
      if (this.reply.begun) this.fail()
      else this.next(NextUpstream.error)
    })
  }

  private timedOut(): void {
    this.guard(() => {
      const handshake = this.stage === 'connect' && this.target.ssl && this.link?.socket.connecting === false
      this.log(Level.error, 'upstream timed out (110: Connection timed out)', handshake ? 'handshake' : this.stage)
      if (this.reply.tunnel !== null) this.reply.tunnel.finish()
      else if (this.reply.begun) this.fail()
      else this.next(NextUpstream.timeout)
    })
  }

  /** Starts or restarts the one timer of the exchange. */
  arm(delay: number): void {
    if (this.stage !== 'over') this.deadline.arm(delay)
  }

  disarm(): void { this.deadline.disarm() }

  // --- the end

  /** The server has said everything: its connection is kept for others or closed, while the client still reads. */
  released(keep: boolean): void {
    const { link } = this
    this.deadline.disarm()
    this.freePeer('ok')
    this.noteEnd()
    if (!keep || link === null) return this.dropLink()
    this.sender = null
    this.link = null
    this.group.idle.keep(link)
  }

  /**
   * The response broke off after its head: the client gets what came, then its connection is closed so that it notices.
   */
  fail(): void {
    this.released(false)
    this.reply.broken()
  }

  /** Settles once. With `redirect` the request goes on inside at that place. */
  finish(verdict: Verdict, redirect: string | null = null): void {
    if (this.stage === 'over') return
    this.stage = 'over'
    this.released(false)
    if (this.detached) return
    this.settle(verdict === DONE && redirect !== null ? followAccelRedirect(this.r, redirect) : verdict)
  }

  /** The request is over: because it was answered, or because the client went away. */
  private requestEnded(): void {
    if (this.stage === 'over') return
    this.detached = true
    if (this.conf.ignoreClientAbort && this.reply.tunnel === null && !this.streamed) this.reply.discard()
    else this.finish(ERROR)
  }

  private noteEnd(): void {
    this.try.bytesSent = Math.max(this.try.bytesSent, this.sender?.sent ?? 0)
    if (this.try.responseTime < 0) this.try.responseTime = Date.now() - this.try.started
  }

  private dropLink(): void {
    this.sender?.stop()
    this.sender = null
    const { link } = this
    this.link = null
    if (link === null) return
    if (this.reply.tunnel !== null && link.socket.writableEnded) link.finish()
    else link.destroy()
  }

  /** Writes to the request's log; a client that is gone is told nothing but errors. */
  log(level: Level, message: string, stage: Stage = this.stage): void {
    if (!this.detached || level <= Level.error) this.r.log(level, `${message} while ${doing[stage]}`)
  }

  /** Runs a step unless all is over; nothing that a filter, a regex or we get wrong may reach the event loop. */
  guard(step: () => void): void {
    if (this.stage === 'over') return
    try {
      step()
    } catch (error) {
      this.finish(this.r.handlerFailed(error))
    }
  }
}
