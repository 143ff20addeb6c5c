import type { Answer, Verdict } from '../../module.ts'
import type { ResponseHead } from '../upstream/head.ts'
import type { Exchange } from './exchange.ts'
import { DONE, ERROR, OK } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { BodyReader } from '../upstream/body.ts'
import { HeadFault, headEnd, parseResponseHead } from '../upstream/head.ts'
import { triesOf } from '../upstream/states.ts'
import { NextUpstream } from './conf.ts'
import { Pump } from './pump.ts'
import { accelBuffering, accelRedirect, copyForRedirect, copyHead } from './relay.ts'
import { mayIntercept, retryBit } from './status.ts'
import { UpgradeTunnel } from './tunnel.ts'

const nothing: Buffer = Buffer.alloc(0)
/** Interim (1xx) heads of one response that are skipped before it counts as an attack. */
const interimLimit = 32

/** What one server answers: reads it, decides whether the client gets it, and passes it on. */
export class Reply {
  private readonly x: Exchange
  /** The part of a head that came so far. */
  private bytes = nothing
  private interim = 0
  private head: ResponseHead | null = null
  private reader: BodyReader | null = null
  private pump: Pump | null = null
  /** Body bytes that came while the head was on its way through slow filters. */
  private early: Buffer[] | null = null
  private whole = false
  /** After a 101 answer. */
  tunnel: UpgradeTunnel | null = null

  constructor(x: Exchange) { this.x = x }

  /** The client gets this answer, no other server is asked any more. */
  get begun(): boolean { return this.reader !== null }

  /** Bytes from the server. */
  data(data: Buffer): void {
    if (this.tunnel !== null) this.tunnel.fromServer(data)
    else if (this.reader === null) this.headData(data)
    else if (this.early !== null) this.early.push(data)
    else this.bodyData(data)
  }

  /** The server closed its side. */
  ended(): void {
    const { x, reader } = this
    if (this.tunnel !== null) return this.tunnel.finish()
    if (reader === null) {
      x.log(Level.error, 'upstream prematurely closed connection', 'head')
      return x.next(NextUpstream.error)
    }
    if (this.early !== null) {
      this.whole = true
      return
    }
    if (!reader.end()) {
      x.log(Level.error, 'upstream prematurely closed connection')
      return x.fail()
    }
    x.released(false)
    this.pump!.push(nothing, true)
  }

  /** No more comes though the response is not whole. */
  broken(): void {
    if (this.pump === null) this.x.finish(ERROR)
    else this.pump.end(ERROR)
  }

  /** The client is gone: what still comes is read and dropped. */
  discard(): void { this.pump?.drop() }

  // --- the head

  private headData(data: Buffer): void {
    const { x } = this
    const limit = x.conf.bufferSize
    let searched = this.bytes.length
    let bytes = searched === 0 ? data : Buffer.concat([this.bytes, data])
    for (;;) {
      const end = headEnd(bytes, searched)
      if (end > limit || (end < 0 && bytes.length >= limit)) return this.refuse('upstream sent too big header')
      if (end < 0) {
        this.bytes = bytes
        if (x.sent) x.arm(x.conf.readTimeout)
        return
      }
      const head = parseResponseHead(bytes.latin1Slice(0, end))
      if (head instanceof HeadFault) return this.refuse(head.message)
      bytes = bytes.subarray(end)
      searched = 0
      if (head.status >= 200 || head.status === 101) return this.gotHead(head, bytes)
      if (++this.interim > interimLimit) return this.refuse('upstream sent too many interim responses')
    }
  }

  private refuse(message: string): void {
    this.x.log(Level.error, message, 'head')
    this.x.next(NextUpstream.invalidHeader)
  }

  private gotHead(head: ResponseHead, rest: Buffer): void {
    const { x } = this
    const { r, conf } = x
    const { status } = head
    this.bytes = nothing
    const wantsUpgrade = r.header('upgrade') !== null && r.version >= 1001 && r.parent === null && !x.detached
    if (status === 101 && !wantsUpgrade) return this.refuse('upstream sent unexpected "101 Switching Protocols"')
    const retry = retryBit(status)
    if (retry !== 0 && x.mayTryNext(retry, 2)) return x.next(retry)
    x.try.status = status
    x.try.headerTime = Date.now() - x.try.started
    triesOf(r).head = this.head = head
    if (status === 101) return this.upgrade(head, rest)
    this.reader = new BodyReader(head, x.method === 'HEAD' || status === 204 || status === 304)
    x.stage = 'body'
    if (x.detached) return this.startBody(rest)
    if (conf.interceptErrors && mayIntercept(r, status)) return this.intercept(head)
    const redirect = accelRedirect(head, conf)
    if (redirect !== null) {
      copyForRedirect(r, conf, head)
      return x.finish(DONE, redirect)
    }
    copyHead(r, conf, head, status === 204 || head.chunked ? -1 : head.contentLength)
    this.sendHead((rc) => (rc === OK ? this.startBody(rest) : x.finish(rc)))
  }

  /** The location's error page takes the place of the server's. */
  private intercept(head: ResponseHead): void {
    const { r } = this.x
    if (head.status === 401) {
      for (let i = 0; i < head.names.length; i++) {
        if (head.lower[i] === 'www-authenticate') r.headersOut.add(head.names[i]!, head.values[i]!)
      }
    }
    this.x.finish(head.status)
  }

  /** Sends the client's head, which a filter may delay; the server is held meanwhile. */
  private sendHead(then: (rc: Verdict) => void): void {
    const { x } = this
    const rc: Answer = x.r.sendHeader()
    if (typeof rc === 'number') return then(rc)
    this.early = []
    x.link!.socket.pause()
    x.disarm()
    rc.then((v) => x.guard(() => {
      const early = this.early ?? []
      this.early = null
      x.link?.socket.resume()
      then(v)
      for (const data of early) x.guard(() => this.data(data))
      if (this.whole) x.guard(() => this.ended())
    }), (error: unknown) => x.finish(x.r.handlerFailed(error)))
  }

  // --- the body

  private startBody(rest: Buffer): void {
    const { x } = this
    const { buffers } = x.conf
    const limit = accelBuffering(this.head!, x.conf) ? buffers.count * buffers.size : 0
    this.pump = new Pump(x.r, limit, (held) => this.hold(held), (verdict) => x.finish(verdict))
    if (x.detached) this.pump.drop()
    x.arm(x.conf.readTimeout)
    if (rest.length > 0 || this.reader!.state === 'done') this.bodyData(rest)
    else this.pump.flush()
  }

  private bodyData(data: Buffer): void {
    const { x } = this
    const reader = this.reader!
    const content = reader.feed(data)
    x.try.responseLength += content.length
    if (reader.surplus && !reader.bodiless) {
      x.log(Level.warn, 'upstream sent more data than specified in "Content-Length" header')
    }
    if (reader.state === 'done') {
      x.released(x.sent && !reader.surplus && !this.head!.close && x.conf.httpVersion > 1000)
      return this.pump!.push(content, true)
    }
    x.arm(x.conf.readTimeout)
    if (content.length > 0) this.pump!.push(content, false)
    if (reader.state !== 'invalid') return
    x.log(Level.error, 'upstream sent invalid chunked response')
    x.fail()
  }

  /** The client is behind, or has caught up. */
  private hold(held: boolean): void {
    const { x } = this
    if (x.link === null) return
    if (held) {
      x.link.socket.pause()
      x.disarm()
    } else {
      x.link.socket.resume()
      x.arm(x.conf.readTimeout)
    }
  }

  // --- upgrade

  private upgrade(head: ResponseHead, rest: Buffer): void {
    const { x } = this
    const { r } = x
    x.stage = 'tunnel'
    r.keepalive = false
    copyHead(r, x.conf, head, -1)
    this.sendHead((rc) => {
      if (rc !== OK) return x.finish(rc)
      r.connection.engine.writer.flush()
      this.tunnel = new UpgradeTunnel(r, x.link!, {
        tunnelActive: () => x.arm(x.conf.readTimeout),
        tunnelOver: () => {
          r.outputDone = true
          x.finish(OK)
        },
      })
      x.arm(x.conf.readTimeout)
      this.tunnel.start(rest)
    })
  }
}
