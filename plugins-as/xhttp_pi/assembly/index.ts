// Kamailio's module xhttp_pi: tables of databases are shown and changed on pages that a framework file describes.
import {
  LogLevel, Needs, ParamType, Request, RpcCall, Script, Status, Where, Generation, content, limits, log, main_conf, parameter, read_xml, reason, rpc, script_function,
} from '@vespid/sdk'
import { isDigit, isLetter } from '@vespid/sdk/ascii'
import { Page } from '@vespid/sdk/html'
import { answer, reload } from './answer'
import { problem, readFramework } from './framework'
import { styleSource } from './page'
import { Settings, framework, settings, useFramework, useSettings } from './settings'

// What it shows is shown as a whole: all that a command, a table or the metrics of all workers come to.
limits('memory_limit 64m; time_limit 1s')

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
    if (!isLetter(code) && !isDigit(code) && code != 95) return 'may have letters, digits and "_" only'
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

/** The page of a request; null without a framework, which is logged. */
function pageOf(r: Request, target: string): Page | null {
  if (framework !== null) return answer(r, target)
  log(LogLevel.Error, 'xhttp_pi: no framework; name its file with modparam "framework"')
  return null
}

/** Answers the request; 0 ends the script. */
script_function('dispatch_xhttp_pi', 0, 0, [], (s: Script): i32 => {
  if (!s.hasRequest) return -1
  const page = pageOf(s.request, s.request.target)
  if (page === null) {
    s.reply(500, 'Internal Server Error', '', '')
    return 0
  }
  if (settings.strict) page.type = 'text/html'
  else page.sealed(styleSource)
  page.reply(s)
  return 0
})

/** The class is there for the directive's sake: a location has nothing of its own. */
class Place {}

content<Place>('xhttp_pi', (r: Request, _place: Place): Status => {
  const page = pageOf(r, r.unparsedUri)
  return page === null ? Status.InternalServerError : page.sealed(styleSource).send(r)
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
