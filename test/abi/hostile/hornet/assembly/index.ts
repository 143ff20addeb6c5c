import {
  Admit, Inner, Level, Needs, Param, Part, Phase, Request, Script, Status, Where, body_filter, conf, content, directive, event_route, header_filter, hook,
  input_filter, log_handler, parameter, phase, pseudo_variable, request_context, script_function, sleep, subrequest_ordered, subrequest_stream, transformation, variable,
} from '@vespid/sdk'

// Every kind of function that a server calls, each doing what it must not. The location says which one (`hornet KIND`), the last word of the path what.

let kept: Uint8Array[] = []

function deep(n: i32): i32 {
  return deep(n + 1) + n
}

function harm(what: string): void {
  if (what.endsWith('loop')) for (;;) kept.length
  if (what.endsWith('memory')) for (;;) kept.push(new Uint8Array(1 << 20))
  if (what.endsWith('deep')) deep(0)
  if (what.endsWith('throw')) throw new Error('out of its nest')
}

class Conf {
  kind: string = ''
}

directive<Conf>('hornet', Where.Location, 1, (c: Conf, args: string[]): string | null => {
  c.kind = args[1]
  return null
})

function when(r: Request, c: Conf, kind: string): void {
  if (c.kind == kind) harm(r.path)
}

// Hooks, of every kind.
hook<Conf>('header_parser', (r: Request, c: Conf): Status => { when(r, c, 'header_parser'); return Status.Declined })
hook<Conf>('access_checker', (r: Request, c: Conf): Status => { when(r, c, 'access_checker'); return Status.Declined })
hook<Conf>('check_user_id', (r: Request, c: Conf): Status => { when(r, c, 'check_user_id'); return Status.Declined })
hook<Conf>('type_checker', (r: Request, c: Conf): Status => { when(r, c, 'type_checker'); return Status.Declined })
hook<Conf>('fixups', (r: Request, c: Conf): Status => { when(r, c, 'fixups'); return Status.Declined })
hook<Conf>('insert_filter', (r: Request, c: Conf): Status => { when(r, c, 'insert_filter'); return Status.Ok })
hook<Conf>('handler', (r: Request, c: Conf): Status => { when(r, c, 'handler'); return Status.Declined })
hook<Conf>('log_transaction', (r: Request, c: Conf): Status => { when(r, c, 'log_transaction'); return Status.Ok })

// Phases and log handlers, plain and after a wait.
phase<Conf>(Phase.Preaccess, (r: Request, c: Conf): Status => { when(r, c, 'preaccess'); return Status.Declined })
phase<Conf>(Phase.Precontent, (r: Request, c: Conf): Status => {
  if (c.kind != 'waiting') return Status.Declined
  sleep(1)
  harm(r.path)
  return Status.Declined
})
log_handler<Conf>((r: Request, c: Conf): void => when(r, c, 'log'))
log_handler<Conf>((r: Request, c: Conf): void => {
  if (c.kind != 'waiting_log') return
  sleep(1)
  harm('throw')
})

// A record whose making fails.
class Sting {
  constructor() { harm(last) }
}
let last = ''
phase<Conf>(Phase.Rewrite, (r: Request, c: Conf): Status => {
  if (c.kind != 'context') return Status.Declined
  last = r.path
  request_context<Sting>()
  return Status.Declined
})

// Filters.
class State { parts: i32 = 0 }
function begun(r: Request, c: Conf, kind: string): State | null {
  when(r, c, `${kind}_start`)
  return c.kind == kind ? new State() : null
}
header_filter<Conf>((r: Request, c: Conf): void => when(r, c, 'header_filter'))
body_filter<State, Conf>((r: Request, c: Conf): State | null => begun(r, c, 'body_filter'), (r: Request, part: Part, s: State): void => harm(r.path))
body_filter<State, Conf>((r: Request, c: Conf): State | null => begun(r, c, 'buffered_filter'), (r: Request, part: Part, s: State): void => harm(r.path)).buffered(100000)
body_filter<State, Conf>((r: Request, c: Conf): State | null => begun(r, c, 'waiting_filter'), (r: Request, part: Part, s: State): void => {
  sleep(1)
  harm(r.path)
}).buffered(100000)
input_filter<State, Conf>((r: Request, c: Conf): State | null => begun(r, c, 'input_filter'), (r: Request, part: Part, s: State): void => harm(r.path))
input_filter<State, Conf>((r: Request, c: Conf): State | null => begun(r, c, 'buffered_input'), (r: Request, part: Part, s: State): void => harm(r.path)).buffered(100000)
input_filter<State, Conf>((r: Request, c: Conf): State | null => begun(r, c, 'waiting_input'), (r: Request, part: Part, s: State): void => {
  sleep(1)
  harm(r.path)
})
content('hornet_read', (r: Request): Status => r.reply(200, 'text/plain', r.body.length.toString()))

// Subrequests.
content('hornet_stream', (r: Request): Status => {
  const stream = subrequest_stream('/text/inside')
  stream.read()
  harm(r.path)
  return Status.Ok
}, Where.Location, Needs.Nothing)
content('hornet_ordered', (r: Request): Status => {
  for (let i = 0; i < 100; i++) subrequest_ordered('/text/inside')
  harm(r.path)
  return r.reply(200, 'text/plain', '')
}, Where.Location, Needs.Nothing)

// What routing scripts call, variables, selects.
class Main { size: i32 = 0 }
conf<Main>(Level.Main)
parameter<Main>('size', 0, (c: Main, value: string, number: i32): string | null => null)
script_function('hornet_harm', 1, 1, [Param.Text], (s: Script): i32 => { harm(s.text(0)); return 1 })
script_function('hornet_nap', 1, 1, [Param.Text], (s: Script): i32 => {
  sleep(1)
  harm(s.text(0))
  return 1
})
pseudo_variable('hornet', Inner.Required, (s: Script): bool => { harm(s.text(0)); return false })
transformation('hornet.harm', 1, 1, (s: Script): bool => { harm(s.text(1)); return false })
event_route<Main>('hornet:request', (r: Request, c: Main): Admit => { harm(r.path); return Admit.No })
variable('hornet', (r: Request): string | null => { harm(r.path); return null })
