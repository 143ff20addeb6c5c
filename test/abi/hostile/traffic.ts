/** The other connections of a worker that has hostile plugins: a plugin that does what it should, and requests whose answers are compared byte for byte. */
import assert from 'node:assert/strict'
import type { Server } from '../../server/kit.ts'
import { plugin } from '../kit.ts'

/** A plugin that does what it should. */
export const good = plugin({
  data: '(data (i32.const 0) "text/plain") (data (i32.const 16) "good: ") (data (i32.const 64) "good")', table: ['$good'],
  register: '(call $content (call $directive (i32.const 64) (i32.const 4) (i32.const 16) (i32.const 1) (i32.const -1) (i32.const -1) (i32.const 0)) (i32.const 0) (i32.const 0) (i32.const 0))',
  functions: `(func $good (param i32 i32 i32) (result i32)
    (call $reply (i32.const 200) (i32.const 0) (i32.const 10) (i32.const 16) (i32.add (i32.const 6) (call $request_text (i32.const 3) (i32.const 22) (i32.const 1000)))) (i32.const 1))`,
})

/**
 * Requests on one connection, one after another, until `over`; each answer is compared byte for byte. Returns how many
 * there were. `begun` is told when the first answer is there.
 */
export async function traffic(server: Server, who: number, over: () => boolean, begun: () => void = () => {}): Promise<number> {
  const client = await server.connect()
  for (let i = 0; ; i++) {
    if (over()) {
      client.close()
      return i
    }
    if (i === 1) begun()
    const path = i % 2 === 0 ? `/good/${who}/${i}` : `/text/${who}/${i}`
    const [body, type] = i % 2 === 0 ? [`good: ${path}`, 'text/plain'] : [`text of ${path}\n`, 'text/plain']
    client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const answer = (await client.until(body)).replace(/^(Server|Date): .*\r\n/gm, '')
    assert.equal(answer, `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: keep-alive\r\n\r\n${body}`)
  }
}
