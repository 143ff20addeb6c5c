import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError, PluginError } from '../../host/core/errors.ts'
import { RpcCode, RpcError } from '../../host/rpc/command.ts'
import type { Command } from '../../host/rpc/command.ts'
import { dispatch } from '../../host/rpc/jsonrpc.ts'
import { textParam } from '../../host/rpc/params.ts'
import { Registry } from '../../host/rpc/registry.ts'

const seen: string[] = []
const faults: string[] = []
const command = (name: string, run: Command['run']): Command => ({ name, usage: `${name} X: a test`, effect: 'read', run })
const registry = new Registry()
registry.add([
  command('t.subtract', (p: any) => Array.isArray(p) ? p[0] - p[1] : p.minuend - p.subtrahend),
  command('t.sum', async (p: any) => p.reduce((a: number, b: number) => a + b, 0)),
  command('t.note', (p) => { seen.push(JSON.stringify(p)) }),
  command('t.echo', (p) => p),
  command('t.text', (p) => textParam(p, 0, 'name')),
  command('t.fail', () => { throw new RpcError(-32000, 'no such ban', { address: 'x' }) }),
  command('t.plugin', () => { throw new PluginError('access', 'truncated file', 'build it again') }),
  command('t.conf', async () => { throw new ConfigError('unknown directive "x"', { file: '/v.conf', line: 3, column: 1, length: 1, text: 'x' }) }),
  command('t.bug', () => { throw new TypeError('secret') }),
  command('t.cyclic', () => { const a: any = {}; a.a = a; return a }),
  command('t.big', () => 1n),
], 'test')

const ask = (document: string | Buffer) => dispatch(registry, Buffer.from(document as string), { transport: 'test', caller: 'test' }, (name) => faults.push(name))
const answer = (result: string, id: string | number = 1) => `{"jsonrpc":"2.0","result":${result},"id":${id}}`
const error = (code: number, message: string, id: unknown = null, data?: unknown) => {
  return JSON.stringify({ jsonrpc: '2.0', error: data === undefined ? { code, message } : { code, message, data }, id })
}
const invalid = error(-32600, 'Invalid Request')

test('the examples of the specification', async () => {
  assert.equal(ask('{"jsonrpc": "2.0", "method": "t.subtract", "params": [42, 23], "id": 1}'), answer('19'))
  assert.equal(ask('{"jsonrpc": "2.0", "method": "t.subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}'), answer('19', 3))
  assert.equal(ask('{"jsonrpc": "2.0", "method": "t.note", "params": [1,2,3,4,5]}'), '')
  assert.equal(ask('{"jsonrpc": "2.0", "method": "foobar"}'), '')
  assert.equal(ask('{"jsonrpc": "2.0", "method": "foobar", "id": "1"}'), error(-32601, 'Method not found', '1'))
  assert.equal(ask('{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]'), error(-32700, 'Parse error'))
  assert.equal(ask('{"jsonrpc": "2.0", "method": 1, "params": "bar"}'), invalid)
  assert.equal(ask('[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},{"jsonrpc": "2.0", "method"]'), error(-32700, 'Parse error'))
  assert.equal(ask('[]'), invalid)
  assert.equal(ask('[1]'), `[${invalid}]`)
  assert.equal(ask('[1,2,3]'), `[${invalid},${invalid},${invalid}]`)
  assert.equal(await ask(`[{"jsonrpc":"2.0","method":"t.sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method":"t.note","params":[7]},
    {"jsonrpc":"2.0","method":"t.subtract","params":[42,23],"id":"2"},{"foo":"boo"},{"jsonrpc":"2.0","method":"foo.get","id":"5"}]`),
  `[${answer('7', '"1"')},${answer('19', '"2"')},${invalid},${error(-32601, 'Method not found', '5')}]`)
  assert.equal(ask('[{"jsonrpc":"2.0","method":"t.note"},{"jsonrpc":"2.0","method":"t.note","params":[]}]'), '')
  assert.deepEqual(seen, ['[1,2,3,4,5]', '[7]', undefined, '[]'].map((text) => text as string))
})

test('what is no request object', () => {
  for (const text of ['1', '"x"', 'null', 'true', '{}', '{"jsonrpc":"2.0"}', '{"method":"t.echo","id":true}', '[[]]'.slice(1, 3),
    '{"jsonrpc":"2.0","method":"t.echo","id":{}}', '{"jsonrpc":"2.0","method":"t.echo","id":[1]}', '{"jsonrpc":"2.0","params":[]}']) {
    assert.equal(ask(text), invalid, text)
  }
  assert.equal(ask('{"jsonrpc":2.0,"method":"t.echo","id":7}'), error(-32600, 'Invalid Request', 7))
  assert.equal(ask('{"jsonrpc":"2.0","method":"t.echo","params":3,"id":7}'), error(-32600, 'Invalid Request', 7))
  assert.equal(ask('{"jsonrpc":"2.0","method":"t.echo","params":null,"id":7}'), error(-32600, 'Invalid Request', 7))
  assert.equal(ask('[[]]'), `[${invalid}]`)
})

test('what is no JSON, as text and as bytes', () => {
  for (const text of ['', ' ', '{', '{"a":1}x', "{'a':1}", '\ufeff{}', '['.repeat(200000)]) assert.equal(ask(text), error(-32700, 'Parse error'), text.slice(0, 9))
  assert.equal(ask(Buffer.from([0x22, 0xff, 0x22])), error(-32700, 'Parse error'))
  assert.equal(ask(Buffer.from('{"jsonrpc":"2.0","method":"t.echo","params":["é"],"id":"ü"}')), answer('["é"]', '"ü"'))
})

test('an id comes back as it was', () => {
  for (const id of ['0', '-1', '1.5', 'null', '""', '"a\\"b"', '12345678901234567890', '1e400']) {
    assert.equal(ask(`{"jsonrpc":"2.0","method":"t.echo","params":[],"id":${id}}`), answer('[]', id), id)
  }
  const wide = '[{"jsonrpc":"2.0","method":"t.echo","params":{"id":1},"id":9007199254740993},{"jsonrpc":"2.0","method":"t.echo","id":2}]'
  assert.equal(ask(wide), `[${answer('{"id":1}', '9007199254740993')},${answer('null', 2)}]`)
})

test('errors of commands', async () => {
  const of = (name: string, params = '') => ask(`{"jsonrpc":"2.0","method":"${name}",${params}"id":1}`)
  assert.equal(of('t.fail'), error(-32000, 'no such ban', 1, { address: 'x' }))
  assert.equal(of('t.plugin'), error(-32000, 'access: truncated file', 1, { note: 'build it again' }))
  assert.equal(await of('t.conf'), error(-32000, 'unknown directive "x" in /v.conf:3', 1))
  assert.equal(of('t.text'), error(-32602, 'parameter "name" is missing', 1, { usage: 't.text X: a test' }))
  assert.equal(of('t.text', '"params":[{}],'), error(-32602, 'parameter "name" must be a text, not {}', 1, { usage: 't.text X: a test' }))
  assert.equal(of('t.text', '"params":{"name":5},'), answer('"5"'))
  assert.equal(of('t.txet'), error(-32601, 'Method not found', 1, { suggestion: 't.text' }))
  assert.deepEqual(faults, [])
  for (const name of ['t.bug', 't.cyclic', 't.big']) assert.equal(of(name), error(-32603, 'Internal error', 1))
  assert.deepEqual(faults, ['t.bug', 't.cyclic', 't.big'])
})

test('a registry refuses a name twice and a name that is none', () => {
  const own = new Registry()
  own.add([command('a.b', () => 1)], 'first')
  const failure = (name: string) => {
    try {
      own.add([command(name, () => 1)], 'second')
    } catch (e) {
      return e instanceof RpcError && e.code === RpcCode.Failed ? e.message : e
    }
    return null
  }
  assert.equal(failure('a.b'), 'command "a.b" of "second" is already registered by "first"')
  assert.equal(failure('ab'), 'invalid command name "ab" of "second", it must be like "group.verb"')
  assert.equal(failure('system.listMethods'), 'command "system.listMethods" of "second" is already registered by "system"')
  assert.equal(failure('c.d'), null)
  assert.deepEqual(own.names(), ['a.b', 'c.d', 'system.describe', 'system.listMethods', 'system.methodHelp', 'system.methodSignature'])
})
