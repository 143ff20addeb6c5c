/** One timer that is restarted often: a restart with the same delay costs no new timer. */
export class Deadline {
  private readonly expired: () => void
  private timer: NodeJS.Timeout | null = null
  private delay = 0

  constructor(expired: () => void) { this.expired = expired }

  /** Starts or restarts it, in ms. */
  arm(delay: number): void {
    if (this.timer !== null && this.delay === delay) {
      this.timer.refresh()
      return
    }
    this.disarm()
    this.delay = delay
    this.timer = setTimeout(() => {
      this.timer = null
      this.expired()
    }, delay)
  }

  disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }
}
