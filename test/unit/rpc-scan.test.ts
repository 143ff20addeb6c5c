import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Parameter } from '../../host/rpc/command.ts'
import { Members, plain } from '../../host/rpc/command.ts'
import { positional, scan } from '../../host/rpc/scan.ts'
import { ctime } from '../../host/rpc/times.ts'

const text: Parameter = { name: 'text', type: 'text' }
const string: Parameter = { name: 'string', type: 'string' }
const int: Parameter = { name: 'int', type: 'int' }
const float: Parameter = { name: 'float', type: 'float' }

test('each type takes what Kamailio\'s takes', () => {
  const odd = ['a', 7, -5, 2.9, true, false, null, [1], { a: 1 }, 1e300, NaN]
  const each = (parameter: Parameter): unknown[] => odd.map((value) => scan([value], [parameter])[0])
  assert.deepEqual(each(int), [0, 7, -5, 2, 1, 0, 0, 0, 0, -2147483648, -2147483648])
  assert.deepEqual(each(float), [0, 7, -5, 2.9, 1, 0, 0, 0, 0, 1e300, NaN])
  assert.deepEqual(each(string), ['a', ...new Array<undefined>(10).fill(undefined)])
  assert.deepEqual(each(text), ['a', '7', '18446744073709551611', '2', undefined, undefined, undefined, undefined, undefined, '0', '0'])
})

test('a value that does not fit ends the reading; more than there are parameters is left', () => {
  assert.deepEqual(scan(['a', 5, 'b'], [string, string, string]), ['a'])
  assert.deepEqual(scan(['a', 'b', 'c'], [string, string]), ['a', 'b'])
  assert.deepEqual(scan(['a', 'b', 'c'], [string, { ...string, rest: true }]), ['a', 'b', 'c'])
  for (const none of [undefined, null, 5, 'text', []]) assert.deepEqual(scan(none, [string]), [])
  assert.deepEqual(scan(['a'], []), [])
})

test('an object: by name where all names are known, else in its order', () => {
  assert.deepEqual(positional({ int: 1, text: 'a' }, [text, int]), ['a', 1])
  assert.deepEqual(positional({ second: 1, first: 'a' }, [text, int]), [1, 'a'])
  assert.deepEqual(positional({ int: 1 }, [text, int]), [undefined, 1])
  assert.deepEqual(scan({ __proto__: null, text: 'a' }, [text, int]), ['a'])
})

test('an answer whose names may stand twice', () => {
  assert.equal(JSON.stringify(new Members([['200', 1], ['2xx', 2], ['100', 3]])), '{"100":3,"200":1,"2xx":2}')
  assert.equal(JSON.stringify({ items: new Members([['shv', 1], ['shv', 2]]) }), '{"items":[{"shv":1},{"shv":2}]}')
  assert.deepEqual(plain([{ a: new Members([['b', null]]) }]), [{ a: { b: null } }])
})

test('a time as ctime writes it', () => {
  assert.equal(ctime(new Date(2026, 10, 2, 3, 4, 5).getTime()), 'Mon Nov  2 03:04:05 2026')
})
