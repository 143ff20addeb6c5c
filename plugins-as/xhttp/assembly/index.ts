// Kamailio's module xhttp: HTTP requests run event_route[xhttp:request], which answers them with xhttp_reply(). Its $hu, {url.path} and
// {url.querystring} are the host's: routes read them several times per request, and a read across the border costs ten times as much.
import {
  Admit, Field, Level, LogLevel, Param, ParamType, Regex, Request, Script, conf, event_route, log, parameter, script_function,
} from '@vespid/sdk'

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

event_route<Conf>('xhttp:request', (r: Request, c: Conf): Admit => {
  const skip = c.skip
  if (skip !== null && skip.testField(Field.Target)) return Admit.No
  const match = c.match
  if (match !== null) return match.testField(Field.Target) ? Admit.Yes : Admit.No
  return skip === null ? Admit.Always : Admit.Yes
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
