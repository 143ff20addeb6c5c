import type { Transport } from './message.ts'
import { sipCounts } from './counters.ts'
import { sentBy } from './listens.ts'

/** Lines a second about messages that are none: a flood of them is not to fill the disk. */
const linesPerSecond = 10

/** Tells, and counts, what was no message. */
export class MalformedLog {
  private readonly write: (line: string) => void
  private lines = 0
  private second = 0
  private hidden = 0

  constructor(write: (line: string) => void) {
    this.write = write
  }

  /** `why` says what is wrong with what came over `transport`. Some lines a second; how many more there were comes with the next. */
  tell(why: string, { protocol, source }: Transport): void {
    sipCounts.bad()
    const second = Math.floor(Date.now() / 1000)
    if (second !== this.second) {
      if (this.hidden > 0) this.write(`sip: ${this.hidden} more bad messages`)
      this.second = second
      this.lines = this.hidden = 0
    }
    if (++this.lines > linesPerSecond) this.hidden++
    else this.write(`sip: ${why}, dropped, ${protocol} client: ${sentBy(source.address, source.port)}`)
  }
}
