// The three hooks and the RPC call as a JavaScript programmer would write them on node:http.
import http from 'node:http'
import { body, servedBy } from '../peers/peer.ts'

const port = Number(process.argv[2] ?? 0)
const rules = [{ net: 0x7f000000, mask: 0xff000000, deny: false }, { net: 0, mask: 0, deny: true }]

function address(text: string): number {
  let value = 0
  for (const part of text.split('.')) value = (value << 8) | Number(part)
  return value
}

function allowed(remote: string): boolean {
  const from = address(remote)
  for (const rule of rules) if (((from ^ rule.net) & rule.mask) === 0) return !rule.deny
  return true
}

function call(text: string): string {
  const { id, method } = JSON.parse(text) as { id: unknown, method: string }
  const known = method === 'core.version'
  const error = { code: -32601, message: 'Method not found' }
  const outcome = known ? { result: `node ${process.version}` } : { error }
  return JSON.stringify({ jsonrpc: '2.0', ...outcome, id })
}

const server = http.createServer((req, res) => {
  if (!allowed(req.socket.remoteAddress ?? '')) {
    res.statusCode = 403
    res.end()
    return
  }
  res.setHeader(servedBy.name, servedBy.value)
  if (req.method === 'POST') {
    let text = ''
    req.setEncoding('latin1')
    req.on('data', chunk => { text += chunk })
    req.on('end', () => {
      res.setHeader('Content-Type', 'application/json')
      res.end(call(text))
    })
    return
  }
  res.setHeader('Content-Type', 'text/plain')
  res.end(req.url === '/' ? body : `hello from ${req.url}\n`)
})
server.maxRequestsPerSocket = 0
server.listen({ port, host: '127.0.0.1', backlog: 1024 })
