import { Address, LogLevel, Phase, Request, Status, Where, directive, phase, warn } from '@vespid/sdk'
import { Cidr } from '@vespid/sdk/cidr'

/** What a rule is about. */
enum About { All, Unix, Network }

/** One `allow` or `deny`. */
class Rule {
  constructor(readonly deny: bool, readonly about: About, readonly network: Cidr) {}

  fits(address: Address): bool {
    if (this.about == About.All) return true
    if (this.about == About.Unix) return address.family == 1
    return this.network.has(address)
  }
}

/** The rules of a place, in the order of the configuration: the first that fits decides. */
class Conf { rules: Rule[] = [] }

/** `allow ADDRESS|CIDR|unix:|all;` and `deny …;`. */
function add(conf: Conf, args: string[]): string | null {
  const word = args[1]
  const deny = args[0] == 'deny'
  if (word == 'all' || word == 'unix:') {
    conf.rules.push(new Rule(deny, word == 'all' ? About.All : About.Unix, new Cidr()))
    return null
  }
  const network = Cidr.parse(word)
  if (network === null) return `invalid parameter "${word}"`
  if (network.lowBits) warn(`low address bits of ${word} are meaningless`)
  conf.rules.push(new Rule(deny, About.Network, network))
  return null
}

/** A place with rules of its own inherits none. */
function merge(parent: Conf, child: Conf): void {
  if (child.rules.length == 0) child.rules = parent.rules
}

const where = Where.Http | Where.Server | Where.Location | Where.LimitExcept
directive<Conf>('allow', where, 1, add, merge)
directive<Conf>('deny', where, 1, add, merge)

phase<Conf>(Phase.Access, (r: Request, conf: Conf): Status => {
  const rules = conf.rules
  for (let i = 0; i < rules.length; i++) {
    if (!rules[i].fits(r.remoteAddress)) continue
    if (!rules[i].deny) {
      r.repeatForClient()
      return Status.Ok
    }
    if (!r.satisfyAny) r.log(LogLevel.Error, 'access forbidden by rule')
    return Status.Forbidden
  }
  r.repeatForClient()
  return Status.Declined
})
