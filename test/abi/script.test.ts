/**
 * What plugins bring to routing scripts, over the ABI: called as the language calls it, with a run that notes what
 * happens to it.
 */
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ScriptRunView, ScriptValue, TransformationArgument } from '../../host/script/contract.ts'
import type { Request } from '../../host/http/request.ts'
import { compilePlugin } from '../../host/wasm/compile.ts'
import type { NativeModule } from '../../host/wasm/native/module.ts'
import { defaultSettings } from '../../host/wasm/limits/settings.ts'
import { factsOf, instantiate } from '../../host/wasm/plugins.ts'
import { builtPlugin } from '../built.ts'
import { load, plugin, serve } from './kit.ts'

const out = mkdtempSync(join(tmpdir(), 'vespid-script-'))
after(() => rmSync(out, { recursive: true }))
const file = join(out, 'probe.wasm')
await builtPlugin(fileURLToPath(new URL('../../sdk/test/script', import.meta.url)), file)
const compiled = compilePlugin(file, readFileSync(file))

/** What a run was told. */
interface Noted extends ScriptRunView { readonly set_: Map<string, ScriptValue>, readonly said: unknown[] }

function runOn(request: Request | null, values: Record<string, ScriptValue> = {}): Noted {
  const set_ = new Map<string, ScriptValue>(Object.entries(values))
  const said: unknown[] = []
  return {
    set_, said, line: 'x:1',
    subject: {
      request, message: null,
      reply: (...answer) => said.push(answer) > 0 && said.filter((s) => Array.isArray(s)).length === 1,
      appendReplyHeader: (lines) => said.push(lines) > 0,
      closeAfterReply: () => { said.push('close') },
      log: (level, text) => { said.push(`${level} ${text}`) },
    },
    get: (source) => set_.get(source) ?? null,
    set: (source, value) => { set_.set(source, value); return true },
    call: async (name, args) => { said.push(`${name}(${args.join()})`); return 5 },
  }
}

/** The plugin in a server whose location /run calls a function of the test with the request. */
async function started(t: TestContext, main = ''): Promise<{ module: NativeModule, log: () => string[], on: (body: (r: Request) => void) => Promise<void> }> {
  const module = instantiate(compiled, {})
  let body: (r: Request) => void = () => {}
  let failed: unknown = null
  const server = await serve(t, 'location / { return 404; }', [module, {
    name: 'runner', phases: [{ phase: 1, handler: (r: Request) => { try { body(r) } catch (error) { failed = error } return 204 } }],
  } as unknown as NativeModule], '', main)
  const on = async (checks: (r: Request) => void): Promise<void> => {
    body = checks
    await server.raw('GET /a%20b?c HTTP/1.0\r\n\r\n')
    if (failed !== null) throw failed
  }
  return { module, log: server.log, on }
}

const functionOf = (module: NativeModule, name: string) => module.functions!.find((f) => f.name === name)!

test('what is registered is what the language is given, and what the index says', () => {
  const module = instantiate(compiled, {})
  assert.deepEqual(module.functions!.map(({ name, minimum, maximum, parameters, waits }) => [name, minimum, maximum, parameters, waits]), [
    ['probe', 1, 3, ['text', 'int'], undefined], ['where', 0, 0, undefined, undefined], ['path', 0, 0, undefined, undefined],
    ['answer', 1, 1, ['text'], undefined], ['crash', 0, 0, undefined, undefined], ['nap', 1, 1, ['int'], true],
  ])
  const facts = factsOf(compiled, module)
  assert.deepEqual([facts.pseudo_variables, facts.transformations, facts.parameters, facts.event_routes],
    [['$probed'], ['{probe.cut}', '{probe.none}'], ['size', 'label', 'only'], ['probe:request']])
})

test('functions get texts, ints and nothing, and answer with their return code', async (t) => {
  const { module, on } = await started(t)
  await on((r) => {
    const run = runOn(r)
    assert.equal(functionOf(module, 'probe').call(run, ['a\xc3\xa9', -5, null]), 3)
    assert.equal(run.set_.get('$var(mark)'), 'ta\xc3\xa9i-5-')
  })
})

test('functions see the request and variables; without a request they are told', async (t) => {
  const { module, on } = await started(t)
  const where = functionOf(module, 'where')
  await on((r) => {
    const run = runOn(r, { $si: '10.0.0.1' })
    where.call(run, [])
    assert.equal(run.set_.get('$var(mark)'), '10.0.0.1 /a b')
    assert.equal(functionOf(module, 'path').call(run, []), 4)
  })
  const run = runOn(null)
  assert.equal(where.call(run, []), 0)
  assert.equal(run.set_.get('$var(mark)'), 'no request')
})

test('asking for the request where there is none is a fault that ends the script', async (t) => {
  const { module } = await started(t)
  assert.throws(() => functionOf(module, 'path').call(runOn(null), []),
    /called request_text, which may not be called in a script function on a message that is no HTTP request/)
  assert.equal(functionOf(module, 'where').call(runOn(null), []), 0)
})

test('a trap ends the script and is logged once; the next call finds a fresh instance', async (t) => {
  const { module, on, log } = await started(t)
  await on((r) => {
    assert.throws(() => functionOf(module, 'crash').call(runOn(r), []), /out of order/)
    assert.equal(functionOf(module, 'path').call(runOn(r), []), 4)
  })
  assert.deepEqual(log(), ['[error] plugin probe trapped in function crash: out of order (assembly/index.ts:52:58)'])
})

test('with plugin_on_error pass a trap is a failed function', async (t) => {
  const module = instantiate(compiled, {}, false, { ...defaultSettings, onError: 'pass' })
  await serve(t, '', [module])
  assert.equal(functionOf(module, 'crash').call(runOn(null), []), -1)
})

test('replies, headers and closing reach the subject; arguments are replied as they are', async (t) => {
  const { module } = await started(t)
  const run = runOn(null)
  assert.equal(functionOf(module, 'answer').call(run, ['\xff\x00x']), -1)
  assert.deepEqual(run.said, ['X-One: 1\r\n', 'close', [202, '\xff\x00x', '\xff\x00x', '\xff\x00x'], [203, 'Again', 'text/plain', 'twice']])
})

test('a function may wait, and call another one that does', async (t) => {
  const { module } = await started(t)
  const run = runOn(null)
  assert.equal(await functionOf(module, 'nap').call(run, [9]), 5)
  assert.deepEqual([run.set_.get('$var(mark)'), run.said], [9, ['inner(a,b)']])
})

test('pseudo-variables: text, int, the request\'s own bytes, nothing, index, assignment, keys', async (t) => {
  const { module, on } = await started(t)
  const [probed] = module.pseudoVariables!
  assert.equal(probed!.inner, 'optional')
  assert.deepEqual([probed!.check!('int'), probed!.check!(null), probed!.check!('other')], [undefined, undefined, 'unknown key "other" of $probed; it has int, target, nothing'])
  await on((r) => {
    const run = runOn(r)
    const get = (inner: string | null, index: number | '*' | null = null): ScriptValue => probed!.get(run, inner, index)
    assert.deepEqual([get(null), get('int'), get('int', '*'), get('int', -3), get('target'), get('nothing')], ['first', -1, -2, -3, '/a%20b?c', null])
    assert.deepEqual([probed!.set!(run, null, null, 'x\xc3\xbc'), get(null), probed!.set!(run, null, null, 12), get(null), probed!.set!(run, null, null, null)],
      [true, 'x\xc3\xbc', true, '#12', false])
  })
  assert.equal(probed!.get(runOn(null), 'target', null), null)
})

test('transformations: arguments, bytes, nothing, mistakes', async (t) => {
  const { module } = await started(t)
  const [probe] = module.transformations!
  assert.equal(probe!.name, 'probe')
  const run = runOn(null)
  const made = (operation: string, ...args: TransformationArgument[]) => probe!.compile(operation, args, '', () => () => '')
  assert.equal(made('cut', '2')('ab\xffd', run), '\xffd')
  assert.equal(made('cut', { variable: () => 1 })(123, run), '23')
  assert.equal(made('none')('x', run), null)
  assert.throws(() => made('cup'), { message: 'unknown transformation "probe.cup"', note: '{probe.…} has cut, none' })
  assert.throws(() => made('cut'), { message: 'invalid number of arguments of transformation "probe.cut"' })
})

test('in a route: parameters, admission, waiting, a trap', async (t) => {
  const server = await serve(t, `
    location / { event_route[probe:request] { $var(n) = nap(3); $probed = "kept"; answer("$var(mark) $var(n) $(probed{probe.cut,1}) $probed(target)"); } }
    location /yes/crash { event_route[probe:request] { crash(); answer("not reached"); } }`, [instantiate(compiled, {})], 'modparam probe size 5; modparam probe only "^/YES";')
  const get = (path: string): Promise<string> => server.raw(`GET ${path} HTTP/1.0\r\n\r\n`)
  const answered = await get('/yes?')
  assert.deepEqual([answered.split('\r\n')[0], /^X-One: .*$/m.exec(answered)?.[0].trim(), answered.slice(answered.indexOf('\r\n\r\n') + 4)],
    ['HTTP/1.1 202 3 -1 ept /yes?', 'X-One: 1', '3 -1 ept /yes?'])
  assert.match(await get('/no'), /^HTTP\/1\.1 404 /)
  assert.match(await get('/yes/crash'), /^HTTP\/1\.1 500 /)
  assert.match(await get('/yes/a'), /^HTTP\/1\.1 202 /)
  assert.deepEqual(server.log().filter((line) => line.includes('probe')), ['[error] plugin probe trapped in function crash of location /yes/crash: out of order (assembly/index.ts:52:58)'])
})

test('what belongs to scripts is a fault elsewhere', async (t) => {
  const faults: string[] = []
  for (const call of ['(call $script_close)', '(drop (call $pv_int (i32.const 0)))', '(drop (call $regex_test (i32.const 7) (i32.const 0) (i32.const 0)))',
    '(call $answer_int (i32.const 1))', '(drop (call $script_call (i32.const 0) (i32.const 0)))']) {
    const module = load(plugin({
      register: '(call $content (call $directive (i32.const 16) (i32.const 5) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const -1) (i32.const 0)) (i32.const 0) (i32.const 0) (i32.const 0))',
      functions: `(func $f (param i32 i32 i32) (result i32) ${call} (i32.const 204))`, table: ['$f'], data: '(data (i32.const 16) "probe")',
    }))
    const server = await serve(t, 'location / { probe; }', [module])
    assert.match(await server.raw('GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 500 /)
    faults.push(server.log()[0]!.replace(/^.*location \/: it /, '').replace(/ \(.*/, ''))
  }
  assert.deepEqual(faults, [
    'called script_close, which may not be called in a handler', 'called pv_int, which may not be called in a handler',
    'matched regular expression 7, which it has not compiled', 'called answer_int, which may not be called in a handler',
    'called script_call, which may not be called in a handler',
  ])
})

test('registration is checked', () => {
  const refused = (register: string, data: string): string => {
    try {
      load(plugin({ register, functions: '(func $f (param i32 i32 i32) (result i32) i32.const 0)', table: ['$f'], data: `(data (i32.const 16) "${data}")` }))
    } catch (error) {
      return (error as Error).message.replace(/^.*registration trapped: /, '')
    }
    return 'accepted'
  }
  const call = (name: string, ...args: number[]): string => `(call $${name} ${args.map((a) => `(i32.const ${a})`).join(' ')})`
  assert.match(refused(call('script_function', 16, 3, 2, 1, 0, 0, 0), 'abc'), /registered function "abc" with 2 to 1 arguments/)
  assert.match(refused(call('script_function', 16, 3, 0, 1, 9, 0, 0), 'abc'), /registered function "abc" with argument kind 9/)
  assert.match(refused(call('script_function', 16, 3, 0, 1, 0, 5, 0), 'abc'), /gave function 5 for function abc, which its table does not have/)
  assert.match(refused(call('script_function', 16, 3, 0, 1, 0, 0, 0), 'a.b'), /registered a function named "a\.b"/)
  assert.match(refused(call('pseudo_variable', 16, 3, 3, 0, 0, 0, 0, -1, 0), 'abc'), /registered pseudo-variable "abc" with parentheses of kind 3/)
  assert.match(refused(call('transformation', 16, 3, 0, 1, 0, 0), 'abc'), /registered a transformation named "abc"/)
  assert.match(refused(call('parameter', 16, 3, 3, -1, 0, 0), 'abc'), /registered parameter "abc" of type 3/)
  assert.match(refused(call('parameter', 16, 3, 1, 0, 0, 0), 'abc'), /gave conf 0 for parameter "abc", which is none of level 0/)
  assert.match(refused(call('event_route', 16, 3, 0, -1, 0, 0), 'abc'), /registered an event route named "abc"/)
  assert.match(refused(call('event_route', 16, 3, 2, -1, 0, 0), 'a:b'), /registered event route "a:b" with flags 2/)
  assert.equal(refused(call('event_route', 16, 3, 1, -1, -1, 0), 'a:b'), 'accepted')
})
