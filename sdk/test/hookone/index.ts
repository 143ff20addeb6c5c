// Attaches to the hooks of the server and shows in a response header which ones ran; has a hook of its own.
import {
  Connection, HookKind, Order, Part, Request, Status, Where, body_filter, connection_context, connection_hook, declare_hook, directive, header_filter, hook,
  note, request_context, server_hook, set_note, set_user, user,
} from '@vespid/sdk'

class Conf { trace: bool = false; answers: string = '' }
class OfRequest { calls: i32 = 0 }
class OfConnection { requests: i32 = 0; opened: string = '' }

directive<Conf>('hooks_traced', Where.Http | Where.Server | Where.Location, 0, (c: Conf, args: string[]): string | null => {
  c.trace = true
  return null
}, (parent: Conf, child: Conf): void => {
  if (parent.trace) child.trace = true
  if (child.answers == '') child.answers = parent.answers
})
directive<Conf>('hooks_answer', Where.Location, 2, (c: Conf, args: string[]): string | null => {
  c.answers = args[1] + '=' + args[2]
  return null
})

let configured = ''

function trace(name: string): void {
  const before = note('trace')
  set_note('trace', before === null ? name : before + ' ' + name)
  request_context<OfRequest>().calls++
}

function said(name: string, c: Conf): Status {
  trace(name)
  if (c.answers.startsWith(name + '=')) return <Status>(<i32>parseInt(c.answers.substring(name.length + 1)))
  return Status.Declined
}

hook<Conf>('create_request', (r: Request, c: Conf): Status => said('create_request', c))
hook<Conf>('post_read_request', (r: Request, c: Conf): Status => said('post_read_request', c))
hook<Conf>('quick_handler', (r: Request, c: Conf): Status => said('quick_handler', c))
hook<Conf>('translate_name', (r: Request, c: Conf): Status => {
  trace('translate_name')
  return r.path == '/from' ? r.redirect('/to', r.args) : Status.Declined
})
hook<Conf>('map_to_storage', (r: Request, c: Conf): Status => said('map_to_storage', c))
hook<Conf>('header_parser', (r: Request, c: Conf): Status => said('header_parser', c))
hook<Conf>('access_checker', (r: Request, c: Conf): Status => said('access_checker', c), { order: Order.First })
hook<Conf>('check_user_id', (r: Request, c: Conf): Status => {
  const name = r.arg('user')
  if (name !== null) set_user(name)
  return said('check_user_id', c)
})
hook<Conf>('auth_checker', (r: Request, c: Conf): Status => said('auth_checker', c))
hook<Conf>('type_checker', (r: Request, c: Conf): Status => said('type_checker', c))
hook<Conf>('fixups', (r: Request, c: Conf): Status => said('fixups', c), { after: ['hooktwo'] })
class Loud {}
body_filter<Loud, Conf>((r: Request, c: Conf): Loud | null => new Loud(), (r: Request, part: Part, state: Loud): void => {
  if (part.length > 0) part.setText(part.bytes.toString().toUpperCase())
}).onDemand('loud')
hook<Conf>('insert_filter', (r: Request, c: Conf): Status => {
  if (r.arg('loud') !== null) r.addFilter('loud')
  return said('insert_filter', c)
})
hook<Conf>('insert_error_filter', (r: Request, c: Conf): Status => {
  r.response.set('X-Page', 'built in')
  return Status.Ok
})

const point = declare_hook('hookone.greet', HookKind.All)

hook<Conf>('handler', (r: Request, c: Conf): Status => {
  trace('handler')
  if (r.path != '/to' && r.path != '/greet') return Status.Declined
  const status = r.path == '/greet' ? point.run() : Status.Ok
  const mine = connection_context<OfConnection>()
  mine.requests++
  const name = user()
  return r.reply(200, 'text/plain', r.path + ' ' + (name === null ? 'nobody' : name) + ' ' + configured + ' ' + mine.opened + ' request ' + mine.requests.toString() +
    ' status ' + (<i32>status).toString())
})

header_filter<Conf>((r: Request, c: Conf): void => {
  const seen = note('trace')
  if (seen !== null) r.response.set('X-Trace', seen + ' calls=' + request_context<OfRequest>().calls.toString())
})

connection_hook<Conf>('pre_connection', (c: Connection, conf: Conf): Status => {
  connection_context<OfConnection>().opened = c.remoteAddress + (c.localPort > 0 ? ' open' : '')
  return Status.Ok
})
connection_hook<Conf>('process_connection', (c: Connection, conf: Conf): Status => conf.answers == 'process_connection=1' ? Status.Ok : Status.Declined)

server_hook('pre_config', (): string | null => { configured += 'pre,'; return null })
server_hook('post_config', (): string | null => { configured += 'post,'; return null }, { order: Order.Last })
server_hook('child_init', (): string | null => { configured += 'child'; return null })
