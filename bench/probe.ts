import { request } from 'node:http'
import type { Answer } from './peers/peer.ts'

/** What a load sends, and what the probe sends before it. */
export type Message = { method: string, path: string, headers: Record<string, string>, body: string }

/** One request to 127.0.0.1:`port` on a connection of its own; rejects when there is no whole answer within 3 s. */
export function probe(port: number, message: Message): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path, body } = message
    const headers = body === '' ? message.headers : { ...message.headers, 'Content-Length': String(body.length) }
    const req = request({ host: '127.0.0.1', port, method, path, headers, agent: false, timeout: 3000 }, res => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const content = Buffer.concat(chunks)
        const flat = Object.fromEntries(Object.entries(res.headers).map(([name, value]) => [name, String(value)]))
        const line = `HTTP/1.1 200 ${res.statusMessage}\r\n\r\n`
        const bytes = res.rawHeaders.reduce((sum, part) => sum + part.length + 2, line.length) + content.length
        req.destroy()
        resolve({ status: res.statusCode!, headers: flat, body: content.toString('latin1'), bytes })
      })
    })
    req.on('timeout', () => req.destroy(new Error('no answer within 3 s')))
    req.on('error', reject)
    req.end(body)
  })
}
