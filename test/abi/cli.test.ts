/** `vespid build`, `vespid check` and `vespid new`, as an author uses them. */
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { plugin as underTest } from '../../sdk/test-kit/kit.ts'
import { vespid } from '../built.ts'
import { assemble } from './kit.ts'

interface Finished { readonly code: number | null, readonly stdout: string, readonly stderr: string }

async function run(cwd: string, ...args: string[]): Promise<Finished> {
  const child = spawn(await vespid(), args, { cwd })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (d) => { stdout += d })
  child.stderr.on('data', (d) => { stderr += d })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

function folder(t: TestContext, files: Record<string, string | Uint8Array> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'vespid-author-'))
  t.after(() => rmSync(path, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), content)
  }
  return path
}

const greeter = readFileSync(new URL('greeter.wat', import.meta.url), 'utf8')

test('new, build, check: a plugin in three commands', async (t) => {
  const path = folder(t)
  assert.deepEqual(await run(path, 'new', 'greet-me'), {
    code: 0, stderr: '', stdout: 'greet-me/ is a plugin that builds:\n  cd greet-me\n  vespid build\n  vespid -p . -c vespid.conf\n  curl http://127.0.0.1:8080/\n',
  })
  const built = await run(join(path, 'greet-me'), 'build')
  assert.deepEqual({ ...built, stdout: built.stdout.replace(/[\d.]+ kB/, 'N kB') }, { code: 0, stderr: '', stdout: 'greet-me.wasm N kB: handler greet_me\n' })
  assert.deepEqual(readdirSync(join(path, 'greet-me/build')).sort(), ['greet-me.wasm', 'greet-me.wasm.map'])
  const checked = await run(join(path, 'greet-me'), 'check', 'build/greet-me.wasm')
  assert.equal(checked.code, 0)
  assert.match(checked.stdout, /^build\/greet-me\.wasm: a plugin for ABI vespid 1, [\d.]+ kB, sha256 [0-9a-f]{16}\n {2}directives: greet_me \(content handler\)\n {2}host calls: .*\breply\b.*\n$/)
  const tested = await run(join(path, 'greet-me'), '-p', '.', '-c', 'vespid.conf', '-t')
  assert.match(tested.stderr, /test is successful\n$/)
  const served = await underTest(join(path, 'greet-me/build/greet-me.wasm'), 'greet_me;')
  assert.equal((await served.get('/x')).text, 'hello from /x\n')
})

test('new: names, examples and folders that cannot be', async (t) => {
  const path = folder(t, { 'there/x': '' })
  assert.deepEqual(await run(path, 'new', '9x'), { code: 1, stdout: '', stderr: 'vespid: "9x" is no plugin name: use lower-case letters, digits, "_" and "-", a letter first\n' })
  assert.deepEqual(await run(path, 'new', 'there'), { code: 1, stdout: '', stderr: 'vespid: "there" exists already\n' })
  assert.deepEqual(await run(path, 'new', 'x', '--from', 'acess'), { code: 1, stdout: '', stderr: 'vespid: no example "acess", did you mean "access"?\n' })
  assert.equal((await run(path, 'new')).code, 2)
  assert.deepEqual(readdirSync(path), ['there'])
})

test('build: the compiler\'s frame for a mistake, nothing written', async (t) => {
  const path = folder(t, { 'assembly/index.ts': `import { content } from '@vespid/sdk'\ncontent('x', (r) => r.replay(200))\n` })
  const { code, stdout, stderr } = await run(path, 'build')
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /Property 'replay' does not exist on type '[^']*Request'\.[^]*content\('x', \(r\) => r\.replay\(200\)\)[^]*in assembly\/index\.ts\(2,23\)/)
  assert.equal(existsSync(join(path, 'build')), false)
})

test('build: a folder without a plugin, and a wrong command line', async (t) => {
  const path = folder(t)
  assert.deepEqual(await run(path, 'build', 'nowhere'), {
    code: 1, stdout: '', stderr: 'nowhere: has neither assembly/index.ts nor index.ts\n  note: "vespid new NAME" makes a folder to begin with\n',
  })
  assert.equal((await run(path, 'build', 'a', 'b')).code, 2)
})

test('build: a registration that fails is said with its place, nothing written', async (t) => {
  const path = folder(t, { 'index.ts': `import { content } from '@vespid/sdk'\ncontent('bad name', (r) => 200)\n` })
  const { code, stderr } = await run(path, 'build', '.', '-o', 'x.wasm')
  assert.equal(code, 1)
  assert.equal(stderr, 'x.wasm: registration trapped: it registered a directive named "bad name"\n  note: the plugin\'s top-level code runs when it is loaded; something in it failed\n')
  assert.deepEqual(readdirSync(path), ['index.ts'])
})

test('build: -o names the file; a plugin that registers nothing says so', async (t) => {
  const path = folder(t, { 'index.ts': 'const x: i32 = 1\n' })
  const { code, stdout } = await run(path, 'build', '-o', 'out/quiet.wasm')
  assert.deepEqual([code, stdout.replace(/[\d.]+ kB/, 'N kB')], [0, 'quiet.wasm N kB: registers nothing\n'])
  assert.ok(existsSync(join(path, 'out/quiet.wasm')))
})

test('build: what a plugin asks to be held to stands in its file', async (t) => {
  const source = (text: string): string => `import { content, limits } from '@vespid/sdk'\n${text}\ncontent('x', (r) => 200)\n`
  const path = folder(t, { 'index.ts': source(`limits('memory_limit 64m; time_limit 1s')`), 'wrong/index.ts': source(`const words = 'time_limit 1s'\nlimits(words)`), 'odd/index.ts': source(`limits('more')`) })
  assert.equal((await run(path, 'build', '-o', 'x.wasm')).code, 0)
  assert.match((await run(path, 'check', 'x.wasm')).stdout, /\n {2}asks for "memory_limit 64m; time_limit 1s;"\n/)
  assert.deepEqual(JSON.parse((await run(path, 'check', '--json', 'x.wasm')).stdout).asks_for, ['memory_limit 64m', 'time_limit 1s'])
  assert.deepEqual(await run(path, 'build', 'wrong', '-o', 'y.wasm'), {
    code: 1, stdout: '', stderr: 'ERROR: limits() is called once, at the top level, with a text that stands there, like limits(\'time_limit 1s\')\n in index.ts\n',
  })
  assert.match((await run(path, 'build', 'odd', '-o', 'z.wasm')).stderr, /^z\.wasm: asks for limits in words that are not known: "more"\n/)
})

test('check: another toolchain\'s plugin, as JSON, and files that are none', async (t) => {
  const path = folder(t, {
    'greeter.wasm': assemble(greeter), 'text.wasm': 'hello', 'proxy.wasm': assemble('(module (func (export "proxy_abi_version_0_2_0")))'),
  })
  const { code, stdout } = await run(path, 'check', '--json', 'greeter.wasm')
  assert.equal(code, 0)
  const { name, abi, directives, handlers, header_filters } = JSON.parse(stdout)
  assert.deepEqual({ name, abi, directives, handlers, header_filters }, { name: 'greeter', abi: 'vespid 1', directives: ['greet', 'greeting'], handlers: ['greeting'], header_filters: 1 })
  assert.deepEqual(await run(path, 'check', 'text.wasm'), { code: 1, stdout: '', stderr: 'text.wasm: is not a WebAssembly file\n  note: a plugin begins with the bytes 00 61 73 6d\n' })
  assert.deepEqual(await run(path, 'check', 'proxy.wasm'), { code: 1, stdout: '', stderr: 'proxy.wasm: is a proxy-wasm plugin (it exports proxy_abi_version_0_2_0), which is not supported yet\n' })
  assert.deepEqual(await run(path, 'check', 'none.wasm'), { code: 1, stdout: '', stderr: 'vespid: open() "none.wasm" failed (2: No such file or directory)\n' })
  assert.equal((await run(path, 'check')).code, 2)
})
