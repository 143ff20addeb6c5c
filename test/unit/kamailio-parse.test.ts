import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Expression, Statement } from '../../host/script/ast.ts'
import { parsePv } from '../../host/script/pvtext.ts'
import { parse, readFile, recorded, told } from './kamailio-kit.ts'
import { bare, printExpression, printStatements } from './kamailio-print.ts'

/** How an expression was understood, with every operand in parentheses. */
function shape(expression: string): string {
  const { body, problems } = parse(`$x = ${expression};`)
  assert.deepEqual(told(problems), [], expression)
  const [statement] = body as [Extract<Statement, { kind: 'expression' }>]
  return printExpression((statement.value as Extract<Expression, { kind: 'assign' }>).value)
}

test('precedence is Kamailio\'s', () => {
  const expected: Record<string, string> = {
    '1 || 2 && 3': '(1 || (2 && 3))',
    '1 or 2 and 3': '(1 || (2 && 3))',
    '5 & 4 == 4': '(5 & (4 == 4))',
    '1 | 2 & 3 ^ 4': '(1 | (2 & (3 ^ 4)))',
    '1 << 2 == 3': '(1 << (2 == 3))',
    '1 ^ 2 << 3': '(1 ^ (2 << 3))',
    '1 == 2 > 3': '(1 == (2 > 3))',
    '$a > $b + 1': '($a > ($b + 1))',
    '2 + 3 * 4 mod 5': '(2 + ((3 * 4) mod 5))',
    '10 - 3 - 2': '((10 - 3) - 2)',
    '! 1 == 2': '((! 1) == 2)',
    'not $a && $b': '((! $a) && $b)',
    '-7 / 2': '((- 7) / 2)',
    '!defined $a': '(! (defined $a))',
    '(int)"12" + 3': '(((int) "12") + 3)',
    '(str)$a + "x"': '(((str) $a) + "x")',
    '$a =~ "b" or $c eq "d"': '(($a =~ "b") || ($c eq "d"))',
    'src_ip != 127.0.0.1 && proto==TCP': '((src_ip != 127.0.0.1) && (proto == TCP))',
    'src_ip==10.0.0.0/8||dst_ip == [::1]': '((src_ip == 10.0.0.0/8) || (dst_ip == [::1]))',
    'src_port == 80 + 1': '(src_port == (80 + 1))',
    'msg:len > 10': '(msg:len > 10)',
    '(method == GET)': '(method == GET)',
    'uri == myself': '(uri == myself)',
    'src_ip == $si': '(src_ip == $si)',
    'strlen("a" + $b) > 1': '(strlen(("a" + $b)) > 1)',
    'selval($a, "x", 1 + 2)': 'selval($a, "x", (1 + 2))',
    '($y = 5) == 1': '(($y = 5) == 1)',
    '$(avp(x)[-1]{s.select,1,,}) + @from.uri["a"].b[2]': '($(avp(x)[-1]{s.select,1,,}) + @from.uri["a"].b[2])',
    '0x1F + 017 + 101b + 0 + yes + off': '(((((31 + 15) + 5) + 0) + 1) + 0)',
    '4294967295': '(-1)',
    "'raw $si\\n' + \"a\\tb\\x41\\101\\d\\q\"": '("raw $si\\\\n" + "a\\x09bAA\\\\d\\\\q")',
    '"a"\n  "b" "c"': '"abc"',
    'route(A-b.c) == f(1 + 1, "a" + "b", -3)': '(route("A-b.c") == f(2, "ab", (-3)))',
  }
  for (const [text, tree] of Object.entries(expected)) assert.equal(shape(text), tree, text)
})

test('every mistake of a text is told with its place, and reading goes on', () => {
  const text = `$a = 1 +;
if ($b == ) { xlog("x"); }
$c = "x" * 2
foo(1,);
while (1) { $d == 1; break }
route[X] = 1;
bar();
`
  const { body, problems } = parse(text)
  assert.deepEqual(told(problems), [
    '1:9 unexpected ";", expecting a value',
    '2:11 unexpected ")", expecting a value',
    '3:6 type mismatch: str instead of int ("*" takes numbers; write (int) before the text to convert it)',
    '5:16 unexpected "==", expecting "="',
    '5:28 unexpected "}", expecting ";"',
    '6:1 unexpected "route", expecting "}" (a block before it is not closed)',
  ])
  assert.deepEqual((body.at(-1) as Extract<Statement, { kind: 'expression' }>).value.kind, 'call')
})

test('a missing semicolon at the end of a line costs one message and no statement', () => {
  const { body, problems } = parse('$a = 1\n$b = 2\nexit')
  assert.deepEqual(told(problems), [
    '2:1 unexpected "$b", expecting ";" (";" may be missing at the end of line 1)',
    '3:1 unexpected "exit", expecting ";" (";" may be missing at the end of line 2)',
    '3:5 unexpected end of file, expecting a value',
  ])
  assert.equal(body.length, 2)
})

test('a route that begins inside another names the block that is open', () => {
  const { file, problems } = readFile('route[A] {\n  if (1) {\n    exit;\n}\nroute[B] { exit; }\n')
  assert.deepEqual(told(problems), ['5:1 unexpected "route", expecting "}" (a block before it is not closed)'])
  assert.deepEqual(file.routes.map(({ name }) => name), ['B'])
})

test('places are those of the configuration file when the text is a block in it', () => {
  const { problems } = readFile('  route[A] { $x = "a" * 2; }\n\n\n   $y')
  assert.deepEqual(told(problems).slice(0, 1), ['1:19 type mismatch: str instead of int ("*" takes numbers; write (int) before the text to convert it)'])
  assert.equal(problems[0]!.error.place!.text, '  route[A] { $x = "a" * 2; }')
  assert.equal(problems[0]!.error.place!.length, 3)
})

test('nesting has a bound, whatever nests', () => {
  const deep = (open: string, middle: string, close: string): string[] =>
    told(parse(open.repeat(100_000) + middle + close.repeat(100_000)).problems).slice(0, 1)
  const bound = 'blocks and parentheses are nested more than 100 deep'
  for (const text of ['$x = (', '$x = !', '$x = -', '$x = strlen(', '$x = (int)', '$x = 1 + (', 'f(']) {
    const first = told(parse(text.slice(0, text.lastIndexOf(' ') + 1) + text.slice(text.lastIndexOf(' ') + 1).repeat(100_000)).problems)[0]!
    assert.match(first, new RegExp(bound), text)
  }
  assert.match(deep('if (1) {', ';', '}')[0]!, new RegExp(bound))
  assert.match(deep('if 1 ', 'exit;', '')[0]!, new RegExp(bound))
  assert.match(deep('{', ';', '}')[0]!, new RegExp(bound))
  assert.match(deep('while 1 switch 1 { case 1: ', ';', '}')[0]!, new RegExp(bound))
  assert.match(told(parse(`$x = 1${' + 1'.repeat(5000)};`).problems)[0]!, /more than 1000 operators in a row/)
  assert.match(told(parse(`if 1 exit; ${'else if 1 exit; '.repeat(5000)}`).problems)[0]!, /more than 1000 "else if" in a row/)
  assert.match(told(parse(`$x = $(var(${'$(var('.repeat(5000)}${'))'.repeat(5000)}));`).problems)[0] ?? '', /./)
})

test('a megabyte of anything is read', () => {
  const statement = '$var(a) = "text" + $hu + 1; xlog("L_INFO", \'x\' ); '
  for (const unit of ['"a" ', "'a' ", '/* ', '$(', '( ', '} ', '@a["', '\\', '#!ifdef X\n', '!!', 'a.b.', '"', '\xff', '{']) {
    const { problems } = parse(unit.repeat(1_000_000 / unit.length))
    assert.ok(problems.length > 0 && problems.length <= 500, unit)
  }
  for (const unit of [statement, `${statement}\n`]) {
    const { body, problems } = parse(unit.repeat(20_000))
    assert.equal(body.length, 40_000)
    assert.deepEqual(problems, [])
  }
})

/** A generator of numbers that does not depend on the clock. */
function numbers(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor(seed / 2 ** 32 * below)
  }
}

function randomExpression(pick: (below: number) => number, depth: number): Expression {
  const place = null as never
  const inner = (): Expression => randomExpression(pick, depth - 1)
  const leaf = (): Expression => {
    switch (pick(5)) {
      case 0: return { kind: 'int', place, value: pick(1000) }
      case 1: return { kind: 'string', place, value: ['', 'a"b', 'x\\n', '$hu', 'tab\t', '\xe9\n'][pick(6)]! }
      case 2: return { kind: 'select', place, source: ['@a', '@from.uri["x y"].b[-1]'][pick(2)]! }
      default: return parsePv(['$hu', '$var(a)', '$(avp(x)[1]{s.len})', '$?', '$xavp(a=>b)'][pick(5)]!, place)
    }
  }
  if (depth <= 0) return leaf()
  switch (pick(8)) {
    case 0: return { kind: 'unary', place, op: (['str', 'defined', 'strlen', 'strempty'] as const)[pick(4)]!, operand: inner() }
    case 1: return { kind: 'selval', place, condition: inner(), yes: inner(), no: inner() }
    case 2: return { kind: 'call', place, name: 'f', args: [{ kind: 'int', place, value: pick(9) }, { kind: 'string', place, value: '$x y' }] }
    case 3: return { kind: 'assign', place, target: parsePv('$var(z)', place), value: inner() }
    case 4: return { kind: 'test', place, keyword: 'src_ip', op: '==', right: { kind: 'word', place, text: '10.0.0.0/8' } }
    case 5: return { kind: 'binary', place, op: (['eq', 'ne'] as const)[pick(2)]!, left: inner(), right: inner() }
    case 6: return { kind: 'unary', place, op: 'int', operand: inner() }
    default: return { kind: 'binary', place, op: (['<', '*', 'mod', '&&', '||', '|'] as const)[pick(6)]!,
      left: { kind: 'unary', place, op: 'int', operand: inner() }, right: parsePv('$hu', place) }
  }
}

function randomStatements(pick: (below: number) => number, depth: number): Statement[] {
  const place = null as never
  const some = (): Statement[] => randomStatements(pick, depth - 1)
  return Array.from({ length: 1 + pick(3) }, (): Statement => {
    const value = randomExpression(pick, 3)
    if (depth <= 0) return { kind: 'expression', place, value: { kind: 'assign', place, target: parsePv('$var(q)', place), value } }
    switch (pick(7)) {
      case 0: return { kind: 'if', place, condition: value, yes: some(), no: pick(2) === 0 ? null : [...some(), { kind: 'break', place }] }
      case 1: return { kind: 'while', place, condition: value, body: some() }
      case 2: return { kind: 'switch', place, subject: value, cases: [{ place, match: 'a', body: some() }, { place, match: { regex: '^"x' }, body: [] }, { place, match: null, body: some() }] }
      case 3: return { kind: 'exit', place, value: pick(2) === 0 ? null : { kind: 'int', place, value: 3 } }
      case 4: return { kind: 'block', place, body: some() }
      default: return { kind: 'expression', place, value: { kind: 'call', place, name: 'g', args: [] } }
    }
  })
}

test('what is printed parses to the same tree', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const tree = randomStatements(numbers(seed), 3)
    const text = printStatements(tree)
    const { body, problems } = parse(text)
    assert.deepEqual(told(problems), [], text)
    assert.deepEqual(bare(body), bare(tree), text)
  }
})

test('no text makes the parser throw or hang', () => {
  const pieces = ['if', 'while', 'switch', 'case', 'default', '{', '}', '(', ')', '[', ']', ';', ':', ',', '=', '==', '=~', '"', "'", '$x', '$(', '@a', '@', '$', '\\',
    '\n', ' ', '#!define A B\n', '#!ifdef A\n', '#!else\n', '#!endif\n', 'A', '1', '08', '-', '!', '~', '/*', '*/', '#', '//', 'route', 'event_route', 'listen', 'modparam',
    'loadmodule', 'include_file "inc.cfg"', '\0', '\xff', '\xef\xbb\xbf', 'a.b=1', 'debug=3', '#!subst "/A/AAAA/g"\n', '#!define B A A\n', 'src_ip', '==myself', '10.0.0.1']
  for (let seed = 1; seed <= 3000; seed++) {
    const pick = numbers(seed)
    const text = Array.from({ length: pick(60) }, () => pieces[pick(pieces.length)]).join(pick(2) === 0 ? '' : ' ')
    readFile(Buffer.from(text, 'latin1').toString('latin1'))
    parse(text)
  }
  for (const { config } of recorded('config.jsonl')) {
    for (let cut = 0; cut < config.length; cut += 7) {
      readFile(config.slice(0, cut))
      readFile(config.slice(0, cut) + config.slice(cut + 3))
    }
  }
})
