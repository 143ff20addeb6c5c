// Filters that wait; test/abi/filters.test.ts asks for it.
import { Args, Part, Request, Status, Where, body_filter, content, directive, input_filter, sleep, subrequest } from '@vespid/sdk'

class Conf {
  names: string[] = []
}

directive<Conf>('slow', Where.Location, Args.OneOrMore, (c: Conf, args: string[]): string | null => { c.names = args.slice(1); return null })

class State {
  text: string = ''
}

function when(c: Conf, name: string): State | null {
  return c.names.includes(name) ? new State() : null
}

input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'in'), (r: Request, part: Part, s: State): void => {
  s.text += part.bytes.toString()
  sleep(1)
  const seen = s.text
  assert(!seen.includes('bad'), 'bad text')
  if (seen.includes('no')) return part.refuse(422)
  part.setText(`[${seen}]`)
})
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'whole'), (r: Request, part: Part, s: State): void => {
  const answer = subrequest('/asked')
  part.setText(`${answer.text}:${part.bytes.toString()}`)
}).buffered(50)
input_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'reads'), (r: Request, part: Part, s: State): void => {
  r.readBody()
})
body_filter<State, Conf>((r: Request, c: Conf): State | null => when(c, 'out'), (r: Request, part: Part, s: State): void => {
  const text = part.bytes.toString()
  sleep(1)
  assert(!text.includes('bad'), 'bad text')
  part.setText(`(${text})`)
}).buffered(100)

content<Conf>('slow_echo', (r: Request, c: Conf): Status => r.reply(200, 'text/plain', r.body.toString()))
