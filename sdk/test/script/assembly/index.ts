// What the SDK offers to routing scripts; test/abi/script.test.ts asks for each.
import {
  Admit, Field, Index, Inner, Level, Param, ParamType, Pv, Regex, Request, Script, conf, event_route, parameter, pseudo_variable, script_function, sleep,
  transformation,
} from '@vespid/sdk'

class Conf {
  size: i32 = 7
  label: string = 'none'
  only: Regex | null = null
}
conf<Conf>(Level.Main)

parameter<Conf>('size', ParamType.Int, (c: Conf, value: string, number: i32): string | null => {
  if (number < 1) return 'must be positive'
  c.size = number
  return null
})
parameter<Conf>('label', ParamType.Text, (c: Conf, value: string): string | null => {
  c.label = value
  return null
})
parameter<Conf>('only', ParamType.IntOrText, (c: Conf, value: string): string | null => {
  c.only = Regex.compile(value, true)
  return null
})
event_route<Conf>('probe:request', (r: Request, c: Conf): Admit => {
  const only = c.only
  return only === null || only.testField(Field.Target) ? Admit.Yes : Admit.No
})

const address = Pv.resolve('$si')
const mark = Pv.resolve('$var(mark)')

script_function('probe', 1, 3, [Param.Text, Param.Int], (s: Script): i32 => {
  let all = ''
  for (let i = 0; i < s.count; i++) all += s.isNull(i) ? '-' : s.isInt(i) ? `i${s.int(i)}` : `t${s.text(i)}`
  mark.set(all)
  return s.count
})
script_function('where', 0, 0, [], (s: Script): i32 => {
  const from = address.text
  mark.set(s.hasRequest ? `${from === null ? 'nobody' : from} ${s.request.path}` : 'no request')
  return mark.int
})
script_function('path', 0, 0, [], (s: Script): i32 => s.request.path.length)
script_function('answer', 1, 1, [Param.Text], (s: Script): i32 => {
  s.appendHeader('X-One: 1\r\n')
  s.closeAfterReply()
  return s.replyArguments(202, 0, 0, 0) && s.reply(203, 'Again', 'text/plain', 'twice') ? 1 : -1
})
script_function('crash', 0, 0, [], (s: Script): i32 => { throw new Error('out of order') })
script_function('nap', 1, 1, [Param.Int], (s: Script): i32 => {
  sleep(1)
  mark.setInt(s.int(0))
  return s.call('inner', ['a', 'b'])
})

let kept = 'first'
pseudo_variable('probed', Inner.Optional, (s: Script): bool => {
  if (s.isNull(0)) return s.answer(kept)
  if (s.text(0) == 'int') return s.answerInt(s.index == Index.None ? -1 : s.index == Index.All ? -2 : s.index)
  return s.text(0) == 'target' && s.answerField(Field.Target)
}, (s: Script): bool => {
  if (s.isNull(1)) return false
  kept = s.isInt(1) ? `#${s.int(1)}` : s.text(1)
  return true
}, 'int,target,nothing')

transformation('probe.cut', 1, 2, (s: Script): bool => s.count == 2 && s.answerBytes(s.bytes(0).slice(s.int(1))))
transformation('probe.none', 0, 0, (s: Script): bool => false)
