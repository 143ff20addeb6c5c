import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Comparison, Row } from './comparisons.ts'
import { busySeconds, cpuSeconds, ownCpuSeconds, processTree } from './cpu.ts'
import type { Counted, Generator } from './generator.ts'
import type { Peer, Running } from './peers/peer.ts'
import { probe } from './probe.ts'
import { pins, tempRoot } from './proc.ts'

/**
 * One load on one server. `cpu` is the server's CPU per request in microseconds, `foreign` the cores that others used
 * meanwhile; null where /proc is missing.
 */
export type Sample = Counted & { round: number, cpu: number | null, foreign: number | null }

/** A row that ran, or why it did not. */
export type Measured = { row: Row, bytes: number, samples: Sample[] } | { row: Row, skipped: string }

/** How long and how often, and whom to tell what is going on. */
export type Plan = { rounds: number, seconds: number, generator: Generator, say(text: string): void }

type Ready = { row: Row, running: Running, bytes: number, samples: Sample[] }

/**
 * Starts all servers of `comparison`, warms each up once, then loads them in turn, `rounds` times. Ends them whatever
 * happens.
 */
export async function measure(comparison: Comparison, plan: Plan): Promise<Measured[]> {
  const measured: Measured[] = []
  const ready: Ready[] = []
  try {
    for (const row of withAgain(comparison)) {
      const started = await start(row, comparison, measured.length)
      if ('skipped' in started) plan.say(`${comparison.name}: ${row.peer.name} skipped: ${started.skipped}`)
      else ready.push(started)
      measured.push(started)
    }
    for (const one of ready) await plan.generator.drive(one.running.port, comparison.load, 1)
    for (let round = 1; round <= plan.rounds; round++) {
      plan.say(`${comparison.name}: round ${round} of ${plan.rounds}`)
      // Every second round backwards, so that no server always follows the same one.
      for (const one of round % 2 === 1 ? ready : ready.toReversed()) {
        one.samples.push(await sample(one.running, comparison, plan, round))
      }
    }
  } finally {
    await Promise.all(ready.map(one => one.running.stop()))
  }
  return measured.map(one => 'skipped' in one ? one : { row: one.row, bytes: one.bytes, samples: one.samples })
}

// The rows of `comparison` with the A/A line: the first row's peer once more or, where that is missing, the raw
// server's.
function withAgain(comparison: Comparison): Row[] {
  const there = comparison.rows.filter(row => row.peer.available() === null)
  const chosen = there.find(row => row === comparison.rows[0])
    ?? there.find(row => row.peer.name === 'raw-onread') ?? there[0]
  const rows: Row[] = []
  for (const row of comparison.rows) {
    rows.push(row)
    if (row === chosen) rows.push({ peer: row.peer, again: true })
  }
  return rows
}

async function start(row: Row, comparison: Comparison, index: number): Promise<Ready | { row: Row, skipped: string }> {
  const reason = row.peer.available()
  if (reason !== null) return { row, skipped: reason }
  const dir = join(tempRoot(), `${comparison.name}-${index}-${row.peer.name}`)
  mkdirSync(dir, { recursive: true })
  let running: Running
  try {
    running = await row.peer.start(dir)
  } catch (error) {
    return { row, skipped: `did not start: ${(error as Error).message}` }
  }
  const checked = await check(row.peer, running.port, comparison)
  if (typeof checked === 'number') return { row, running, bytes: checked, samples: [] }
  await running.stop()
  return { row, skipped: checked }
}

// The size of the first answer in bytes, or why an answer is not the expected one.
async function check(peer: Peer, port: number, comparison: Comparison): Promise<number | string> {
  let bytes = 0
  for (const message of comparison.load.messages) {
    try {
      const answer = await probe(port, message)
      const fault = peer.check(answer)
      if (fault !== null) return `${message.method} ${message.path}: ${fault}`
      bytes ||= answer.bytes
    } catch (error) {
      return `${message.method} ${message.path}: ${(error as Error).message}`
    }
  }
  return bytes
}

async function sample(running: Running, comparison: Comparison, plan: Plan, round: number): Promise<Sample> {
  await quiet()
  const pids = processTree(running.pid)
  const before = { server: cpuSeconds(pids), own: ownCpuSeconds(), busy: busySeconds(pins), at: performance.now() }
  const counted = await plan.generator.drive(running.port, comparison.load, plan.seconds * comparison.load.stretch)
  const seconds = (performance.now() - before.at) / 1000
  const server = difference(cpuSeconds(pids), before.server)
  const own = difference(ownCpuSeconds(), before.own)
  const busy = difference(busySeconds(pins), before.busy)
  const foreign = server === null || own === null || busy === null ? null : Math.max(0, busy - server - own) / seconds
  const cpu = server === null || counted.requests === 0 ? null : server * 1e6 / counted.requests
  return { ...counted, round, cpu, foreign }
}

// Waits for 150 ms in which nobody uses a tenth of a core of ours, but not longer than 3 s: then the sample's
// `foreign` tells.
async function quiet(): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const before = busySeconds(pins)
    if (before === null) return
    await sleep(150)
    if (busySeconds(pins)! - before <= 0.015) return
  }
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before
}
