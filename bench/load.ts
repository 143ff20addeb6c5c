// The load generator for a machine without wrk: `node bench/load.ts PLAN` with PLAN as JSON, prints its counts as
// JSON. It is written on net and reaches about half of wrk's rate, so a fast server is measured against its limit:
// read the CPU per request, not the rate.
import net from 'node:net'

type Plan = { port: number, seconds: number, connections: number, depth: number, pause: number, requests: string[] }

const plan = JSON.parse(process.argv[2] ?? '{}') as Plan
const batches = plan.requests.map(request => Buffer.from(request.repeat(plan.depth), 'latin1'))
const maxAnswer = 1 << 20
// One slot per 10 us up to 1 s; the last also counts what took longer.
const slots = new Uint32Array(100_000)
const counts = { requests: 0, bytes: 0, errors: 0 }
let next = 0
let longest = 0
let open = true

// One connection: sends a batch, counts its answers, sends the next.
class Client {
  socket: net.Socket
  rest = ''
  waiting = 0
  sentAt = 0

  constructor() {
    this.socket = net.connect({ port: plan.port, host: '127.0.0.1', noDelay: true })
    this.socket.setEncoding('latin1')
    this.socket.on('connect', () => this.send())
    this.socket.on('data', text => this.take(text as unknown as string))
    this.socket.on('error', () => { counts.errors++ })
    this.socket.on('close', () => { if (open) counts.errors++ })
  }

  send(): void {
    if (!open) return
    this.waiting = plan.depth
    this.sentAt = performance.now()
    this.socket.write(batches[next++ % batches.length]!)
  }

  take(text: string): void {
    this.rest = this.rest === '' ? text : this.rest + text
    counts.bytes += text.length
    while (this.waiting > 0) {
      const end = this.answerEnd()
      if (end < 0) break
      this.rest = this.rest.slice(end)
      this.waiting--
      if (open) this.count()
    }
    if (this.rest.length > maxAnswer) this.socket.destroy(new Error('too long answer'))
    if (this.waiting > 0) return
    if (plan.pause === 0) this.send()
    else setTimeout(() => this.send(), 1 + Math.random() * (plan.pause - 1))
  }

  count(): void {
    counts.requests++
    const took = performance.now() - this.sentAt
    const slot = Math.floor(took * 100)
    if (took > longest) longest = took
    slots[Math.min(slot, slots.length - 1)]!++
  }

  // Where the first answer in `rest` ends, or -1. Knows Content-Length only: all peers send it.
  answerEnd(): number {
    const head = this.rest.indexOf('\r\n\r\n')
    if (head < 0) return -1
    const fields = this.rest.slice(0, head).toLowerCase()
    const at = fields.indexOf('\r\ncontent-length:')
    const end = head + 4 + (at < 0 ? 0 : parseInt(fields.slice(at + 17), 10))
    if (end > this.rest.length) return -1
    const status = fields.charCodeAt(9)
    if (status !== 0x32 && status !== 0x33) counts.errors++
    return end
  }
}

// The latency in microseconds that `share` of the requests did not exceed.
function percentile(share: number): number {
  let left = Math.ceil(counts.requests * share)
  for (let slot = 0; slot < slots.length; slot++) if ((left -= slots[slot]!) <= 0) return (slot + 1) * 10
  return NaN
}

const started = performance.now()
for (let i = 0; i < plan.connections; i++) new Client()
setTimeout(() => {
  open = false
  const seconds = (performance.now() - started) / 1000
  console.log(JSON.stringify({ ...counts, seconds, p50: percentile(0.5), p99: percentile(0.99), max: longest * 1000 }))
  process.exit(0)
}, plan.seconds * 1000)
