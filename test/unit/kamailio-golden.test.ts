/** Recorded configurations and script snippets of Kamailio: what starts there parses here, what is a mistake of syntax or types is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, readFile, recorded, told } from './kamailio-kit.ts'

/** Refused at start with these first errors. */
const refused: Record<string, string> = {
  'define-trailing-comment': '11:14 a comment behind "#!define" becomes part of the value (put it in a line of its own)',
  'define-with-dash': '11:11 "-" is not allowed in the name of a define',
  'ifdef-unterminated': '11:1 different number of preprocessor directives: "#!endif" is missing (the condition that begins here is not ended)',
  'endif-extra': '11:1 different number of preprocessor directives: "#!endif" without "#!ifdef"',
  'defenv-missing': '11:10 the environment has no variable "NOSUCHENV" ("#!trydefenv" leaves it out silently)',
  'include-missing': '11:14 cannot open included file "nope.cfg" ("import_file" leaves a missing file out silently)',
  'loadmodule-unquoted': '8:12 unexpected "pv", expecting the name of a module in quotes',
  'event-route-duplicate': '12:1 duplicate route (the first is in /etc/t.cfg:11)',
  'route-duplicate': '12:1 duplicate route (the first is in /etc/t.cfg:11)',
  'unknown-core-param': '11:1 unknown config variable "nosuchparam"',
  'dynamic-param-5.6': '11:82 function "xhttp_reply": argument 4 is not constant (put it in quotes: "$var(a)")',
  'dynamic-param-5.8.5': '11:82 function "xhttp_reply": argument 4 is not constant (put it in quotes: "$var(a)")',
  'concat-param-5.8.5': '11:82 function "xhttp_reply": argument 4 is not constant (functions take constants; put variables in quotes)',
}
/** Refused there, started here: docs/kamailio.md, differences on purpose. */
const kinder = ['subst-in-listen-quoted', 'listen-quoted', 'ifdef-no-final-newline']
/** Refused when modules, functions and parameters are looked up. */
const later = [
  'loadmodule-missing', 'modparam-unknown-param', 'modparam-not-loaded', 'modparam-wrong-type', 'modparam-int-as-string', 'bad-regex-url_match',
  'fifo_reply_dir-missing', 'fifo_user-unknown', 'dgram-udp-low-port', 'dgram-short', 'tcp_socket-on-5.6', 'xhttp_pi-no-framework',
  'xhttp_prom-timeout-negative', 'xlog-without-module',
]

test('recorded configurations parse or are refused as recorded', () => {
  const wrong: string[] = []
  let count = 0
  for (const { id, config, output } of recorded('config.jsonl')) {
    count++
    const { problems } = readFile(config, { defines: [['FROMCLI', '77']] })
    const [first] = told(problems)
    if (refused[id] !== undefined) assert.equal(first, refused[id], id)
    else if (first !== undefined) wrong.push(`${id}: ${first}`)
    else if (output === 'START FAILED' && !later.includes(id) && !kinder.includes(id)) wrong.push(`${id}: is not refused`)
  }
  assert.deepEqual(wrong, [])
  assert.equal(count, 88)
})

/** Snippets with mistakes of syntax and types, by id: the first error. The column counts from the snippet's start. */
const wrongSnippets: Record<string, string> = {
  'expr-07': '1:19 type mismatch: str instead of int (the left side of "+" is a number; write (int) before the text to convert it)',
  'expr-09': '1:11 type mismatch: str instead of int ("*" takes numbers; write (int) before the text to convert it)',
  'expr-16': '1:15 type mismatch: str instead of int ("-" takes numbers; write (int) before the text to convert it)',
  'expr-17': '1:11 type mismatch: str instead of int ("-" takes numbers; write (int) before the text to convert it)',
  'expr-28': '1:13 type mismatch: str instead of int ("-" takes a number; write (int) before the text to convert it)',
  'expr-32': '1:12 type mismatch: str instead of int ("!" takes a number; write (int) before the text to convert it)',
  'expr-33': '1:12 type mismatch: str instead of int ("!" takes a number; write (int) before the text to convert it)',
  'expr-34': '1:12 type mismatch: str instead of int ("!" takes a number; write (int) before the text to convert it)',
  'expr-57': '1:11 invalid number "08" (a number that begins with 0 is octal)',
  'expr-71': '1:11 type mismatch: str instead of int (">" takes numbers; write (int) before the text to convert it)',
  'cmp-34': '1:31 type mismatch: str instead of int (the left side of "=~" is a number; write (int) before the text to convert it)',
  'param-concat-expr': '1:55 function "xhttp_reply": argument 4 is not constant (functions take constants; put variables in quotes)',
  'switch-mixed-cases': '1:197 type mismatch in case: numbers and texts cannot be mixed (the case in line 1 is a number)',
  'switch-two-defaults': '1:45 a switch has only one "default:"',
  'not-match-operator': '1:11 unexpected "!" (there is no "!~"; write !(a =~ b))',
  ternary: '1:13 unexpected "?" (there is no "? :"; use selval(condition, yes, no))',
  'plus-equal': '1:22 unexpected "+", expecting "=" (there is no "+="; write $var(r) = $var(r) + ...)',
  'for-loop': '1:1 unexpected "for", expecting a statement (there is no "for"; use "while")',
  'missing-semicolon': '2:1 unexpected "xhttp_reply", expecting ";" (";" may be missing at the end of line 1)',
}
/** What the recorded file of the snippets defines. */
const probes = new Map([['MYDEF', '42'], ['MYSTR', '"defined string"'], ['SUBSTQ', '"quoted-value"']])
/** Names, arguments and formats, which the compiler checks. */
const names = /^(core-11|param-escape|pv-|tr-|trnull-|dyncmp-37|assign-r|unknown-|regex-bad|is_null|xlog-)/

test('recorded snippets parse or are refused as recorded', () => {
  const wrong: string[] = []
  let count = 0
  for (const { id, input, output } of recorded('script.jsonl')) {
    if (input === undefined || input.includes('same request again')) continue
    count++
    const source = input.replace(/(^|\s)=> "[^]*$/, '')
    const [first] = told(parse(`${source}\nxhttp_reply("200", "OK", "text/plain", "x");`, probes).problems)
    const expected = wrongSnippets[id]
    if (expected !== undefined) {
      if (first !== expected) wrong.push(`${id}: ${first}`)
    } else if (output === 'CONFIG REJECTED' && !names.test(id)) {
      if (!/type mismatch/.test(first ?? '')) wrong.push(`${id}: ${first ?? 'is not refused'}`)
    } else if (first !== undefined) wrong.push(`${id}: ${source} ${first}`)
  }
  assert.deepEqual(wrong, [])
  assert.ok(count > 600, String(count))
})
