// A plugin with filters of every kind; test/abi/filters.test.ts asks for it. `use NAME…` says which of them a place has.
import { Args, FilterType, Needs, Over, Part, Phase, Request, Status, Where, body_filter, content, directive, input_filter, phase } from '@vespid/sdk'

class Conf {
  names: string[] = []
  inserts: string[] = []
}

const place = Where.Http | Where.Server | Where.Location

directive<Conf>('use', place, Args.OneOrMore, (c: Conf, args: string[]): string | null => { c.names = args.slice(1); return null }, (parent: Conf, child: Conf): void => {
  if (child.names.length == 0) child.names = parent.names
})
directive<Conf>('insert', place, 1, (c: Conf, args: string[]): string | null => { c.inserts.push(args[1]); return null })

phase<Conf>(Phase.Access, (r: Request, c: Conf): Status => {
  for (let i = 0; i < c.inserts.length; i++) if (!r.addFilter(c.inserts[i])) return Status.NotImplemented
  return Status.Declined
})

class State {
  seen: i32 = 0
}

function when(c: Conf, name: string): State | null {
  return c.names.includes(name) ? new State() : null
}

function upper(part: Part): void {
  part.setText(part.bytes.toString().toUpperCase())
}

function mark(part: Part, more: string): void {
  const bytes = part.bytes
  if (bytes.length > 0) part.setText(bytes.toString() + more)
}

// --- responses
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'upper'), (r: Request, part: Part, s: State): void => upper(part))
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'first'), (r: Request, part: Part, s: State): void => mark(part, 'f')).type(FilterType.Resource - 5)
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'last'), (r: Request, part: Part, s: State): void => mark(part, 'l')).type(FilterType.Protocol)
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'whole'), (r: Request, part: Part, s: State): void => {
  const text = part.bytes.toString()
  if (text.includes('no')) return part.refuse(451)
  assert(!text.includes('bad'), 'bad text')
  r.response.trailer('X-Length', `${text.length}`)
  part.setText(`<${++s.seen}:${text.length}:${text}>`)
}).buffered(100000)
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'lenient'), (r: Request, part: Part, s: State): void => part.setText('short')).buffered(8, Over.Pass)
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'gateway'), (r: Request, part: Part, s: State): void => part.setText('short')).buffered(8, 502)
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'once'), (r: Request, part: Part, s: State): void => {
  upper(part)
  part.leave()
})
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'traps'), (r: Request, part: Part, s: State): void => {
  assert(!part.bytes.toString().includes('bad'), 'bad text')
})
body_filter<State, Conf>((r: Request, c: Conf): State | null => new State(), (r: Request, part: Part, s: State): void => mark(part, '+')).onDemand('plus').changes()

// --- requests
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_upper'), (r: Request, part: Part, s: State): void => upper(part))
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_high'), (r: Request, part: Part, s: State): void => mark(part, 'h')).type(20)
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_whole'), (r: Request, part: Part, s: State): void => {
  part.setText(`<${++s.seen}:${part.last ? 'last' : 'more'}:${part.bytes.toString()}>`)
}).buffered(20)
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_hold'), (r: Request, part: Part, s: State): void => {
  s.seen += part.length
  if (part.last) part.setText(`${s.seen} bytes`)
  else part.hold()
})
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_refuse'), (r: Request, part: Part, s: State): void => {
  if (part.bytes.toString().includes('no')) part.refuse(422)
})
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_traps'), (r: Request, part: Part, s: State): void => {
  assert(!part.bytes.toString().includes('bad'), 'bad text')
})
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_loops'), (r: Request, part: Part, s: State): void => {
  while (true) s.seen++
})
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in_once'), (r: Request, part: Part, s: State): void => {
  upper(part)
  part.leave()
})
input_filter<State, Conf>((r: Request, c: Conf): State | null => new State(), (r: Request, part: Part, s: State): void => mark(part, '+')).onDemand('plus')

content<Conf>('echo', (r: Request, c: Conf): Status => {
  let text = `${r.contentLength} ${r.body.toString()}`
  for (let i = 0; r.trailerName(i) !== null; i++) text += ` ${r.trailerName(i)!}=${r.trailer(r.trailerName(i)!)!}/${r.trailerValue(i)!}`
  return r.reply(200, 'text/plain', text)
})
content<Conf>('late', (r: Request, c: Conf): Status => r.reply(200, 'text/plain', r.addFilter('plus') ? 'in' : 'late'), Where.Location, Needs.Body)
