/**
 * The time of one instance's calls. A call begins without a look at the clock: the first time that its fuel is used up
 * starts it, and each further time reads it. So a short call costs nothing, and a long one a reading every millisecond
 * or so.
 */
export class Clock {
  /** Counts the calls that were not made from within another call of the instance. */
  call = 0
  /** The call in flight has run for too long and is being ended. */
  over = false
  private seen = -1
  private began = 0
  /** Milliseconds that it had run when it went on after a wait. */
  private before = 0
  private cpu: NodeJS.CpuUsage | null = null

  /**
   * The call in flight has used up its fuel; `limit` is what it may run, in milliseconds. The new fuel, or −1 to end
   * the call.
   */
  tick(limit: number): number {
    const now = performance.now()
    if (this.seen !== this.call) {
      this.seen = this.call
      this.over = false
      this.began = now
      this.before = 0
      this.cpu = process.threadCpuUsage()
    } else if (this.over || now - this.began > limit) {
      this.over ||= this.running(now, limit)
      if (this.over) return -1
    }
    // A unit of fuel takes 0.3 to 50 ns, so this is 6 % of the limit, and all of it at the worst.
    return Math.max(10_000, Math.min(1_000_000, limit * 20_000))
  }

  /** The call in flight is suspended: the milliseconds that it has run, as far as they were measured. */
  pause(): number {
    return this.seen === this.call ? performance.now() - this.began : 0
  }

  /** The suspended call goes on; `ran` is what `pause` said. */
  resume(ran: number): void {
    if (ran === 0) this.call++
    else {
      this.began = performance.now() - ran
      this.before = ran
      this.cpu = process.threadCpuUsage()
    }
  }

  /**
   * Whether the time has been spent running. A machine that is short of processors lets threads wait in the middle of a
   * call; that is not the plugin's fault until twice the limit is near.
   */
  private running(now: number, limit: number): boolean {
    if (now - this.began > limit * 1.8) return true
    const { user, system } = process.threadCpuUsage(this.cpu!)
    return this.before + (user + system) / 1000 > limit * 0.9
  }

  /** Whether the call in flight was ended for its time. */
  get ended(): boolean {
    return this.over && this.seen === this.call
  }
}
