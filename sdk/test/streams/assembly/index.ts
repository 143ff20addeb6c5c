// A plugin that reads subrequests piece by piece; test/server/streams.test.ts asks for it.
import { Needs, Request, Status, Where, content, log_handler, sleep, subrequest, subrequest_background, subrequest_stream } from '@vespid/sdk'

// The number of bytes, their sum, the pieces, and how it ended.
content('summing', (r: Request): Status => {
  const stream = subrequest_stream(r.args)
  let length = 0
  let sum: u32 = 0
  let pieces = 0
  for (let piece = stream.read(); piece !== null; piece = stream.read()) {
    pieces++
    length += piece.length
    for (let i = 0; i < piece.length; i++) sum = sum * 31 + piece[i]
  }
  const type = stream.header('content-type')
  return r.reply(200, 'text/plain', `${stream.status} ${type === null ? '-' : type} ${length} ${sum} ${stream.failed} ${pieces > 0} ${stream.read() === null}`)
}, Where.Location, Needs.Nothing)

// Reads one piece, then waits before it goes on.
content('sipping', (r: Request): Status => {
  const stream = subrequest_stream(r.args)
  let length = 0
  for (let piece = stream.read(); piece !== null; piece = stream.read()) {
    length += piece.length
    sleep(1)
  }
  return r.reply(200, 'text/plain', `${length} ${stream.failed}`)
}, Where.Location, Needs.Nothing)

// Leaves the rest, and opens another one.
content('leaving', (r: Request): Status => {
  const first = subrequest_stream(r.args)
  const length = first.read()!.length
  const second = subrequest_stream('/small')
  const text = second.read()!.toString()
  return r.reply(200, 'text/plain', `${length > 0} ${text}`)
}, Where.Location, Needs.Nothing)

// An own method, headers and body.
content('posting', (r: Request): Status => {
  const stream = subrequest_stream('/far', 'a=b', { method: 'PUT', headers: ['X-Own: yes'], body: 'the body' })
  const piece = stream.read()
  return r.reply(200, 'text/plain', `${stream.status} ${piece === null ? '-' : piece.toString()}`)
}, Where.Location, Needs.Nothing)

content('nothing_open', (r: Request): Status => {
  const memory = subrequest('/small')
  const made = subrequest_background('/far', 'in=background', { headers: ['X-Own: background'] })
  return r.reply(200, 'text/plain', `${memory.text} ${made}`)
}, Where.Location, Needs.Nothing)

// Itself, again and again.
content('nesting', (r: Request): Status => {
  const stream = subrequest_stream('/nesting')
  const piece = stream.read()
  return r.reply(200, 'text/plain', piece === null ? `deep ${stream.status}` : piece.toString())
}, Where.Location, Needs.Nothing)
