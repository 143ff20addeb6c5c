// Kamailio's module xhttp_rpc: the server's commands as a console of web pages.
import {
  Args, Level, ParamType, Request, Script, Status, Where, conf, content, directive, limits, parameter, script_function,
} from '@vespid/sdk'
import { isDigit, isLetter } from '@vespid/sdk/ascii'
import { consolePage } from './console'
import { kamailioPage } from './strict'

// What it shows is shown as a whole: all that a command, a table or the metrics of all workers come to.
limits('memory_limit 64m; time_limit 1s')

/** Bytes of a command's answer that are shown, where nothing else is set. */
const standardLimit: i32 = 1 << 20
const mostLimit: i32 = 16 << 20
const readOnly =
  'This console only reads; "xhttp_rpc_write on;" in its location lets it run commands that change the server.'

let root = '/rpc'
let limit = standardLimit
let strict = false

/** Set by `modparam`. */
class Main {}
conf<Main>(Level.Main)

parameter<Main>('xhttp_rpc_root', ParamType.Text, (c: Main, value: string): string | null => {
  for (let i = 0; i < value.length; i++) {
    const k = value.charCodeAt(i)
    if (!isLetter(k) && !isDigit(k) && k != 95) return `may hold letters, digits and "_" only, not "${value.charAt(i)}"`
  }
  root = value.length == 0 ? '' : `/${value}`
  return null
})
parameter<Main>('xhttp_rpc_buf_size', ParamType.Int, (c: Main, value: string, size: i32): string | null => {
  if (size < 0 || size > mostLimit) return `must be between 0 and ${mostLimit}`
  limit = size == 0 ? standardLimit : size
  return null
})
parameter<Main>('compat', ParamType.Text, (c: Main, value: string): string | null => {
  strict = value == 'strict'
  return null
})

/** Answers the request with a page; 0 ends the script. */
script_function('dispatch_xhttp_rpc', 0, 0, [], (s: Script): i32 => {
  if (!s.hasRequest) return -1
  const page = strict ? kamailioPage(s.request, root, limit) : consolePage(s.request, root, limit, '')
  return page.reply(s) ? 0 : -1
})

/** −1 until a directive, here or around here, sets it. */
class Conf {
  write: i32 = -1
}

const everywhere = Where.Http | Where.Server | Where.Location

directive<Conf>('xhttp_rpc_write', everywhere, Args.Flag, (c: Conf, args: string[]): string | null => {
  if (c.write >= 0) return 'is duplicate'
  c.write = args[1].toLowerCase() == 'on' ? 1 : 0
  return null
}, (parent: Conf, child: Conf): void => { if (child.write < 0) child.write = parent.write })

/** The console at the location's own path. */
content<Conf>('xhttp_rpc', (r: Request, c: Conf): Status => {
  let at = r.location
  while (at.endsWith('/')) at = at.substring(0, at.length - 1)
  return consolePage(r, at, limit, c.write == 1 ? '' : readOnly).send(r)
}, Where.Location)
