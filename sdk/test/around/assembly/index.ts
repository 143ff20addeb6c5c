// A plugin that waits in everything that is around a response; test/abi/waiting.test.ts asks for it.
import { Args, Part, Phase, Request, Status, Where, body_filter, directive, fetch, header_filter, log_handler, phase } from '@vespid/sdk'

class Conf {
  target: string = ''
  access: bool = false
  stamp: bool = false
  upper: bool = false
  tell: bool = false
}

function around(c: Conf, args: string[]): string | null {
  c.target = args[1]
  for (let i = 2; i < args.length; i++) {
    if (args[i] == 'access') c.access = true
    else if (args[i] == 'stamp') c.stamp = true
    else if (args[i] == 'upper') c.upper = true
    else if (args[i] == 'tell') c.tell = true
    else return `invalid parameter "${args[i]}"`
  }
  return null
}
directive<Conf>('around', Where.Location, Args.TwoOrMore, around)

phase<Conf>(Phase.Access, (r: Request, c: Conf): Status => {
  if (!c.access) return Status.Declined
  const answer = fetch(c.target + '/access?' + r.path)
  return answer.status == 204 ? Status.Ok : Status.Forbidden
})
header_filter<Conf>((r: Request, c: Conf): void => {
  if (!c.stamp) return
  r.response.set('X-Stamp', fetch(c.target + '/stamp').text)
})
class Upper {
  parts: i32 = 0
  constructor(public target: string) {}
}
body_filter<Upper, Conf>((r: Request, c: Conf): Upper | null => c.upper ? new Upper(c.target) : null, (r: Request, part: Part, state: Upper): void => {
  state.parts++
  if (part.length == 0) return
  const bytes = part.bytes
  const answer = fetch(state.target + '/upper', { bytes: bytes.toArray(), method: 'POST' })
  part.setText(`[${state.parts} ${answer.text}]`)
})
log_handler<Conf>((r: Request, c: Conf): void => {
  if (!c.tell) return
  const path = r.path
  fetch(c.target + '/log?' + path)
  fetch(c.target + `/log?again=${r.path}&status=${r.response.status}&agent=${r.header('user-agent')!}`)
})
