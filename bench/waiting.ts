/**
 * What waiting costs a call: the same plugin called plainly, called so that it may wait without waiting, and waiting
 * once; and what a fresh state costs. In one thread, without sockets: `node bench/waiting.ts`. Nanoseconds, the best of
 * 30 batches.
 */
import { buildPlugin } from '../host/cli/build.ts'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compilePlugin } from '../host/wasm/compile.ts'
import { instantiate } from '../host/wasm/plugins.ts'
import type { GuestFunction } from '../host/wasm/program.ts'
import type { Instance } from '../host/wasm/instance.ts'
import { Kind } from '../host/wasm/frame.ts'
import { WaitingCall } from '../host/wasm/waiting.ts'

const source = `import { RpcCall, rpc, sleep, rpc_call } from '@vespid/sdk'
rpc('bench.plain', 'bench.plain', (call: RpcCall): void => {})
rpc('bench.never', 'bench.never', (call: RpcCall): void => { if (call.count > 99) sleep(0) })
rpc('bench.once', 'bench.once', (call: RpcCall): void => { rpc_call('x') })
rpc('bench.thrice', 'bench.thrice', (call: RpcCall): void => { rpc_call('x'); rpc_call('x'); rpc_call('x') })
`

async function best(batch: (count: number) => Promise<void> | void, count = 5000): Promise<number> {
  let least = Infinity
  for (let i = 0; i < 30; i++) {
    const began = process.hrtime.bigint()
    await batch(count)
    least = Math.min(least, Number(process.hrtime.bigint() - began) / count)
  }
  return least
}

const directory = mkdtempSync(join(tmpdir(), 'vespid-bench-'))
process.once('exit', () => rmSync(directory, { recursive: true }))
mkdirSync(join(directory, 'bench'))
writeFileSync(join(directory, 'bench/index.ts'), source)
const { file } = await buildPlugin(join(directory, 'bench'), join(directory, 'bench.wasm'))
const answer = Promise.resolve('x')
const module = instantiate(compilePlugin(file, readFileSync(file)), { call: () => answer }, true)
const { instance, registration } = module.plugin
instance.freeze()
const [plain, never, once, thrice] = registration.commands.map((command) => command.run) as [GuestFunction, GuestFunction, GuestFunction, GuestFunction]
const row = (name: string, ns: number): void => { process.stdout.write(`${name.padEnd(64)} ${ns < 1000 ? ns.toFixed(0).padStart(8) : Math.round(ns).toLocaleString('en').padStart(8)}\n`) }

/** A call as the host makes it when it may wait, without the request around it. */
function waiting(copy: Instance, f: GuestFunction): Promise<void> {
  const frame = copy.enter(Kind.Command, null)
  const call = copy.waiting = new WaitingCall(frame, null, f.label)
  return copy.promise(f)(f.data).then(() => {
    call.ended = true
    copy.waiting = null
    frame.clear()
    copy.leave(frame)
  })
}

row('plain call, with its frame', await best((n) => {
  for (let i = 0; i < n; i++) {
    const frame = instance.enter(Kind.Command, null)
    plain.call(plain.data)
    instance.leave(frame)
  }
}, 50_000))
const copy = instance.copy()
row('call that may wait and does not', await best(async (n) => { for (let i = 0; i < n; i++) await waiting(copy, never) }))
row('call that waits once (for a command whose answer is there)', await best(async (n) => { for (let i = 0; i < n; i++) await waiting(copy, once) }))
row('call that waits three times', await best(async (n) => { for (let i = 0; i < n; i++) await waiting(copy, thrice) }))
row('another instance from the snapshot', await best((n) => { for (let i = 0; i < n; i++) instance.copy() }, 200))
row(`back to the snapshot (${instance.stats().memory >> 10} KiB of memory)`, await best((n) => { for (let i = 0; i < n; i++) copy.reset() }, 2000))
