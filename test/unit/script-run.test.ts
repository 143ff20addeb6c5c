/** What the routing language does beyond the recordings: waiting, budgets, mistakes at start-up, safe mode, SIP messages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostLibrary } from '../../host/script/builtin.ts'
import type { ScriptRun } from '../../host/script/run.ts'
import { TestSubject, compileText, httpMessage, runBody, sipMessage, tables, withReply } from './script-kit.ts'

function value(body: string, source = '$var(r)', given: Parameters<typeof runBody>[1] = {}): unknown {
  return runBody(body, given).run.get(source)
}

test('all mistakes are told in one run, with place and suggestion', () => {
  const { errors, mistakes } = compileText([
    'route[ONE] { return 1; }',
    'event_route[t:t] {',
    '  $vat(x) = 1;',
    '  is_methud("GET");',
    '  is_method("GET", "POST");',
    '  $var(a) = $(hu{s.lenn});',
    '  $var(a) = $(hu{t.len});',
    '  route(TWO);',
    '  if ($hu =~ "(") { exit; }',
    '  $hu = "x";',
    '  xinfo("$nosuch");',
    '  $var(a) = @nosuch.select;',
    '  $var(a) = $(hu{s.substr,a,1});',
    '  $sht(none=>a) = 1;',
    '  send_reply("1000", "x");',
    '}',
  ].join('\n'))
  assert.deepEqual(mistakes, [
    'unknown script variable "$vat" in /test/script.cfg:3', 'unknown script function "is_methud" in /test/script.cfg:4',
    'invalid number of arguments of script function "is_method": 2 in /test/script.cfg:5', 'unknown transformation "s.lenn" in /test/script.cfg:6',
    'unknown transformation class "t" in /test/script.cfg:7', 'unknown route "TWO" in /test/script.cfg:8',
    'bad regular expression "(": Unmatched ( or \\( in /test/script.cfg:9', 'the variable "$hu" is read-only in /test/script.cfg:10',
    'unknown script variable "$nosuch" in /test/script.cfg:11', 'unknown select "@nosuch.select" in /test/script.cfg:12',
    'invalid number "a" in the transformation "{s.substr}" in /test/script.cfg:13', 'unknown hash table "none" in /test/script.cfg:14',
    'invalid reply code "1000", codes are 100 to 699 in /test/script.cfg:15',
  ])
  assert.equal(errors[0]!.note, 'did you mean "$var"?')
  assert.equal(errors[1]!.note, 'did you mean "is_method"?')
  assert.equal(errors[3]!.note, 'did you mean "s.len"?')
})

test('a route that calls nothing that waits runs at once; one that does is a promise', async () => {
  const library = withReply(hostLibrary())
  const order: string[] = []
  library.addFunction({
    name: 'pause', minimum: 0, maximum: 1, waits: true,
    call: async (_, [code]) => {
      order.push('asked')
      await new Promise((resolve) => { setImmediate(resolve) })
      order.push('answered')
      return code === undefined ? 1 : Number(code)
    },
  })
  const { program, mistakes } = compileText(`
    route[A] { route(B); if ($rc == 7) { return 8; } return 9; }
    route[B] { $var(i) = 0; while ($var(i) < 2) { pause(); $var(i) = $var(i) + 1; } if (pause() && !pause("-1")) { return 7; } return 6; }
    route[C] { return 3; }
    event_route[t:now] { route(C); }
    event_route[t:later] { $var(x) = pause("5"); switch ($var(x)) { case 5: pause(); route(A); $var(y) = $rc; } $var(d) = "C"; route($var(d)); $var(z) = $rc; }
    event_route[t:exit] { if (pause("0") || 1) { $var(x) = 1; } $var(x) = 2; }
  `, {}, library)
  assert.deepEqual(mistakes, [])
  const now = program.start(program.events.get('t:now')!, new TestSubject(null))
  assert.ok(!(now instanceof Promise))
  assert.equal(now.result, 3)
  const later = program.start(program.events.get('t:later')!, new TestSubject(null))
  assert.ok(later instanceof Promise)
  assert.deepEqual(order, ['asked'])
  const run = await later
  assert.deepEqual(['$var(x)', '$var(y)', '$var(z)', '$var(i)'].map((name) => run.get(name)), [5, 8, 3, 2])
  assert.equal(order.length, 12)
  const ended = await program.start(program.events.get('t:exit')!, new TestSubject(null))
  assert.equal(ended.get('$var(x)'), 0)
})

test('loops in loops end by the budget of steps, and the log says where', () => {
  const body = `$var(a) = 1;
    while (1) { while (1) { while (1) { while (1) {
      $var(a) = $var(a) + 1; } } } }
    $var(r) = "not reached";`
  const { run, subject } = runBody(body, { steps: 20_000 })
  assert.deepEqual({ failed: run.failed, result: run.result, r: run.get('$var(r)') }, { failed: true, result: -1, r: 0 })
  assert.match(subject.lines.at(-1)!, /^-1 script ended: more than 20000 steps in \/test\/script\.cfg:\d$/)
})

test('a script that takes too long ends by the clock', () => {
  const { run, subject } = runBody('while (1) { while (1) { while (1) { $var(a) = $var(a) + 1; } } }', { milliseconds: 0 })
  assert.equal(run.failed, true)
  assert.match(subject.lines.at(-1)!, /^-1 script ended: it ran for more than 0 ms in/)
})

test('a text that doubles in a loop ends', () => {
  const { run, subject } = runBody('$var(t) = "0123456789"; while (1) { $var(t) = $var(t) + $var(t); }')
  assert.equal(String(run.get('$var(t)')).length, 655360)
  assert.match(subject.lines[0]!, /^-1 text of 1310720 bytes is too long in/)
})

test('endless recursion stops at max_recursive_level and the script goes on', () => {
  const { run } = runBody('event_route[t:t] { $var(d) = 0; route(R); $var(r) = $rc; }\nroute[R] { $var(d) = $var(d) + 1; route(R); }', { maxRecursiveLevel: 50 })
  assert.deepEqual([run.get('$var(d)'), run.get('$var(r)')], [49, -1])
})

test('an expression that backtracks without end is a failure of the statement', () => {
  const { run, subject } = runBody(`$var(t) = "${'a'.repeat(40)}c"; $var(r) = 1; if ($var(t) =~ "(a*)*\\\\1b") { $var(r) = 2; } else { $var(r) = 3; }`)
  assert.equal(run.get('$var(r)'), 3)
  assert.match(subject.lines[0]!, /takes too long/)
})

test('safe: $var begins anew in each run; strict: it persists in the worker', () => {
  for (const [strict, second] of [[false, 1], [true, 2]] as const) {
    const { program } = compileText('event_route[t:t] { $var(n) = $var(n) + 1; }', { strict })
    const route = program.events.get('t:t')!
    program.start(route, new TestSubject(null))
    assert.equal((program.start(route, new TestSubject(null)) as ScriptRun).get('$var(n)'), second)
  }
})

test('a mistake of a function ends this script only', () => {
  const library = withReply(hostLibrary())
  library.addFunction({ name: 'broken', minimum: 0, maximum: 0, call: () => { throw new TypeError('oops') } })
  const { program } = compileText('event_route[t:t] { broken(); $var(r) = 1; }', {}, library)
  const subject = new TestSubject(null)
  const run = program.start(program.events.get('t:t')!, subject) as ScriptRun
  assert.deepEqual({ failed: run.failed, result: run.result }, { failed: true, result: -1 })
  assert.deepEqual(subject.lines, ['-1 script failed: oops in /test/script.cfg:1'])
})

test('replies: without body and type, once, and the connection may be closed', () => {
  const { subject } = runBody('append_to_reply("X-A: b\\r\\n"); set_reply_close(); send_reply("404", "Not here\\r\\nX: y"); $var(r) = send_reply("200", "again");')
  assert.deepEqual(subject.replies, [{ code: 404, reason: 'Not here', contentType: '', body: '' }])
  assert.deepEqual([subject.closed, subject.headers], [true, ['X-A: b\r\n']])
})

test('variables of a SIP request', () => {
  const text = 'INVITE sip:bob@example.org:5070;transport=tcp SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\nf: "Al" <sip:al@home.net>;tag=x1\r\n' +
    't: <sip:bob@example.org>\r\ni: call@1\r\nCSeq: 7 INVITE\r\nm: <sip:al@10.0.0.1>\r\nUser-Agent: phone\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi'
  const wanted: Record<string, unknown> = {
    $ru: 'sip:bob@example.org:5070;transport=tcp', $rU: 'bob', $rd: 'example.org', $rp: 5070, $rP: 'tcp', $fu: 'sip:al@home.net', $fU: 'al', $fd: 'home.net',
    $fn: '"Al"', $ft: 'x1', $tu: 'sip:bob@example.org', $tU: 'bob', $tt: null, $ci: 'call@1', $cs: '7', $ct: '<sip:al@10.0.0.1>', $ua: 'phone', $rm: 'INVITE',
    $rb: 'hi', $cl: 2, $hu: null, $proto: 'udp', $si: '10.0.0.1', $Rp: 5062, '$hdr(From)': '"Al" <sip:al@home.net>;tag=x1', '@from.uri.user': 'al',
  }
  const { run } = runBody('$var(x) = 1;', {}, sipMessage(text))
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, run.get(name)])), wanted)
})

test('what a script sets of a message shows in selects and variables', () => {
  const text = 'OPTIONS sip:bob@example.org SIP/2.0\r\nCall-ID: a\r\n\r\n'
  const { run } = runBody('$ru = "sip:carol@other.net"; $du = "sip:10.0.0.9"; $avp(k) = "v"; setflag(3); $var(a) = @ruri.user; $var(b) = $avp(k);', {}, sipMessage(text))
  assert.deepEqual(['$var(a)', '$var(b)', '$rU', '$ou', '$du', '$dd', '$mf'].map((name) => run.get(name)),
    ['carol', 'v', 'carol', 'sip:bob@example.org', 'sip:10.0.0.9', '10.0.0.9', 8])
})

test('a name that expands to too much is a failure of its statement', () => {
  const { run, subject } = runBody('$var(t) = "0123456789abcdef"; $var(i) = 0; while ($var(i) < 10) { $var(t) = $var(t) + $var(t); $var(i) = $var(i) + 1; } $avp($var(t)) = 1; $var(r) = $hdr($var(t)); $var(z) = 1;')
  assert.deepEqual([run.failed, run.get('$var(r)'), run.get('$var(z)')], [false, 0, 1])
  assert.equal(subject.lines.length, 2)
})

test('selects in expressions: what has failed compares false, or counts as empty', () => {
  const body = (condition: string, selectTruth: 'seed' | 'kamailio' = 'seed'): number => Number(value(`if (${condition}) { $var(r) = 1; } else { $var(r) = 0; }`, '$var(r)', { selectTruth }))
  assert.equal(body('@msg.header.nope == ""'), 0)
  assert.equal(body('@msg.header.nope == ""', 'kamailio'), 1)
  assert.equal(body('@msg.header.nope != "x"'), 0)
  assert.equal(body('!(@msg.header.nope == "x")'), 1)
  assert.equal(body('@msg.header.nope == $null'), 1)
  assert.equal(body('defined @msg.header.nope'), 0)
  assert.equal(body('@method == "GET"'), 1)
  assert.equal(body('@method =~ "^g"'), 1)
})

test('hash tables of all workers: counters, times to live, iterators', () => {
  const given = { tables: tables('c=>size=4;initval=0;', 't=>size=4;autoexpire=100;updateexpire=0') }
  const { run } = runBody(`
    $var(a) = $shtinc(c=>k) + $shtinc(c=>k) + $shtdec(c=>k);
    $sht(t=>x) = "1"; $shtex(t=>x) = 10; $sht(t=>x) = "2"; $var(b) = $shtex(t=>x);
    $sht(t=>y) = 5; $var(c) = $shtcn(t=>~~.) + $shtcv(t=>eq5);
    sht_iterator_start("i", "t"); $var(d) = 0;
    while (sht_iterator_next("i")) { $var(d) = $var(d) + 1; sht_iterator_rm("i"); } sht_iterator_end("i");
    $var(e) = $shtcn(t=>.);`, given)
  assert.deepEqual(['a', 'b', 'c', 'd', 'e'].map((name) => run.get(`$var(${name})`)), [4, 10, 3, 2, 0])
})

test('locks exclude other runs and are given back when their run ends', async () => {
  const library = withReply(hostLibrary())
  const order: string[] = []
  library.addFunction({ name: 'note', minimum: 1, maximum: 1, call: (_, [text]) => { order.push(String(text)); return 1 } })
  const { program, mistakes } = compileText('event_route[t:a] { lock("k"); note("a in"); usleep("2000"); note("a out"); }\nevent_route[t:b] { lock("k"); note("b in"); unlock("k"); }', {}, library)
  assert.deepEqual(mistakes, [])
  const first = program.start(program.events.get('t:a')!, new TestSubject(null))
  const second = program.start(program.events.get('t:b')!, new TestSubject(null))
  await Promise.all([first, second])
  assert.deepEqual(order, ['a in', 'a out', 'b in'])
})

test('tests of addresses', () => {
  for (const [condition, yes] of [
    ['src_ip == 127.0.0.1', 1], ['src_ip == 127.0.0.0/8', 1], ['src_ip == 127.0.0.0/255.0.0.0', 1], ['src_ip == 10.0.0.0/8', 0], ['src_ip != 10.0.0.1', 1],
    ['src_ip == myself', 1], ['src_ip =~ "^127"', 1], ['src_ip == $si', 1], ['dst_port == 9425', 1], ['src_port > 1024', 1], ['proto == TCP', 1], ['af == INET6', 0],
    ['method == "get"', 1], ['uri == "/X"', 1], ['msg:len > 5', 1],
  ] as const) assert.equal(value(`$var(r) = 0; if (${condition}) { $var(r) = 1; }`), yes, condition)
})

test('a log facility is one of syslog\'s, and has no effect', () => {
  const text = (line: string): string => `event_route[t:t] { ${line} }\n`
  const compiled = (line: string): { mistakes: string[], warnings: string[] } => {
    const { mistakes, warnings } = compileText(text(line))
    return { mistakes: mistakes.map((one) => one.replace(/ in .*/s, '')), warnings: warnings.map(({ message }) => message) }
  }
  assert.deepEqual(compiled('xlog("LOG_LOCAL3", "L_ERR", "x");'), { mistakes: [], warnings: ['log facility "LOG_LOCAL3" has no effect'] })
  assert.deepEqual(compiled('xlogl("$var(f)", "L_ERR", "x");'), { mistakes: [], warnings: ['log facility "$var(f)" has no effect'] })
  assert.deepEqual(compiled('xlog("LOG_LOCAL8", "L_ERR", "x");'), { mistakes: ['invalid log facility "LOG_LOCAL8", did you mean "LOG_LOCAL0"?'], warnings: [] })
  assert.deepEqual(compiled('xlog("L_ERR", "LOG_LOCAL3", "x");').mistakes, ['invalid log facility "L_ERR"'])
  assert.match(compiled('xlog("LOG_USER", "L_ERROR2", "x"); xlog("LOG_USER", "nothing", "x");').mistakes[0]!, /^invalid log level "nothing"/)
  assert.deepEqual(runBody('xlog("LOG_LOCAL3", "L_ERR", "still written");').subject.lines, ['-1 <script>: still written'])
})

test('log lines: level, text, and the line of the script for xlogl', () => {
  const { subject } = runBody('xinfo("a $rm\\n"); xlog("L_WARN", "100% $$ x"); xlogl("L_ERR", "y"); xdbg("no"); log(1, "plain $si");', { debug: 2 })
  assert.deepEqual(subject.lines, ['2 <script>: a GET', '0 <script>: 100% $ x', '-1 <script>: 1:y', '1 <script>: plain $si'])
})

test('functions of a message that is HTTP', () => {
  const message = httpMessage('POST', '/a?b', [['Host', 'h'], ['Content-Type', 'application/json; charset=utf-8'], ['X-A', '1']], '{"k":1}')
  const { run } = runBody(`$var(a) = is_method("GET|POST"); $var(b) = has_body("application/json"); $var(c) = has_body("text/plain");
    $var(d) = search_body("\\"K\\""); $var(e) = is_present_hf("x-a"); $var(f) = search("^Host: h"); $var(g) = search_hf("X-A", "^1$", "f");`, {}, message)
  assert.deepEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => run.get(`$var(${name})`)), [1, 1, -1, 1, 1, 1, 1])
})
