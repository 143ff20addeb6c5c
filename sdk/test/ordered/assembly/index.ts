// A plugin that puts subrequests' output into responses; test/server/ordered.test.ts asks for it. `mode NAME` says what a place does.
import {
  Args, Needs, Part, Phase, Request, Status, Where, body_filter, content, directive, header_filter, phase, sleep, subrequest, subrequest_ordered,
} from '@vespid/sdk'

class Conf { mode: string = '' }

directive<Conf>('mode', Where.Location, Args.OneOrMore, (c: Conf, args: string[]): string | null => { c.mode = args[1]; return null })

const alphabet = 'abcdef'

content('compose', (r: Request): Status => {
  subrequest_ordered('/one', '', {}, 2)
  subrequest_ordered('/two', '', {}, 4)
  subrequest_ordered('/third')
  subrequest_ordered('/early', '', {}, 0)
  subrequest_ordered('/four', '', {}, 1000)
  return r.reply(200, 'text/plain', alphabet)
}, Where.Location, Needs.Nothing)

// Three of them at the target, whatever the order in which it answers.
content('three', (r: Request): Status => {
  for (let i = 0; i < 3; i++) subrequest_ordered(`/far/${i}`)
  return r.reply(201, 'text/x', '')
}, Where.Location, Needs.Nothing)

content('own', (r: Request): Status => {
  subrequest_ordered('/far', 'a=b', { method: 'PUT', headers: ['X-Own: yes'], body: 'the body' }, 3)
  return r.reply(200, 'text/plain', alphabet)
}, Where.Location, Needs.Nothing)

content('later', (r: Request): Status => {
  sleep(1)
  const inner = subrequest('/two').text
  subrequest_ordered('/one', '', {}, 1)
  return r.reply(200, 'text/plain', inner)
}, Where.Location, Needs.Nothing)

content('nest', (r: Request): Status => {
  if (!subrequest_ordered('/nest', '', {}, 1)) return r.reply(200, 'text/plain', '!')
  return r.reply(200, 'text/plain', '()')
}, Where.Location, Needs.Nothing)

content('fails', (r: Request): Status => {
  subrequest_ordered('/far')
  assert(r.args != 'trap', 'asked to')
  return r.args == 'status' ? Status.Forbidden : Status.Declined
}, Where.Location, Needs.Nothing)

content('many', (r: Request): Status => {
  for (let i = 0; i < 1025; i++) subrequest_ordered('/one')
  return r.reply(200, 'text/plain', '')
}, Where.Location, Needs.Nothing)

phase<Conf>(Phase.Access, (r: Request, c: Conf): Status => {
  if (c.mode != 'gate') return Status.Declined
  subrequest_ordered('/one')
  return r.reply(200, 'text/plain', 'gate ')
})

header_filter<Conf>((r: Request, c: Conf): void => {
  assert(c.mode != 'head', 'in the head')
  if (c.mode == 'around' || c.mode == 'inside' || c.mode == 'slow') r.response.contentLength = -1
})

class State { parts: i32 = 0 }

function around(part: Part, s: State): void {
  if (s.parts++ == 0) subrequest_ordered('/one', '', {}, 0)
  if (part.last) subrequest_ordered('/two')
}

body_filter<State, Conf>((r: Request, c: Conf): State | null => c.mode == 'around' || c.mode == 'length' ? new State() : null, (r: Request, part: Part, s: State): void => around(part, s))
body_filter<State, Conf>((r: Request, c: Conf): State | null => c.mode == 'slow' ? new State() : null, (r: Request, part: Part, s: State): void => {
  sleep(1)
  around(part, s)
})
body_filter<State, Conf>((r: Request, c: Conf): State | null => c.mode == 'inside' ? new State() : null, (r: Request, part: Part, s: State): void => {
  const bytes = part.bytes
  if (bytes.length == 0) return
  part.setText(`[${bytes.toString()}]`)
  subrequest_ordered('/one', '', {}, 1)
  subrequest_ordered('/two', '', {}, bytes.length + 1)
})
body_filter<State, Conf>((r: Request, c: Conf): State | null => c.mode == 'whole' ? new State() : null, (r: Request, part: Part, s: State): void => {
  subrequest_ordered('/one', '', {}, 2)
}).buffered(100000)
body_filter<State, Conf>((r: Request, c: Conf): State | null => {
  assert(c.mode != 'start', 'not even begun')
  return null
}, (r: Request, part: Part, s: State): void => {})
