import type { Link } from './link.ts'

/**
 * The connections of one upstream that wait for their next request (nginx's upstream keepalive cache, per worker): the
 * latest used is taken first, past the limit the longest idle is closed.
 */
export class IdleLinks {
  private readonly links: { link: Link, timer: NodeJS.Timeout }[] = []
  private max = 0
  private requests = 0
  private time = 0
  private timeout = 0
  private closed = false

  /** Limits: links, requests on one link, its age and idle time in ms. */
  configure(max: number, requests: number, time: number, timeout: number): void {
    this.max = max
    this.requests = requests
    this.time = time
    this.timeout = timeout
  }

  /** Whether connections are kept at all. */
  get enabled(): boolean { return this.max > 0 }
  /** How many are idle. */
  get size(): number { return this.links.length }

  /** Takes an idle link of that key; null when there is none. The caller becomes its user. */
  take(key: string): Link | null {
    for (let i = this.links.length - 1; i >= 0; i--) {
      const { link, timer } = this.links[i]!
      if (link.key !== key) continue
      this.links.splice(i, 1)
      clearTimeout(timer)
      link.onIdleEnd = null
      link.socket.ref()
      return link
    }
    return null
  }

  /** Keeps a link whose exchange is complete, or closes it when it may not be kept. */
  keep(link: Link): void {
    const old = link.requests >= this.requests || Date.now() - link.created > this.time
    if (this.closed || this.max === 0 || old || link.socket.destroyed) {
      link.destroy()
      return
    }
    if (this.links.length >= this.max) {
      const oldest = this.links.shift()!
      clearTimeout(oldest.timer)
      oldest.link.destroy()
    }
    link.user = null
    link.onIdleEnd = () => this.forget(link)
    link.socket.resume()
    // An idle connection must not keep the worker alive.
    link.socket.unref()
    const timer = setTimeout(() => {
      this.forget(link)
      link.destroy()
    }, this.timeout)
    timer.unref()
    this.links.push({ link, timer })
  }

  /** Closes all and keeps none from now on: the configuration is gone. */
  close(): void {
    this.closed = true
    for (const { link, timer } of this.links.splice(0)) {
      clearTimeout(timer)
      link.destroy()
    }
  }

  private forget(link: Link): void {
    const at = this.links.findIndex((entry) => entry.link === link)
    if (at < 0) return
    clearTimeout(this.links[at]!.timer)
    this.links.splice(at, 1)
  }
}
