import { Request, rpc_call } from '@vespid/sdk'
import { Form } from '@vespid/sdk/form'
import { Page } from '@vespid/sdk/html'
import { Json } from '@vespid/sdk/json'
import { mediaType } from '@vespid/sdk/mime'
import { isForeign, newToken, tokenCookie, tokenOf } from '@vespid/sdk/origin'
import { failed, run } from './call'
import { Command, commands, find, ofGroup, textOf } from './catalog'
import { cookieName, refusal } from './origin'
import { Frame, commandPage, groupPage, overview, problem } from './page'
import { placeOf } from './url'
import { wordsOf } from './words'

/** Longest form that is read, and the most words that it may hold. */
const longestForm: i32 = 16384
const mostWords: i32 = 256

/** What was entered, or what is wrong with it. */
class Entered {
  words: string[] = []
  mistake: string = ''
}

/**
 * The answer to a request for the console at `root`. `readOnly`: why commands that change the server are refused, or ''.
 * `limit`: the longest answer of a command.
 */
export function consolePage(r: Request, root: string, limit: i32, readOnly: string): Page {
  const place = placeOf(r.unparsedUri, root, false)
  const all = commands()
  if (all === null) return new Page(500, 'Internal Server Error', 'The server does not tell its commands.\n')
  const frame = new Frame(place, all)
  frame.nonce = newToken()
  frame.token = tokenOf(r, cookieName)
  if (frame.token.length == 0) frame.token = newToken()
  frame.readOnly = readOnly
  frame.version = versionOf()
  const page = pageFor(r, frame, limit)
  return page.with('Set-Cookie', tokenCookie(r, cookieName, root.length == 0 ? '/' : root, frame.token))
}

function versionOf(): string {
  return textOf(Json.parse(rpc_call('core.version')), 'result').trim()
}

function pageFor(r: Request, frame: Frame, limit: i32): Page {
  const place = frame.place
  if (!place.inside) return notFound(frame, `The console is at ${place.root.length == 0 ? '/' : place.root}.`)
  const posted = r.hasMethod('POST')
  if (!posted && !r.hasMethod('GET') && !r.hasMethod('HEAD')) return notAllowed(frame, 'GET, HEAD, POST')
  const command = find(frame.all, place.command)
  if (place.group.length > 0 && ofGroup(frame.all, place.group).length == 0) {
    return notFound(frame, `There is no group "${place.group}".`)
  }
  if (place.command.length > 0 && (command === null || command.group != place.group)) {
    return notFound(frame, `There is no command "${place.command}" in group "${place.group}".`)
  }
  if (command === null) {
    if (posted) return notAllowed(frame, 'GET, HEAD')
    return place.group.length == 0 ? overview(frame) : groupPage(frame)
  }
  return posted ? afterPost(r, frame, command, limit) : afterGet(r, frame, command, limit)
}

function notFound(frame: Frame, text: string): Page { return problem(frame, 404, 'Not Found', text) }

function notAllowed(frame: Frame, methods: string): Page {
  return problem(frame, 405, 'Method Not Allowed', `This page takes ${methods}.`).with('Allow', methods)
}

/**
 * A command that only reads may be called by a link, `?arg=WORDS` as in Kamailio, but not by one of another site. Others
 * are filled in and wait to be sent.
 */
function afterGet(r: Request, frame: Frame, command: Command, limit: i32): Page {
  const query = frame.place.query
  if (query === null || query.length == 0) return commandPage(frame, command, [], null)
  const entered = enteredIn(new Form(query), command)
  if (entered.mistake.length > 0) return commandPage(frame, command, [], failed(400, entered.mistake))
  if (command.writes) {
    const told = failed(405, `"${command.name}" changes the server, a link does not run it. Press the button.`)
    return commandPage(frame, command, entered.words, told).with('Allow', 'POST')
  }
  const outcome = isForeign(r)
    ? failed(403, 'A link of another site has led here, so nothing was run. Press the button.')
    : run(command, entered.words, limit, false)
  return commandPage(frame, command, entered.words, outcome)
}

function afterPost(r: Request, frame: Frame, command: Command, limit: i32): Page {
  if (r.bodyLength > longestForm) return problem(frame, 413, 'Content Too Large', `A form may have ${longestForm} bytes.`)
  if (mediaType(r.header('content-type')) != 'application/x-www-form-urlencoded') {
    const told = 'The console takes forms (application/x-www-form-urlencoded); programs call commands by JSON-RPC.'
    return problem(frame, 415, 'Unsupported Media Type', told)
  }
  const form = new Form(r.body.toString())
  const entered = enteredIn(form, command)
  const token = form.get('token')
  let refused = refusal(r, token === null ? '' : token)
  if (refused.length == 0 && command.writes) refused = frame.readOnly
  if (refused.length > 0) return commandPage(frame, command, entered.words, failed(403, refused))
  if (entered.mistake.length > 0) return commandPage(frame, command, entered.words, failed(400, entered.mistake))
  return commandPage(frame, command, entered.words, run(command, entered.words, limit, false))
}

/** The words of a form or query: of the fields `p`, one each, then of `arg`. Empty fields at the end do not count. */
function enteredIn(form: Form, command: Command): Entered {
  const entered = new Entered()
  const words = form.all('p')
  while (words.length > 0 && words[words.length - 1].length == 0) words.pop()
  const lines = form.all('arg')
  for (let i = 0; i < lines.length; i++) {
    const more = wordsOf(lines[i], true)
    if (more === null) entered.mistake = `A quote in "${lines[i]}" is not closed.`
    else for (let k = 0; k < more.length; k++) words.push(more[k])
  }
  if (words.length > mostWords) {
    entered.mistake = `A command takes ${mostWords} arguments at most.`
    return entered
  }
  for (let i = 0; i < words.length && i < command.parameters.length; i++) {
    const parameter = command.parameters[i]
    const isText = parameter.type == 'string' || parameter.type == 'text'
    if (words[i].length == 0 && !parameter.optional && !isText && entered.mistake.length == 0) {
      entered.mistake = `"${parameter.name}" is missing.`
    }
  }
  entered.words = words
  return entered
}
