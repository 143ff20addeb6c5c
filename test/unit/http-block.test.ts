import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cf } from '../../host/conf/cf.ts'
import { PluginError } from '../../host/core/errors.ts'
import { Args, Phase, Where } from '../../host/module.ts'
import type { Module } from '../../host/module.ts'
import { createLocation } from '../../host/http/block.ts'
import { coreLoc } from '../../host/http/core/confs.ts'
import { buildHttp } from './http-support.ts'

/** A conf that says where it was made. */
class Marked {
  mark = ''
  seen: string[] = []
}

/** A module that writes down its callbacks; its directive `mark NAME` names the conf of the place. */
function recorder(name: string, calls: string[]): Module {
  const note = (what: string) => { calls.push(`${name} ${what}`) }
  const merge = (level: string) => (cf: Cf, parent: Marked, child: Marked) => {
    note(`merge ${level} ${parent.mark}>${child.mark} in ${coreLoc(cf).name}`)
  }
  const create = (level: string) => () => { note(`create ${level}`); return new Marked() }
  return {
    name,
    directives: (['main', 'srv', 'loc'] as const).map((conf) => ({
      name: `${name}_${conf}`, where: Where.Http | Where.Server | Where.Location | Where.LimitExcept, args: Args.Take1, conf,
      set: (cf, _directive, marked: Marked) => { marked.mark = cf.args[1]! },
    })),
    preconfiguration: () => note('pre'), postconfiguration: () => note('post'),
    createMainConf: create('main'), initMainConf: (_cf, conf: Marked) => note(`init ${conf.mark}`),
    createSrvConf: create('srv'), mergeSrvConf: merge('srv'), createLocConf: create('loc'), mergeLocConf: merge('loc'),
  }
}

test('the eight callbacks run in nginx\'s order, module by module', (t) => {
  const calls: string[] = []
  const text = 'a_main M; a_loc H; a_srv HS; server { listen 81; server_name x; a_srv S1; a_loc L1; location /n { a_loc N; location /n/o { a_loc O; } ' +
    'limit_except GET { a_loc E; } } } server { listen 81; server_name y; a_srv S2; a_loc L2; }'
  const { messages } = buildHttp(t, text, { modules: [recorder('a', calls), recorder('b', calls)] })
  assert.deepEqual(messages, [])
  const created = (name: string) => ['main', 'srv', 'loc'].map((level) => `${name} create ${level}`)
  const server = ['a create srv', 'a create loc', 'b create srv', 'b create loc']
  const location = ['a create loc', 'b create loc']
  const merged = (name: string, mark: (text: string) => string) => [
    `merge srv ${mark('HS')}>${mark('S1')} in `, `merge loc ${mark('H')}>${mark('L1')} in `, `merge loc ${mark('L1')}>${mark('N')} in /n`,
    `merge loc ${mark('N')}>${mark('O')} in /n/o`, `merge loc ${mark('N')}>${mark('E')} in /n`,
    `merge srv ${mark('HS')}>${mark('S2')} in `, `merge loc ${mark('H')}>${mark('L2')} in `,
  ].map((call) => `${name} ${call}`)
  assert.deepEqual(calls, [
    ...created('a'), ...created('b'), 'a pre', 'b pre', ...server, ...location, ...location, ...location, ...server,
    'a init M', ...merged('a', (text) => text), 'b init ', ...merged('b', () => ''), 'a post', 'b post',
  ])
})

test('a plugin loaded in the middle has its confs everywhere, its variables, and its turn in every callback', (t) => {
  const calls: string[] = []
  const late: Module = { ...recorder('late', calls), variables: [{ name: 'late', get: () => 'x' }] }
  const { messages, cycle } = buildHttp(t, 'server { listen 81; root $late; location /n { late_loc N; } }', {
    plugins: { loadFor: (directive) => (directive === 'late_loc' ? [late] : null) },
  })
  assert.deepEqual(messages, [])
  assert.equal(cycle.modules.at(-1), late)
  assert.deepEqual(calls, ['late create main', 'late create srv', 'late create loc', 'late pre', 'late create srv', 'late create loc', 'late create loc',
    'late init ', 'late merge srv > in ', 'late merge loc > in ', 'late merge loc >N in /n', 'late post'])
})

test('what callbacks return or throw is reported, each with its turn, and stops what follows', (t) => {
  const calls: string[] = []
  const bad: Module = {
    ...recorder('bad', calls), initMainConf: () => 'said main', mergeSrvConf: (cf) => cf.fail('said server'),
    mergeLocConf: () => { throw new PluginError('bad', 'trapped', 'look at it') },
  }
  const { messages, notes, cycle } = buildHttp(t, 'server { listen 81; }', { modules: [bad, recorder('b', calls)] })
  const place = ' in <P>/v.conf:4'
  assert.deepEqual(messages, [`[emerg] said main${place}`])
  assert.deepEqual(notes, [null])
  assert.equal(calls.filter((call) => call.startsWith('b merge')).length, 2)
  assert.equal(calls.some((call) => call.endsWith('post')), false)
  assert.equal(cycle.servers, null)
  const second = buildHttp(t, 'server { listen 81; location / {} }', { modules: [{ ...bad, initMainConf: () => {} }] })
  assert.deepEqual(second.messages, [`[emerg] said server${place}`, `[emerg] trapped${place}`])
  assert.deepEqual(second.notes, [null, 'look at it'])
})

test('a mistake in the block: nothing after it is run', (t) => {
  const calls: string[] = []
  const { messages } = buildHttp(t, 'foo; server { listen 81; root $nope; }', { modules: [recorder('a', calls)] })
  assert.deepEqual(messages, ['[emerg] unknown directive "foo" in <P>/v.conf:3'])
  assert.equal(calls.some((call) => /init|merge|post/.test(call)), false)
})

test('phase handlers and content handlers are compiled into each location', (t) => {
  const handler = () => 0
  const module: Module = {
    name: 'x', createLocConf: () => ({}),
    directives: [{ name: 'x', where: Where.Location, args: Args.None, conf: 'loc', set: (cf, _directive, conf) => {
      coreLoc(cf).handler = handler
      coreLoc(cf).handlerConf = conf
    } }],
    phases: [{ phase: Phase.Access, handler }],
  }
  const { at, main, messages } = buildHttp(t, 'server { listen 81; location /a { x; location /a/b { } } }', { modules: [module] })
  assert.deepEqual(messages, [])
  assert.equal(at('/a').boundHandler?.step.handler, handler)
  assert.equal(at('/a').boundHandler?.step.conf, at('/a').handlerConf)
  assert.equal(at('/a/b').boundHandler, null)
  assert.equal(main.locations.every((location) => location.steps.steps.some((step) => step.handler === handler)), true)
})

test('createLocation makes the confs of a block that no URI finds', (t) => {
  const module: Module = {
    name: 'x',
    directives: [{ name: 'when', where: Where.Location, args: Args.Block | Args.None, conf: 'loc', set: (cf) => {
      cf.block(Where.LocationIf, createLocation(cf).http)
    } }],
  }
  const { at, main, messages } = buildHttp(t, 'server { listen 81; location /a { when { sendfile on; } etag off; } }', { modules: [module] })
  assert.deepEqual(messages, [])
  const [inner] = at('/a').children
  assert.deepEqual([inner!.name, inner!.noname, inner!.sendfile, inner!.etag, inner!.confs === inner!.confs], ['/a', true, true, false, true])
  assert.equal(at('/a').sendfile, false)
  assert.ok(main.locations.includes(inner!))
})
