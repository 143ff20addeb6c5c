/** Commands of the language's core, replies without a body, and Kamailio's cfgutils. */
import { randomInt } from 'node:crypto'
import type { ScriptFunction, ScriptRunView } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import { LogLevel } from '../run.ts'
import { parseInteger, toIntQuietly } from '../values.ts'
import { locks } from './locks.ts'

function command(name: string, call: (run: ScriptRun) => number): ScriptFunction {
  return { name, minimum: 0, maximum: 0, core: true, call: (run) => call(run as ScriptRun) }
}

/** `setflag(n)`: 0 to 31. */
function flag(name: string, call: (run: ScriptRun, bit: number) => number): ScriptFunction {
  return {
    name, minimum: 1, maximum: 1, parameters: ['int'], core: true,
    check([bit]) {
      const n = typeof bit === 'number' ? bit : parseInteger(String(bit))
      if (n !== null && (n < 0 || n > 31)) return `invalid flag ${n}, flags are 0 to 31`
    },
    call: (run, [bit]) => call(run as ScriptRun, 1 << (toIntQuietly(bit!) & 31)),
  }
}

const flags: readonly ScriptFunction[] = [
  flag('setflag', (run, bit) => { run.flags |= bit; return 1 }),
  flag('resetflag', (run, bit) => { run.flags &= ~bit; return 1 }),
  flag('isflagset', (run, bit) => (run.flags & bit) !== 0 ? 1 : -1),
]

/** A reply without body and type: its code is checked at start-up when it is constant. */
function reply(name: string): ScriptFunction {
  return {
    name, minimum: 2, maximum: 2,
    check([code]) {
      const text = String(code)
      if (!text.includes('$') && !isCode(parseInteger(text))) return `invalid reply code "${text}", codes are 100 to 699`
    },
    call(view, [code, reason]) {
      const run = view as ScriptRun
      const number = parseInteger(String(code))
      if (!isCode(number)) {
        run.log(LogLevel.Error, `invalid reply code "${String(code)}"`)
        return -1
      }
      if (reason === '') return -1
      return run.subject.reply(number!, oneLine(String(reason)), '', '') ? 1 : -1
    },
  }
}

function isCode(code: number | null): boolean {
  return code !== null && code >= 100 && code <= 699
}

/** A reason must not end the head: what follows a line end is left out. */
function oneLine(text: string): string {
  return text.replace(/[\r\n][^]*/, '')
}

const appendToReply: ScriptFunction = {
  name: 'append_to_reply', minimum: 1, maximum: 1,
  call: (run, [lines]) => run.subject.appendReplyHeader(String(lines)) ? 1 : -1,
}

/** Longest sleep in milliseconds. */
const longestSleep = 60_000

function sleep(name: string, milliseconds: number): ScriptFunction {
  return {
    name, minimum: 1, maximum: 1, waits: true, parameters: ['int'],
    call(_, [amount]) {
      const time = Math.min(longestSleep, Math.max(0, toIntQuietly(amount!) * milliseconds))
      return new Promise((resolve) => { setTimeout(resolve, time, 1) })
    },
  }
}

const probability = new WeakMap<object, number>()
const getProbability = (run: ScriptRunView): number => probability.get((run as ScriptRun).program) ?? 10

const random: readonly ScriptFunction[] = [
  { name: 'rand_set_prob', minimum: 1, maximum: 1, parameters: ['int'], call(run, [value]) {
    const percent = toIntQuietly(value!)
    if (percent < 0 || percent > 100) return -1
    probability.set((run as ScriptRun).program, percent)
    return 1
  } },
  { name: 'rand_reset_prob', minimum: 0, maximum: 0, call(run) { probability.delete((run as ScriptRun).program); return 1 } },
  { name: 'rand_get_prob', minimum: 0, maximum: 0, call: (run) => getProbability(run) },
  { name: 'rand_event', minimum: 0, maximum: 1, parameters: ['int'], call: (run, [percent]) =>
    randomInt(100) < (percent === undefined ? getProbability(run) : toIntQuietly(percent)) ? 1 : -1 },
]

const locking: readonly ScriptFunction[] = [
  { name: 'lock', minimum: 1, maximum: 1, waits: true, call: (run, [name]) => locks(run as ScriptRun).take(`key ${String(name)}`) },
  { name: 'trylock', minimum: 1, maximum: 1, waits: true, call: (run, [name]) => locks(run as ScriptRun).take(`key ${String(name)}`) },
  { name: 'unlock', minimum: 1, maximum: 1, call: (run, [name]) => locks(run as ScriptRun).give(`key ${String(name)}`) },
]

/** Kamailio ends the whole server with a core dump; here the run ends, and the log tells of it. */
const abort: ScriptFunction = {
  name: 'abort', minimum: 0, maximum: 0,
  call(run) {
    (run as ScriptRun).log(LogLevel.Critical, '"abort" ends this script; the server goes on')
    return 0
  },
}

export const coreFunctions: readonly ScriptFunction[] = [
  ...flags, reply('send_reply'), reply('sl_send_reply'), appendToReply, sleep('sleep', 1000), sleep('usleep', 0.001), ...random, ...locking, abort,
  command('set_reply_close', (run) => { run.subject.closeAfterReply(); return 1 }),
  ...['set_reply_no_connect', 'set_forward_close', 'set_forward_no_connect'].map((name) => command(name, () => 1)),
]
