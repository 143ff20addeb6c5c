/** Runs routing scripts on made-up HTTP requests, without a server. */
import { HttpMessage } from '../../host/sip/httpmessage.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import type { Message } from '../../host/sip/message.ts'
import { standardSelects } from '../../host/sip/selects/standard.ts'
import { hostLibrary } from '../../host/script/builtin.ts'
import { compileProgram } from '../../host/script/compile.ts'
import type { CompiledScript } from '../../host/script/compile.ts'
import type { ScriptOptions } from '../../host/script/compile/context.ts'
import type { ScriptSubject } from '../../host/script/contract.ts'
import { readScriptFile } from '../../host/script/file.ts'
import { scriptOptions } from '../../host/script/options.ts'
import { HashTable, HashTables, parseTable } from '../../host/script/htable.ts'
import { localStore } from '../../host/script/shared.ts'
import type { ScriptLibrary } from '../../host/script/library.ts'
import type { ScriptRun } from '../../host/script/run.ts'

/** An answer that a script gave. */
export interface TestReply {
  readonly code: number
  readonly reason: string
  readonly contentType: string
  readonly body: string
}

/** What a script did to the message. */
export class TestSubject implements ScriptSubject {
  readonly request = null
  readonly message: Message | null
  readonly replies: TestReply[] = []
  readonly lines: string[] = []
  readonly headers: string[] = []
  closed = false

  constructor(message: Message | null) {
    this.message = message
  }

  reply(code: number, reason: string, contentType: string, body: string): boolean {
    if (this.replies.length > 0) return false
    this.replies.push({ code, reason, contentType, body })
    return true
  }

  appendReplyHeader(lines: string): boolean {
    this.headers.push(lines)
    return this.replies.length === 0
  }

  closeAfterReply(): void { this.closed = true }
  log(level: number, text: string): void { this.lines.push(`${level} ${text}`) }
}

/** An HTTP request as a message; the last of `lines` before an empty one ends the head. */
export function httpMessage(method: string, target: string, headers: readonly (readonly [string, string])[] = [], body = ''): Message {
  return new HttpMessage({
    serial: 1, revision: 0, method, requestLine: `${method} ${target} HTTP/1.1`, target,
    head: { count: headers.length, name: (i) => headers[i]![0], value: (i) => headers[i]![1], understood: true },
    bodyBuffer: Buffer.from(body, 'latin1'),
    connection: { remoteAddress: '127.0.0.1', remotePort: 40000, localAddress: '127.0.0.1', localPort: 9425 },
  })
}

export function sipMessage(text: string): Message {
  return new SipMessage(text, { protocol: 'udp', source: { address: '10.0.0.1', port: 5060 }, destination: { address: '10.0.0.2', port: 5062 } })
}

/** Adds xhttp_reply, which is the xhttp plugin's, as a stand-in. */
export function withReply(library: ScriptLibrary): ScriptLibrary {
  library.addFunction({
    name: 'xhttp_reply', minimum: 4, maximum: 4,
    call(run, [code, reason, type, body]) {
      const number = Number(code)
      if (!Number.isInteger(number) || number < 100 || number > 700 || reason === '') return -1
      return run.subject.reply(number, String(reason), String(type), String(body)) ? 1 : -1
    },
  })
  return library
}

/** Hash tables by definition, this thread's own. */
export function tables(...definitions: string[]): HashTables {
  const all = new HashTables()
  for (const text of definitions) {
    const definition = parseTable(text)
    if (typeof definition === 'string') throw new Error(definition)
    all.add(new HashTable(definition, localStore(definition.name)))
  }
  return all
}

const selects = standardSelects(() => true)

/** Reads a Kamailio file given as text and compiles its routes. */
export function compileText(text: string, given: Partial<ScriptOptions> = {}, library = withReply(hostLibrary())): CompiledScript & { readonly mistakes: string[] } {
  const { file, problems } = readScriptFile('/test/script.cfg', { prefix: '/test/', read: (path) => path === '/test/script.cfg' ? text : null })
  const settings = new Map(file.variables.map(({ group, name, value }) => [`${group}.${name}`, value]))
  const options = scriptOptions({
    file: file.path, defines: file.defines, settings, selects, isMyself: (host) => host === '127.0.0.1', ...given,
  })
  const compiled = compileProgram(file.routes, library, options)
  const mistakes = problems.filter(({ level }) => level === 'emerg').map(({ error }) => error.line)
  return { ...compiled, mistakes: [...mistakes, ...compiled.errors.map((error) => error.line)] }
}

/** Compiles and runs `event_route[t:t] { BODY }` on a GET; throws when there are mistakes. */
export function runBody(body: string, given: Partial<ScriptOptions> = {}, message: Message | null = httpMessage('GET', '/x')): { run: ScriptRun, subject: TestSubject } {
  const { program, mistakes } = compileText(`${body.includes('event_route[t:t]') ? body : `event_route[t:t] { ${body}\n }`}\n`, given)
  if (mistakes.length > 0) throw new Error(mistakes.join('\n'))
  const subject = new TestSubject(message)
  const run = program.start(program.events.get('t:t')!, subject)
  if (run instanceof Promise) throw new Error('the route waits')
  return { run, subject }
}
