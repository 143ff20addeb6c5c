import { test } from 'node:test'
import assert from 'node:assert/strict'
import { dispatch, dispatchAny } from '../../host/rpc/jsonrpc.ts'
import { Registry } from '../../host/rpc/registry.ts'
import { RpcError } from '../../host/rpc/command.ts'
import { readSimpleCall } from '../../host/rpc/simplecall.ts'

const calls: string[] = []
const registry = new Registry()
registry.add([
  { name: 't.echo', usage: 't.echo', effect: 'read', run: (params) => { calls.push(`echo ${JSON.stringify(params)}`); return params ?? null } },
  { name: 't.text', usage: 't.text', effect: 'read', run: () => { calls.push('text'); return 'héllo "x"' } },
  { name: 't.fail', usage: 't.fail', effect: 'read', run: () => { calls.push('fail'); throw new RpcError(-32000, 'no') } },
  { name: 't.write', usage: 't.write', effect: 'write', run: () => { calls.push('write'); return 1 } },
], 'test')

const read = (text: string) => {
  const bytes = Buffer.from(`xx${text}yy`, 'utf8')
  const found = readSimpleCall(bytes, 2, bytes.length - 2)
  return found === null ? null : { ...found }
}

test('a simple call is read without a parser', () => {
  assert.deepEqual(read('{"jsonrpc":"2.0","method":"core.version","id":1}'), { method: 'core.version', params: undefined, id: '1' })
  assert.deepEqual(read(' { "id" : "a b" , "params" : [ 1 , "}" ] ,\n"method":"m","jsonrpc":"2.0" }\r\n'), { method: 'm', params: [1, '}'], id: '"a b"' })
  assert.deepEqual(read('{"jsonrpc":"2.0","method":"","params":{"a":{"b":[]}}}'), { method: '', params: { a: { b: [] } }, id: null })
  assert.deepEqual(read('{"jsonrpc":"2.0","method":"m","id":null}'), { method: 'm', params: undefined, id: 'null' })
})

test('what needs a second look is left to the parser', () => {
  const odd = [
    '', '{', '{}', '[]', '1', '{"jsonrpc":"2.0","id":1}', '{"method":"m","id":1}', '{"jsonrpc":"1.0","method":"m"}', '{"jsonrpc":2.0,"method":"m"}',
    '{"jsonrpc":"2.0","method":"m","method":"m"}', '{"jsonrpc":"2.0","method":"m","x":1}', '{"jsonrpc":"2.0","method":"\\u006d"}',
    '{"jsonrpc":"2.0","method":"m","id":1.5}', '{"jsonrpc":"2.0","method":"m","id":1e2}', '{"jsonrpc":"2.0","method":"m","id":01}',
    '{"jsonrpc":"2.0","method":"m","id":-1}', '{"jsonrpc":"2.0","method":"m","id":1234567890}', '{"jsonrpc":"2.0","method":"m","id":true}',
    '{"jsonrpc":"2.0","method":"m","id":nul}', '{"jsonrpc":"2.0","method":"m","id":"é"}', '{"jsonrpc":"2.0","method":"m","params":[}}',
    '{"jsonrpc":"2.0","method":"m","params":[1}', '{"jsonrpc":"2.0","method":"m","params":"x"}', '{"jsonrpc":"2.0","method":"m","params":["é"]}',
    '{"jsonrpc":"2.0","method":"m",}', '{"jsonrpc":"2.0" "method":"m"}', '{"jsonrpc":"2.0","method":"m"}x', '{"jsonrpc":"2.0","method":"m"},', '{"jsonrpc":"2.0","method":"m"',
    '{"jsonrpc":"2.0","method":"m","id":}', '{"jsonrpc":"2.0","method":"m","id"', '{"jsonrpc":"2.0","method":"a\tb"}', '{"jsonrpc":"2.0","method":"m","params":[",',
  ]
  for (const text of odd) assert.equal(read(text), null, text)
  const cut = '{"jsonrpc":"2.0","method":"m","params":[1],"id":1}'
  for (let i = 0; i < cut.length; i++) assert.equal(read(cut.slice(0, i)), null, cut.slice(0, i))
})

/** Numbers that come again with each run. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor(state / 4294967296 * below)
  }
}

test('bytes and text of a document have the same answer and effect, whichever way they are read', () => {
  const next = random(7)
  const pick = (list: readonly string[]): string => list[next(list.length)]!
  const space = (): string => pick(['', '', '', ' ', '\n\t', '\r'])
  const values: Record<string, readonly string[]> = {
    jsonrpc: ['"2.0"', '"2.0"', '"2.0"', '"2.0"', '2.0', '"2.1"'],
    method: ['"t.echo"', '"t.text"', '"t.fail"', '"t.write"', '"t.none"', '"t\\u002eecho"', '7', '"t.ech'],
    params: ['[]', '{}', '[1,2]', '{"a":"}"}', '[[["x"]],{"y":[]}]', '["é"]', '["\\n"]', '[1,]', '[', '"x"', 'null', '[-0.0,1e3]', '{"__proto__":1}'],
    id: ['1', '0', '"a"', 'null', '12345678901234567890', '1.0', '-3', '"\\"', '"é"', '999999999', '1000000000', '""', '[]'],
    other: ['1', '"x"'],
  }
  let simple = 0
  for (let round = 0; round < 20_000; round++) {
    const names = ['jsonrpc', 'method', ...(next(2) === 0 ? ['params'] : []), ...(next(4) === 0 ? [] : ['id']), ...(next(12) === 0 ? [pick(['other', 'id', 'method'])] : [])]
    if (next(3) === 0) names.reverse()
    let text = `${space()}{${names.map((name) => `${space()}"${name}"${space()}:${space()}${pick(values[name]!)}${space()}`).join(',')}}${space()}`
    if (next(10) === 0) text = text.slice(0, next(text.length))
    if (next(10) === 0) text = `[${text}]`
    const bytes = Buffer.from(`!${text}!`)
    const readOnly = next(2) === 0 ? 'read only' : ''
    const context = { transport: 'test', caller: 'test', readOnly }
    calls.length = 0
    const one = dispatch(registry, bytes, context, () => {}, 1, bytes.length - 1)
    const effects = calls.splice(0).join()
    const other = dispatchAny(registry, Buffer.from(text), context, () => {})
    assert.equal(one, other, text)
    assert.equal(effects, calls.join(), text)
    if (readSimpleCall(bytes, 1, bytes.length - 1) !== null) simple++
  }
  assert.ok(simple > 1000, `${simple} were simple`)
})

test('the known call is read again with another id, and nothing that only looks like it', () => {
  const known = '{"jsonrpc":"2.0","method":"core.version","id":7}'
  const call = (id: string) => ({ method: 'core.version', params: undefined, id })
  for (const _ of [1, 2]) assert.deepEqual(read(known), call('7'))
  for (const id of ['0', '8', '12', '123456789']) assert.deepEqual(read(known.replace('7', id)), call(id), id)
  for (const id of ['01', '1234567890', '1.5', '-1', '7e1', '']) assert.equal(read(known.replace('7', id)), null, id)
  for (const id of ['null', '"7"']) assert.deepEqual(read(known.replace('7', id)), call(id), id)
  assert.deepEqual(read(known.replace('core', 'tore')), { ...call('7'), method: 'tore.version' })
  assert.deepEqual(read(known), call('7'))
  assert.deepEqual(read(known.replace('7', '7,"params":[1]')), { ...call('7'), params: [1] })
  assert.deepEqual(read(known), call('7'))
  for (const end of ['}}', '} x', ',"x":1}', '']) assert.equal(read(known.slice(0, -1) + end), null, end)
  assert.deepEqual(read(known.slice(0, -1) + ' } '), call('7'))
})
