/** The plugins of the soak test: one that does what it should, in two versions that take turns, and those that do harm. */
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPlugin } from '../../host/cli/build.ts'
import { assemble } from '../../test/abi/kit.ts'
import { hostile } from '../../test/abi/hostile/plugins.ts'

/** Hostile plugins whose requests take their whole time limit would leave no time for anything else: of each kind one is enough. */
const chosen = ['spin', 'spin_fill', 'spin_host', 'catch_time', 'deep', 'grow', 'grow_touch', 'load_out', 'table_type', 'unreachable', 'pointer', 'twice', 'verdict', 'itself']

/** What the requests to plugins that do harm are answered with, by path: a directive of that name stands there. */
export const hostileCases: readonly { readonly path: string, readonly status: number }[] = [
  ...hostile.filter(({ name }) => chosen.includes(name)).map(({ name, status }) => ({ path: `/${name}`, status })),
  { path: '/fails', status: 500 }, { path: '/late', status: 500 },
]

const steady = (version: number): string => `import {
  Bytes, Needs, Param, Part, Request, Script, Status, Where, Workers, Zone, body_filter, content, directive, every, header_filter, hook, input_filter, note, on_start, script_function,
  set_note, sleep, state, subrequest, subrequest_ordered, subrequest_stream,
} from '@vespid/sdk'
const zone = Zone.open('soak')
let name = 0
let count = 0
on_start((): void => { name = <i32>(Math.random() * 1000000000) })
content('good', (r: Request): Status => r.reply(200, 'text/plain', 'good ${version}: ' + r.path + '?' + r.args), Where.Location, Needs.Nothing)
content('counted', (r: Request): Status => r.reply(200, 'text/plain', name.toString() + ' ' + (++count).toString()), Where.Location, Needs.Nothing)
content('zoned', (r: Request): Status => r.reply(200, 'text/plain', zone.incr('requests').toString()), Where.Location, Needs.Nothing)
content('echo', (r: Request): Status => {
  const body = r.body.toArray()
  return r.replyBytes(200, 'application/octet-stream', body)
})
content('waiting', (r: Request): Status => {
  sleep(2)
  const answer = subrequest('/text/inside', r.args)
  return r.reply(200, 'text/plain', answer.status.toString() + ' ' + answer.text)
})
content('ordered', (r: Request): Status => {
  subrequest_ordered('/text/one', '', {}, 1)
  subrequest_ordered('/good/two', r.args)
  return r.reply(200, 'text/plain', '<>')
})
content('streamed', (r: Request): Status => {
  const stream = subrequest_stream('/file')
  let length = 0
  for (let piece = stream.read(); piece !== null; piece = stream.read()) length += piece.length
  return r.reply(200, 'text/plain', stream.status.toString() + ' ' + length.toString() + ' ' + stream.failed.toString())
})
class Conf { on: bool = false }
directive<Conf>('filtered', Where.Location, 0, (c: Conf, args: string[]): string | null => { c.on = true; return null })
hook<Conf>('header_parser', (r: Request, c: Conf): Status => { if (c.on) set_note('seen', r.args); return Status.Declined })
hook<Conf>('fixups', (r: Request, c: Conf): Status => {
  if (!c.on) return Status.Declined
  const seen = note('seen')
  return seen !== null && seen == r.args ? Status.Declined : Status.InternalServerError
})
class State { parts: i32 = 0 }
function upper(part: Part): void { part.setText(part.bytes.toString().toUpperCase()) }
input_filter<State, Conf>((r: Request, c: Conf): State | null => c.on ? new State() : null, (r: Request, part: Part, s: State): void => upper(part))
input_filter<State, Conf>((r: Request, c: Conf): State | null => c.on ? new State() : null, (r: Request, part: Part, s: State): void => part.setText('<' + part.bytes.toString() + '>')).buffered(1 << 20)
header_filter<Conf>((r: Request, c: Conf): void => { if (c.on) r.response.contentLength = -1 })
body_filter<State, Conf>((r: Request, c: Conf): State | null => c.on ? new State() : null, (r: Request, part: Part, s: State): void => {
  sleep(1)
  if (part.last) subrequest_ordered('/text/behind')
})
script_function('soak_twice', 1, 1, [Param.Text], (s: Script): i32 => s.reply(200, 'OK', 'text/plain', s.text(0) + s.text(0)) ? 1 : -1)
every(20, (): void => { zone.incr('ticks') })
every(30, (): void => {
  if (zone.incr('inside') != 1) zone.incr('overlaps')
  sleep(5)
  zone.incr('inside', -1)
}, Workers.One, 'slow')
state(1, (): Uint8Array | null => {
  const bytes = new Uint8Array(8)
  store<i32>(bytes.dataStart, name)
  store<i32>(bytes.dataStart, count, 4)
  return bytes
}, (version: i32, bytes: Bytes): bool => {
  if (version != 1 || bytes.length != 8) return false
  name = load<i32>(bytes.at)
  count = load<i32>(bytes.at, 4)
  return true
})
`

const faulty = `import { Request, Status, content, every, sleep } from '@vespid/sdk'
let calls = 0
content('fails', (r: Request): Status => { throw new Error('on purpose'); return Status.Ok })
content('late', (r: Request): Status => { sleep(1); throw new Error('on purpose, late'); return Status.Ok })
every(50, (): void => { throw new Error('on purpose, in a timer') }, 2, 'bad')
every(500, (): void => { for (;;) calls++ }, 2, 'endless')
`

/** Builds what the soak test needs below `prefix`; `plugins/` is what the server loads. */
export async function makePlugins(prefix: string): Promise<void> {
  mkdirSync(join(prefix, 'plugins'), { recursive: true })
  const sources = { steady1: steady(1), steady2: steady(2), faulty }
  for (const [name, source] of Object.entries(sources)) {
    mkdirSync(join(prefix, name, 'assembly'), { recursive: true })
    writeFileSync(join(prefix, name, 'assembly/index.ts'), source)
    await buildPlugin(join(prefix, name), join(prefix, name === 'faulty' ? 'plugins/faulty.wasm' : `${name}.wasm`))
  }
  for (const { name, text } of hostile) if (chosen.includes(name)) writeFileSync(join(prefix, `plugins/${name}.wasm`), assemble(text))
  putSteady(prefix, 1)
}

/** Puts a version of the good plugin where the server finds it, as a whole. */
export function putSteady(prefix: string, version: number): void {
  copyFileSync(join(prefix, `steady${version}.wasm`), join(prefix, 'steady.new'))
  renameSync(join(prefix, 'steady.new'), join(prefix, 'plugins/steady.wasm'))
}

/** Puts a file there that no server can load. */
export function putBroken(prefix: string): void {
  writeFileSync(join(prefix, 'steady.new'), Buffer.from('\0asm\x01\0\0\0 this is no plugin', 'latin1'))
  renameSync(join(prefix, 'steady.new'), join(prefix, 'plugins/steady.wasm'))
}
