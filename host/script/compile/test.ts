import { isIP } from 'node:net'
import type { KeywordTest } from '../ast.ts'
import type { ScriptValue } from '../contract.ts'
import type { ScriptRun } from '../run.ts'
import type { CompileContext } from './context.ts'
import { ConfigError } from '../../core/errors.ts'
import { H_FROM, H_TO } from '../../sip/names.ts'
import { lowerAscii } from '../../sip/scan.ts'
import { unbracketed } from '../../sip/listens.ts'
import { uriOf } from '../../sip/uri.ts'
import { addressTest } from '../addresses.ts'
import { constantRegex, matchFlags } from '../posix.ts'
import { toText } from '../values.ts'
import { compileExpression } from './expression.ts'
import { matches, matchesText } from './match.ts'
import { mayFail } from './selects.ts'

type Test = (run: ScriptRun) => number
type Operator = KeywordTest['op']

/** Compiles a test of a keyword, `src_ip == 10.0.0.0/8` (kamailio.md §9.10). Throws ConfigError. */
export function compileTest(node: KeywordTest, context: CompileContext): Test {
  const test = keywordTest(node, context)
  const { right } = node
  if (right.kind === 'word' || !mayFail(right, context)) return test
  const { value } = compileExpression(right, context)
  return (run) => value(run) === null ? 0 : test(run)
}

function keywordTest(node: KeywordTest, context: CompileContext): Test {
  switch (node.keyword) {
    case 'src_ip': case 'dst_ip': return addressTestOf(node, context)
    case 'src_port': return numberTest(node, context, ({ subject }) => subject.message?.transport?.source.port ?? 0)
    case 'dst_port': return numberTest(node, context, ({ subject }) => subject.message?.transport?.destination.port ?? 0)
    case 'msg:len': return numberTest(node, context, ({ subject }) => subject.message?.text.length ?? 0)
    case 'proto': return wordTest(node, protocolOf)
    case 'af': return wordTest(node, familyOf)
    case 'method': return textTest(node, context, ({ subject }) => subject.message?.method ?? '')
    case 'uri': case 'from_uri': case 'to_uri': return uriTest(node, context)
    case 'myself': throw new ConfigError('"myself" stands on the right side', null, 'write "uri == myself" or "src_ip == myself"')
  }
}

function word(node: KeywordTest): string | null {
  return node.right.kind === 'word' ? node.right.text : null
}

/** The right side as a value at run time; a constant one too. */
function rightValue(node: KeywordTest, context: CompileContext): (run: ScriptRun) => ScriptValue {
  const { right } = node
  if (right.kind === 'word') return () => right.text
  const { value, wait } = compileExpression(right, context)
  if (wait !== null) throw new ConfigError('a function that waits cannot be compared here', null, 'assign its result to a variable first')
  return value
}

function compareNumbers(op: Operator, a: number, b: number): boolean {
  switch (op) {
    case '==': return a === b
    case '!=': return a !== b
    case '>': return a > b
    case '<': return a < b
    case '>=': return a >= b
    case '<=': return a <= b
    case '=~': return false
  }
}

function numberTest(node: KeywordTest, context: CompileContext, left: (run: ScriptRun) => number): Test {
  if (node.op === '=~') throw new ConfigError(`"${node.keyword}" is a number and cannot be matched`)
  const right = rightValue(node, context)
  return (run) => compareNumbers(node.op, left(run), run.int(right(run))) ? 1 : 0
}

function protocolOf({ subject }: ScriptRun): string {
  return subject.message?.transport?.protocol ?? ''
}

function familyOf({ subject }: ScriptRun): string {
  return subject.message?.transport?.source.address.includes(':') === true ? 'inet6' : 'inet'
}

const words: Readonly<Record<string, readonly string[]>> = { proto: ['udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'], af: ['inet', 'inet6'] }

function wordTest(node: KeywordTest, left: (run: ScriptRun) => string): Test {
  const text = (word(node) ?? (node.right.kind === 'string' ? node.right.value : '')).toLowerCase()
  const allowed = words[node.keyword]!
  if (!allowed.includes(text)) throw new ConfigError(`invalid right side of "${node.keyword}"`, null, `it is one of ${allowed.join(', ').toUpperCase()}`)
  if (node.op !== '==' && node.op !== '!=') throw new ConfigError(`"${node.keyword}" can be compared with "==" and "!=" only`)
  const yes = node.op === '==' ? 1 : 0
  return (run) => left(run) === text ? yes : 1 - yes
}

/** Texts: without regard to ASCII case, unlike `==` of expressions. */
function textTest(node: KeywordTest, context: CompileContext, left: (run: ScriptRun) => string): Test {
  if (node.op === '=~') return regexTest(node, context, left)
  const right = rightValue(node, context)
  const equal = (run: ScriptRun): boolean => lowerAscii(left(run)) === lowerAscii(toText(right(run)))
  if (node.op === '==') return (run) => equal(run) ? 1 : 0
  if (node.op === '!=') return (run) => equal(run) ? 0 : 1
  throw new ConfigError(`"${node.keyword}" is a text`, null, 'compare it with "==", "!=" or "=~"')
}

function regexTest(node: KeywordTest, context: CompileContext, left: (run: ScriptRun) => string): Test {
  const { right } = node
  if (right.kind === 'string') {
    const regex = constantRegex(right.value, matchFlags)
    return (run) => matches(regex, left(run)) ? 1 : 0
  }
  const pattern = rightValue(node, context)
  return (run) => matchesText(toText(pattern(run)), left(run)) ? 1 : 0
}

function uriText(keyword: string): (run: ScriptRun) => string {
  if (keyword === 'uri') return ({ subject }) => subject.message?.state?.uri ?? subject.message?.target ?? ''
  const id = keyword === 'from_uri' ? H_FROM : H_TO
  return ({ subject }) => subject.message?.parsed.address(id)?.uri ?? ''
}

function uriTest(node: KeywordTest, context: CompileContext): Test {
  const left = uriText(node.keyword)
  if (word(node) !== 'myself') return textTest(node, context, left)
  const yes = node.op === '!=' ? 0 : 1
  return (run) => {
    const uri = uriOf(left(run))
    const mine = uri !== null && context.options.isMyself(unbracketed(uri.host), uri.port === '' ? 0 : Number(uri.port))
    return mine ? yes : 1 - yes
  }
}

function addressTestOf(node: KeywordTest, context: CompileContext): Test {
  const source = node.keyword === 'src_ip'
  const left = ({ subject }: ScriptRun): string => {
    const transport = subject.message?.transport
    return transport === null || transport === undefined ? '' : (source ? transport.source : transport.destination).address
  }
  const text = word(node)
  if (node.op === '=~') {
    const constant = text ?? (node.right.kind === 'string' ? node.right.value : null)
    if (constant !== null && isIP(constant) !== 0) {
      throw new ConfigError(`"${constant}" is an address, not a regular expression`, null, 'compare it with "=="')
    }
    return regexTest(node, context, left)
  }
  if (node.op !== '==' && node.op !== '!=') throw new ConfigError(`"${node.keyword}" can be compared with "==", "!=" and "=~" only`)
  const yes = node.op === '==' ? 1 : 0
  if (text === 'myself') return (run) => context.options.isMyself(left(run), 0) ? yes : 1 - yes
  const right = text ?? (node.right.kind === 'string' ? node.right.value : null)
  if (right !== null) {
    const test = addressTest(right)
    if (test === null) return hostTest(right, context, left, yes)
    return (run) => test.has(left(run)) ? yes : 1 - yes
  }
  const value = rightValue(node, context)
  return (run) => addressTest(toText(value(run)))?.has(left(run)) === true ? yes : 1 - yes
}

/** A host name: Kamailio asks the resolver at start-up. We do not, for a start must not depend on it; only `localhost` is known. */
function hostTest(name: string, context: CompileContext, left: (run: ScriptRun) => string, yes: number): Test {
  if (context.options.strict) return () => 1 - yes
  if (name.toLowerCase() !== 'localhost') throw new ConfigError(`"${name}" is no address`, null, 'write an address, "address/length" or "address/mask"')
  const loopback = addressTest('127.0.0.0/8')!
  return (run) => loopback.has(left(run)) || left(run) === '::1' ? yes : 1 - yes
}
