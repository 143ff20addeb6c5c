import { Part, Request, Status, Where, body_filter, content, directive, header_filter, phase, Phase, variable } from '@vespid/sdk'

// What goes wrong in plugins that mean no harm, and in some that do. Each directive is one mistake.

class Node {
  next: Node | null = null
  bytes: Uint8Array = new Uint8Array(1000)
}

let kept: Node | null = null
let seen: string[] = []

function deep(n: i32): i32 {
  return deep(n + 1) + n
}

content('as_loop', (r: Request): Status => {
  let n = 0
  while (true) n++
  return Status.Ok
})

content('as_recursion', (r: Request): Status => r.reply(200, 'text/plain', deep(0).toString()))

content('as_list', (r: Request): Status => {
  while (true) {
    const node = new Node()
    node.next = kept
    kept = node
  }
  return Status.Ok
})

content('as_string', (r: Request): Status => {
  let text = 'wasp'
  while (true) text += text
  return Status.Ok
})

content('as_garbage', (r: Request): Status => {
  let n = 0
  while (true) n += new Uint8Array(100).length
  return Status.Ok
})

content('as_index', (r: Request): Status => r.reply(200, 'text/plain', seen[r.path.length + 1000]))

content('as_null', (r: Request): Status => {
  const node = kept
  return r.reply(200, 'text/plain', node!.bytes.length.toString())
})

content('as_array', (r: Request): Status => r.reply(200, 'text/plain', new Uint8Array(0x7fffffff).length.toString()))

content('as_throw', (r: Request): Status => {
  throw new Error('no more')
})

content('as_keep', (r: Request): Status => {
  seen.push(r.path)
  return r.reply(200, 'text/plain', seen.length.toString())
})

class Conf { on: bool = false }

function set(conf: Conf, args: string[]): string | null {
  conf.on = true
  return null
}

class AccessConf extends Conf {}
class HeaderConf extends Conf {}
class BodyConf extends Conf {}

directive<AccessConf>('as_access', Where.Location, 0, (conf: AccessConf, args: string[]): string | null => set(conf, args))
directive<HeaderConf>('as_header', Where.Location, 0, (conf: HeaderConf, args: string[]): string | null => set(conf, args))
directive<BodyConf>('as_body', Where.Location, 0, (conf: BodyConf, args: string[]): string | null => set(conf, args))

phase<AccessConf>(Phase.Access, (r: Request, conf: AccessConf): Status => {
  if (conf.on) while (true) seen.length
  return Status.Declined
})

header_filter<HeaderConf>((r: Request, conf: HeaderConf): void => {
  if (conf.on) deep(0)
})

body_filter<Node, BodyConf>(
  (r: Request, conf: BodyConf): Node | null => conf.on ? new Node() : null,
  (r: Request, part: Part, state: Node): void => assert(part.length > 1000000, 'a body filter gave up'),
)

variable('as_variable', (r: Request): string | null => seen[12345])

directive<Conf>('as_configure', Where.Location, 0, (conf: Conf, args: string[]): string | null => {
  while (true) seen.length
  return null
})
