/** What still runs when a hook answers this or that, against 37 requests to httpd; then satisfy, waiting, redirects, connections, own hooks. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectionRecord, requestRecord } from '../../host/http/hooks/record.ts'
import { runOwnHook } from '../../host/http/hooks/lists.ts'
import type { Connection } from '../../host/http/connection.ts'
import type { Request } from '../../host/http/request.ts'
import { Args, DECLINED, DONE, ERROR, OK, Where } from '../../host/module.ts'
import type { HookDeclaration, HookHandler, Module } from '../../host/module.ts'
import { engine } from './engine-kit.ts'
import { ask, core, tracer } from './hooks-kit.ts'

interface Returned { path: string, returns: string, credentials: boolean, status: string, body: string | null, hooks: string[] }

const cases: Returned[] = readFileSync(new URL('../golden/hooks/httpd-returns.jsonl', import.meta.url), 'latin1').trim().split('\n').map((line) => JSON.parse(line))

const unmapped = 'with OK nobody maps the URI to a file in httpd, so 404; here root does that when the file is asked for'
const ownOfLua = 'mod_lua asks none of its scripts behind one that did not decline; the hook goes on'
/** Recorded cases that mean something else here, and why. */
const others: Record<string, string> = {
  'translate_early=OK': unmapped, 'translate_late=OK': unmapped, 'map=OK': unmapped,
  'fixups1=OK': ownOfLua, 'fixups1=OK&fixups2=DONE': ownOfLua, 'log1=OK': ownOfLua,
  'log1=DONE': 'no logger silences another here', 'log1=500': 'no logger silences another here',
}

/** The recording's own handlers: hook and order (the tracer is at -10, httpd's modules at 0). */
const own: [name: string, hook: string, order: number][] = [
  ['quick', 'quick_handler', 10], ['translate_early', 'translate_name', -11], ['translate_late', 'translate_name', 10], ['map', 'map_to_storage', 10],
  ['access_early', 'access_checker', -11], ['access_late', 'access_checker', 10], ['userid', 'check_user_id', 11], ['auth_early', 'auth_checker', -11],
  ['auth_late', 'auth_checker', 11], ['type', 'type_checker', 10], ['fixups1', 'fixups', 10], ['fixups2', 'fixups', 10], ['log1', 'log_transaction', 10],
  ['log2', 'log_transaction', 10],
]

test('what runs behind each verdict of each hook, as recorded', async (t) => {
  const trace: string[] = []
  let answers = new Map<string, string>()
  const verdicts: Record<string, number> = { OK, DONE }
  const hooks = own.map(([name, hook, order]): HookHandler => ({
    hook, order,
    // The recording was steered by the query, which an error page's request does not have.
    handler: (r: Request) => {
      const answer = r.internal ? undefined : answers.get(name)
      trace.push(answer === undefined ? `*${name}` : `*${name} -> ${answer}`)
      return answer === undefined ? DECLINED : verdicts[answer] ?? Number(answer)
    },
  }))
  const e = await engine(t, 'root html; error_page 404 /err.html; location / {} location = /err.html {} location /prot/ { need_user; }', [tracer(trace), core(), { name: 'own', hooks }])
  mkdirSync(join(e.prefix, 'html', 'prot'), { recursive: true })
  for (const [name, text] of [['plain.txt', 'hello\n'], ['err.html', 'sorry\n'], ['prot/p.txt', 'p\n']]) writeFileSync(join(e.prefix, 'html', name!), text!)
  let replayed = 0
  for (const c of cases) {
    if (others[c.returns] !== undefined) continue
    trace.length = 0
    answers = new Map(c.returns.split('&').filter((s) => s !== '').map((s) => s.split('=') as [string, string]))
    const answer = await ask(e, `GET ${c.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${c.credentials ? 'Authorization: Basic dTpw\r\n' : ''}\r\n`)
    const seen = trace.map((line) => line.replace(/ status=\d+$/, '').replace(new RegExp(` ${c.path.replaceAll('.', '\\.')}$`), ''))
    assert.deepEqual(seen, c.hooks, `${c.path} ${c.returns}`)
    assert.equal(answer.status, c.status, c.returns)
    if (c.body !== null) assert.equal(answer.body, c.body, c.returns)
    replayed++
  }
  assert.equal(replayed, cases.length - cases.filter((c) => others[c.returns] !== undefined).length)
  assert.equal(replayed, 37 - 8)
})

/** A module whose hooks are given by what stands in the location: `hooks NAME=VERDICT …`. */
function scripted(name: string, trace: string[]): Module {
  const hooks = ['access_checker', 'access_checker_ex', 'force_authn', 'check_user_id', 'auth_checker', 'note_auth_failure'].map((hook): HookHandler<Map<string, number>, Request> => ({
    hook,
    active: (conf) => conf.has(hook),
    handler: (r, conf) => {
      trace.push(hook)
      if (hook === 'check_user_id' && conf.get(hook) === OK) requestRecord(r).user = 'somebody'
      if (hook === 'note_auth_failure') r.headersOut.set('WWW-Authenticate', 'Hook')
      return conf.get(hook)!
    },
  }))
  return {
    name, hooks, createLocConf: () => new Map<string, number>(),
    directives: [{
      name, where: Where.Location, args: Args.OneOrMore, conf: 'loc',
      set: (cf, _d, conf: Map<string, number>) => {
        for (const word of cf.args.slice(1)) {
          const [hook, verdict] = word.split('=')
          conf.set(hook!, verdict === 'ok' ? OK : verdict === 'no' ? DECLINED : Number(verdict))
        }
      },
    }],
  }
}

test('satisfy all and any over the hooks of access and nginx\'s own handlers', async (t) => {
  const trace: string[] = []
  const locations: [hooks: string, nginx: string, status: number, ran: string][] = [
    // all
    ['access_checker=ok', 'allow all;', 200, 'access_checker'],
    ['access_checker=403 check_user_id=ok', '', 403, 'access_checker'],
    ['access_checker=ok', 'deny all;', 403, 'access_checker'],
    ['access_checker=no access_checker_ex=ok check_user_id=401', '', 200, 'access_checker access_checker_ex'],
    ['access_checker_ex=ok force_authn=ok check_user_id=401', '', 401, 'access_checker_ex force_authn check_user_id'],
    ['access_checker_ex=ok force_authn=no check_user_id=401', '', 200, 'access_checker_ex force_authn'],
    ['access_checker_ex=no force_authn=ok check_user_id=ok auth_checker=ok', '', 200, 'access_checker_ex check_user_id auth_checker'],
    ['check_user_id=ok auth_checker=403', '', 403, 'check_user_id auth_checker'],
    ['check_user_id=no auth_checker=no', '', 200, 'check_user_id auth_checker'],
    ['check_user_id=401 note_auth_failure=ok', '', 401, 'check_user_id note_auth_failure'],
    ['check_user_id=ok', 'deny all;', 403, ''],
    // any
    ['access_checker=ok check_user_id=401', 'satisfy any; deny all;', 200, 'access_checker'],
    ['access_checker=no', 'satisfy any; deny all;', 403, 'access_checker'],
    ['access_checker=403 check_user_id=ok', 'satisfy any;', 200, 'access_checker check_user_id'],
    ['access_checker=403 check_user_id=401', 'satisfy any;', 401, 'access_checker check_user_id'],
    ['access_checker=403 check_user_id=ok auth_checker=403', 'satisfy any;', 403, 'access_checker check_user_id auth_checker'],
    ['access_checker=403 access_checker_ex=ok', 'satisfy any;', 200, 'access_checker access_checker_ex'],
    ['access_checker=403 access_checker_ex=403 check_user_id=ok', 'satisfy any;', 403, 'access_checker access_checker_ex'],
    ['access_checker=403 check_user_id=401', 'satisfy any; allow all;', 200, 'access_checker'],
    ['access_checker=500', 'satisfy any; allow all;', 500, 'access_checker'],
  ]
  const conf = locations.map(([hooks, nginx], i) => `location /${i}/ { hooked ${hooks}; ${nginx.replace(/(allow|deny) all;/, 'gate $1;')} empty; }`).join('\n')
  const gate: Module = {
    name: 'gate', createLocConf: () => ({ gate: '' }),
    directives: [
      { name: 'gate', where: Where.Location, args: Args.Take1, conf: 'loc', set: (cf, _d, c) => { c.gate = cf.args[1] } },
      { name: 'empty', where: Where.Location, args: Args.None, conf: 'loc', set: () => {} },
    ],
    phases: [{ phase: 6, active: (c) => c.gate !== '', handler: (_r, c) => (c.gate === 'allow' ? OK : 403) }, { phase: 9, handler: (r) => r.respond(200, '', '') }],
  }
  const e = await engine(t, conf, [scripted('hooked', trace), gate])
  for (const [i, [hooks, nginx, status, ran]] of locations.entries()) {
    trace.length = 0
    const text = await e.raw(`GET /${i}/ HTTP/1.0\r\n\r\n`)
    assert.deepEqual([text.slice(9, 12), trace.join(' ')], [String(status), ran], `${hooks}; ${nginx}`)
    if (hooks.includes('note_auth_failure')) assert.match(text, /\r\nWWW-Authenticate: Hook\r\n/)
  }
})

test('check_user_id that names nobody is a mistake; the user is $remote_user', async (t) => {
  let user: string | null = null
  const hooks: HookHandler<unknown, Request>[] = [
    { hook: 'check_user_id', handler: (r) => { requestRecord(r).user = user; return OK } },
    { hook: 'handler', handler: (r) => r.respond(200, '', r.variable('remote_user') ?? '') },
  ]
  const e = await engine(t, '', [{ name: 'who', hooks }])
  assert.match(await e.raw('GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 500 /)
  user = 'cookie-user'
  assert.match(await e.raw('GET / HTTP/1.0\r\n\r\n'), /\r\n\r\ncookie-user$/)
})

test('handlers may wait; redirects forget contexts and keep notes; a log handler silences nobody', async (t) => {
  const trace: string[] = []
  const me = {}
  const wait = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const hooks: HookHandler<unknown, Request>[] = [
    { hook: 'create_request', handler: (r) => { trace.push(`create ${r.uri}`); return OK } },
    { hook: 'post_read_request', handler: async (r) => {
      await wait()
      const record = requestRecord(r)
      trace.push(`read ${r.uri} context=${record.context(me)} note=${record.note('n')}`)
      record.setContext(me, 'kept', () => trace.push('dropped'))
      record.setNote('n', 'left')
      return DECLINED
    } },
    { hook: 'translate_name', handler: async (r) => { await wait(); return r.uri === '/a' ? r.internalRedirect('/b', '') : DECLINED } },
    { hook: 'handler', handler: async (r) => { await wait(); return r.respond(200, '', r.uri) } },
    { hook: 'log_transaction', handler: () => { trace.push('log'); return 500 } },
    { hook: 'log_transaction', handler: () => { trace.push('log too'); return OK } },
  ]
  const e = await engine(t, '', [{ name: 'waits', hooks }])
  assert.match(await e.raw('GET /a HTTP/1.0\r\n\r\n'), /\r\n\r\n\/b$/)
  assert.deepEqual(trace, ['create /a', 'read /a context=undefined note=null', 'dropped', 'create /b', 'read /b context=undefined note=left', 'log', 'log too', 'dropped'])
})

test('connections: refused, taken, served; what is kept for them ends with them', async (t) => {
  const trace: string[] = []
  let pre: number = OK
  let process: number = DECLINED
  let ended = (): void => {}
  const closed = new Promise<void>((resolve) => { ended = resolve })
  const me = {}
  const on = (hook: string, verdict: () => number): HookHandler<unknown, Connection> => ({ hook, handler: (c) => { trace.push(`${hook} ${c.remoteAddress}`); return verdict() } })
  const hooks: HookHandler<any, any>[] = [
    on('create_connection', () => DECLINED), on('pre_connection', () => pre), on('process_connection', () => process),
    { hook: 'pre_connection', after: [], order: 30, handler: (c: Connection) => { connectionRecord(c).setContext(me, 0, () => { trace.push('dropped'); ended() }); return OK } },
    on('pre_close_connection', () => ERROR),
    { hook: 'handler', handler: (r: Request) => {
      const record = connectionRecord(r.connection)
      const count = record.context(me) as number + 1
      record.setContext(me, count, () => { trace.push('dropped'); ended() })
      return r.respond(200, '', `request ${count}`)
    } },
  ]
  const e = await engine(t, '', [{ name: 'conn', hooks }])
  const text = await e.raw('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.0\r\n\r\n')
  await closed
  assert.deepEqual(text.match(/request \d/g), ['request 1', 'request 2'])
  assert.deepEqual(trace.filter((line) => line !== 'dropped'), ['create_connection 127.0.0.1', 'pre_connection 127.0.0.1', 'process_connection 127.0.0.1', 'pre_close_connection 127.0.0.1'])
  assert.equal(trace.at(-1), 'dropped')
  pre = ERROR
  assert.equal(await e.raw('GET / HTTP/1.0\r\n\r\n'), '')
  pre = OK
  process = OK
  assert.equal(await e.raw('GET / HTTP/1.0\r\n\r\n'), '')
})

test('a hook of a module\'s own, with handlers of others, and one that nobody has', async (t) => {
  const status: HookDeclaration = { name: 'owner.status', kind: 'all' }
  const owner: Module = {
    name: 'owner', hookPoints: [status],
    hooks: [{ hook: 'handler', handler: (r: Request) => r.respond(200, '', `${runOwnHook(r, status)} ${requestRecord(r).note('said')} ${runOwnHook(r, { name: 'owner.other', kind: 'all' })}`) }],
  }
  const say = (text: string, verdict: number): HookHandler<unknown, Request> => ({
    hook: 'owner.status', handler: (r) => { requestRecord(r).setNote('said', `${requestRecord(r).note('said') ?? ''}${text}`); return verdict },
  })
  const guest: Module = { name: 'guest', hooks: [say('a', OK), say('b', DECLINED), say('c', 403), say('d', OK), { hook: 'absent.status', optional: true, handler: () => OK }] }
  const e = await engine(t, '', [owner, guest])
  assert.match(await e.raw('GET / HTTP/1.0\r\n\r\n'), /\r\n\r\n403 abc 0$/)
})

test('insert_filter sees the request last; insert_error_filter the built-in page', async (t) => {
  const hooks: HookHandler<unknown, Request>[] = [
    { hook: 'insert_filter', handler: (r) => { r.headersOut.set('X-Filter', 'in'); return 500 } },
    { hook: 'insert_error_filter', handler: (r) => { r.headersOut.set('X-Error', String(r.errStatus)); return 500 } },
    { hook: 'handler', handler: (r) => (r.uri === '/ok' ? r.respond(200, '', 'ok') : 404) },
  ]
  const e = await engine(t, '', [{ name: 'filters', hooks }])
  assert.match(await e.raw('GET /ok HTTP/1.0\r\n\r\n'), /\r\nX-Filter: in\r\n\r\nok$/)
  assert.match(await e.raw('GET /no HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 404 [^]*\r\nX-Error: 404\r\n/)
})
