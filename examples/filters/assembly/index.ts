import { Args, Over, Part, Phase, Request, Status, Where, body_filter, directive, header_filter, input_filter, phase } from '@vespid/sdk'

class Conf { on: bool = false }

directive<Conf>('filters', Where.Http | Where.Server | Where.Location, Args.Flag, (conf: Conf, args: string[]): string | null => {
  conf.on = args[1] == 'on'
  return null
})

/** What a filter keeps while a body passes. */
class State { count: i32 = 0 }

// 1. Request bodies, part by part: control characters are taken out before anybody sees them.
input_filter<State, Conf>(
  (r: Request, conf: Conf): State | null => conf.on ? new State() : null,
  (r: Request, part: Part, state: State): void => {
    const bytes = part.bytes
    const clean = new Uint8Array(bytes.length)
    let n = 0
    for (let i = 0; i < bytes.length; i++) if (bytes[i] >= 32 || bytes[i] == 10) clean[n++] = bytes[i]
    if (n < bytes.length) part.set(clean.subarray(0, n))
  },
)

// 2. Responses, whole: the number of lines comes first, so the end must be known. Longer ones than 64 kB go as they are.
function counts(r: Request, conf: Conf): bool {
  const type = r.response.get('content-type')
  return conf.on && r.response.status == 200 && type !== null && type.startsWith('text/')
}

header_filter<Conf>((r: Request, conf: Conf): void => {
  if (!counts(r, conf)) return
  // The server sets the length again when it knows it.
  r.response.contentLength = -1
  r.response.remove('etag')
})

body_filter<State, Conf>(
  (r: Request, conf: Conf): State | null => counts(r, conf) ? new State() : null,
  (r: Request, part: Part, state: State): void => {
    const text = part.bytes.toString()
    part.setText(`${text.split('\n').length - 1} lines\n${text}`)
  },
).buffered(65536, Over.Pass)

// 3. On demand: `?loud` puts a filter into this one request.
phase<Conf>(Phase.Access, (r: Request, conf: Conf): Status => {
  if (conf.on && r.args == 'loud') r.addFilter('loud')
  return Status.Declined
})

body_filter<State, Conf>(
  (r: Request, conf: Conf): State | null => new State(),
  (r: Request, part: Part, state: State): void => part.setText(part.bytes.toString().toUpperCase()),
).onDemand('loud').changes()
