/** Conf classes of plugins written with the SDK: in which order they may be declared, and what is said of mistakes. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { BuildError, buildPlugin } from '../../host/cli/build.ts'
import { ConfError, plugin } from '../../sdk/test-kit/kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-sdk-conf-'))
after(() => rmSync(out, { recursive: true }))
let count = 0

/** A folder with this plugin in it. */
function folder(source: string): string {
  const path = join(out, `p${++count}`, 'probe')
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'index.ts'), `import { Level, ParamType, Received, Request, Script, Status, Transport, TransportKind, Where, conf, content, directive, main_conf, parameter, phase,
  Phase } from '@vespid/sdk'
class Conf { limit: i32 = 0; end: i32 = 0 }
function set(c: Conf, args: string[]): string | null { c.limit = I32.parseInt(args[1]); return null }
function init(c: Conf): string | null { c.end = c.limit + 1; return c.limit > 9 ? \`limit \${c.limit} is too much\` : null }
function merge(parent: Conf, child: Conf): void { if (child.limit == 0) child.limit = parent.limit }
${source}
`)
  return path
}

/** What a plugin that cannot be registered is refused with, without its file and place. */
async function refusal(source: string): Promise<string> {
  const path = folder(source)
  try {
    await buildPlugin(path, join(path, 'probe.wasm'))
  } catch (error) {
    if (error instanceof BuildError) return error.message.replace(/^.*registration trapped: /, '').replace(/(?: \([^()]*:\d+:\d+\))?\n.*/, '')
    throw error
  }
  return 'accepted'
}

const show = `let shown = 0
content('show', (r: Request): Status => r.reply(200, 'text/plain', shown.toString()))
phase<Conf>(Phase.Access, (r: Request, c: Conf): Status => { shown = c.limit * 100 + c.end; return Status.Declined })`

test('main_conf works in front of conf, directive and parameter of its class and behind them', async () => {
  const uses = [
    'main_conf<Conf>(init)\nconf<Conf>(Level.Main)\ndirective<Conf>("limit", Where.Http | Where.Server, 1, set)',
    'conf<Conf>(Level.Main)\nmain_conf<Conf>(init)\ndirective<Conf>("limit", Where.Http | Where.Server, 1, set)',
    'directive<Conf>("limit", Where.Http | Where.Server, 1, set)\nmain_conf<Conf>(init)',
  ]
  for (const use of uses) {
    const path = folder(`${use}\n${show}`)
    const probe = await plugin(path, 'limit 7; location / { show; }')
    assert.equal((await probe.get('/')).text, '708', use)
    await assert.rejects(plugin(path, 'limit 10; location / { show; }'), (error) => error instanceof ConfError && error.message === 'limit 10 is too much')
  }
})

test('a class may be made one for each server behind its first use', async () => {
  const probe = await plugin(folder(`directive<Conf>("limit", Where.Http | Where.Server, 1, set, merge)\nconf<Conf>(Level.Server, merge)\n${show}`), 'limit 3; location / { show; }')
  assert.equal((await probe.get('/')).text, '300')
})

test('contradictions are said', async () => {
  assert.equal(await refusal('directive<Conf>("limit", Where.Server, 1, set)\nconf<Conf>(Level.Server)\nparameter<Conf>("max", ParamType.Int, (c: Conf): string | null => null)'),
    'it made the conf of directive "limit" one object for each server and then for all; it needs a class for each')
  assert.equal(await refusal('parameter<Conf>("max", ParamType.Int, (c: Conf): string | null => null)\nmain_conf<Conf>(init)\nmain_conf<Conf>((c: Conf): string | null => null)'),
    'it gave two init functions for the conf of parameter "max"; it takes one')
  assert.equal(await refusal('directive<Conf>("a", Where.Server, 1, set, merge)\ndirective<Conf>("b", Where.Server, 1, set, (p: Conf, c: Conf): void => {})'),
    'it gave two merge functions for the conf of directive "a"; all of its directives must give the same one')
})

test('a transport is asked for while the configuration is read, not before', async () => {
  assert.equal(await refusal('new Transport(TransportKind.Tcp).set("host", "127.0.0.1").set("port", "7").listen((d: Received): void => { d.answer("x") })'),
    'it asked for a transport in registration; ask while the configuration is read, in a conf\'s init (main_conf) or the set of a directive or parameter')
})
