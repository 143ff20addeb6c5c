import { body, servedBy } from './peer.ts'

/**
 * A Kamailio file that does in routes what the three plugins do elsewhere, and JSON-RPC; for Kamailio and for `vespid -f` alike. One TCP child, so that
 * one process answers, as one worker does elsewhere.
 */
export function routesFile(port: number): string {
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
