/** Hooks of the configuration and of workers, mistakes in plans, what http.explain tells, and that nothing is left where nothing is active. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cf } from '../../host/conf/cf.ts'
import { ConfigError } from '../../host/core/errors.ts'
import { runProcessHook } from '../../host/http/hooks/configure.ts'
import { explain } from '../../host/master/explain.ts'
import type { Request } from '../../host/http/request.ts'
import { AGAIN, Args, DECLINED, OK, Where } from '../../host/module.ts'
import type { HookHandler, Module } from '../../host/module.ts'
import { engine } from './engine-kit.ts'
import { buildHttp } from './http-support.ts'

/** What was reported, without places. */
const texts = (result: ReturnType<typeof buildHttp>): string[] => result.cycle.problems.map(({ error }) => [error.message, ...error.note === null ? [] : [error.note]].join('; '))

const decline = (): number => DECLINED

test('the hooks of a configuration in their order, each once, and what stops them', (t) => {
  const trace: string[] = []
  const names = ['optional_fn_retrieve', 'post_config', 'open_logs', 'test_config', 'check_config', 'pre_config', 'child_stopping', 'child_init']
  const module = (name: string, refuse = ''): Module => ({
    name,
    hooks: names.map((hook): HookHandler<unknown, Cf> => ({ hook, handler: () => (trace.push(`${name}:${hook}`), hook === refuse ? 500 : OK) })),
  })
  const good = buildHttp(t, 'server { listen 127.0.0.1:1; }', { modules: [module('a'), module('b')] })
  assert.deepEqual(texts(good), [])
  const both = (hook: string): string[] => [`a:${hook}`, `b:${hook}`]
  assert.deepEqual(trace, ['pre_config', 'check_config', 'test_config', 'open_logs', 'post_config', 'optional_fn_retrieve'].flatMap(both))
  trace.length = 0
  runProcessHook(good.cycle, 'child_init')
  runProcessHook(good.cycle, 'child_stopping')
  assert.deepEqual(trace, ['child_init', 'child_stopping'].flatMap(both))
  trace.length = 0
  const bad = buildHttp(t, 'server { listen 127.0.0.1:1; }', { modules: [module('a', 'check_config'), module('b')] })
  assert.deepEqual(texts(bad), ['module "a" refused the configuration in hook "check_config" with 500'])
  assert.deepEqual(trace, [...both('pre_config'), 'a:check_config'])
  const broken: Module = { name: 'c', hooks: [{ hook: 'child_init', handler: () => { throw new Error('no room') } }] }
  const { cycle } = buildHttp(t, 'server { listen 127.0.0.1:1; }', { modules: [broken] })
  assert.throws(() => runProcessHook(cycle, 'child_init'), (error: ConfigError) => error.message === 'hook child_init of module "c" failed: no room')
})

test('mistakes in a plan: a hook that nobody has, lists that contradict each other', (t) => {
  const modules: Module[] = [
    { name: 'a', hooks: [{ hook: 'fixup', handler: decline }, { hook: 'other.thing', handler: decline }, { hook: 'other.thing', optional: true, handler: decline }] },
    { name: 'b', hooks: [{ hook: 'handler', after: ['c'], handler: decline }] },
    { name: 'c', hooks: [{ hook: 'handler', after: ['b'], handler: decline }] },
    { name: 'd', hooks: [{ hook: 'handler', before: ['nobody'], after: ['d'], handler: decline }] },
  ]
  assert.deepEqual(texts(buildHttp(t, 'server { listen 127.0.0.1:1; }', { modules })), [
    'module "a" attaches to unknown hook "fixup"; did you mean "fixups"?',
    'module "a" attaches to unknown hook "other.thing"; a hook of another module exists when that module is loaded; say "optional" where it may be missing',
    'order of hook "handler" contradicts itself: "b" comes after "c" comes after "b"; one of these modules must let go of its "before" or "after"',
  ])
})

/** A module whose hooks are active where `NAME on;` says so. */
function switched(name: string, hooks: readonly Omit<HookHandler<{ on: boolean }, Request>, 'active' | 'handler'>[]): Module {
  return {
    name, createLocConf: () => ({ on: false }),
    directives: [{ name, where: Where.Location, args: Args.Flag, conf: 'loc', set: (_cf, _d, conf) => { conf.on = true } }],
    hooks: hooks.map((hook) => ({ ...hook, handler: decline, active: (conf) => conf.on })),
  }
}

test('http.explain: order and reasons of a location, and nothing where nothing is active', async (t) => {
  const one = switched('one', [{ hook: 'fixups', order: 30 }, { hook: 'log_transaction' }, { hook: 'access_checker_ex', order: -7 }])
  const two = switched('two', [{ hook: 'fixups', order: -10, after: ['one'] }, { hook: 'log_transaction' }])
  const three = switched('three', [{ hook: 'fixups', after: ['absent'] }, { hook: 'log_transaction', before: ['one'] }, { hook: 'post_config' }])
  const { engine: made } = await engine(t, 'location /all { one on; two on; three on; } location /some { two on; three on; } location / {}', [one, two, three])
  const { cycle } = made.current
  const told = (path: string): any => explain(cycle, 'GET', path, { host: '', listen: '' })
  assert.deepEqual(told('/all').hooks, {
    post_config: ['three: order 10 (MIDDLE)'],
    access_checker_ex: ['one: order -7 (REALLY_FIRST+3)'],
    fixups: ['one: order 30 (REALLY_LAST), drawn forward because "two" comes behind it', 'two: order -10 (REALLY_FIRST), behind "one"', 'three: order 10 (MIDDLE), "absent" has no handler here'],
    log_transaction: [
      'three: order 10 (MIDDLE), drawn forward because "one" comes behind it', 'one: order 10 (MIDDLE), behind "three"', 'two: order 10 (MIDDLE), loaded later than "one"',
    ],
  })
  assert.deepEqual(told('/some').hooks.fixups, ['two: order -10 (REALLY_FIRST), behind "one"', 'three: order 10 (MIDDLE), "absent" has no handler here'])
  assert.deepEqual(told('/all').steps.filter((step: string) => /one|two|three/.test(step)), ['access_checker_ex: one', 'fixups: one', 'fixups: two', 'fixups: three'])
  assert.deepEqual([told('/').hooks, told('/').steps.filter((step: string) => /one|two|three/.test(step))], [{ post_config: ['three: order 10 (MIDDLE)'] }, []])
  // Not even an empty list is left.
  const { engine: bare } = await engine(t, 'location / {}')
  const stepsOf = (e: typeof made): number[] => {
    const { steps } = e.current.cycle.servers!.addresses[0]!.defaultServer.location.locations!.find('/', { captures: null } as never)!
    assert.equal(steps.hooks, null)
    return [steps.steps.length, steps.log.length]
  }
  assert.deepEqual(stepsOf(made), stepsOf(bare))
})

test('AGAIN parks the request; whoever parked it finishes it', async (t) => {
  const hooks: HookHandler<unknown, Request>[] = [{
    hook: 'quick_handler',
    handler: (r) => {
      r.head.detach()
      setImmediate(() => {
        r.respond(200, 'text/plain', 'later')
        r.finish(OK)
      })
      return AGAIN
    },
  }]
  const e = await engine(t, '', [{ name: 'parks', hooks }])
  assert.match(await e.raw('GET / HTTP/1.0\r\n\r\n'), /\r\n\r\nlater$/)
})
