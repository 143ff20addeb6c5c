import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../../host/cli/options.ts'
import type { ServerArguments } from '../../host/cli/options.ts'

const none: ServerArguments = {
  help: false, version: false, configure: false, test: false, dump: false, quiet: false,
  prefix: null, confFile: null, scriptFile: null, defines: [], errorLog: null, globals: '', signal: null,
}
const reads = (line: string, expected: Partial<ServerArguments> | string) => {
  const words = line === '' ? [] : line.split(' ')
  assert.deepEqual(readArguments(words), typeof expected === 'string' ? expected : { ...none, ...expected }, line)
}

test('options, alone and glued', () => {
  reads('', {})
  reads('-', {})
  reads('-h', { help: true, version: true })
  reads('-?', { help: true, version: true })
  reads('-v', { version: true })
  reads('-V', { version: true, configure: true })
  reads('-t', { test: true })
  reads('-T', { test: true, dump: true })
  reads('-tv', { test: true, version: true })
  reads('-tqc ok.conf -p /x', { test: true, quiet: true, confFile: 'ok.conf', prefix: '/x' })
  reads('-tqcok.conf -p/x', { test: true, quiet: true, confFile: 'ok.conf', prefix: '/x' })
  reads('-s reload -e stderr -g foo;', { signal: 'reload', errorLog: 'stderr', globals: 'foo;' })
  reads('-c -t', { confFile: '-t' })
  reads('-tfk.cfg -A X=1 -AY', { test: true, scriptFile: 'k.cfg', defines: [['X', '1'], ['Y', '']] })
  for (const signal of ['stop', 'quit', 'reopen', 'reload'] as const) reads(`-s${signal}`, { signal })
})

test('mistakes, in nginx\'s words', () => {
  reads('-x', 'invalid option: "x"')
  reads('-tx', 'invalid option: "x"')
  reads('foo', 'invalid option: "foo"')
  reads('--help', 'invalid option: "-"')
  reads('-c', 'option "-c" requires file name')
  reads('-p', 'option "-p" requires directory name')
  reads('-e', 'option "-e" requires file name')
  reads('-g', 'option "-g" requires parameter')
  reads('-s', 'option "-s" requires parameter')
  reads('-s foo', 'invalid option: "-s foo"')
  reads('-sfoo', 'invalid option: "-s foo"')
  reads('-f', 'option "-f" requires file name')
  reads('-f a -c b', 'options "-c" and "-f" exclude each other')
  reads('-A X=1', 'option "-A" needs "-f"')
  reads('-f a -A 1=1', 'invalid option: "-A 1=1"')
})
