// One of everything that the SDK offers; test/abi/sdk.test.ts asks for each.
import {
  Args, Level, LogLevel, Needs, Follow, Nothing, Part, Phase, Request, RpcCall, Select, SelectCall, Status, Template, Where, body_filter, conf, content, counter, directive, gauge,
  header_filter, histogram, log, log_handler, main_conf, on_start, phase, rpc, rpc_call, script_function, select, Param, Script, variable, variable_prefix, warn,
} from '@vespid/sdk'
import { Cidr } from '@vespid/sdk/cidr'
import { Json } from '@vespid/sdk/json'

class Conf {
  greeting: string = ''
  name: Template | null = null
  upper: bool = false
  path: string[] = []
}

class Main { limit: i32 = 0 }
class Server { tag: string = 'none' }

const place = Where.Http | Where.Server | Where.Location

main_conf<Main>((m: Main): string | null => m.limit > 100 ? `limit "${m.limit}" is above 100` : null)
conf<Server>(Level.Server, (parent: Server, child: Server): void => { if (child.tag == 'none') child.tag = parent.tag })

directive<Conf>('greeting', place, 1, (c: Conf, args: string[]): string | null => {
  if (c.greeting != '') return 'is duplicate'
  if (args[1] == 'bad') return `invalid greeting "${args[1]}"`
  if (args[1] == 'boom') throw new Error('no such luck')
  if (args[1] == 'rude') warn(`"${args[1]}" is rude`)
  c.greeting = args[1]
  return null
}, (parent: Conf, child: Conf): void => {
  if (child.greeting == '') child.greeting = parent.greeting
  if (child.name === null) child.name = parent.name
  child.upper = child.upper || parent.upper
  child.path = parent.path.concat(child.path)
})
directive<Conf>('name', place, 1, (c: Conf, args: string[]): string | null => { c.name = Template.compile(args[1]); return null })
directive<Conf>('upper', place, Args.Flag, (c: Conf, args: string[]): string | null => { c.upper = args[1] == 'on'; return null })
directive<Conf>('step', place, Args.OneOrMore, (c: Conf, args: string[]): string | null => { c.path.push(args.slice(1).join('+')); return null })
directive<Main>('limit', Where.Http, 1, (m: Main, args: string[]): string | null => { m.limit = I32.parseInt(args[1]); return null })
directive<Server>('tag', Where.Http | Where.Server, Args.OneOrTwo, (s: Server, args: string[]): string | null => { s.tag = args[1]; return null })

content<Conf>('greet', (r, c) => r.reply(200, 'text/plain', `${c.greeting}|${c.path.join(' ')}|${c.name === null ? '' : c.name!.of(r)}`))
content<Main>('show_limit', (r, m) => r.reply(200, 'text/plain', m.limit.toString()))
content<Server>('show_tag', (r, s) => r.reply(200, 'text/plain', s.tag))

function describe(r: Request, _: Nothing): Status {
  const lines: string[] = []
  lines.push(`${r.method} ${r.path} ${r.args} ${r.unparsedUri} ${r.host} ${r.version} ${r.remoteAddress.toString()} ${r.remoteAddress.family}`)
  lines.push(r.line)
  const agent = r.header('user-agent')
  lines.push(`agent ${agent === null ? '-' : agent} again ${r.header('User-Agent')!} x ${r.header('X-Two')!} none ${r.header('x-none') === null} cookie ${r.cookie('b')!} arg ${r.arg('q')!}`)
  for (let i = 0; i < r.headerCount; i++) lines.push(`${r.headerName(i)}=${r.headerValue(i)}`)
  lines.push(`body ${r.bodyLength} ${r.contentLength} ${r.body.toString()} ${r.body.startsWith('be')} ${r.variable('request_method')!} ${r.variable('nothing_of_this_name') === null}`)
  return r.reply(200, 'text/plain', lines.join('\n'))
}
content('describe', describe)

content('headers', (r) => {
  const out = r.response
  out.set('x-one', '1')
  out.set('X-One', '2')
  out.add('x-two', 'ä')
  out.add('x-two', 'b')
  out.set('x-gone', 'x')
  const removed = out.remove('X-Gone')
  const bad = out.set('x bad', 'y') || out.set('x-bad', 'a\nb')
  return r.reply(201, 'text/x', `${removed} ${bad} ${out.get('x-ONE')!} ${out.get('x-nix') === null} ${out.count}`)
})
content('rewritten', (r) => {
  r.setHeader('user-agent', 'changed')
  r.addHeader('x-two', 'c')
  r.removeHeader('x-gone')
  return r.reply(200, 'text/plain', `${r.header('user-agent')!} ${r.header('x-two')!} ${r.header('x-gone') === null}`)
})
content('elsewhere', (r) => r.redirect('/describe', 'q=7'))
content('named', (r) => r.redirect('@named'))
content('declines', (r) => Status.Declined)
content('teapot', (r) => 418)
content('replies_then_refuses', (r) => { r.reply(200, 'text/plain', 'never seen'); return Status.Forbidden })
content('throws', (r) => { const list: string[] = []; return r.reply(200, 'text/plain', list[3]) })
content('nested_trap', (r) => r.reply(200, 'text/plain', r.variable('broken')!))
content('unicode', (r) => r.reply(200, 'text/plain; charset=utf-8', 'grüße, 世界 🐝 and quite a lot of plain text behind it'))
content('large', (r) => r.reply(200, 'text/plain', 'abcdefgh'.repeat(5000)))
content('notes', (r) => { r.log(LogLevel.Warning, 'noted\nwell'); log(LogLevel.Error, 'again'); trace('traced', 2, 1, 2.5); return Status.NoContent })

const garbage: string[] = []
content('litter', (r) => { for (let i = 0; i < 200; i++) garbage.push(`${r.path}${i}`); garbage.length = 0; return Status.NoContent })

phase(Phase.Rewrite, (r: Request): Status => {
  if (r.path == '/old') r.uri = '/describe'
  return Status.Declined
})
phase<Conf>(Phase.Preaccess, (r, c) => r.path.startsWith('/early') ? r.reply(202, 'text/plain', 'early') : Status.Declined)
phase(Phase.Preaccess, (r: Request): Status => r.path == '/bodied' ? r.reply(200, 'text/plain', `got ${r.body.length}`) : Status.Declined, Needs.Body)

header_filter<Conf>((r, c) => { if (c.greeting != '') r.response.set('x-greeting', c.greeting) })

class Upper { parts: i32 = 0 }
body_filter<Upper, Conf>((r: Request, c: Conf): Upper | null => c.upper ? new Upper() : null, (r: Request, part: Part, state: Upper): void => {
  state.parts++
  if (part.length > 0) part.setText(part.bytes.toString().toUpperCase())
})

variable('twice', (r: Request): string | null => r.path + r.path)
variable('nested', (r: Request): string | null => `<${r.variable('twice')!}>`, null, false)
variable('broken', (r: Request): string | null => { throw new Error('out of order'); return null })
let stored = ''
variable('stored', (r: Request): string | null => stored == '' ? null : stored, (r: Request, value: string): void => { stored = `[${value}]` }, false)
variable_prefix('echo_', (r: Request, rest: string): string | null => rest == 'nothing' ? null : rest)
select('probe.*[n?]', (s: SelectCall): string | null => s.text(0) == 'broken' ? unreachable() : s.text(0) == 'none' ? null : s.text(0) == 'fail' ? s.fail() : `${s.text(0)}!${s.int(1, 7)}`, Follow.Params, (s: SelectCall): string | null => s.text(0) == '' ? 'the name is empty' : null)
const caller = Select.resolve('@from.uri.user')
const method = Select.resolve('@method')
const status = Select.resolve('@status')
variable('reads', (r: Request): string | null => `${caller.get(r)!} ${method.get()!} ${status.get() === null && status.failed && !method.failed ? 'error' : 'none'}`)
script_function('probe_function', 1, 2, [Param.Text], (s: Script): i32 => s.count == 2 ? 1 : -1)

const calls = counter('calls_total', 'calls seen', ['path'])
const level = gauge('level', 'how high')
const sizes = histogram('sizes', 'how large', [10, 100])
log_handler((r: Request): void => {
  calls.add(1, [r.path])
  level.set(<f64>r.response.status)
  sizes.observe(<f64>r.bytesSent)
})

let starts = 0
on_start((): void => { starts++ })

rpc('probe.echo', 'probe.echo VALUE...: the values', (call: RpcCall): void => { for (let i = 0; i < call.count; i++) call.add(call.text(i)) }, true)
rpc('probe.sum', 'probe.sum NUMBER...: their sum', (call: RpcCall): void => {
  let sum = 0.0
  for (let i = 0; i < call.count; i++) sum += call.number(i)
  if (isNaN(sum)) call.fail('not a number', -32602)
  else call.add(sum)
})
rpc('probe.object', 'probe.object: one of each', (call: RpcCall): void => {
  call.add(Json.object().set('params', call.params).set('on', Json.of(true)).set('starts', Json.of(starts)))
})
rpc('probe.throws', 'probe.throws: traps', (call: RpcCall): void => { throw new Error('command failed') })

content('ask', (r) => {
  const first = rpc_call('core.slow', '["a"]')
  const second = rpc_call('core.fast')
  return r.reply(200, 'application/json', `${first}${second}`)
})

function cidr(net: string, r: Request): string {
  const c = Cidr.parse(net)
  return c === null ? 'null' : `${c.lowBits} ${c.has(r.remoteAddress)}`
}
content('networks', (r) => {
  const list = ['127.0.0.1', '127.0.0.0/8', '127.0.0.1/8', '10.0.0.0/8', '0.0.0.0/0', '::/0', '::1', '2001:db8::/32', '2001:db8::1/32', '1.2.3', '1.2.3.4.5', '256.1.1.1',
    '1.2.3.4/33', '1.2.3.4/', '::1/129', ':::', '1::2::3', '12345::', 'localhost', '', '::ffff:127.0.0.1', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7::']
  const out: string[] = []
  for (let i = 0; i < list.length; i++) out.push(`${list[i]} ${cidr(list[i], r)}`)
  return r.reply(200, 'text/plain', out.join('\n'))
})

content('json', (r) => {
  const value = Json.parse(r.body.toString())
  return r.reply(200, 'application/json', value === null ? 'invalid' : value.toString())
})
