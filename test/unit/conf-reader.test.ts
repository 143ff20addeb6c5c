import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlag, setStr } from '../../host/conf/setters.ts'
import type { HttpConfs } from '../../host/conf/cf.ts'
import { ConfigError, PluginError } from '../../host/core/errors.ts'
import { Args, Where } from '../../host/module.ts'
import type { Module } from '../../host/module.ts'
import { build, random } from './conf-support.ts'

const HttpBlock = Args.Block | Args.None

/** A small http: blocks http, server, location, types, route, if; records what is called. */
function http(calls: string[] = []): Module[] {
  const confs: HttpConfs[] = []
  const core: Module = {
    name: 'http', type: 'core', directives: [{
      name: 'http', where: Where.Main, args: HttpBlock, conf: 'core',
      set: (cf) => {
        if (confs.length > 0) return 'is duplicate'
        confs.push(cf.httpConfs('main'))
        for (const module of cf.cycle.modules) module.preconfiguration?.(cf)
        const clean = cf.block(Where.Http, confs[0]!)
        calls.push(`http ${clean ? 'clean' : 'broken'} ends on ${cf.place!.reported}`)
      },
    }],
  }
  const inner: Module = {
    name: 'fake',
    createMainConf: () => ({ types: [] as string[] }), createSrvConf: () => ({}), createLocConf: () => ({}),
    directives: [
      { name: 'server', where: Where.Http, args: HttpBlock, conf: 'srv',
        set: (cf) => { cf.block(Where.Server, cf.httpConfs('srv', cf.http!)) } },
      { name: 'location', where: Where.Server | Where.Location, args: Args.Block | Args.Take12, conf: 'loc',
        set: (cf) => { cf.block(Where.Location, cf.httpConfs('loc', cf.http!)) } },
      { name: 'types', where: Where.Http, args: HttpBlock, conf: 'main',
        set: (cf, _directive, conf) => {
          cf.lines((line) => {
            if (line.args[0] === 'bad') return 'bad line'
            conf.types.push(line.args.join(' '))
          })
          calls.push(conf.types.join(', '))
        } },
      { name: 'route', where: Where.Http, args: Args.Block | Args.Any, conf: 'main', raw: true,
        set: (cf) => { calls.push(`${cf.args.join(' ')}:${cf.rawBlock().text}`) } },
      { name: 'root', where: Where.Http | Where.Server | Where.Location, args: Args.Take1, conf: 'loc', set: setStr, field: 'root' },
      { name: 'listen', where: Where.Server, args: Args.OneOrMore, conf: 'srv',
        set: (cf) => cf.args.length > 2 ? cf.fail(`invalid parameter "${cf.args[2]}"`, 2) : undefined },
      { name: 'sendfile', where: Where.Location, args: Args.Flag, conf: 'loc', set: setFlag, field: 'sendfile' },
      { name: 'twice', where: Where.Http, args: Args.Take1, conf: 'main', set: () => { calls.push('twice in http') } },
      { name: 'twice', where: Where.Location, args: Args.None, conf: 'loc', set: () => { calls.push('twice in location') } },
    ],
  }
  return [core, inner]
}

test('a directive is looked up by type and context; the first that fits is checked', (t) => {
  const calls: string[] = []
  const { ok, messages } = build(t, 'events {}\nhttp {\ntwice 1;\nserver { location / { twice; } }\n}\n', { modules: http(calls) })
  assert.deepEqual(messages, [])
  assert.equal(ok, true)
  assert.deepEqual(calls, ['twice in http', 'twice in location', 'http clean ends on 5'])
})

test('all mistakes of a run are collected, none makes up another', (t) => {
  const text = `worker_processes 1;
evnts {}
events { worker_connections x; nope { a; } }
http {
  root;
  roott a;
  location / { nonsense here; }
  server {
    sendfile on;
    listen 80
    root /x;
    location / { root {a b; c; } }
    location /b
      root y;
    types a;
  }
}
listen 80;
`
  const calls: string[] = []
  const { messages, notes, ok, syntaxOk } = build(t, text, { modules: http(calls) })
  assert.deepEqual(messages.map((message, i) => `${message}${notes[i] === null ? '' : ` -- ${notes[i]}`}`), [
    '[emerg] unknown directive "evnts" in <P>/v.conf:2 -- did you mean "events"?',
    '[emerg] invalid number "x" in <P>/v.conf:3',
    '[emerg] unknown directive "nope" in <P>/v.conf:3',
    '[emerg] invalid number of arguments in "root" directive in <P>/v.conf:5 -- it takes 1 argument',
    '[emerg] unknown directive "roott" in <P>/v.conf:6 -- did you mean "root"?',
    '[emerg] "location" directive is not allowed here in <P>/v.conf:7 -- it may be used in server, location',
    '[emerg] "sendfile" directive is not allowed here in <P>/v.conf:9 -- it may be used in location',
    '[emerg] invalid parameter "root" in <P>/v.conf:11 -- ";" may be missing after "80" on line 10',
    '[emerg] directive "root" is not terminated by ";" in <P>/v.conf:12',
    '[emerg] directive "location" has no opening "{" in <P>/v.conf:14 -- ";" may be missing after "/b" on line 13',
    '[emerg] "types" directive is not allowed here in <P>/v.conf:15 -- it may be used in http',
    '[emerg] "listen" directive is not allowed here in <P>/v.conf:18 -- it may be used in server',
  ])
  assert.equal(ok, false)
  assert.equal(syntaxOk, false)
  assert.deepEqual(calls, ['http broken ends on 17'])
})

test('the caret stands at the word, nginx\'s line is where the directive ends', (t) => {
  const { cycle, messages } = build(t, 'events {}\nhttp {\nserver {\n  listen 80\n    bad\n  ;\n}}\n', { modules: http() })
  assert.deepEqual(messages, ['[emerg] invalid parameter "bad" in <P>/v.conf:6'])
  const { line, column, length, text } = cycle.problems[0]!.error.place!
  assert.deepEqual({ line, column, length, text }, { line: 5, column: 5, length: 3, text: '    bad' })
})

test('plain lines: include, a nested block, a text returned', (t) => {
  const calls: string[] = []
  const files = { 'more.types': 'c d; bad;' }
  const { messages } = build(t, 'events {}\nhttp { types { a b; x { y; } include more.types; include; e f } }', { modules: http(calls), files })
  assert.deepEqual(messages, [
    '[emerg] unexpected "{" in <P>/v.conf:2',
    '[emerg] bad line in <P>/more.types:1',
    '[emerg] unexpected "}" in <P>/v.conf:2',
  ])
  assert.deepEqual(calls, ['a b, c d, include', 'http broken ends on 2'])
})

test('raw blocks, also with a name in brackets, and skipped ones', (t) => {
  const calls: string[] = []
  const text = 'events {}\nhttp {\nroute[A] { if ("}") { x(\'{\'); } }\nroute { # }\n}\ntwice 1;\nserver { route B { "}" } }\n}'
  const { messages } = build(t, text, { modules: http(calls) })
  assert.deepEqual(calls, ['route[A]: if ("}") { x(\'{\'); } ', 'route: # }\n', 'twice in http', 'http broken ends on 8'])
  assert.deepEqual(messages, ['[emerg] "route" directive is not allowed here in <P>/v.conf:7'])
})

test('an open block is shown at its beginning and reported at the end', (t) => {
  const { messages, cycle } = build(t, 'events {}\nhttp {\n server {\n}\n', { modules: http() })
  assert.deepEqual(messages, ['[emerg] unexpected end of file, expecting "}" in <P>/v.conf:5'])
  assert.equal(cycle.problems[0]!.error.place!.line, 2)
})

test('a "}" that is part of a word is pointed out', (t) => {
  const { messages, notes } = build(t, 'events {}\nhttp {\nserver { root x}\nroot /${a};\n}\n', { modules: http() })
  assert.deepEqual(messages, [
    '[emerg] invalid number of arguments in "root" directive in <P>/v.conf:4',
    '[emerg] unexpected end of file, expecting "}" in <P>/v.conf:6',
  ])
  assert.deepEqual(notes, ['";" may be missing after "x}" on line 3', 'the "}" on line 3 is part of a word; put ";" and a blank before it'])
})

test('a "}" too many ends the file: nothing is made up from the rest', (t) => {
  const { messages } = build(t, 'events {}\n}\nlisten 80;\n', { modules: http() })
  assert.deepEqual(messages, ['[emerg] unexpected "}" in <P>/v.conf:2'])
})

test('blocks nested too deep are refused, not run into the stack', (t) => {
  const text = `events {}\nhttp { server { ${'location / { '.repeat(5000)}${'} '.repeat(5000)} } }`
  const { messages } = build(t, text, { modules: http() })
  assert.deepEqual(messages, ['[emerg] blocks are nested more than 100 deep in <P>/v.conf:2'])
})

test('include: globs, order, places, balance, loops', (t) => {
  const calls: string[] = []
  const files = {
    'c/b.conf': 'twice b;', 'c/a.conf': 'twice a;\nnope;', 'open.conf': 'server {', 'close.conf': '}', 'loop.conf': 'include loop2.conf;',
    'loop2.conf': 'include loop.conf;',
  }
  const text = 'events {}\nhttp {\ninclude c/*.conf;\ninclude none*;\ninclude open.conf;\ninclude close.conf;\ninclude loop.conf;\ninclude none;\ninclude c;\n}'
  const { messages, cycle, prefix } = build(t, text, { modules: http(calls), files })
  assert.deepEqual(messages, [
    '[emerg] unknown directive "nope" in <P>/c/a.conf:2',
    '[emerg] unexpected end of file, expecting "}" in <P>/open.conf:1',
    '[emerg] unexpected "}" in <P>/close.conf:1',
    '[emerg] "<P>/loop.conf" includes itself in <P>/loop2.conf:1',
    '[emerg] open() "<P>/none" failed (2: No such file or directory) in <P>/v.conf:8',
    '[emerg] pread() "<P>/c" failed (21: Is a directory) in <P>/v.conf:9',
  ])
  assert.deepEqual(calls, ['twice in http', 'twice in http', 'http broken ends on 10'])
  assert.deepEqual(cycle.files.map((file) => file.name.replace(prefix, '')),
    ['v.conf', 'c/a.conf', 'c/b.conf', 'open.conf', 'close.conf', 'loop.conf', 'loop2.conf'])
  assert.equal(cycle.files[1]!.text, 'twice a;\nnope;')
})

test('-g', (t) => {
  assert.deepEqual(build(t, 'events {}', { globals: 'daemon off; foo;' }).messages, ['[emerg] unknown directive "foo" in command line'])
  assert.deepEqual(build(t, 'events {}', { globals: 'events{} foo' }).messages, [
    '[emerg] block directives are not supported in -g option in command line',
    '[emerg] unexpected end of parameter, expecting ";" in command line',
  ])
  assert.deepEqual(build(t, 'events {}\ndaemon off;', { globals: 'daemon off;' }).messages, ['[emerg] "daemon" directive is duplicate in <P>/v.conf:2'])
})

test('a missing file, a missing events block, a byte order mark', (t) => {
  const none = build(t, 'worker_processes 1;')
  assert.deepEqual(none.messages, ['[emerg] no "events" section in configuration'])
  assert.deepEqual([none.syntaxOk, none.ok, none.parsed], [true, false, 0])
  const bom = build(t, '\ufeffevents {}')
  assert.deepEqual(bom.messages, ['[emerg] unknown directive "\xef\xbb\xbfevents" in <P>/v.conf:1'])
  assert.deepEqual(bom.notes, ['the file begins with a byte order mark; save it without one'])
})

/** A plugin that records its callbacks and has the http directive `hello` and the main directive `greet`. */
function hello(calls: string[], name = 'hello'): Module {
  return {
    name,
    preconfiguration: () => { calls.push('preconfiguration') },
    createMainConf: () => { calls.push('main'); return 'main' },
    createSrvConf: () => { calls.push('srv'); return 'srv' },
    createLocConf: () => { calls.push('loc'); return {} },
    directives: [{ name: 'hello', where: Where.Location, args: Args.Take1, conf: 'loc', set: setStr, field: 'text' }],
  }
}

test('a shipped plugin is loaded when its directive is met; every open level gets its confs', (t) => {
  const calls: string[] = []
  const asked: string[] = []
  const loadFor = (name: string): Module[] | null => {
    asked.push(name)
    return name === 'hello' && calls.length === 0 ? [hello(calls)] : null
  }
  const text = 'events {}\nhttp {\nserver { location / { root a; }\nlocation /b { hello x; location /b/c { hello y; } } hello z; } }'
  const { messages, notes, cycle } = build(t, text, { modules: http(), plugins: { loadFor } })
  assert.deepEqual(messages, ['[emerg] "hello" directive is not allowed here in <P>/v.conf:4'])
  assert.deepEqual(notes, ['it may be used in location (from plugin hello)'])
  assert.deepEqual(asked, ['hello', 'hello'])
  assert.equal(cycle.modules.at(-1)!.name, 'hello')
  assert.deepEqual(calls, ['main', 'srv', 'loc', 'preconfiguration', 'srv', 'loc', 'loc', 'loc', 'loc'])
})

test('load_module and plugins bring modules before http; a failure is reported once', (t) => {
  const calls: string[] = []
  const wanted: string[] = []
  const plugins = {
    loadFile: (pattern: string) => { wanted.push(pattern); return [hello(calls)] },
    loadDirectory: (directory: string, watch: boolean) => { wanted.push(`${directory} ${watch}`); return [] },
    providerOf: () => 'access',
  }
  const files = { 'p/x.wasm': '' }
  const good = build(t, 'load_module p/*.wasm;\nevents {}\nplugins p watch;\nhttp { server { location / { hello x; } } }',
    { modules: http(), plugins, files })
  assert.deepEqual(good.messages, [])
  assert.deepEqual(wanted.map((path) => path.replace(good.prefix, '')), ['p/*.wasm', 'p true'])
  assert.deepEqual(calls, ['main', 'srv', 'loc', 'preconfiguration', 'srv', 'loc', 'loc'])

  const late = build(t, 'events {}\nload_module p;\nhttp {}\nplugins p;\nplugins p x y;', { modules: http(), plugins, files })
  assert.deepEqual(late.messages, [
    '[emerg] "load_module" directive is specified too late in <P>/v.conf:2',
    '[emerg] "plugins" directive is specified too late in <P>/v.conf:4',
    '[emerg] invalid number of arguments in "plugins" directive in <P>/v.conf:5',
  ])

  const twice = build(t, 'load_module p/x.wasm;\nload_module p/x.wasm;\nplugins nosuch;\nplugins p wach;\nallow x;', { plugins, files })
  assert.deepEqual(twice.messages, [
    '[emerg] module "hello" is already loaded in <P>/v.conf:2',
    '[emerg] opendir() "<P>/nosuch" failed (2: No such file or directory) in <P>/v.conf:3',
    '[emerg] invalid parameter "wach" in <P>/v.conf:4',
  ])

  const broken = { loadFile: (): never => { throw new PluginError('x', 'p/x.wasm: no ABI recognised', 'it imports nothing') } }
  const failed = build(t, 'load_module p/x.wasm;\nallow x;\nevents {}', { plugins: broken, files })
  assert.deepEqual(failed.messages, ['[emerg] p/x.wasm: no ABI recognised in <P>/v.conf:1'])
  assert.deepEqual(failed.notes, ['it imports nothing'])

  const missing = build(t, 'load_module nosuch.so;\nevents {}')
  assert.deepEqual(missing.messages, ['[emerg] dlopen() "<P>/nosuch.so" failed (<P>/nosuch.so: cannot open shared object file: ' +
    'No such file or directory) in <P>/v.conf:1'])
  assert.deepEqual(build(t, 'allow x;', { plugins }).notes, ['plugin "access" provides it; load it with load_module or plugins'])
})

test('a mistake without a place keeps none; a bug is thrown on', (t) => {
  const module = (set: () => void): Module => ({
    name: 'x', type: 'core', directives: [{ name: 'x', where: Where.Main, args: Args.None, conf: 'core', set }],
  })
  const thrown = module(() => { throw new ConfigError('unknown "a" variable') })
  assert.deepEqual(build(t, 'x;\nevents {}', { modules: [thrown] }).messages, ['[emerg] unknown "a" variable'])
  const bug = module(() => { throw new TypeError('a bug') })
  assert.throws(() => build(t, 'x;\nevents {}', { modules: [bug] }), new TypeError('a bug'))
})

test('property: no text throws, and every mistake has a place inside the file', (t) => {
  const parts = ['events', 'http', 'server', 'location', 'types', 'route', 'root', 'listen', 'twice', 'include v.conf', 'nope', ' {', '{', '}', ';', ';',
    '\n', ' ', ' ', ' a', '"', "'", '#', '\\', ' /x', 'events {}', 'http {', 'server {', 'location / {', 'root a;', '}']
  for (let seed = 0; seed < 300; seed++) {
    const pick = random(seed)
    const text = Array.from({ length: pick(60) }, () => parts[pick(parts.length)]!).join('')
    const lines = text.split('\n')
    for (const { error } of build(t, text, { modules: http() }).cycle.problems) {
      if (error.place === null) continue
      assert.equal(error.place.text, lines[error.place.line - 1], `seed ${seed}`)
      assert.ok(error.place.reported! >= error.place.line && error.place.reported! <= lines.length, `seed ${seed}`)
    }
  }
})
