// From a request to its page.
import { Generation, LogLevel, Request, log, read_xml, reason } from '@vespid/sdk'
import { Arguments } from './arguments'
import { Filled, prefill, run } from './commands'
import { Framework, problem, readFramework } from './framework'
import { Command, Mod } from './framework'
import { formPage, menuPage, policy, resultPage } from './page'
import { framework, generation, settings, useFramework } from './settings'

// @ts-ignore: decorator
@external('vespid', 'random')
declare function random(at: usize, length: i32): void

/** What is answered. */
export class Reply {
  status: i32 = 200
  reason: string = 'OK'
  body: string = ''
  /** The cookie to set, `''` for none. */
  cookie: string = ''
  allow: string = ''
}

/** Header lines of every page, each with its end. */
export function headerLines(reply: Reply): string {
  let lines = `Content-Security-Policy: ${policy}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: same-origin\r\nCache-Control: no-store\r\n`
  if (reply.cookie != '') lines += `Set-Cookie: ${reply.cookie}\r\n`
  if (reply.allow != '') lines += `Allow: ${reply.allow}\r\n`
  return lines
}

/** Reads the file again; the message when it cannot be used. */
export function reload(): string {
  const document = read_xml(settings.file, true)
  if (document === null) return reason()
  const read = readFramework(document, settings.strict, framework)
  if (read === null) return problem
  useFramework(read, Generation.next())
  return ''
}

/** Another worker has read the file again: so does this instance. What it cannot use leaves it with what it has. */
function refresh(): void {
  const now = Generation.current()
  if (now == generation) return
  const document = read_xml(settings.file)
  let read: Framework | null = null
  if (document !== null) read = readFramework(document, settings.strict, framework)
  if (read === null) log(LogLevel.Error, `xhttp_pi: ${document === null ? reason() : problem}`)
  useFramework(read, now)
}

function say(reply: Reply, status: i32, text: string, body: string): Reply {
  reply.status = status
  reply.reason = text
  reply.body = body
  return reply
}

function badUrl(reply: Reply, f: Framework, mod: Mod | null): Reply {
  return settings.strict ? say(reply, 500, 'Bad URL', menuPage(f, mod, '')) : say(reply, 404, 'Not Found', menuPage(f, mod, 'There is no such page.'))
}

/** The answer to a request for `target`, path and query as received. */
export function answer(r: Request, target: string): Reply {
  refresh()
  const reply = new Reply()
  const f = framework!
  const root = '/' + settings.root
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.substring(0, question)
  const query = question < 0 ? '' : target.substring(question + 1)
  if (!path.startsWith(root)) return badUrl(reply, f, null)
  const rest = path.substring(root.length)
  if (rest == '' && (query == '' || !settings.strict)) return say(reply, 200, 'OK', menuPage(f, null, ''))
  if (!rest.startsWith('/')) return badUrl(reply, f, null)
  const parts = rest.substring(1).split('/')
  if (parts[0] == '') return parts.length == 1 ? say(reply, 200, 'OK', menuPage(f, null, '')) : badUrl(reply, f, null)
  const mod = f.mod(segment(parts[0]))
  if (mod === null) return badUrl(reply, f, null)
  if (parts.length == 1 || (parts.length == 2 && parts[1] == '')) return say(reply, 200, 'OK', menuPage(f, mod, ''))
  const command = mod.command(segment(parts[1]))
  if (command === null) return badUrl(reply, f, mod)
  if (parts.length > 2 && !settings.strict && !(parts.length == 3 && parts[2] == '')) return badUrl(reply, f, mod)
  // Behind a slash Kamailio shows the form, whatever the query says.
  const asked = settings.strict && parts.length > 2 ? '' : query
  return settings.strict ? strictCommand(reply, f, mod, command, asked) : safeCommand(reply, r, f, mod, command, asked)
}

function segment(text: string): string {
  if (settings.strict || !text.includes('%')) return text
  const decoded = Arguments.read('x=' + text.replaceAll('+', '%2B'))
  const value = decoded.take('x')
  return decoded.bad || value === null ? text : value
}

/** As Kamailio 5.6 goes about it (kamailio.md §7.2). */
function strictCommand(reply: Reply, f: Framework, mod: Mod, command: Command, query: string): Reply {
  const args = Arguments.readStrict(query)
  let cmd: string | null = null
  if (query != '') cmd = args.take('cmd')
  if (cmd === null) return say(reply, 200, 'OK', formPage(f, mod, command, null, '', ''))
  if (cmd == 'pre') {
    const filled = prefill(f, command, args)
    return say(reply, 200, 'OK', filled.found ? formPage(f, mod, command, filled, '', '') : menuPage(f, mod, filled.message))
  }
  return ran(reply, f, mod, command, args, 0)
}

/** Runs a command and shows what came of it. */
function ran(reply: Reply, f: Framework, mod: Mod, command: Command, args: Arguments, page: i32): Reply {
  const outcome = run(f, command, args, page)
  const body = resultPage(f, mod, command, outcome, page, args)
  if (body == '') return say(reply, 500, 'Internal Server Error', menuPage(f, mod, 'The page would be longer than it may be (xhttp_pi_buf_size).'))
  if (settings.strict) return args.bad ? say(reply, 500, 'Bad arg in URL', body) : say(reply, 200, 'OK', body)
  if (outcome.refused) return say(reply, 400, 'Bad Request', body)
  return outcome.done ? say(reply, 200, 'OK', body) : say(reply, 500, 'Internal Server Error', body)
}

function safeCommand(reply: Reply, r: Request, f: Framework, mod: Mod, command: Command, query: string): Reply {
  const posted = r.hasMethod('POST')
  if (!posted && !r.hasMethod('GET') && !r.hasMethod('HEAD')) {
    reply.allow = 'GET, HEAD, POST'
    return say(reply, 405, 'Method Not Allowed', menuPage(f, mod, 'This method is not allowed here.'))
  }
  if (posted) return postedCommand(reply, r, f, mod, command)
  const args = Arguments.read(query)
  const token = command.writes ? tokenOf(reply, r) : ''
  if (args.bad) return say(reply, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  const cmd = args.take('cmd')
  if (cmd === null) return say(reply, 200, 'OK', formPage(f, mod, command, null, token, ''))
  if (cmd == 'pre') {
    const filled = prefill(f, command, args)
    if (filled.found) return say(reply, 200, 'OK', formPage(f, mod, command, filled, token, ''))
    return say(reply, 404, 'Not Found', menuPage(f, mod, filled.message))
  }
  if (cmd != 'on') return say(reply, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  if (command.writes) {
    reply.allow = 'POST'
    return say(reply, 405, 'Method Not Allowed', formPage(f, mod, command, given(command, args), token, 'Records are changed with the button below, not by a link.'))
  }
  const number = args.take('page')
  const page = number === null ? 1 : pageNumber(number)
  if (page < 1) return say(reply, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  return ran(reply, f, mod, command, args, page - 1)
}

function pageNumber(text: string): i32 {
  if (text.length == 0 || text.length > 7) return 0
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 48 || text.charCodeAt(i) > 57) return 0
  return I32.parseInt(text)
}

/** A form filled with what was given. */
function given(command: Command, args: Arguments): Filled {
  const filled = new Filled()
  for (let i = 0; i < command.clauses.length; i++) filled.clauses.push(or(args.take(i.toString())))
  for (let i = 0; i < command.columns.length; i++) filled.values.push(or(args.take(String.fromCharCode(97 + i))))
  return filled
}

function or(value: string | null): string { return value === null ? '' : value }

function postedCommand(reply: Reply, r: Request, f: Framework, mod: Mod, command: Command): Reply {
  if (!sameOrigin(r)) return say(reply, 403, 'Forbidden', menuPage(f, mod, 'This was sent by a page of another site.'))
  const type = r.header('content-type')
  if (type === null || !type.toLowerCase().startsWith('application/x-www-form-urlencoded')) {
    return say(reply, 415, 'Unsupported Media Type', menuPage(f, mod, 'A form is sent as application/x-www-form-urlencoded.'))
  }
  const args = Arguments.read(r.body.toString())
  const cookie = r.cookie(cookieName)
  const sent = args.take('token')
  const token = tokenOf(reply, r)
  if (cookie === null || sent === null || !isToken(sent) || sent != cookie) {
    return say(reply, 403, 'Forbidden', formPage(f, mod, command, args.bad ? null : given(command, args), token, 'The form has expired; look at it once more and send it again.'))
  }
  if (args.bad || or(args.take('cmd')) != 'on') return say(reply, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  const outcome = run(f, command, args, 0)
  if (outcome.done || outcome.rows !== null) return say(reply, 200, 'OK', resultPage(f, mod, command, outcome, 0, args))
  // What was typed is not lost.
  const page = formPage(f, mod, command, given(command, args), token, outcome.message)
  return outcome.refused ? say(reply, 400, 'Bad Request', page) : say(reply, 500, 'Internal Server Error', page)
}

/** Browsers say where a form was sent from. */
function sameOrigin(r: Request): bool {
  const site = r.header('sec-fetch-site')
  if (site !== null && site != 'same-origin' && site != 'none') return false
  const origin = r.header('origin')
  if (origin === null) return true
  const host = r.header('host')
  const at = origin.indexOf('://')
  return at > 0 && host !== null && origin.substring(at + 3).toLowerCase() == host.toLowerCase()
}

const cookieName = 'xhttp_pi'

/** The browser's token: a page of another site can neither read nor set it, and a form must hold the same. Made at the first form. */
function tokenOf(reply: Reply, r: Request): string {
  const known = r.cookie(cookieName)
  if (known !== null && isToken(known)) return known
  const bytes = new Uint8Array(16)
  random(bytes.dataStart, 16)
  let token = ''
  for (let i = 0; i < 16; i++) token += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16)
  reply.cookie = `${cookieName}=${token}; Path=/${settings.root}; HttpOnly; SameSite=Strict`
  return token
}

function isToken(text: string): bool {
  if (text.length != 32) return false
  for (let i = 0; i < 32; i++) {
    const c = text.charCodeAt(i)
    if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102))) return false
  }
  return true
}
