import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { mergeValue, mergeValues } from '../../host/conf/merge.ts'
import {
  bounds, deprecated, setBitmask, setBufs, setEnum, setFlag, setMsec, setNum, setOff, setPath, setSec, setSize, setStr,
  setStrArray,
} from '../../host/conf/setters.ts'
import { Args, Where } from '../../host/module.ts'
import type { Directive, Module } from '../../host/module.ts'
import { build } from './conf-support.ts'

/** Reads `text` with a directive `x` made of these members; its conf's field and the messages without place. */
function use(t: TestContext, text: string, members: Partial<Directive>): { value: unknown, messages: string[] } {
  const conf: { field?: unknown } = {}
  const x: Directive = { name: 'x', where: Where.Main, args: Args.Any, conf: 'core', field: 'field', set: setStr, ...members }
  const module: Module = { name: 'x', type: 'core', createConf: () => conf, directives: [x] }
  const { messages, prefix } = build(t, `events {}\n${text}`, { modules: [module] })
  const value = typeof conf.field === 'object' ? JSON.parse(JSON.stringify(conf.field).replaceAll(prefix, '<P>/')) : conf.field
  return { value, messages: messages.map((message) => message.replace(' in <P>/v.conf:2', '')) }
}

test('values of the standard setters', (t) => {
  const cases: [string, Partial<Directive>, unknown][] = [
    ['x ON;', { set: setFlag }, true],
    ['x off;', { set: setFlag }, false],
    ['x "a b";', { set: setStr }, 'a b'],
    ['x a; x b;', { set: setStrArray }, ['a', 'b']],
    ['x 12;', { set: setNum }, 12],
    ['x 8k;', { set: setSize }, 8192],
    ['x 1g;', { set: setOff }, 1073741824],
    ['x 1m30s;', { set: setMsec }, 90000],
    ['x 1M;', { set: setSec }, 2592000],
    ['x 4 8k;', { set: setBufs }, { count: 4, size: 8192 }],
    ['x ALL;', { set: setEnum, post: { all: 1, any: 2 } }, 1],
    ['x a b; x c;', { set: setBitmask, post: { a: 1, b: 2, c: 4 } }, 7],
    ['x temp/ 1 2;', { set: setPath }, { name: '<P>/temp', levels: [1, 2] }],
    ['x 400;', { set: setNum, post: bounds(400, 599) }, 400],
  ]
  for (const [text, members, value] of cases) assert.deepEqual(use(t, text, members), { value, messages: [] }, text)
})

test('messages of the standard setters', (t) => {
  const cases: [string, Partial<Directive>, string[]][] = [
    ['x maybe;', { set: setFlag }, ['[emerg] invalid value "maybe" in "x" directive, it must be "on" or "off"']],
    ['x on; x on;', { set: setFlag }, ['[emerg] "x" directive is duplicate']],
    ['x a; x b;', { set: setStr }, ['[emerg] "x" directive is duplicate']],
    ['x -1;', { set: setNum }, ['[emerg] "x" directive invalid number']],
    ['x 1g;', { set: setSize }, ['[emerg] "x" directive invalid value']],
    ['x 1t;', { set: setOff }, ['[emerg] "x" directive invalid value']],
    ['x 10q;', { set: setMsec }, ['[emerg] "x" directive invalid value']],
    ['x 10ms;', { set: setSec }, ['[emerg] "x" directive invalid value']],
    ['x 0 8k;', { set: setBufs }, ['[emerg] "x" directive invalid value']],
    ['x 8 0;', { set: setBufs }, ['[emerg] "x" directive invalid value']],
    ['x 8 8; x 8 8;', { set: setBufs }, ['[emerg] "x" directive is duplicate']],
    ['x some;', { set: setEnum, post: { all: 1 } }, ['[emerg] invalid value "some"']],
    ['x a a;', { set: setBitmask, post: { a: 1 } }, ['[warn] duplicate value "a"']],
    ['x b;', { set: setBitmask, post: { a: 1 } }, ['[emerg] invalid value "b"']],
    ['x constructor;', { set: setBitmask, post: { a: 1 } }, ['[emerg] invalid value "constructor"']],
    ['x t 0;', { set: setPath }, ['[emerg] "x" directive invalid value']],
    ['x t 5 6;', { set: setPath }, ['[emerg] "x" directive invalid value']],
    ['x 600;', { set: setNum, post: bounds(400, 599) }, ['[emerg] value must be between 400 and 599']],
    ['x 1;', { set: setNum, post: bounds(2) }, ['[emerg] value must be equal to or greater than 2']],
    ['x 1;', { set: setNum, post: deprecated('y') }, ['[warn] the "x" directive is deprecated, use the "y" directive instead']],
  ]
  for (const [text, members, messages] of cases) assert.deepEqual(use(t, text, members).messages, messages, text)
})

test('merging: the child, else the parent, else the default; unset differs from 0 and off', () => {
  interface Conf { a?: number | undefined, b?: boolean | undefined, c?: string | undefined }
  const child: Conf = { a: 0 }
  const parent: Conf = { a: 5, b: false }
  mergeValue(parent, child, 'a', 9)
  mergeValues(parent, child, { b: true, c: 'd' })
  assert.deepEqual(child, { a: 0, b: false, c: 'd' })
  assert.deepEqual(parent, { a: 5, b: false })
})
