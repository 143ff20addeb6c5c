/**
 * `node bench/sip.ts [ROUNDS [SECONDS]]`: SIP OPTIONS over UDP, answered statelessly, by vespid with one worker and by Kamailio with one child, in turns.
 * The generator keeps 64 requests in flight, on another processor where there is one. What counts besides answers a second is the server's own processor
 * time for one, which a generator that is slower than the server does not hide.
 */
import { createSocket } from 'node:dgram'
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync, readdirSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cleanUp, freePort, own, pinned, pins, tempRoot } from './proc.ts'
import { findProgram } from '../test/programs.ts'

const rounds = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 3)
const window = 64
const root = join(import.meta.dirname, '..')

const kamailioFile = (port: number): string => `#!KAMAILIO
debug=-1
log_stderror=yes
children=1
disable_tcp=yes
listen=udp:127.0.0.1:${port}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
request_route { if (is_method("OPTIONS")) sl_send_reply("200", "OK"); }
`
const vespidFile = (port: number): string => `worker_processes 1; error_log stderr error; pid vespid.pid; events {}
http { sip { listen udp:127.0.0.1:${port}; request_route { if (is_method("OPTIONS")) sl_send_reply("200", "OK"); } } }
`

interface Peer { readonly name: string, start(port: number, dir: string): string[] }

const peers: Peer[] = [{
  name: 'vespid',
  start(port, dir) {
    writeFileSync(join(dir, 'vespid.conf'), vespidFile(port))
    return [join(root, 'host/vespid'), '-p', dir, '-c', 'vespid.conf']
  },
}]
const kamailio = findProgram('kamailio')
if (kamailio === null) console.log('kamailio is not installed: only vespid is measured')
else {
  peers.push({
    name: 'kamailio',
    start(port, dir) {
      writeFileSync(join(dir, 'kamailio.cfg'), kamailioFile(port))
      return [kamailio, '-f', join(dir, 'kamailio.cfg'), '-Y', dir, '-P', join(dir, 'pid'), '-DD', '-E']
    },
  })
}

/** Processor time in seconds of a process group so far. */
function cpuOf(group: number): number {
  let ticks = 0
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'latin1')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      if (Number(fields[2]) === group) ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
}

const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) })
await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
socket.setRecvBufferSize(1 << 21)
let answers = 0
let sends = 0
let port = 0
let on = false
function request(): void {
  const n = ++sends
  socket.send(`OPTIONS sip:service@127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${socket.address().port};rport;branch=z9hG4bK-${n}\r\n` +
    `Max-Forwards: 70\r\nFrom: "Probe" <sip:probe@127.0.0.1>;tag=${n}\r\nTo: <sip:service@127.0.0.1>\r\nCall-ID: ${n}@127.0.0.1\r\nCSeq: 1 OPTIONS\r\n` +
    'Contact: <sip:probe@127.0.0.1:5999>\r\nAccept: application/sdp\r\nUser-Agent: bench\r\nContent-Length: 0\r\n\r\n', port, '127.0.0.1')
}
socket.on('message', () => {
  answers++
  if (on) request()
})

/** One measurement of a server that runs: answers a second, and microseconds of its processor time for one. */
async function measure(group: number): Promise<{ rate: number, cost: number }> {
  const warm = answers + 80_000
  on = true
  for (let i = 0; i < window; i++) request()
  // The runtime compiles what is hot: that is no part of what is measured.
  for (const deadline = Date.now() + 12_000; answers < warm && Date.now() < deadline;) await sleep(50)
  const cpu = cpuOf(group)
  const before = answers
  const begin = performance.now()
  let last = answers
  for (let left = seconds * 10; left > 0; left--) {
    await sleep(100)
    // Datagrams that got lost are made up for.
    if (answers === last) for (let i = 0; i < window; i++) request()
    last = answers
  }
  const rate = (answers - before) / ((performance.now() - begin) / 1000)
  const cost = (cpuOf(group) - cpu) * 1e6 / (answers - before)
  on = false
  await sleep(200)
  return { rate, cost }
}

/** Waits until it answers. */
async function ready(): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    const before = answers
    request()
    await sleep(100)
    if (answers > before) return
  }
  throw new Error('no answer within 20 s')
}

function median(list: number[]): number {
  const sorted = list.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

if (pins !== null) execFileSync('taskset', ['-acp', String(pins.client), String(process.pid)])
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    cleanUp()
    process.exit(1)
  })
}
const results = new Map<string, { rate: number, cost: number }[]>()
try {
  for (let round = 0; round < rounds; round++) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      const dir = join(tempRoot(), `${peer.name}-${round}`)
      mkdirSync(dir)
      port = await freePort()
      const [command, ...args] = peer.start(port, dir)
      const [file, argv] = pinned(pins?.server, command!, args)
      const child = spawn(file, argv, { cwd: dir, detached: true, stdio: 'ignore' })
      const release = own(child)
      await ready()
      const result = await measure(child.pid!)
      results.set(peer.name, [...results.get(peer.name) ?? [], result])
      console.log(`${peer.name} ${Math.round(result.rate)} answers/s, ${result.cost.toFixed(1)} µs each`)
      process.kill(-child.pid!, 'SIGTERM')
      await Promise.race([new Promise((resolve) => child.once('exit', resolve)), sleep(3000)])
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // All gone.
      }
      release()
    }
  }
  for (const [name, list] of results) {
    const rates = list.map(({ rate }) => rate)
    console.log(`${name}: median ${Math.round(median(rates))} answers/s (${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))}), ` +
      `${median(list.map(({ cost }) => cost)).toFixed(1)} µs of processor time each`)
  }
} finally {
  socket.close()
  cleanUp()
}
