/** `location{}` and `limit_except{}` (nginx.md §1.6). */
import type { Cf } from '../../conf/cf.ts'
import type { Directive } from '../../module.ts'
import type { CoreLocConf } from './conf.ts'
import { Where } from '../../module.ts'
import { bindRegex } from '../../expr/define.ts'
import { LimitExcept } from './conf.ts'
import { createLocation } from '../block.ts'

/** What a location's words say. */
interface LocationWords { readonly kind: '' | '=' | '^~' | '~' | '~*' | '@', readonly name: string }

/** `location [=|^~|~|~*] NAME { … }` and `location @NAME { … }`. */
export const setLocation: Directive<CoreLocConf>['set'] = (cf, _directive, parent) => {
  const { kind, name } = readWords(cf)
  const last = cf.args.length - 1
  if ((cf.where & Where.Location) !== 0) {
    if (parent.exact) cf.fail(`location "${name}" cannot be inside the exact location "${parent.name}"`, last)
    if (parent.named) cf.fail(`location "${name}" cannot be inside the named location "${parent.name}"`, last)
    if (kind === '@') cf.fail(`named location "${name}" can be on the server level only`, last)
    if (!kind.startsWith('~') && !name.startsWith(parent.name)) {
      cf.fail(`location "${name}" is outside location "${parent.name}"`, last)
    }
  }
  const regex = kind.startsWith('~') ? bindRegex(cf, name, kind === '~*', last) : null
  const { http, location } = createLocation(cf, parent)
  location.noname = false
  location.name = name
  location.exact = kind === '='
  location.noregex = kind === '^~'
  location.named = kind === '@'
  location.regex = regex
  cf.block(Where.Location, http)
}

/** The modifier may stand alone or be glued to the name. */
function readWords(cf: Cf): LocationWords {
  const [, first, second] = cf.args as [string, string, string | undefined]
  if (second !== undefined) {
    if (first !== '=' && first !== '^~' && first !== '~' && first !== '~*') {
      cf.fail(`invalid location modifier "${first}"`, 1, 'it may be =, ^~, ~, ~*')
    }
    return { kind: first, name: second }
  }
  if (first.startsWith('=')) return { kind: '=', name: first.slice(1) }
  if (first.startsWith('^~')) return { kind: '^~', name: first.slice(2) }
  if (first.startsWith('~*')) return { kind: '~*', name: first.slice(2) }
  if (first.startsWith('~')) return { kind: '~', name: first.slice(1) }
  return { kind: first.startsWith('@') ? '@' : '', name: first }
}

/** Methods that nginx knows by name. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'MKCOL', 'COPY', 'MOVE', 'OPTIONS', 'PROPFIND',
  'PROPPATCH', 'LOCK', 'UNLOCK', 'PATCH'])

/** `limit_except METHOD… { … }`: every other method takes the block's configuration; GET allows HEAD too. */
export const setLimitExcept: Directive<CoreLocConf>['set'] = (cf, _directive, parent) => {
  if (parent.limitExcept !== null) return 'is duplicate'
  const allowed = new Set<string>()
  for (let i = 1; i < cf.args.length; i++) {
    const method = cf.args[i]!.toUpperCase()
    if (!methods.has(method)) cf.fail(`invalid method "${cf.args[i]}"`, i)
    allowed.add(method)
    if (method === 'GET') allowed.add('HEAD')
  }
  const { http, location } = createLocation(cf, parent)
  location.limitExceptBlock = true
  parent.limitExcept = new LimitExcept(allowed, location)
  cf.block(Where.LimitExcept, http)
}
