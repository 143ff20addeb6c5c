/** `listen udp:ADDRESS[:PORT] [advertise=HOST[:PORT]] [name=NAME];` */
import type { Cf } from '../../conf/cf.ts'
import type { SipListen } from '../../sip/listens.ts'
import type { SipConf } from './conf.ts'
import { bracketed } from '../../sip/listens.ts'
import { inet6Address, inetAddress, lookUpHost } from '../../http/core/hostnames.ts'

const form = 'it is written udp:ADDRESS[:PORT] or tcp:ADDRESS[:PORT]'

/** SIP's port where none is named (RFC 3261 §19.1.2). */
const standardPort = 5060

/** Reads one `listen`; a name is every address that it has. */
export function setListen(cf: Cf, conf: SipConf): string | void {
  const text = cf.args[1]!
  const [, word, rest] = /^([a-z]+):(.*)$/i.exec(text) ?? []
  const protocol = word?.toLowerCase()
  if (protocol === 'tls' || protocol === 'sctp' || protocol === 'ws' || protocol === 'wss') return cf.fail(`"${protocol}" is not available for SIP`, 1, form)
  if (protocol !== 'udp' && protocol !== 'tcp') return cf.fail(`no protocol in "${text}" of the "listen" directive`, 1, form)
  const [, six, name, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(rest!) ?? []
  const port = digits === undefined ? standardPort : Number(digits)
  if ((six ?? name) === undefined || port > 65535) return cf.fail(`invalid address "${text}" of the "listen" directive`, 1, form)
  const hosts = hostsOf(six, name ?? '')
  if (hosts.length === 0) return cf.fail(`host not found in "${text}" of the "listen" directive`, 1)
  const { advertise, title } = parameters(cf)
  for (const host of hosts) {
    const listen: SipListen = { protocol, host, port, name: `${protocol}:${bracketed(host)}:${port}`, advertise, title, place: cf.place }
    if (conf.listens.some((one) => one.name === listen.name)) return cf.fail(`a duplicate listen ${listen.name}`, 1)
    conf.listens.push(listen)
  }
}

function hostsOf(six: string | undefined, name: string): string[] {
  if (six !== undefined) {
    const numeric = inet6Address(six)
    return numeric === null ? [] : [numeric]
  }
  if (name === '*' || name === '') return ['0.0.0.0']
  const numeric = inetAddress(name)
  return numeric === null ? lookUpHost(name).map(({ host }) => host) : [numeric]
}

function parameters(cf: Cf): Pick<SipListen, 'advertise' | 'title'> {
  let advertise: string | null = null
  let title: string | null = null
  for (let i = 2; i < cf.args.length; i++) {
    const word = cf.args[i]!
    const [, address] = /^advertise=((?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?)$/i.exec(word) ?? []
    if (address !== undefined && advertise === null) advertise = address
    else if (/^name=./.test(word) && title === null) title = word.slice('name='.length)
    else cf.fail(`invalid parameter "${word}"`, i, 'it may be advertise=HOST, advertise=HOST:PORT or name=NAME')
  }
  return { advertise, title }
}
