import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './cpu.ts'
import type { Load } from './loads.ts'
import type { Message } from './probe.ts'
import { own, pinned, pins, tempRoot } from './proc.ts'

/**
 * What a load generator counted. Latencies are in microseconds and of a whole batch where requests are pipelined;
 * `wrk99` is the 99th percentile as `wrk --latency` prints it. `errors` counts failed connections, time-outs and
 * statuses other than 2xx and 3xx.
 */
export type Counted = {
  requests: number
  seconds: number
  bytes: number
  errors: number
  p50: number
  p99: number
  max: number
  wrk99?: number
}

/** Something that puts a load on 127.0.0.1:`port` for some whole seconds, on the client's cpu. */
export type Generator = { name: string, drive(port: number, load: Load, seconds: number): Promise<Counted> }

/** wrk where it is installed, otherwise the slower generator of load.ts. */
export function findGenerator(): Generator {
  const version = run('wrk', ['-v'])
  if (version === null) return { name: 'bench/load.ts (wrk is not installed)', drive: driveOwn }
  return { name: version.replace(/ Copyright.*/, ''), drive: driveWrk }
}

/** The bytes of `message` on the wire, as a latin1 string. */
export function wire(message: Message, port: number): string {
  const length = message.body === '' ? '' : `Content-Length: ${message.body.length}\r\n`
  const fields = Object.entries(message.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const line = `${message.method} ${message.path} HTTP/1.1\r\n`
  return `${line}Host: 127.0.0.1:${port}\r\n${fields}${length}\r\n${message.body}`
}

// wrk's own counters, printed exactly: its text output rounds them. Its percentiles are not those of what it
// measured: for every latency above twice the mean it adds made-up shorter ones ("coordinated omission"), so that 64
// slow first answers of a run decide its 99th percentile. The additions are exactly known and are taken away again
// here, from the longest latency down; the histogram is reached through LuaJIT's ffi, because wrk's own access to it
// takes a scan per value. Where the layout in memory is another (seen by the least and the greatest value) wrk's own
// percentiles have to do.
const wrkDone = `
local function measured(latency, requests, duration)
  local ffi = require "ffi"
  ffi.cdef "struct bench_stats { uint64_t count, limit, min, max; uint64_t data[1]; };"
  local stats = ffi.cast("struct bench_stats **", latency)[0]
  local min, max = tonumber(stats.min), tonumber(stats.max)
  if min ~= latency.min or max ~= latency.max or max >= tonumber(stats.limit) then return nil end
  local data, total = stats.data, 0
  for n = min, max do total = total + tonumber(data[n]) end
  local rounds = math.floor(requests / connections)
  if rounds > 0 and total * depth > requests + connections * depth then
    local interval = math.floor(duration / rounds)
    for n = max, interval * 2, -1 do
      local count = data[n]
      local m = n - interval
      while count > 0 and m > interval do
        data[m] = data[m] - count
        m = m - interval
      end
    end
    total = 0
    for n = 0, max do total = total + tonumber(data[n]) end
  end
  return function(share)
    local left = math.floor(share / 100 * total + 0.5)
    for n = 0, max do
      left = left - tonumber(data[n])
      if left <= 0 then return n end
    end
    return max
  end
end

function done(summary, latency, requests)
  local e = summary.errors
  local wrk99 = latency:percentile(99)
  local fine, percentile = pcall(measured, latency, summary.requests, summary.duration)
  if not fine or percentile == nil then percentile = function(share) return latency:percentile(share) end end
  io.write(string.format('\\nBENCH {"requests":%d,"seconds":%.6f,"bytes":%d,"errors":%d,',
    summary.requests, summary.duration / 1e6, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
  io.write(string.format('"p50":%d,"p99":%d,"max":%d,"wrk99":%d}\\n',
    percentile(50), percentile(99), latency.max, wrk99))
end
`

// One message at a time is left to wrk, which then builds the request once; a function would be called for each
// request.
function wrkScript(load: Load, port: number): string {
  const [first] = load.messages
  const simple = load.depth === 1 && load.messages.length === 1
  const sizes = `local connections, depth = ${load.connections}, ${load.depth}\n`
  const pause = sizes + (load.pause === 0 ? '' : `function delay() return math.random(1, ${load.pause}) end\n`)
  if (simple && first !== undefined) {
    const body = first.body === '' ? '' : `wrk.body = ${lua(first.body)}\n`
    const headers = Object.entries(first.headers).map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}\n`)
    return `wrk.method = ${lua(first.method)}\n${body}${headers.join('')}${pause}${wrkDone}`
  }
  const requests = load.messages.map(message => lua(wire(message, port).repeat(load.depth))).join(',\n')
  return `local requests = {\n${requests}\n}\nlocal at = 0\n`
    + `function request() at = at % #requests + 1 return requests[at] end\n${pause}${wrkDone}`
}

function lua(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\r/g, '\\r').replace(/\n/g, '\\n')}"`
}

async function driveWrk(port: number, load: Load, seconds: number): Promise<Counted> {
  const script = join(tempRoot(), `${load.name}-${port}.lua`)
  writeFileSync(script, wrkScript(load, port))
  const path = load.messages[0]!.path
  const args = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}${path}`]
  const out = await output('wrk', args)
  const line = /^BENCH (\{.*\})$/m.exec(out)
  if (line === null) throw new Error(`wrk: ${out.trim().split('\n').at(-1)}`)
  return JSON.parse(line[1]!) as Counted
}

async function driveOwn(port: number, load: Load, seconds: number): Promise<Counted> {
  const { connections, depth, pause } = load
  const plan = { port, seconds, connections, depth, pause, requests: load.messages.map(message => wire(message, port)) }
  const out = await output(process.execPath, [join(import.meta.dirname, 'load.ts'), JSON.stringify(plan)])
  return JSON.parse(out) as Counted
}

function output(command: string, args: readonly string[]): Promise<string> {
  const [file, argv] = pinned(pins?.client, command, args)
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const disown = own(child)
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', text => { out += text })
    child.stderr.setEncoding('utf8').on('data', text => { err += text })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      disown()
      if (code === 0) resolve(out)
      else reject(new Error(`${command} ended with ${signal ?? code}: ${(err || out).trim().split('\n').at(-1)}`))
    })
  })
}
