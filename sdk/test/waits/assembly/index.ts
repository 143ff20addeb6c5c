// A plugin whose content handlers and commands wait; test/abi/waiting.test.ts and test/server/waiting.test.ts ask for it.
import { Answer, Needs, Request, RpcCall, Status, Where, content, directive, fetch, rpc, rpc_call, sleep, subrequest, variable } from '@vespid/sdk'

class Conf {
  target: string = ''
}

const place = Where.Http | Where.Server | Where.Location

directive<Conf>('target', place, 1, (c: Conf, args: string[]): string | null => { c.target = args[1]; return null }, (parent: Conf, child: Conf): void => {
  if (child.target == '') child.target = parent.target
})

function say(r: Request, answer: Answer): Status {
  return r.reply(200, 'text/plain', answer.error != '' ? `error ${answer.error}` : `${answer.status} ${answer.text}`)
}

// Objects made before the wait must be whole after it.
function litter(r: Request): string[] {
  const list: string[] = []
  for (let i = 0; i < 50; i++) list.push(`${r.args}/${i}`)
  return list
}

content('napping', (r: Request, _: Conf): Status => {
  const before = litter(r)
  sleep(1)
  const after = litter(r)
  for (let i = 0; i < before.length; i++) if (before[i] != after[i]) return Status.InternalServerError
  return r.reply(200, 'text/plain', after[49])
})
let asked = 0
content<Conf>('asking', (r: Request, c: Conf): Status => {
  const before = litter(r)
  asked++
  const answer = fetch(c.target + r.path)
  const after = litter(r)
  for (let i = 0; i < before.length; i++) if (before[i] != after[i]) return Status.InternalServerError
  return say(r, answer)
})
content<Conf>('counting', (r: Request, c: Conf): Status => {
  fetch(c.target + '/count')
  return r.reply(200, 'text/plain', `${++asked}`)
})
content<Conf>('options', (r: Request, c: Conf): Status => {
  const answer = fetch(c.target + '/options', { method: 'PUT', headers: ['X-One: 1', 'x-two: zwei'], body: 'größe', timeout: 5000, limit: 1000 })
  return r.reply(200, 'text/plain', `${answer.status} ${answer.ok} ${answer.header('X-Answer')!} ${answer.header('none') === null} ${answer.text}`)
})
content<Conf>('limited', (r: Request, c: Conf): Status => say(r, fetch(c.target + '/large', { limit: 1000 })))
content<Conf>('large', (r: Request, c: Conf): Status => {
  const answer = fetch(c.target + '/large', { limit: 8 << 20 })
  return r.reply(200, 'text/plain', `${answer.body.length} ${answer.body[answer.body.length - 1]}`)
})
content<Conf>('impatient', (r: Request, c: Conf): Status => say(r, fetch(c.target + '/never', { timeout: 30 })))
content<Conf>('moved', (r: Request, c: Conf): Status => {
  const one = fetch(c.target + '/moved')
  const two = fetch(c.target + '/moved', { redirects: 2 })
  const elsewhere = fetch(c.target + '/away', { redirects: 2 })
  return r.reply(200, 'text/plain', `${one.status} ${two.status} ${two.text} ${elsewhere.error}`)
})
content<Conf>('wrong', (r: Request, c: Conf): Status => {
  const list: string[] = []
  const urls = ['nonsense', 'ftp://a/', 'http://user@127.0.0.1/', 'http://127.0.0.1:1/', 'https://example.org/']
  for (let i = 0; i < urls.length; i++) list.push(fetch(urls[i]).error)
  list.push(fetch(c.target, { headers: ['Content-Length: 4'] }).error)
  return r.reply(200, 'text/plain', list.join('\n'))
})
content<Conf>('breaking', (r: Request, c: Conf): Status => {
  fetch(c.target + r.path)
  throw new Error('after the answer')
  return Status.Ok
})
content<Conf>('both', (r: Request, c: Conf): Status => {
  const rc = r.readBody()
  return rc != Status.Ok ? rc : r.reply(200, 'text/plain', `got ${r.body.length}`)
}, Where.Location, Needs.Nothing)
content('inside', (r: Request, _: Conf): Status => {
  const answer = subrequest('/part', 'q=1', { headers: ['X-Part: yes'] })
  const missing = subrequest('/missing')
  return r.reply(200, 'text/plain', `${answer.status} ${answer.header('content-type')!} ${answer.text.trim()} ${missing.status}`)
})
content('plainly', (r: Request, _: Conf): Status => r.reply(200, 'text/plain', 'plain'))
content('in_variable', (r: Request, _: Conf): Status => r.reply(200, 'text/plain', r.variable('sleeping')!))

variable('sleeping', (r: Request): string | null => { sleep(1); return 'never' })

rpc('waits.ask', 'waits.ask URL: what it answers', (call: RpcCall): void => {
  const answer = fetch(call.text(0))
  if (answer.error != '') call.fail(answer.error)
  else call.add(answer.text)
}, true)
rpc('waits.through', 'waits.through URL: as waits.ask, which it calls', (call: RpcCall): void => {
  call.add(rpc_call('waits.ask', `["${call.text(0)}"]`))
}, true)
rpc('waits.deep', 'waits.deep: calls itself', (call: RpcCall): void => { call.add(rpc_call('waits.deep')) }, true)
