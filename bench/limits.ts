/**
 * What the sandbox costs, measured in one thread: `node bench/limits.ts [--rounds N]`. Each function runs as it is in
 * the file and as it is after the rewriter, in turn; the figure is the least of all rounds. No network, no other
 * process.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import wabt from 'wabt'
import { packageRoot } from '../host/core/install.ts'
import { readOutline } from '../host/wasm/binary.ts'
import { compilePlugin } from '../host/wasm/compile.ts'
import { exported, rewrite } from '../host/wasm/limits/rewrite.ts'
import { defaultSettings } from '../host/wasm/limits/settings.ts'
import { tickFunction } from '../host/wasm/limits/tick.ts'
import { instantiate } from '../host/wasm/plugins.ts'
import { Kind } from '../host/wasm/frame.ts'

const rounds = Number(process.argv[process.argv.indexOf('--rounds') + 1]) || 15
const tools = await wabt()

const loops = `(module (memory 4)
  (func $fib (export "calls: fib(24)") (result i32) (call $f (i32.const 24)))
  (func $f (param i32) (result i32) (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
    (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "loop: sum of 1,000,000 bytes") (result i32) (local i32 i32)
    (loop $l (local.set 0 (i32.add (local.get 0) (i32.load8_u (i32.and (local.get 1) (i32.const 65535)))))
      (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 1000000)))) (local.get 0))
  (func (export "loop: hash of 1,000,000 bytes") (result i32) (local i32 i32)
    (loop $l (local.set 0 (i32.mul (i32.xor (local.get 0) (i32.load8_u (i32.and (local.get 1) (i32.const 65535)))) (i32.const 16777619)))
      (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 1000000)))) (local.get 0))
  (func $leaf (param i32) (result i32) (i32.load8_u (i32.and (local.get 0) (i32.const 65535))))
  (func (export "loop: 1,000,000 calls of an accessor") (result i32) (local i32 i32)
    (loop $l (local.set 0 (i32.add (local.get 0) (call $leaf (local.get 1))))
      (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 1000000)))) (local.get 0))
  (func (export "bulk: 100,000 copies of up to 31 bytes") (result i32) (local i32)
    (loop $l (memory.copy (i32.const 1000) (i32.const 3000) (i32.and (local.get 0) (i32.const 31)))
      (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 100000)))) (i32.const 0)))`

function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = tools.parseWat('loops.wat', text, { bulk_memory: true })
  return new Uint8Array(module.toBinary({}).buffer)
}

/** The least time of one call in microseconds. */
function least(f: () => unknown, times = rounds): number {
  let best = Infinity
  for (let i = 0; i < times; i++) {
    const begin = performance.now()
    f()
    best = Math.min(best, performance.now() - begin)
  }
  return best * 1000
}

function row(name: string, ...figures: (string | number)[]): void {
  console.log(`| ${[name, ...figures.map((f) => (typeof f === 'number' ? f < 10 ? f.toFixed(2) : f.toFixed(0) : f))].join(' | ')} |`)
}

console.log('| code | as it is, µs | limited, µs | × |\n|---|---|---|---|')
const bytes = assemble(loops)
const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
const limited = new WebAssembly.Instance(new WebAssembly.Module(rewrite(bytes, readOutline(bytes), defaultSettings).bytes)).exports
limited[exported.tick].set(0, tickFunction(() => (performance.now(), 1_000_000)))
for (const name of Object.keys(plain)) {
  let before = Infinity
  let after = Infinity
  for (let i = 0; i < rounds; i++) {
    before = Math.min(before, least(plain[name], 1))
    after = Math.min(after, least(limited[name], 1))
  }
  row(name, before, after, after / before)
}

console.log('\n| plugin | bytes | limited | compile, µs | instantiate and register, µs | snapshot restored, µs | fresh instance from the snapshot, µs |\n|---|---|---|---|---|---|---|')
const directory = join(packageRoot, 'build/plugins')
for (const file of readdirSync(directory).filter((name) => name.endsWith('.wasm'))) {
  const source = readFileSync(join(directory, file))
  const size = rewrite(source, readOutline(source), defaultSettings).bytes.length
  const compile = least(() => compilePlugin(file, source))
  const compiled = compilePlugin(file, source)
  const make = least(() => instantiate(compiled, {}))
  const { instance } = instantiate(compiled, {}).plugin
  instance.freeze()
  const copy = new Uint8Array(instance.bytes)
  const restore = least(() => instance.bytes.set(copy), rounds * 20)
  // A call that traps: what it takes until the next one can begin.
  const recover = least(() => {
    try {
      instance.run(Kind.Idle, 'bench', () => { throw new Error('trap') })
    } catch { /* meant */ }
  })
  row(file, source.length, size, compile, make, restore, recover)
}
