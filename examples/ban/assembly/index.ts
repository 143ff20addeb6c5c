import { Phase, Request, RpcCall, Status, phase, rpc } from '@vespid/sdk'
import { Cidr } from '@vespid/sdk/cidr'

/** Networks whose requests are refused, with the text that they were given by. */
const texts: string[] = []
const networks: Cidr[] = []

rpc('ban.add', 'ban.add NETWORK: refuse requests from an address or network', (call: RpcCall): void => {
  const text = call.text(0)
  const network = Cidr.parse(text)
  if (network === null) return call.fail(`"${text}" is no address or network`, -32602)
  if (!texts.includes(text)) {
    texts.push(text)
    networks.push(network)
  }
  call.add(texts.length)
})

rpc('ban.remove', 'ban.remove NETWORK: let requests in again', (call: RpcCall): void => {
  const i = texts.indexOf(call.text(0))
  if (i < 0) return call.fail(`"${call.text(0)}" is not banned`)
  texts.splice(i, 1)
  networks.splice(i, 1)
  call.add(texts.length)
})

// The last argument says that it changes nothing: this command may be called over HTTP without `jsonrpcs_write on;`.
rpc('ban.list', 'ban.list: the networks that are banned', (call: RpcCall): void => {
  for (let i = 0; i < texts.length; i++) call.add(texts[i])
}, true, true)

// A plugin without directives works everywhere.
phase(Phase.Preaccess, (r: Request): Status => {
  for (let i = 0; i < networks.length; i++) if (networks[i].has(r.remoteAddress)) return Status.Forbidden
  return Status.Declined
})
