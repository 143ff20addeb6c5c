import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Which cpu the server and the load generator are pinned to; null when pinning is not possible here. */
export type Pins = { server: number, client: number } | null

const ticksPerSecond = number(run('getconf', ['CLK_TCK'])) ?? 100

/**
 * A cpu for the server and another for the client, not two threads of one core where that can be avoided; null
 * without taskset or a second cpu.
 */
export function findPins(): Pins {
  if (run('taskset', ['-V']) === null) return null
  const allowed = cpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(read('/proc/self/status') ?? '')?.[1] ?? '')
  if (allowed.length < 2) return null
  const server = allowed[0]!
  const siblings = cpuList(read(`/sys/devices/system/cpu/cpu${server}/topology/thread_siblings_list`)?.trim() ?? '')
  const client = allowed.find(cpu => cpu !== server && !siblings.includes(cpu)) ?? allowed[1]!
  return { server, client }
}

/** The process ids of `root` and all its descendants, from /proc; only `root` where there is no /proc. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of list('/proc')) {
    const stat = /^\d+$/.test(name) ? statFields(read(`/proc/${name}/stat`)) : null
    if (stat === null) continue
    const parent = Number(stat[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []))
  return tree
}

/** Seconds of CPU (user and system, all threads) that the processes `pids` have used so far; null without /proc. */
export function cpuSeconds(pids: readonly number[]): number | null {
  let ticks = 0
  for (const pid of pids) {
    const stat = statFields(read(`/proc/${pid}/stat`))
    if (stat === null) return null
    ticks += Number(stat[11]) + Number(stat[12])
  }
  return ticks / ticksPerSecond
}

/** Seconds of CPU that this process and its finished children have used so far; null without /proc. */
export function ownCpuSeconds(): number | null {
  const stat = statFields(read('/proc/self/stat'))
  if (stat === null) return null
  return (Number(stat[11]) + Number(stat[12]) + Number(stat[13]) + Number(stat[14])) / ticksPerSecond
}

/**
 * Seconds that the pinned cpus (all cpus when `pins` is null) have been busy for anybody so far, time stolen by the
 * hypervisor included; null without /proc.
 */
export function busySeconds(pins: Pins): number | null {
  const text = read('/proc/stat')
  if (text === null) return null
  const names = pins === null ? ['cpu'] : [`cpu${pins.server}`, `cpu${pins.client}`]
  let ticks = 0
  for (const line of text.split('\n')) {
    const [name, user, nice, system, , , irq, softirq, steal] = line.split(/\s+/)
    if (names.includes(name!)) for (const field of [user, nice, system, irq, softirq, steal]) ticks += Number(field)
  }
  return ticks / ticksPerSecond
}

/** The first line of what `command` prints with `args`, on either stream; null when it cannot be run. */
export function run(command: string, args: readonly string[]): string | null {
  try {
    const out = execFileSync('sh', ['-c', 'exec 2>&1; exec "$@"', 'sh', command, ...args], { encoding: 'utf8' })
    return out.split('\n', 1)[0]!
  } catch (error) {
    const { status, stdout } = error as { status: number | null, stdout: string }
    return status === 127 || status === 126 ? null : (stdout ?? '').split('\n', 1)[0]!
  }
}

// The fields of /proc/PID/stat after the command name, which may itself hold blanks and parentheses: [0] is the state.
function statFields(text: string | null): string[] | null {
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function cpuList(text: string): number[] {
  const cpus: number[] = []
  for (const part of text.split(',').filter(part => part !== '')) {
    const [first, last] = part.split('-').map(Number)
    for (let cpu = first!; cpu <= (last ?? first!); cpu++) cpus.push(cpu)
  }
  return cpus
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function number(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text.trim()) ? Number(text) : null
}
