import type { Instance } from '../instance.ts'
import type { Frame } from '../frame.ts'
import type { HostFunctions } from './abi.ts'
import type { NativePlugin } from './plugin.ts'
import type { FetchAnswer, FetchAsk, Target } from '../../net/fetch.ts'
import { OK } from '../../module.ts'
import { missingGrant } from '../../core/grants.ts'
import type { SubrequestOptions } from '../../http/subrequest.ts'
import { askSubrequest } from '../../http/subrequest.ts'
import type { ResponseHeaders } from '../../http/response.ts'
import { FetchClient, FetchError, headerMistake } from '../../net/fetch.ts'
import { Kind, mayWaitIn, withRequest } from '../frame.ts'
import { GuestFault, byteString } from '../trap.ts'
import { ABSENT, ResultPart, bounds } from './abi.ts'

/** The thread's client: connections outlive configurations. */
const client = new FetchClient()

const none = Buffer.alloc(0)
const day = 86400_000
/** What `fetch` does where the guest gives 0. */
const defaults = { timeout: 30_000, limit: 4 << 20 }
const longestConnect = 5_000
const methodName = /^[A-Z][A-Z_-]{0,31}$/

/** The functions that ask the world and wait for its answer, and those that hand the answer over. */
export function askingImports(plugin: NativePlugin, instance: Instance): HostFunctions {
  return {
    sleep: instance.suspending((milliseconds: number) => {
      instance.expect(mayWaitIn, 'sleep')
      if (!(milliseconds >= 0 && milliseconds <= day)) {
        throw new GuestFault(`slept for ${milliseconds} milliseconds; 0 to ${day} are allowed`)
      }
      return instance.waiting!.wait(`sleep(${milliseconds})`, (done) => {
        const timer = setTimeout(done, milliseconds, 0)
        return () => clearTimeout(timer)
      }, milliseconds)
    }),
    read_body: instance.suspending(() => readBody(instance)),
    fetch: instance.suspending((
      method: number, methodLength: number, url: number, urlLength: number, headers: number, headersLength: number,
      body: number, bodyLength: number, timeout: number, limit: number, redirects: number,
    ) => {
      const frame = instance.expect(mayWaitIn, 'fetch')
      if (timeout < 0 || timeout > day) throw new GuestFault(`gave fetch a timeout of ${timeout} milliseconds`)
      if (limit < 0 || limit > bounds.body) {
        throw new GuestFault(`gave fetch a limit of ${limit} bytes; ${bounds.body} are allowed`)
      }
      const time = timeout === 0 ? defaults.timeout : timeout
      const fields = headerList(instance.text(headers, headersLength))
      const mistake = headerMistake(fields)
      if (mistake !== null) return refuse(frame, mistake)
      return fetch(plugin, instance, frame, instance.text(url, urlLength, 65536), {
        method: methodOf(plugin.named(method, methodLength, bounds.name), 'fetch'), headers: fields,
        body: bodyOf(instance, body, bodyLength), timeout: time, connectTimeout: Math.min(time, longestConnect),
        limit: limit === 0 ? defaults.limit : limit, redirects: Math.max(0, Math.min(redirects, 10)),
      })
    }),
    subrequest: instance.suspending((
      uri: number, uriLength: number, args: number, argsLength: number, method: number, methodLength: number,
      headers: number, headersLength: number, body: number, bodyLength: number,
    ) => {
      const frame = instance.expect(mayWaitIn & withRequest, 'subrequest')
      const { path, query, options } = subrequestAsk(
        plugin, instance, uri, uriLength, args, argsLength, method, methodLength, headers, headersLength, body, bodyLength,
      )
      return instance.waiting!.wait(`subrequest ${path}`, (done) => {
        void askSubrequest(frame.request!, path, query, options).then((answer) => {
          frame.result = { body: answer.body, headers: headersOf(answer.headers) }
          done(answer.rc === OK || answer.status >= 100 ? answer.status : 500)
        })
      })
    }),
    result_length: (part) => resultPart(instance, 'result_length', part!).length,
    result: (part, offset, out, capacity) => {
      if (offset! < 0 || capacity! < 0) throw new GuestFault(`read a result from ${offset}, ${capacity} bytes`)
      const bytes = resultPart(instance, 'result', part!)
      const at = instance.range(out!, capacity!)
      if (offset! >= bytes.length) return 0
      return bytes.copy(instance.bytes, at, offset, Math.min(bytes.length, offset! + capacity!))
    },
  }
}

/** What a guest says of a subrequest that it wants, checked. */
export function subrequestAsk(
  plugin: NativePlugin, instance: Instance, uri: number, uriLength: number, args: number, argsLength: number, method: number, methodLength: number,
  headers: number, headersLength: number, body: number, bodyLength: number,
): { path: string, query: string, options: SubrequestOptions } {
  const path = instance.text(uri, uriLength, 65536)
  if (path.charCodeAt(0) !== 47 || path.includes('\0')) throw new GuestFault('made a subrequest to something that does not begin with "/"')
  return {
    path, query: instance.text(args, argsLength, 65536), options: {
      method: methodOf(plugin.named(method, methodLength, bounds.name), 'subrequest'),
      headers: headerList(instance.text(headers, headersLength)), body: bodyOf(instance, body, bodyLength),
    },
  }
}

function resultPart(instance: Instance, call: string, part: number): Buffer {
  const { result } = instance.expect(mayWaitIn, call)
  if (result === null) throw new GuestFault(`called ${call} before anything was asked for`)
  if (part === ResultPart.Body) return result.body
  if (part === ResultPart.Headers) return result.headers
  throw new GuestFault(`asked for part ${part} of a result`)
}

/** Waits for the request body: 0, or the status that says why it cannot be had. */
function readBody(instance: Instance): number | Promise<number> {
  const { request: r, kind } = instance.expect(mayWaitIn & withRequest & ~Kind.InputFilter, 'read_body')
  if (kind === Kind.Log) return 0
  const rc = r!.readBody()
  if (typeof rc === 'number') return rc
  return instance.waiting!.wait('the request body', (done) => {
    rc.then((verdict) => done(verdict === OK || verdict >= 100 ? verdict : 500), () => done(500))
  })
}

function fetch(plugin: NativePlugin, instance: Instance, frame: Frame, url: string, ask: FetchAsk): Promise<number> {
  const finish = (answer: FetchAnswer | FetchError): number => {
    if (answer instanceof FetchError) return refuse(frame, answer.message)
    frame.result = { body: answer.body, headers: joined(answer.headers) }
    return answer.status
  }
  return instance.waiting!.wait(`fetch ${url}`, (done) => {
    try {
      return client.fetch(url, ask, (target) => refusal(plugin, target), (answer) => done(finish(answer)))
    } catch (error) {
      if (!(error instanceof FetchError)) throw error
      done(finish(error))
    }
  })
}

/** A fetch that did not come about: −1, and the reason is what `result` gives. */
function refuse(frame: Frame, reason: string): number {
  frame.result = { body: Buffer.from(byteString(reason), 'latin1'), headers: none }
  return ABSENT
}

/**
 * Whether the plugin may go there: null, or why not. `*` in a grant stands for any host, `*.` before a name for all
 * below it, `:*` for any port.
 */
function refusal(plugin: NativePlugin, { host, port }: Target): string | null {
  const name = host.includes(':') ? `[${host}]` : host
  for (const grant of plugin.cycle?.grants.list(plugin.name, 'net') ?? []) {
    const colon = grant.lastIndexOf(':')
    const allowed = grant.slice(0, colon).toLowerCase()
    const ports = grant.slice(colon + 1)
    const fits = allowed === '*' || allowed === name || (allowed.startsWith('*.') && name.endsWith(allowed.slice(1)))
    if (fits && (ports === '*' || ports === String(port))) return null
  }
  const line = missingGrant(plugin.name, 'net', `${name}:${port}`)
  return `plugin "${plugin.name}" may not connect to ${name}:${port}; ${line}`
}

function methodOf(name: string, call: string): string {
  if (name === '') return 'GET'
  if (!methodName.test(name) || name === 'CONNECT') throw new GuestFault(`called ${call} with method "${name}"`)
  return name
}

function bodyOf(instance: Instance, pointer: number, length: number): Buffer | null {
  if (length === -1) return null
  if (length > bounds.body) throw new GuestFault(`gave a body of ${length} bytes; ${bounds.body} are allowed`)
  const at = instance.range(pointer, length)
  return Buffer.from(instance.bytes.subarray(at, at + length))
}

/** Header fields as a guest gives them: a line each, `Name: value`, ended by a line feed. */
function headerList(text: string): string[] {
  const list: string[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const colon = line.indexOf(':')
    if (colon <= 0) throw new GuestFault(`gave "${line}" as a header, which is none`)
    list.push(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return list
}

/** Header fields as a guest is given them: the same, names in lower case. */
function joined(headers: readonly string[]): Buffer {
  let text = ''
  for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]!.toLowerCase()}: ${headers[i + 1]}\n`
  return Buffer.from(text, 'latin1')
}

const dedicated = ['content-type', 'content-length', 'last-modified', 'location', 'etag', 'content-encoding']

/** A subrequest's response headers as a guest is given them. */
export function headersOf(out: ResponseHeaders): Buffer {
  const list: string[] = []
  for (const name of dedicated) {
    const value = out.get(name)
    if (value !== null) list.push(name, value)
  }
  for (let i = 0; i < out.count; i++) list.push(out.names[i]!, out.values[i]!)
  return joined(list)
}
