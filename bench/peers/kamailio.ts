import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../cpu.ts'
import { freePort, startServer } from '../proc.ts'
import { type Peer, expectHooks, expectRpc } from './peer.ts'
import { routesFile } from './routes.ts'

function kamailio(name: string, about: string, check: Peer['check']): Peer {
  return {
    name,
    about,
    available: () => run('kamailio', ['-v']) === null ? 'kamailio is not installed' : null,
    async start(dir) {
      const port = await freePort()
      const file = join(dir, 'kamailio.cfg')
      writeFileSync(file, routesFile(port))
      return startServer(dir, port, 'kamailio', ['-DD', '-f', file, '-Y', dir, '-P', join(dir, 'kamailio.pid')])
    },
    check,
  }
}

/** Kamailio with one TCP process: a script that does the three hooks' work, and JSON-RPC. */
export const kamailioPeers: readonly Peer[] = [
  kamailio('kamailio-xhttp', 'Kamailio, src_ip test, append_to_reply, xhttp_reply', expectHooks()),
  kamailio('kamailio-rpc', 'Kamailio, jsonrpc_dispatch of core.version', expectRpc),
]
