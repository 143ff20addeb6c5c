// A plugin that works without requests and hands its state over; test/server/background.test.ts asks for it.
import {
  Bytes, LogLevel, Needs, Request, RpcCall, Status, Where, Workers, Zone, content, directive, every, fetch, log, on_start, once, rpc, rpc_call, sleep, state,
} from '@vespid/sdk'

class Conf {
  target: string = ''
}

const marks = Zone.open('marks')
let target = ''
let ticks = 0
let counted = 0

directive<Conf>('target', Where.Http, 1, (c: Conf, args: string[]): string | null => {
  target = args[1]
  every(20, (): void => { marks.incr('configured') })
  return null
})

// Every worker, plain: its own memory and the zone.
every(15, (): void => {
  ticks++
  marks.incr('each')
}, Workers.Each, 'each')
// One worker.
every(15, (): void => { marks.incr('one') }, Workers.One, 'one')
once(1, (): void => { marks.incr('once each') }, Workers.Each, 'once each')
once(1, (): void => { marks.incr('once one') }, Workers.One, 'once one')

// Waits longer than its interval: calls must not overlap.
every(10, (): void => {
  if (marks.incr('inside') != 1) marks.incr('overlaps')
  sleep(25)
  marks.incr('inside', -1)
  marks.incr('waited')
}, Workers.One, 'slow')

on_start((): void => {
  once(5, (): void => {
    if (target == '') return
    log(LogLevel.Notice, `asked ${fetch(target + '/from-timer').text}`)
    log(LogLevel.Notice, rpc_call('background.ticks').substr(0, 9))
  }, Workers.One, 'asking')
})

once(1, (): void => {
  if (marks.get('break') !== null) throw new Error('wanted')
}, Workers.One, 'breaking')
once(1, (): void => {
  if (marks.get('loop') !== null) for (;;) ticks++
}, Workers.One, 'looping')
once(1, (): void => {
  if (marks.get('doze') === null) return
  marks.incr('dozing')
  sleep(3600000)
  marks.incr('woke')
}, Workers.One, 'dozing')

rpc('background.ticks', 'background.ticks: how often the timer ran in this worker', (call: RpcCall): void => { call.add(ticks) }, true)

content('mark', (r: Request): Status => {
  const value = marks.get(r.args)
  return r.reply(200, 'text/plain', value === null ? 'none' : value)
}, Where.Location, Needs.Nothing)

// State.
content('count', (r: Request): Status => r.reply(200, 'text/plain', `${++counted}`), Where.Location, Needs.Nothing)
state(3, (): Uint8Array | null => {
  const bytes = new Uint8Array(4)
  store<i32>(bytes.dataStart, counted)
  return bytes
}, (version: i32, bytes: Bytes): bool => {
  if (version != 3 || bytes.length != 4) return false
  counted = load<i32>(bytes.at)
  return true
})
