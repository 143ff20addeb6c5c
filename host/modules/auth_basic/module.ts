/**
 * `auth_basic`: user names and passwords from a file (RFC 7617, nginx.md §11). In the host because it reads files and
 * hashes; a plugin would need a grant for every password file.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Answer, Directive, Module } from '../../module.ts'
import type { Cf } from '../../conf/cf.ts'
import type { Request } from '../../http/request.ts'
import type { Template } from '../../expr/template.ts'
import { Args, DECLINED, OK, Phase, Where } from '../../module.ts'
import { Level } from '../../core/log.ts'
import { bytesOf } from '../../core/text.ts'
import { mergeValues } from '../../conf/merge.ts'
import { compileTemplate } from '../../expr/template.ts'
import { H_AUTHORIZATION } from '../../http/framing/table.ts'
import { moduleOrder } from '../order.ts'
import { failureCode, failureText, fsPath } from '../static/files.ts'
import { verifyPassword } from './crypt.ts'

class AuthBasicConf {
  realm: Template | null | undefined = undefined
  userFile: Template | null | undefined = undefined
  /** Where a relative file name starts: nginx takes the directory of the configuration file. */
  base = ''
}

function setRealm(cf: Cf, _directive: Directive, conf: AuthBasicConf): string | void {
  if (conf.realm !== undefined) return 'is duplicate'
  conf.realm = compileTemplate(cf, cf.args[1]!, 1)
}

function setUserFile(cf: Cf, _directive: Directive, conf: AuthBasicConf): string | void {
  if (conf.userFile !== undefined) return 'is duplicate'
  conf.userFile = compileTemplate(cf, cf.args[1]!, 1)
  conf.base = bytesOf(cf.fullName('x', 'conf')).slice(0, -1)
}

/** A user name and a password, byte strings. */
interface Credentials { readonly user: string, readonly password: string }

/** What an Authorization header says; null when it names no user. */
export function basicCredentials(header: string | null): Credentials | null {
  if (header === null || header.slice(0, 6).toLowerCase() !== 'basic ') return null
  const encoded = header.slice(6).trimStart()
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return null
  const text = Buffer.from(encoded, 'base64').latin1Slice()
  const colon = text.indexOf(':')
  return colon <= 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** Access phase: OK for a user of the file with the right password, 401 for others, 403 when there is no file. */
function authBasicHandler(r: Request, conf: AuthBasicConf): Answer {
  const realm = conf.realm!.evaluate(r)
  if (realm === 'off') return DECLINED
  const given = basicCredentials(r.head.known(H_AUTHORIZATION))
  if (given === null) {
    r.log(Level.info, 'no user/password was provided for basic authentication')
    return challenge(r, realm)
  }
  const name = conf.userFile!.evaluate(r)
  const file = name.startsWith('/') ? name : conf.base + name
  let text: string
  try {
    text = readFileSync(fsPath(file)).latin1Slice()
  } catch (error) {
    const missing = failureCode(error) === 'ENOENT'
    r.log(missing ? Level.error : Level.crit, `open() "${file}" failed (${failureText(error)})`)
    return missing ? 403 : 500
  }
  const stored = storedPassword(text, given.user)
  if (stored === null) {
    r.log(Level.error, `user "${given.user}" was not found in "${file}"`)
    return challenge(r, realm)
  }
  const right = verify(given.password, stored)
  if (right === null) {
    const known = 'apr1, $1$, $5$, $6$ (up to 100000 rounds), {SHA}, {SSHA}, {PLAIN} and DES crypt are'
    r.log(Level.error, `user "${given.user}": the form of the password in "${file}" is not supported; ${known}`)
    return 500
  }
  if (right) return OK
  r.log(Level.error, `user "${given.user}": password mismatch`)
  return challenge(r, realm)
}

function challenge(r: Request, realm: string): number {
  r.headersOut.set('WWW-Authenticate', `Basic realm="${realm}"`)
  return 401
}

/**
 * The password of a user in the text of a file: lines `user:password[:comment]`; lines that begin with `#` are
 * comments.
 */
export function storedPassword(text: string, user: string): string | null {
  const wanted = `${user}:`
  for (let at = 0; at < text.length;) {
    const lf = text.indexOf('\n', at)
    const end = lf < 0 ? text.length : lf
    if (text.startsWith(wanted, at) && text.charCodeAt(at) !== 35) {
      const match = /^[^:\r\n]*/.exec(text.slice(at + wanted.length, end))
      return match![0]
    }
    at = end + 1
  }
  return null
}

/**
 * Results of slow checks, under a key that does not give the password away; hashing takes milliseconds that stop all
 * requests.
 */
const checked = new Map<string, boolean>()
const secret = randomBytes(32)
const mostChecked = 1000

function verify(password: string, stored: string): boolean | null {
  if (!stored.startsWith('$')) return verifyPassword(password, stored)
  const key = createHmac('sha256', secret).update(`${stored}\0${password}`, 'latin1').digest('latin1')
  const known = checked.get(key)
  if (known !== undefined) return known
  const right = verifyPassword(password, stored)
  if (right === null) return null
  if (checked.size >= mostChecked) checked.delete(checked.keys().next().value!)
  checked.set(key, right)
  return right
}

const places = Where.Http | Where.Server | Where.Location | Where.LimitExcept

/** The auth_basic module. */
export const authBasicModule: Module = {
  name: 'auth_basic',
  order: moduleOrder.auth_basic,
  createLocConf: () => new AuthBasicConf(),
  mergeLocConf(_cf, parent: AuthBasicConf, child: AuthBasicConf) {
    if (child.userFile === undefined) child.base = parent.base
    mergeValues(parent, child, { realm: null, userFile: null })
  },
  directives: [
    { name: 'auth_basic', where: places, args: Args.Take1, conf: 'loc', set: setRealm },
    { name: 'auth_basic_user_file', where: places, args: Args.Take1, conf: 'loc', set: setUserFile },
  ],
  phases: [{
    phase: Phase.Access, handler: authBasicHandler,
    active: (conf: AuthBasicConf) => conf.realm !== null && conf.realm!.constant !== 'off' && conf.userFile !== null,
  }],
}
