import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, openSync, closeSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPins } from './cpu.ts'
import type { Running } from './peers/peer.ts'
import { probe } from './probe.ts'

/** The cpus that this run uses. */
export const pins = findPins()

const groups = new Map<number, ChildProcess>()
let tempDir: string | null = null

/** The temporary directory of this run, made at the first call and removed by `cleanUp`. */
export function tempRoot(): string {
  return tempDir ??= mkdtempSync(join(tmpdir(), 'vespid-bench-'))
}

/** `command` with `args`, through taskset when this run pins to `cpu`. */
export function pinned(cpu: number | undefined, command: string, args: readonly string[]): [string, string[]] {
  return cpu === undefined ? [command, [...args]] : ['taskset', ['-c', String(cpu), command, ...args]]
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/**
 * Starts a server on the server's cpu, in a process group of its own, and waits up to 20 s until it answers HTTP on
 * `port`. Rejects with its last line of output when it ends before that. `dir` gets its output as output.txt.
 */
export async function startServer(
  dir: string, port: number, command: string, args: readonly string[],
): Promise<Running> {
  const output = join(dir, 'output.txt')
  const fd = openSync(output, 'w')
  const [file, argv] = pinned(pins?.server, command, args)
  const child = spawn(file, argv, { cwd: dir, detached: true, stdio: ['ignore', fd, fd] })
  closeSync(fd)
  let failed: string | null = null
  child.on('error', error => { failed = error.message })
  child.on('exit', (code, signal) => { failed ??= `ended with ${signal ?? code}` })
  if (child.pid !== undefined) groups.set(child.pid, child)
  for (const deadline = Date.now() + 20_000; ;) {
    if (failed !== null) break
    if (await probe(port, { method: 'GET', path: '/', headers: {}, body: '' }).catch(() => null) !== null) {
      return { pid: child.pid!, port, stop: () => stop(child) }
    }
    if (Date.now() > deadline) {
      failed = 'no answer within 20 s'
      break
    }
    await sleep(20)
  }
  await stop(child)
  const lines = readFileSync(output, 'utf8').split('\n').filter(line => line.trim() !== '')
  const telling = lines.find(line => /error|emerg|fatal/i.test(line)) ?? lines.at(-1)
  throw new Error(telling === undefined ? failed! : `${failed}: ${telling.trim()}`)
}

/**
 * Ends every process that is still there and removes the temporary directory; safe to call at any moment, and twice.
 */
export function cleanUp(): void {
  for (const pid of groups.keys()) signalGroup(pid, 'SIGKILL')
  groups.clear()
  if (tempDir !== null) rmSync(tempDir, { recursive: true, force: true })
  tempDir = null
}

/** Registers a process group leader that `cleanUp` must end; the result takes it off the list. */
export function own(child: ChildProcess): () => void {
  if (child.pid === undefined) return () => {}
  groups.set(child.pid, child)
  return () => groups.delete(child.pid!)
}

async function stop(child: ChildProcess): Promise<void> {
  const pid = child.pid
  if (pid === undefined) return
  const ended = new Promise<void>(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) resolve()
    else child.once('exit', () => resolve())
  })
  signalGroup(pid, 'SIGTERM')
  await Promise.race([ended, sleep(3000, undefined, { ref: false })])
  // Also when the leader has gone: a child of it may have stayed.
  signalGroup(pid, 'SIGKILL')
  await ended
  groups.delete(pid)
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone: that is what was wanted.
  }
}
