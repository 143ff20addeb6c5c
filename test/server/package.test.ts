import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Visitor, endDaemon, site } from './kit.ts'
import type { Site, Test } from './kit.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The command in `home` starts a daemon with two workers, is asked, and ends it. */
async function serves(t: Test, place: Site, home: string): Promise<void> {
  await place.configure('worker_processes 2; daemon on; http { server { listen 127.0.0.1:<port>; location / { hello; } } }')
  const vespid = (...args: string[]) => execFileSync(`${home}/host/vespid`, args, { cwd: place.prefix, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  vespid('-c', 'vespid.conf')
  endDaemon(t, place)
  assert.match(vespid('rpc', 'core.version'), /^vespid 0\.1\.0 /)
  const { body } = await new Visitor(place).get('/x')
  assert.equal(body, 'hello from /x\n')
  vespid('-s', 'quit')
  await place.waitLog(/#0: exit$/m)
}

test('the bundle of the package serves, with its threads and the files around it', async (t) => {
  const place = site(t)
  const home = `${place.prefix}/node_modules/vespid`
  mkdirSync(`${home}/host`, { recursive: true })
  copyFileSync(`${root}/host/vespid`, `${home}/host/vespid`)
  copyFileSync(`${root}/package.json`, `${home}/package.json`)
  for (const name of ['node_modules', 'build', 'sdk', 'plugins-as']) symlinkSync(`${root}/${name}`, `${home}/${name}`)
  execFileSync(process.execPath, [`${root}/tools/bundle.ts`, `${home}/dist`])
  await serves(t, place, home)
})

// The other tests start what test/built.ts has bundled.
test('a checkout serves from its sources', (t) => serves(t, site(t), root))

test('the package holds what it needs', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  const names: string[] = files.map(({ path }: { path: string }) => path)
  for (const path of ['host/vespid', 'package.json', 'build/core/head.wasm', 'build/plugins/index.json', 'build/plugins/hello.wasm', 'sdk/assembly/index.ts']) {
    assert.ok(names.includes(path), `${path} is missing`)
  }
  assert.deepEqual(names.filter((path) => /^(host\/.*\.ts|test\/|bench\/|node_modules\/|\.)/.test(path)), [])
})
