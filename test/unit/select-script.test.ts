/** Selects in routes, as a real Kamailio 5.6.3 ran them: the recorded expressions, assignments and arguments through the compiler of the language. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TruthMode } from '../../host/expr/select/truth.ts'
import type { ScriptRun } from '../../host/script/run.ts'
import { hostLibrary } from '../../host/script/builtin.ts'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { compileText, runBody, TestSubject } from './script-kit.ts'
import { everything, loopback, recorded, recordedBytes } from './select-kit.ts'

interface Expression {
  readonly expr: string
  readonly form: string
  readonly state: 'value' | 'null' | 'error'
  readonly state2?: string
  readonly kamailio563: boolean
  readonly seed?: boolean
}

const bytes = recordedBytes('expressions.message.b64')
const message = (): SipMessage => new SipMessage(bytes, { ...loopback, source: { address: '127.1.0.1', port: 9501 } })
const rows = recorded<Expression>('expressions.jsonl.gz')
const setup = '$var(zero) = 0; $var(emptystr) = ""; $var(nul) = $null; '

/** Kamailio never finds a method by a select's pattern; here it matches as by any other. 5 of the 17 recorded. */
const caseless = /^method =~ @/

/** Runs every expression as a condition; what it says, or the mistakes at start-up. */
function ask(expr: string, selectTruth: TruthMode): boolean | string {
  const { program, mistakes } = compileText(`event_route[t:t] { ${setup} if (${expr}) { $avp(r) = "yes"; } }\n`, { selectTruth, selects: everything })
  if (mistakes.length > 0) return mistakes.join()
  const run = program.start(program.events.get('t:t')!, new TestSubject(message()))
  if (run instanceof Promise) throw new Error('it waits')
  return run.avps?.get('r')?.[0] === 'yes'
}

test('recorded expressions: Kamailio\'s column in its mode', () => {
  const wrong: string[] = []
  for (const { expr, kamailio563 } of rows) {
    const got = ask(expr, 'kamailio')
    if (got !== kamailio563 && !caseless.test(expr)) wrong.push(`${expr}: ${got}, recorded ${kamailio563}`)
  }
  assert.deepEqual(wrong, [])
  assert.equal(rows.length, 3926)
})

test('recorded expressions: the article\'s column in the other', () => {
  const wrong: string[] = []
  let count = 0
  for (const { expr, seed } of rows) {
    if (seed === undefined) continue
    count++
    const got = ask(expr, 'seed')
    if (got !== seed) wrong.push(`${expr}: ${got}, expected ${seed}`)
  }
  assert.deepEqual(wrong, [])
  assert.equal(count, 2115)
})

test('a comparison with a failed select is false in the article\'s rules, also in forms that were not recorded', () => {
  const failing = rows.filter(({ form, state, state2, seed }) => seed === undefined && (state !== 'value' || state2 === 'null' || state2 === 'error') &&
    /^(@[AS]|\$r[Um]|\$var\(\w+\)|\$avp\(s:none\)|method|uri|src_ip|src_port|msg:len|"[^"]*") (==|!=|=~|eq|ne) (@[SB]|\$r[Um]|\$avp\(s:none\)|\$var\(\w+\)|\d+)$/.test(form))
  assert.equal(failing.filter(({ expr }) => ask(expr, 'seed') !== false).length, 0)
  assert.equal(failing.length, 321)
})

/** What was assigned, by the words of the recording: `state` is the last one. */
const operands: Readonly<Record<string, string>> = { value: '@to.uri.user', error: '@event', null: '@subject', empty: '@msg.header["X-Empty"]', emptycomp: '@to.uri.pwd' }
const probes: Readonly<Record<string, string>> = {
  'var': '$var(x) = @S; $avp(r) = "[" + $var(x) + "]";',
  'avp': '$avp(x) = @S; $avp(r) = "[" + $avp(x) + "]";',
  'avp-undefined-before': '$avp(new) = @S; if (defined $avp(new)) { $avp(r) = "[" + $avp(new) + "] defined=1"; }',
  'value of the assignment expression': '$var(v) = ($var(x) = @S); $avp(r) = "" + $var(v);',
  'concatenation': '$avp(r) = "[" + ("a" + @S + "b") + "]";',
  'select + str': '$avp(r) = "[" + (@S + "b") + "]";',
  '(int)': '$var(v) = (int)@S; $avp(r) = "[" + $var(v) + "]";',
  'strlen': '$var(v) = strlen(@S); $avp(r) = "[" + $var(v) + "]";',
  'selval': '$var(v) = selval(defined @S, "def", "undef"); $avp(r) = "[" + $var(v) + "]";',
  'switch': 'switch (@S) { case "": $avp(r) = "case empty"; break; case "bob": $avp(r) = "case bob"; break; default: $avp(r) = "default"; }',
  'while (select != ) iterations (max 2)': '$var(n) = 0; while (@S != "") { $var(n) = $var(n) + 1; if ($var(n) >= 2) break; } $avp(r) = "" + $var(n);',
  'if ((var = select))': '$avp(r) = "false"; if (($var(x) = @S)) { $avp(r) = "true"; }',
  'if (@to.uri.user) value': '$avp(r) = "false"; if (@to.uri.user) { $avp(r) = "true"; }',
}

test('recorded assignments', () => {
  const lines = recorded<{ what: string, result: string }>('assignments.jsonl')
  const wrong: string[] = []
  // The request URI is rewritten by the module for SIP, which is not here.
  const here = lines.filter(({ what }) => !what.startsWith('rU '))
  assert.deepEqual([lines.length, here.length], [51, 47])
  for (const { what, result } of here) {
    const space = what.lastIndexOf(' ')
    const probe = probes[what.slice(0, space)]!
    const { run } = runBody(probe.replaceAll('@S', operands[what.slice(space + 1)] ?? ''), { selectTruth: 'kamailio', selects: everything }, message())
    const got = String(run.get('$avp(r)'))
    if (got !== result) wrong.push(`${what}: ${got}, recorded ${result}`)
  }
  assert.deepEqual(wrong, [])
})

test('recorded arguments: set_attr, and log texts', () => {
  const wrong: string[] = []
  for (const line of recorded<{ function: string, param: string, case: string, returned: boolean, stored: string, format: string, output: string }>('function-params.jsonl')) {
    const library = hostLibrary()
    let stored = 'unset'
    library.addFunction({ name: 'set_attr', minimum: 2, maximum: 2, parameters: ['constant', 'select'], call: (_, [, text]) => { stored = String(text); return 1 } })
    const quoted = (line.param ?? line.format).replaceAll('"', '\\"')
    const { program, mistakes } = compileText(`event_route[t:t] { ${line.param === undefined ? `xlog("L_ERR", "${quoted}")` : `set_attr("r", "${quoted}")`}; $avp(rc) = $rc; }\n`,
      { selects: everything }, library)
    const subject = new TestSubject(message())
    const run = mistakes.length > 0 ? null : program.start(program.events.get('t:t')!, subject) as ScriptRun
    const got = run === null ? mistakes.join() : line.param === undefined ? subject.lines[0]!.slice('-1 <script>: '.length) : `${run.get('$avp(rc)') === 1} ${stored}`
    const expected = line.param === undefined ? line.output : `${line.returned} ${line.stored}`
    if (got !== expected) wrong.push(`${line.param ?? line.format}: ${got}, recorded ${expected}`)
  }
  assert.deepEqual(wrong, [
    // What follows an identifier is not ignored.
    '@to.uri.user!!: invalid select "@to.uri.user!!", unexpected "!" in /test/script.cfg:1, recorded true bob',
    // xlog is not xplog: a percent sign means something before `@` only.
    '100%% @to.uri.user: 100%% @to.uri.user, recorded 100% @to.uri.user',
    '%[0-2]%@to.uri: %[0-2]sip:bob@example.com:5070;transport=tcp, recorded %@to.uri',
  ])
})
