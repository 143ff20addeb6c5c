// Kamailio's module xhttp_pi: tables of databases are shown and changed on pages that a framework file describes.
import {
  LogLevel, Needs, ParamType, Request, RpcCall, Script, Status, Where, Generation, content, log, main_conf, parameter, read_xml, reason, rpc, script_function,
} from '@vespid/sdk'
import { Reply, answer, headerLines, reload } from './answer'
import { problem, readFramework } from './framework'
import { Settings, framework, settings, useFramework, useSettings } from './settings'

main_conf<Settings>((c: Settings): string | null => {
  useSettings(c)
  if (c.file == '') return null
  const document = read_xml(c.file)
  if (document === null) return `xhttp_pi: failed to parse xml file: ${reason()}`
  const read = readFramework(document, c.strict, null)
  if (read === null) return `xhttp_pi: ${problem} (framework ${c.file})`
  useFramework(read, Generation.current())
  return null
})

parameter<Settings>('xhttp_pi_root', ParamType.Text, (c: Settings, value: string): string | null => {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    const letter = code | 32
    if (code != 95 && (code < 48 || code > 57) && (letter < 97 || letter > 122)) return 'may have letters, digits and "_" only'
  }
  if (value.length == 0) return 'may not be empty'
  c.root = value
  return null
})
parameter<Settings>('xhttp_pi_buf_size', ParamType.Int, (c: Settings, value: string, number: i32): string | null => {
  if (number < 0) return 'may not be negative'
  c.buffer = number
  return null
})
parameter<Settings>('xhttp_pi_page_size', ParamType.Int, (c: Settings, value: string, number: i32): string | null => {
  if (number < 1 || number > 10000) return 'must be between 1 and 10000'
  c.page = number
  return null
})
parameter<Settings>('framework', ParamType.Text, (c: Settings, value: string): string | null => {
  if (value.length == 0) return 'may not be empty'
  c.file = value
  return null
})
parameter<Settings>('compat', ParamType.Text, (c: Settings, value: string): string | null => {
  c.strict = value == 'strict'
  return null
})

/** The page of a request; false without a framework, which is logged. */
function page(r: Request, target: string): Reply | null {
  if (framework !== null) return answer(r, target)
  log(LogLevel.Error, 'xhttp_pi: no framework; name its file with modparam "framework"')
  return null
}

/** Answers the request; 0 ends the script. */
script_function('dispatch_xhttp_pi', 0, 0, [], (s: Script): i32 => {
  if (!s.hasRequest) return -1
  const r = s.request
  const reply = page(r, r.target)
  if (reply === null) {
    s.reply(500, 'Internal Server Error', '', '')
    return 0
  }
  if (!settings.strict) s.appendHeader(headerLines(reply))
  s.reply(reply.status, reply.reason, settings.strict ? 'text/html' : 'text/html; charset=utf-8', reply.body)
  return 0
})

/** The class is there for the directive's sake: a location has nothing of its own. */
class Place {}

content<Place>('xhttp_pi', (r: Request, _place: Place): Status => {
  const reply = page(r, r.unparsedUri)
  if (reply === null) return 500
  const lines = headerLines(reply).split('\r\n')
  for (let i = 0; i < lines.length; i++) {
    const colon = lines[i].indexOf(': ')
    if (colon > 0) r.response.add(lines[i].substring(0, colon), lines[i].substring(colon + 2))
  }
  return r.reply(reply.status, 'text/html; charset=utf-8', reply.body)
}, Where.Location | Where.LocationIf | Where.LimitExcept, Needs.Body)

rpc('xhttp_pi.reload', 'xhttp_pi.reload: reads tables, modules and commands of the framework file again', (call: RpcCall): void => {
  if (framework === null) {
    call.add<string>('Reload failed')
    return
  }
  const message = reload()
  if (message != '') log(LogLevel.Error, `xhttp_pi: ${message}`)
  call.add<string>(message == '' ? 'Reload OK' : 'Reload failed')
})
