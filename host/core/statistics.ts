/**
 * The server's statistics under Kamailio's names (kamailio.md §3.3), counted per worker in memory that all threads share and summed when
 * somebody reads. A worker writes its own row only, so that counting is one addition without a lock. Doubles: exact up to 2^53.
 */

/** A statistic that is listed beside those that are counted here; what `read` gives holds for the whole server. */
export interface Listed {
  readonly group: string
  readonly name: string
  readonly help: string
  /** What it says now. */
  read(): number
  /** Begins anew at 0; absent: it shows a state, which cannot be. */
  reset?(): void
}

const methods = ['bye', 'cancel', 'invite', 'message', 'prack', 'refer', 'reg', 'update']
const classes = [1, 2, 3, 4, 5, 6].flatMap((n) => [`${n}xx`, ...methods.map((method) => `${n}xx_${method}`)])
const ownReplies = [401, 404, 407, 480, 486]

/** The names by group; the order is that of the cells and need not be sorted. */
const groups: Readonly<Record<string, readonly string[]>> = {
  core: [
    'rcv_requests', 'rcv_replies', 'fwd_requests', 'fwd_replies', 'drop_requests', 'drop_replies', 'err_requests', 'err_replies',
    'bad_URIs_rcvd', 'bad_msg_hdr', 'unsupported_methods',
    ...['ack', 'bye', 'cancel', 'info', 'invite', 'message', 'notify', 'options', 'prack', 'publish', 'refer', 'register', 'subscribe', 'update']
      .map((method) => `rcv_requests_${method}`),
    'rcv_replies_18x', ...classes.map((name) => `rcv_replies_${name}`), ...ownReplies.map((code) => `rcv_replies_${code}`),
  ],
  dns: ['failed_dns_request', 'slow_dns_request'],
  sl: [
    'sent_replies', 'sent_err_replies', 'received_ACKs', 'failures', '1xx_replies', '2xx_replies', '3xx_replies', '4xx_replies', '5xx_replies', '6xx_replies',
    'xxx_replies', ...[200, 202, 300, 301, 302, 400, 401, 403, 404, 407, 408, 483, 500].map((code) => `${code}_replies`),
  ],
  tcp: [
    'passive_open', 'established', 'current_opened_connections', 'current_write_queue_size', 'con_reset', 'con_timeout', 'connect_failed', 'connect_success',
    'local_reject', 'send_timeout', 'sendq_full',
  ],
}

const cells = new Map<string, number>()
for (const [group, names] of Object.entries(groups)) for (const name of names) cells.set(`${group}:${name}`, cells.size)
/** By name alone: no two groups have the same. */
const bareNames = new Map([...cells].map(([key, cell]) => [key.slice(key.indexOf(':') + 1), cell]))

/** What it is, in a sentence, for those that have something to say here. */
const sentences: Readonly<Record<string, string>> = {
  'core:rcv_requests': 'requests received, HTTP and SIP', 'core:bad_msg_hdr': 'messages whose head could not be read', 'sl:sent_replies': 'replies sent',
  'tcp:passive_open': 'connections accepted', 'tcp:established': 'connections established', 'tcp:current_opened_connections': 'connections that are open',
}

/** States, not counts: they are not reset, and a worker that ends takes its part with it. */
const states = ['tcp:current_opened_connections', 'tcp:current_write_queue_size'].map((key) => cells.get(key)!)

/** Numbers per worker: cells, rounded to whole cache lines of 64 bytes. */
const stride = Math.ceil((cells.size + 1) / 8) * 8
/** Workers that are counted; the next one shares the last row, and some of its counts may get lost. */
const rows = 256
/** Where, in row 0, it stands how many rows are in use. Row 0 holds what a reset takes off. */
const used = stride - 1

function cellOf(group: string, name: string): number {
  return cells.get(`${group}:${name}`)!
}

/** Cells that the host counts with. */
export const Stat = {
  rcvRequests: cellOf('core', 'rcv_requests'), badHead: cellOf('core', 'bad_msg_hdr'), sentReplies: cellOf('sl', 'sent_replies'),
  passiveOpen: cellOf('tcp', 'passive_open'), established: cellOf('tcp', 'established'), open: cellOf('tcp', 'current_opened_connections'),
} as const

/** The cell of a reply by its status, 0 to 999. */
const replyCells = new Uint8Array(1000)
for (let code = 0; code < 1000; code++) {
  const klass = Math.floor(code / 100)
  replyCells[code] = cells.get(`sl:${code}_replies`) ?? cells.get(`sl:${klass}xx_replies`) ?? cellOf('sl', 'xxx_replies')
}

/** The statistics of the process as one thread sees them. */
export class Statistics {
  private numbers = new Float64Array(new SharedArrayBuffer(rows * stride * 8))
  /** Where this thread's row begins. */
  private row = stride

  /** The memory to be given to the process's other threads. */
  get memory(): SharedArrayBuffer { return this.numbers.buffer as SharedArrayBuffer }

  /** Counts in this memory from now on, as the worker of a slot from 0. What a former worker of the slot has counted stays. */
  attach(memory: SharedArrayBuffer, slot: number): void {
    this.numbers = new Float64Array(memory)
    this.row = (1 + Math.min(slot, rows - 2)) * stride
    for (const cell of states) this.numbers[this.row + cell] = 0
    if (this.numbers[used]! < slot + 1) this.numbers[used] = Math.min(slot + 1, rows - 1)
  }

  /** The cell of a statistic that is counted here, for `add`; −1 when there is none of that name. */
  index(group: string, name: string): number { return cells.get(`${group}:${name}`) ?? -1 }

  /** The cell of a name alone, or `GROUP:NAME`; −1 when there is none. */
  named(name: string): number { return bareNames.get(name) ?? cells.get(name) ?? -1 }

  add(cell: number): void { this.numbers[this.row + cell]!++ }
  /** Adds a number, or takes one away. */
  change(cell: number, by: number): void { this.numbers[this.row + cell]! += by }
  /** Says a state of this worker. */
  put(cell: number, value: number): void { this.numbers[this.row + cell] = value }

  /** A reply of this status was sent. */
  reply(status: number): void {
    const { numbers, row } = this
    numbers[row + Stat.sentReplies]!++
    numbers[row + replyCells[status]!]!++
  }

  /** The worker of a slot has ended. */
  ended(slot: number): void {
    if (slot < rows - 1) for (const cell of states) this.numbers[(1 + slot) * stride + cell] = 0
  }

  /** Workers that have counted. */
  get workers(): number { return Math.max(1, this.numbers[used]!) }

  /** The number of all workers since the last reset. */
  read(cell: number): number { return this.total(cell) - this.numbers[cell]! }

  /** Begins anew at 0; a state stays. */
  reset(cell: number): void {
    if (!states.includes(cell)) this.numbers[cell] = this.total(cell)
  }

  private total(cell: number): number {
    let sum = 0
    // A process of one thread has never attached.
    for (let slot = 1, last = this.workers; slot <= last; slot++) sum += this.numbers[slot * stride + cell]!
    return sum
  }

  /** Those that are counted here. */
  list(): Listed[] {
    return [...cells].map(([key, cell]) => {
      const colon = key.indexOf(':')
      const reset = states.includes(cell) ? {} : { reset: () => this.reset(cell) }
      return {
        group: key.slice(0, colon), name: key.slice(colon + 1), help: sentences[key] ?? 'counts as Kamailio does', read: () => this.read(cell), ...reset,
      }
    })
  }
}

/** The one of this thread. */
export const statistics = new Statistics()
