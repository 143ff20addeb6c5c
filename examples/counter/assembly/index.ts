import { Request, RpcCall, Status, Zone, content, rpc, variable } from '@vespid/sdk'

/** Requests by address. All workers count in the same zone, and a reload does not begin anew. */
const hits = Zone.open('hits')

/** How long an address is remembered after its first request, in milliseconds. */
const day: f64 = 86400000

content('counter', (r: Request): Status => {
  const address = r.remoteAddress.toString()
  return r.reply(200, 'text/plain', `request ${hits.incr(address, 1, day)} from ${address}\n`)
})

// $counter_hits: how many so far, without counting this one.
variable('counter_hits', (r: Request): string | null => hits.get(r.remoteAddress.toString()))

rpc('counter.reset', 'counter.reset ADDRESS: begin anew with an address', (call: RpcCall): void => {
  if (!hits.delete(call.text(0))) return call.fail(`"${call.text(0)}" has not been counted`)
  call.add('reset')
})

rpc('counter.addresses', 'counter.addresses: the addresses that were counted', (call: RpcCall): void => {
  const keys = hits.keys()
  for (let i = 0; i < keys.length; i++) call.add(keys[i])
}, true)
