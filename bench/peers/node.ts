import { join } from 'node:path'
import { freePort, startServer } from '../proc.ts'
import { type Peer, expectHooks } from './peer.ts'

function script(name: string, about: string, file: string, args: readonly string[], check: Peer['check']): Peer {
  return {
    name,
    about,
    available: () => null,
    async start(dir) {
      const port = await freePort()
      const path = join(import.meta.dirname, '../servers', file)
      return startServer(dir, port, process.execPath, [path, String(port), ...args])
    },
    check,
  }
}

const any = expectHooks(null)

/** The same Node without any of ours: the two floors, and what one would use instead. */
export const nodePeers: readonly Peer[] = [
  script('raw-onread', 'net, canned answer, one static read buffer', 'raw-net.ts', ['onread'], any),
  script('raw-onread-16', 'the same with 16 listeners on the port', 'raw-net.ts', ['onread', '16'], any),
  script('raw-data', "net, canned answer, 'data' events", 'raw-net.ts', ['data'], any),
  script('node-http', 'node:http with the same logic in JavaScript', 'node-http.ts', [],
    answer => answer.headers['content-type'] === 'application/json' ? null : any(answer)),
]
