import type { Link, Rows, Statement } from './types.ts'
import { DatabaseError } from './types.ts'

/** How many connections there may be, how many statements may queue for them, and how long an idle connection is kept. */
export interface PoolLimits {
  readonly connections: number
  readonly queue: number
  /** Milliseconds. */
  readonly idle: number
}

/** Milliseconds in which a statement that was given up must end; its connection is closed then. */
const grace = 1000
/** Connections that may still be ending while new ones are opened: a SQLite statement that was given up goes on to its end. */
const mostLeaving = 2

interface Job {
  readonly statement: Statement
  readonly done: (outcome: Rows | DatabaseError) => void
  readonly timer: NodeJS.Timeout
  link: Link | null
  settled: boolean
}

/**
 * The connections to one database, opened as they are needed. A statement that takes too long, or that nobody waits for any more, is cancelled;
 * its caller is answered at once, and the connection goes back when the statement has ended, or is closed.
 */
export class Pool {
  private readonly open: () => Promise<Link>
  private readonly limits: PoolLimits
  private readonly idle: { readonly link: Link, readonly timer: NodeJS.Timeout }[] = []
  private readonly jobs: Job[] = []
  /** Connections that are there or are being opened. */
  private links = 0
  /** Connections that were given up and have not ended yet. */
  private leaving = 0

  constructor(open: () => Promise<Link>, limits: PoolLimits) {
    this.open = open
    this.limits = limits
  }

  /** Runs a statement and hands its outcome to `done`, once, never before this returns. Returns how to give it up: `done` is not called then. */
  ask(statement: Statement, done: (outcome: Rows | DatabaseError) => void): () => void {
    const job: Job = {
      statement, done, link: null, settled: false,
      timer: setTimeout(() => {
        const waited = job.link === null ? 'no connection was free for' : 'the query took more than'
        this.settle(job, new DatabaseError(`${waited} ${statement.timeout / 1000} s`))
        this.giveUp(job)
      }, statement.timeout),
    }
    if (this.jobs.length >= this.limits.queue) {
      queueMicrotask(() => this.settle(job, new DatabaseError(`too many queries wait already (${this.limits.queue})`)))
      return () => this.settle(job, null)
    }
    this.jobs.push(job)
    this.next()
    return () => {
      this.settle(job, null)
      this.giveUp(job)
    }
  }

  /** Hands waiting statements to connections. */
  private next(): void {
    while (this.jobs.length > 0) {
      const free = this.idle.pop()
      if (free !== undefined) {
        clearTimeout(free.timer)
        void this.run(free.link, this.jobs.shift()!)
      } else if (this.links < this.limits.connections && this.leaving < mostLeaving) void this.connect()
      else return
    }
  }

  private async connect(): Promise<void> {
    this.links++
    // The first in the queue waits for this connection, and is told when there is none.
    const job = this.jobs.shift()!
    try {
      const link = await this.open()
      if (job.settled) this.release(link)
      else void this.run(link, job)
    } catch (error) {
      this.links--
      this.settle(job, error instanceof DatabaseError ? error : new DatabaseError((error as Error).message))
      this.next()
    }
  }

  private async run(link: Link, job: Job): Promise<void> {
    job.link = link
    let outcome: Rows | DatabaseError
    try {
      outcome = await link.run(job.statement)
    } catch (error) {
      outcome = error instanceof DatabaseError ? error : new DatabaseError((error as Error).message)
    }
    job.link = null
    this.settle(job, outcome)
    this.release(link)
  }

  /** A connection that has nothing to do: the next statement's, or idle, or gone. */
  private release(link: Link): void {
    if (!link.usable) return this.drop(link)
    const timer = setTimeout(() => {
      this.forget(link)
      this.drop(link)
    }, this.limits.idle)
    timer.unref()
    link.onLost = () => {
      this.forget(link)
      this.drop(link)
    }
    this.idle.push({ link, timer })
    this.next()
  }

  private forget(link: Link): void {
    const i = this.idle.findIndex((entry) => entry.link === link)
    if (i < 0) return
    clearTimeout(this.idle[i]!.timer)
    this.idle.splice(i, 1)
  }

  private drop(link: Link): void {
    link.onLost = null
    this.links--
    this.leaving++
    void link.close().catch(() => {}).then(() => {
      this.leaving--
      this.next()
    })
    this.next()
  }

  private settle(job: Job, outcome: Rows | DatabaseError | null): void {
    if (job.settled) return
    job.settled = true
    clearTimeout(job.timer)
    if (outcome !== null) job.done(outcome)
  }

  private giveUp(job: Job): void {
    const i = this.jobs.indexOf(job)
    if (i >= 0) this.jobs.splice(i, 1)
    const { link } = job
    if (link === null) return
    link.cancel()
    setTimeout(() => { if (job.link === link) void link.close().catch(() => {}) }, grace).unref()
  }
}
