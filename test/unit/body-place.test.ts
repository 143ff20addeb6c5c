import { test } from 'node:test'
import assert from 'node:assert/strict'
import { Args, OK, Where } from '../../host/module.ts'
import type { Answer, Module } from '../../host/module.ts'
import { CoreLocConf } from '../../host/http/core/conf.ts'
import type { Request } from '../../host/http/request.ts'
import { engine } from './engine-kit.ts'

/** `keep_body;`: reads the body, waits until the test says, then answers with it. */
function keeper(held: (() => void)[]): Module {
  const handle = async (r: Request): Promise<number> => {
    await new Promise<void>((resolve) => { held.push(resolve) })
    return await r.respond(200, 'text/plain', r.body.bytes())
  }
  return {
    name: 'keeper',
    directives: [{
      name: 'keep_body', where: Where.Location, args: Args.None, conf: 'loc', set: (cf) => {
        const location = cf.http!.loc.find((c) => c instanceof CoreLocConf)!
        location.handler = (r: Request): Answer => {
          const rc = r.readBody()
          return rc === OK ? handle(r) : typeof rc === 'number' ? rc : rc.then((v) => (v === OK ? handle(r) : v))
        }
      },
    }],
    createLocConf: () => ({}),
  }
}

const post = (body: string): string => `POST /keep HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('a body that came with its head is the same after other requests were read where it lay', async (t) => {
  const held: (() => void)[] = []
  const { connect } = await engine(t, 'location /keep { keep_body; } location /other { return 200 ok; }', [keeper(held)])
  const first = await connect()
  const second = await connect()
  first.write(post('A'.repeat(3000)))
  while (held.length < 1) await new Promise((resolve) => setImmediate(resolve))
  second.write(post('B'.repeat(3000)) + post('C'.repeat(50)))
  while (held.length < 2) await new Promise((resolve) => setImmediate(resolve))
  for (const go of held.splice(0)) go()
  assert.equal((await first.response()).body, 'A'.repeat(3000))
  assert.equal((await second.response()).body, 'B'.repeat(3000))
  while (held.length < 1) await new Promise((resolve) => setImmediate(resolve))
  for (const go of held.splice(0)) go()
  assert.equal((await second.response()).body, 'C'.repeat(50))
  first.close()
  second.close()
})
