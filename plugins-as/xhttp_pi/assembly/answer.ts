// From a request to its page.
import { Generation, LogLevel, Request, log, read_xml, reason } from '@vespid/sdk'
import { wholeNumber } from '@vespid/sdk/ascii'
import { broken, unescaped } from '@vespid/sdk/form'
import { Page } from '@vespid/sdk/html'
import { mediaType } from '@vespid/sdk/mime'
import { isForeign, newToken, tokenCookie, tokenOf } from '@vespid/sdk/origin'
import { Arguments, isClean } from './arguments'
import { Filled, prefill, run } from './commands'
import { Command, Framework, Mod, problem, readFramework } from './framework'
import { formPage, menuPage, resultPage } from './page'
import { framework, generation, settings, useFramework } from './settings'

const cookieName = 'xhttp_pi'

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

function say(page: Page, status: i32, text: string, body: string): Page {
  page.status = status
  page.reason = text
  page.body = body
  return page
}

function badUrl(page: Page, f: Framework, mod: Mod | null): Page {
  return settings.strict ? say(page, 500, 'Bad URL', menuPage(f, mod, '')) : say(page, 404, 'Not Found', menuPage(f, mod, 'There is no such page.'))
}

/** The answer to a request for `target`, path and query as received. */
export function answer(r: Request, target: string): Page {
  refresh()
  const page = new Page(200, 'OK', '')
  const f = framework!
  const root = '/' + settings.root
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.substring(0, question)
  const query = question < 0 ? '' : target.substring(question + 1)
  if (!path.startsWith(root)) return badUrl(page, f, null)
  const rest = path.substring(root.length)
  if (rest == '' && (query == '' || !settings.strict)) return say(page, 200, 'OK', menuPage(f, null, ''))
  if (!rest.startsWith('/')) return badUrl(page, f, null)
  const parts = rest.substring(1).split('/')
  if (parts[0] == '') return parts.length == 1 ? say(page, 200, 'OK', menuPage(f, null, '')) : badUrl(page, f, null)
  const mod = f.mod(segment(parts[0]))
  if (mod === null) return badUrl(page, f, null)
  if (parts.length == 1 || (parts.length == 2 && parts[1] == '')) return say(page, 200, 'OK', menuPage(f, mod, ''))
  const command = mod.command(segment(parts[1]))
  if (command === null) return badUrl(page, f, mod)
  if (parts.length > 2 && !settings.strict && !(parts.length == 3 && parts[2] == '')) return badUrl(page, f, mod)
  // Behind a slash Kamailio shows the form, whatever the query says.
  const asked = settings.strict && parts.length > 2 ? '' : query
  return settings.strict ? strictCommand(page, f, mod, command, asked) : safeCommand(page, r, f, mod, command, asked)
}

function segment(text: string): string {
  if (settings.strict || !text.includes('%')) return text
  const value = unescaped(text).toString()
  return broken || !isClean(value) ? text : value
}

/** As Kamailio 5.6 goes about it (kamailio.md §7.2). */
function strictCommand(page: Page, f: Framework, mod: Mod, command: Command, query: string): Page {
  const args = Arguments.readStrict(query)
  let cmd: string | null = null
  if (query != '') cmd = args.take('cmd')
  if (cmd === null) return say(page, 200, 'OK', formPage(f, mod, command, null, '', ''))
  if (cmd == 'pre') {
    const filled = prefill(f, command, args)
    return say(page, 200, 'OK', filled.found ? formPage(f, mod, command, filled, '', '') : menuPage(f, mod, filled.message))
  }
  return ran(page, f, mod, command, args, 0)
}

/** Runs a command and shows what came of it. */
function ran(page: Page, f: Framework, mod: Mod, command: Command, args: Arguments, number: i32): Page {
  const outcome = run(f, command, args, number)
  const body = resultPage(f, mod, command, outcome, number, args)
  if (body == '') return say(page, 500, 'Internal Server Error', menuPage(f, mod, 'The page would be longer than it may be (xhttp_pi_buf_size).'))
  if (settings.strict) return args.bad ? say(page, 500, 'Bad arg in URL', body) : say(page, 200, 'OK', body)
  if (outcome.refused) return say(page, 400, 'Bad Request', body)
  return outcome.done ? say(page, 200, 'OK', body) : say(page, 500, 'Internal Server Error', body)
}

function safeCommand(page: Page, r: Request, f: Framework, mod: Mod, command: Command, query: string): Page {
  const posted = r.hasMethod('POST')
  if (!posted && !r.hasMethod('GET') && !r.hasMethod('HEAD')) {
    page.with('Allow', 'GET, HEAD, POST')
    return say(page, 405, 'Method Not Allowed', menuPage(f, mod, 'This method is not allowed here.'))
  }
  if (posted) return postedCommand(page, r, f, mod, command)
  const args = Arguments.read(query)
  const token = command.writes ? tokenFor(page, r) : ''
  if (args.bad) return say(page, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  const cmd = args.take('cmd')
  if (cmd === null) return say(page, 200, 'OK', formPage(f, mod, command, null, token, ''))
  if (cmd == 'pre') {
    const filled = prefill(f, command, args)
    if (filled.found) return say(page, 200, 'OK', formPage(f, mod, command, filled, token, ''))
    return say(page, 404, 'Not Found', menuPage(f, mod, filled.message))
  }
  if (cmd != 'on') return say(page, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  if (command.writes) {
    page.with('Allow', 'POST')
    return say(page, 405, 'Method Not Allowed', formPage(f, mod, command, given(command, args), token, 'Records are changed with the button below, not by a link.'))
  }
  const word = args.take('page')
  const number = word === null ? 1 : wholeNumber(word, 9999999)
  if (number < 1) return say(page, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  return ran(page, f, mod, command, args, <i32>number - 1)
}

/** A form filled with what was given. */
function given(command: Command, args: Arguments): Filled {
  const filled = new Filled()
  for (let i = 0; i < command.clauses.length; i++) filled.clauses.push(or(args.take(i.toString())))
  for (let i = 0; i < command.columns.length; i++) filled.values.push(or(args.take(String.fromCharCode(97 + i))))
  return filled
}

function or(value: string | null): string { return value === null ? '' : value }

function postedCommand(page: Page, r: Request, f: Framework, mod: Mod, command: Command): Page {
  if (isForeign(r)) return say(page, 403, 'Forbidden', menuPage(f, mod, 'This was sent by a page of another site.'))
  if (mediaType(r.header('content-type')) != 'application/x-www-form-urlencoded') {
    return say(page, 415, 'Unsupported Media Type', menuPage(f, mod, 'A form is sent as application/x-www-form-urlencoded.'))
  }
  const args = Arguments.read(r.body.toString())
  const own = tokenOf(r, cookieName)
  const sent = args.take('token')
  const token = tokenFor(page, r)
  if (own == '' || sent === null || sent != own) {
    return say(page, 403, 'Forbidden', formPage(f, mod, command, args.bad ? null : given(command, args), token, 'The form has expired; look at it once more and send it again.'))
  }
  if (args.bad || or(args.take('cmd')) != 'on') return say(page, 400, 'Bad Request', formPage(f, mod, command, null, token, 'Bad arg in URL.'))
  const outcome = run(f, command, args, 0)
  if (outcome.done || outcome.rows !== null) return say(page, 200, 'OK', resultPage(f, mod, command, outcome, 0, args))
  // What was typed is not lost.
  const form = formPage(f, mod, command, given(command, args), token, outcome.message)
  return outcome.refused ? say(page, 400, 'Bad Request', form) : say(page, 500, 'Internal Server Error', form)
}

/** The browser's token, made at the first form. */
function tokenFor(page: Page, r: Request): string {
  const known = tokenOf(r, cookieName)
  if (known != '') return known
  const token = newToken()
  page.with('Set-Cookie', tokenCookie(r, cookieName, '/' + settings.root, token))
  return token
}
