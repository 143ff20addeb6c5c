import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../cpu.ts'
import { freePort, startServer } from '../proc.ts'
import { type Peer, body, expectHooks, expectRpc, servedBy } from './peer.ts'

// One TCP child, so that one process answers, as one worker does elsewhere.
function conf(port: number): string {
  return `#!KAMAILIO
debug=-1
log_stderror=yes
children=1
tcp_children=1
tcp_accept_no_cl=yes
tcp_max_connections=4096
tcp_connection_lifetime=3600
auto_aliases=no
listen=tcp:127.0.0.1:${port}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 1)
modparam("jsonrpcs", "pretty_format", 0)

request_route {
  drop;
}

event_route[xhttp:request] {
  if ($hu == "/rpc") {
    jsonrpc_dispatch();
    exit;
  }
  if (src_ip != 127.0.0.0/8) {
    xhttp_reply("403", "Forbidden", "text/plain", "no");
    exit;
  }
  append_to_reply("${servedBy.name}: ${servedBy.value}\\r\\n");
  xhttp_reply("200", "OK", "text/plain", ${JSON.stringify(body)});
}
`
}

function kamailio(name: string, about: string, check: Peer['check']): Peer {
  return {
    name,
    about,
    available: () => run('kamailio', ['-v']) === null ? 'kamailio is not installed' : null,
    async start(dir) {
      const port = await freePort()
      const file = join(dir, 'kamailio.cfg')
      writeFileSync(file, conf(port))
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
