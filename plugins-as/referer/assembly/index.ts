import { Args, Request, Where, conf_of, directive, variable } from '@vespid/sdk'
import { wholeNumber } from '@vespid/sdk/ascii'

/** What a valid referer's path must begin with; '' for any path. A host may be named with several. */
class Paths { prefixes: string[] = [] }

/** `valid_referers` of a place. */
class Conf {
  given: bool = false
  none: bool = false
  blocked: bool = false
  serverNames: bool = false
  exact: Map<string, Paths> = new Map<string, Paths>()
  /** `*.a.b` by `.a.b`. */
  heads: Map<string, Paths> = new Map<string, Paths>()
  /** `a.b.*` by `a.b.`. */
  tails: Map<string, Paths> = new Map<string, Paths>()
}

/** `valid_referers none|blocked|server_names|NAME …;` */
function add(conf: Conf, args: string[]): string | null {
  conf.given = true
  for (let i = 1; i < args.length; i++) {
    const word = args[i]
    if (word == 'none') conf.none = true
    else if (word == 'blocked') conf.blocked = true
    else if (word == 'server_names') conf.serverNames = true
    else if (word.startsWith('~')) return `regular expressions are not supported: "${word}"`
    else if (!addName(conf, word)) return `invalid hostname or wildcard "${word}"`
  }
  return null
}

function addName(conf: Conf, word: string): bool {
  const slash = word.indexOf('/')
  const host = (slash < 0 ? word : word.substring(0, slash)).toLowerCase()
  const prefix = slash < 0 ? '' : word.substring(slash)
  const stars = host.split('*').length - 1
  if (host == '' || host == '.' || host.includes('..')) return false
  if (stars == 0) {
    if (!host.startsWith('.')) return put(conf.exact, host, prefix)
    put(conf.exact, host.substring(1), prefix)
    return put(conf.heads, host, prefix)
  }
  if (stars > 1 || host.length < 3) return false
  if (host.startsWith('*.')) return put(conf.heads, host.substring(1), prefix)
  return host.endsWith('.*') && put(conf.tails, host.substring(0, host.length - 1), prefix)
}

function put(map: Map<string, Paths>, host: string, prefix: string): bool {
  if (!map.has(host)) map.set(host, new Paths())
  map.get(host).prefixes.push(prefix)
  return true
}

/** A place with referers of its own inherits none. */
function merge(parent: Conf, child: Conf): void {
  if (child.given) return
  child.given = parent.given
  child.none = parent.none
  child.blocked = parent.blocked
  child.serverNames = parent.serverNames
  child.exact = parent.exact
  child.heads = parent.heads
  child.tails = parent.tails
}

directive<Conf>('valid_referers', Where.Server | Where.Location, Args.OneOrMore, add, merge)
// Accepted for nginx's sake: tables grow by themselves.
directive<Conf>('referer_hash_max_size', Where.Server | Where.Location, 1, number)
directive<Conf>('referer_hash_bucket_size', Where.Server | Where.Location, 1, number)

function number(conf: Conf, args: string[]): string | null {
  return wholeNumber(args[1]) < 0 ? `"${args[0]}" directive invalid number` : null
}

/** `1` when the Referer is none that valid_referers names, else ''. */
variable('invalid_referer', (r: Request): string | null => isValid(r, conf_of<Conf>()) ? '' : '1')

function isValid(r: Request, conf: Conf): bool {
  if (!conf.given) return true
  const referer = r.header('referer')
  if (referer === null) return conf.none
  const start = afterScheme(referer)
  if (start < 0) return conf.blocked
  let end = start
  while (end < referer.length && referer.charCodeAt(end) != 47 && referer.charCodeAt(end) != 58) end++
  if (end - start > 256) return false
  const host = referer.substring(start, end).toLowerCase()
  const slash = referer.indexOf('/', end)
  const path = slash < 0 ? '' : referer.substring(slash)
  if (conf.serverNames && host != '' && host == r.variable('server_name')) return true
  const paths = find(conf, host)
  if (paths === null) return false
  for (let i = 0; i < paths.prefixes.length; i++) if (path.startsWith(paths.prefixes[i])) return true
  return false
}

/** Where the host begins; −1 when the scheme is missing, as firewalls leave it, or nothing of use can follow. */
function afterScheme(referer: string): i32 {
  if (referer.length < 11) return -1
  const begin = referer.substring(0, 8).toLowerCase()
  return begin.startsWith('http://') ? 7 : begin == 'https://' ? 8 : -1
}

/** Exact, then the longest `*.x`, then the longest `x.*`. */
function find(conf: Conf, host: string): Paths | null {
  if (conf.exact.has(host)) return conf.exact.get(host)
  for (let dot = host.indexOf('.', 1); dot > 0; dot = host.indexOf('.', dot + 1)) {
    const rest = host.substring(dot)
    if (conf.heads.has(rest)) return conf.heads.get(rest)
  }
  for (let dot = host.lastIndexOf('.'); dot > 0; dot = host.lastIndexOf('.', dot - 1)) {
    const front = host.substring(0, dot + 1)
    if (conf.tails.has(front)) return conf.tails.get(front)
  }
  return null
}
