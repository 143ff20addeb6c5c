// Kamailio's module xhttp: HTTP requests run event_route[xhttp:request], which answers them with xhttp_reply().
import {
  Field, Inner, Level, LogLevel, Param, ParamType, Regex, Request, Script, conf, event_route, log, parameter,
  pseudo_variable, script_function, transformation,
} from '@vespid/sdk'

const questionMark: u8 = 63

/** Which requests run the route. */
class Conf {
  match: Regex | null = null
  skip: Regex | null = null
}
conf<Conf>(Level.Main)

parameter<Conf>('url_match', ParamType.Text, (c: Conf, value: string): string | null => {
  c.match = value.length == 0 ? null : Regex.compile(value)
  return null
})
parameter<Conf>('url_skip', ParamType.Text, (c: Conf, value: string): string | null => {
  c.skip = value.length == 0 ? null : Regex.compile(value)
  return null
})
parameter<Conf>('event_callback', ParamType.Text, (c: Conf, value: string): string | null =>
  value.length == 0 ? null : 'there is no embedded language here; write event_route[xhttp:request]')

event_route<Conf>('xhttp:request', (r: Request, c: Conf): bool => {
  const skip = c.skip
  if (skip !== null && skip.testField(Field.Target)) return false
  const match = c.match
  return match === null || match.testField(Field.Target)
}, true)

/** The answer: code, reason, content type (none when empty), body. */
script_function('xhttp_reply', 4, 4, [Param.Int, Param.Text], (s: Script): i32 => {
  const code = s.int(0)
  if (code < 100 || code > 700) return failed(`xhttp_reply: invalid code parameter ${code}`)
  if (s.isEmpty(1)) return failed('xhttp_reply: invalid reason parameter')
  if (!s.replyArguments(code, 1, 2, 3)) return failed('xhttp_reply: the request is answered already')
  return 1
})

function failed(message: string): i32 {
  log(LogLevel.Error, message)
  return -1
}

/** The URL as it stands in the request line. */
pseudo_variable('hu', Inner.None, (s: Script): bool => s.answerField(Field.Target))

transformation('url.path', 0, 0, (s: Script): bool => {
  const url = s.bytes(0)
  const end = url.indexOf(questionMark)
  return s.answerBytes(url.slice(0, end < 0 ? url.length : end))
})
transformation('url.querystring', 0, 0, (s: Script): bool => {
  const url = s.bytes(0)
  const end = url.indexOf(questionMark)
  return s.answerBytes(url.slice(end < 0 ? url.length : end + 1))
})
