/** Expressions of the routing language, with Kamailio's precedence (kamailio.md §9.5, §9.10). */
import { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import { suggest } from '../core/suggest.ts'
import type { BinaryOperator, CallNode, Expression, KeywordTest, PvNode, UnaryOperator } from './ast.ts'
import { constantOf, numberOf, wordValues } from './constant.ts'
import type { Parser } from './parser.ts'
import { parsePv } from './pvtext.ts'
import { Kind } from './token.ts'
import type { Token } from './token.ts'
import { checkBinary, checkUnary } from './types.ts'

/** Binary operators by strength; words and signs that mean the same have one name in the tree. */
const strengths = new Map<string, readonly [number, BinaryOperator]>([
  ['||', [1, '||']], ['or', [1, '||']], ['&&', [2, '&&']], ['and', [2, '&&']], ['|', [3, '|']], ['&', [4, '&']], ['^', [5, '^']],
  ['<<', [6, '<<']], ['>>', [7, '>>']], ['==', [8, '==']], ['!=', [8, '!=']], ['=~', [8, '=~']], ['eq', [8, 'eq']], ['ne', [8, 'ne']],
  ['ieq', [8, 'ieq']], ['ine', [8, 'ine']], ['>', [9, '>']], ['<', [9, '<']], ['>=', [9, '>=']], ['<=', [9, '<=']],
  ['+', [10, '+']], ['-', [10, '-']], ['*', [11, '*']], ['/', [11, '/']], ['mod', [11, 'mod']],
])
const COMPARISON = 8
const SUM = 10

/** A flat chain of operators becomes a tree that is deep on its left; who walks it needs stack. */
const LONGEST_CHAIN = 1000

const keywords = new Set<string>(['src_ip', 'dst_ip', 'src_port', 'dst_port', 'proto', 'af', 'method', 'msg', 'uri', 'from_uri', 'to_uri', 'myself'])
/** Keywords that are always compared; the others may be the names of functions too. */
const comparisons = new Set(['==', '!=', '=~', '>', '<', '>=', '<='])
const equalities = new Set(['==', '!='])
const matches = new Set(['==', '!=', '=~'])
const allowed: Record<KeywordTest['keyword'], ReadonlySet<string>> = {
  src_ip: matches, dst_ip: matches, method: matches, uri: matches, from_uri: matches, to_uri: matches, myself: equalities, proto: equalities,
  af: equalities, src_port: comparisons, dst_port: comparisons, 'msg:len': comparisons,
}

/** Words that are variables. */
const words = new Map([['status', '$rs'], ['retcode', '$rc']])

/** Functions whose arguments are names of flags. */
const flagFunction = /^(?:re)?set[bs]?flag$|^is[bs]?flagset$/

/** One expression. */
export function parseExpression(p: Parser): Expression {
  return binary(p, 1)
}

function binary(p: Parser, least: number): Expression {
  let left = prefix(p)
  for (let chain = 0; ;) {
    const { token } = p
    const known = token.kind === Kind.Sign || token.kind === Kind.Word ? strengths.get(token.text) : undefined
    if (known === undefined) {
      refuseOperator(p)
      return left
    }
    const [strength, op] = known
    if (strength < least) return left
    if (++chain > LONGEST_CHAIN) throw new ConfigError(`the expression has more than ${LONGEST_CHAIN} operators in a row`, token.place)
    p.next()
    const right = p.nested(token.place, () => binary(p, strength + 1))
    const wrong = checkBinary(op, left, right)
    if (wrong !== null) throw wrong
    left = { kind: 'binary', place: spanOf(left.place, right.place), op, left, right }
  }
}

/** Operators of other languages get a word of explanation. */
function refuseOperator(p: Parser): void {
  const { token } = p
  if (token.kind !== Kind.Sign) return
  if (token.text === '%') p.unexpected(null, 'modulo is written "mod"')
  if (token.text === '?') p.unexpected(null, 'there is no "? :"; use selval(condition, yes, no)')
  if (token.text === '!' && p.tokens.peek(1).text === '~') p.unexpected(null, 'there is no "!~"; write !(a =~ b)')
}

function prefix(p: Parser): Expression {
  const { token } = p
  const op = prefixOperator(p)
  if (op === null) return primary(p)
  return p.nested(token.place, () => {
    p.next()
    if (op === 'int' || op === 'str') {
      p.next()
      p.next()
    }
    const operand = prefix(p)
    const wrong = checkUnary(op, operand)
    if (wrong !== null) throw wrong
    return { kind: 'unary', place: spanOf(token.place, operand.place), op, operand }
  })
}

function prefixOperator(p: Parser): UnaryOperator | null {
  const { token } = p
  if (token.kind === Kind.Word) return token.text === 'not' ? '!' : token.text === 'defined' ? 'defined' : null
  if (token.kind !== Kind.Sign) return null
  if (token.text === '!' || token.text === '~' || token.text === '-') return token.text
  if (token.text !== '(') return null
  const word = p.tokens.peek(1)
  if (word.kind !== Kind.Word || (word.text !== 'int' && word.text !== 'str')) return null
  const close = p.tokens.peek(2)
  return close.kind === Kind.Sign && close.text === ')' ? word.text : null
}

function primary(p: Parser): Expression {
  const { token } = p
  switch (token.kind) {
    case Kind.Number: return numberNode(p)
    case Kind.String: {
      p.next()
      return { kind: 'string', place: token.place, value: token.text }
    }
    case Kind.Variable: {
      p.next()
      return variable(token)
    }
    case Kind.Select: {
      p.next()
      return { kind: 'select', place: token.place, source: token.text }
    }
    case Kind.Word: return word(p)
    default: return token.text === '(' ? parenthesis(p) : p.unexpected('a value')
  }
}

/** The node of a variable token. */
export function variable(token: Token): PvNode {
  return parsePv(token.text, token.place)
}

function numberNode(p: Parser): Expression {
  const token = p.next()
  const value = numberOf(token.text)
  if (value !== null) return { kind: 'int', place: token.place, value }
  const octal = /^0[0-9]+$/.test(token.text)
  throw new ConfigError(`invalid number "${token.text.slice(0, 60)}"`, token.place, octal ? 'a number that begins with 0 is octal' : null)
}

function parenthesis(p: Parser): Expression {
  const open = p.token
  return p.nested(open.place, () => {
    p.next()
    const inner = p.token.kind === Kind.Variable ? assignmentOr(p) : parseExpression(p)
    p.expect(')', `the "(" in line ${open.place.line} is not closed`)
    return inner
  })
}

/** `$a = value` in parentheses, or an expression that begins with a variable. */
function assignmentOr(p: Parser): Expression {
  const { token } = p
  const sign = p.tokens.peek(1)
  if (sign.kind !== Kind.Sign || sign.text !== '=') return parseExpression(p)
  return assignment(p, token)
}

/** `$a = value`; the `=` stands behind the variable. */
export function assignment(p: Parser, token: Token): Expression {
  const target = variable(p.next())
  p.expect('=')
  const value = parseExpression(p)
  return { kind: 'assign', place: token.place, target, value }
}

function word(p: Parser): Expression {
  const { token } = p
  const value = wordValues.get(token.text)
  if (value !== undefined) {
    p.next()
    return { kind: 'int', place: token.place, value }
  }
  const short = words.get(token.text)
  if (short !== undefined && p.tokens.peek(1).kind === Kind.Sign && p.tokens.peek(1).text !== '(') {
    p.next()
    return parsePv(short, token.place)
  }
  const test = keywordTest(p)
  if (test !== null) return test
  if (token.text === 'strlen' || token.text === 'strempty') return textFunction(p, token.text)
  if (token.text === 'selval') return selval(p)
  const after = p.tokens.peek(1)
  if (after.kind === Kind.Sign && after.text === '(') return call(p)
  const near = suggest(token.text, keywords)
  return p.unexpected('a value', near !== null ? `did you mean "${near}"?` : 'a text needs quotes, a variable "$", a function "()"')
}

function textFunction(p: Parser, op: 'strlen' | 'strempty'): Expression {
  const name = p.next()
  return p.nested(name.place, () => {
    p.expect('(')
    const operand = parseExpression(p)
    p.expect(')')
    return { kind: 'unary', place: name.place, op, operand }
  })
}

function selval(p: Parser): Expression {
  const name = p.next()
  return p.nested(name.place, () => {
    p.expect('(')
    const condition = parseExpression(p)
    p.expect(',')
    const yes = parseExpression(p)
    p.expect(',')
    const no = parseExpression(p)
    p.expect(')')
    return { kind: 'selval', place: name.place, condition, yes, no }
  })
}

/** `src_ip == 10.0.0.0/8` and its like; null when the present word is no keyword of a comparison. */
function keywordTest(p: Parser): Expression | null {
  const { token } = p
  if (!keywords.has(token.text)) return null
  const length = token.text === 'msg' ? 3 : 1
  if (length === 3 && (p.tokens.peek(1).text !== ':' || p.tokens.peek(2).text !== 'len')) return null
  const sign = p.tokens.peek(length)
  if (sign.kind !== Kind.Sign || !comparisons.has(sign.text)) return null
  for (let i = 0; i <= length; i++) p.next()
  const keyword = (length === 3 ? 'msg:len' : token.text) as KeywordTest['keyword']
  if (!allowed[keyword].has(sign.text)) {
    throw new ConfigError(`"${keyword}" cannot be compared with "${sign.text}"`, sign.place, `it takes ${[...allowed[keyword]].join(' ')}`)
  }
  const right = bareWord(p) ?? p.nested(sign.place, () => binary(p, keyword.endsWith('port') || keyword === 'msg:len' ? SUM : COMPARISON + 1))
  return { kind: 'test', place: token.place, keyword, op: sign.text as KeywordTest['op'], right }
}

/** An address, a network, a host name, a method or `myself`, written without quotes; null when an expression stands here. */
function bareWord(p: Parser): { kind: 'word', place: Place, text: string } | null {
  const { token } = p
  const first = token.kind === Kind.Word || (token.kind === Kind.Sign && (token.text === '[' || token.text === ':'))
  const next = p.tokens.peek(1)
  if (token.kind === Kind.Word && next.kind === Kind.Sign && next.text === '(') return null
  const address = token.kind === Kind.Number && next.glued && (next.text === '.' || next.text === ':')
  if (!first && !address) return null
  const { text, place } = glued(p, addressSign)
  return { kind: 'word', place, text }
}

const addressSign = new Set(['.', ':', '-', '[', ']', '/'])

/** The text of all tokens from here on that stand together: words, numbers and these signs. */
export function glued(p: Parser, signs: ReadonlySet<string>): { text: string, place: Place } {
  const first = p.next()
  let { text } = first
  let last = first
  for (;;) {
    const { token } = p
    const fits = token.kind === Kind.Word || token.kind === Kind.Number || (token.kind === Kind.Sign && signs.has(token.text))
    if (!token.glued || !fits) return { text, place: spanOf(first.place, last.place) }
    last = p.next()
    text += last.text
    if (text.length > 512) throw new ConfigError(`"${text.slice(0, 60)}..." is too long`, first.place)
  }
}

/** A call; the name is the present token. */
export function call(p: Parser): CallNode {
  const name = p.next()
  return p.nested(name.place, () => {
    const args: Expression[] = []
    p.expect('(')
    while (!p.at(')')) {
      args.push(argument(p, name.text, args.length))
      if (!p.take(',')) break
      if (p.at(')')) p.unexpected('an argument')
    }
    const close = p.expect(')', args.length === 0 ? null : 'arguments are separated by ","')
    return { kind: 'call', place: spanOf(name.place, close.place), name: name.text, args }
  })
}

/** An argument is a constant; the name of a route or a flag needs no quotes. */
function argument(p: Parser, name: string, position: number): Expression {
  const { token } = p
  if (name === 'route' && token.kind !== Kind.Variable) {
    if (token.kind === Kind.String) return routeName(p.next().text, token.place)
    if (token.kind !== Kind.Word && token.kind !== Kind.Number) return p.unexpected('the name of a route')
    const { text, place } = glued(p, nameSigns)
    return routeName(text, place)
  }
  if (token.kind === Kind.Word && flagFunction.test(name) && !wordValues.has(token.text)) {
    p.next()
    const bit = p.flags.get(token.text)
    if (bit !== undefined) return { kind: 'int', place: token.place, value: bit }
    const meant = suggest(token.text, p.flags.keys())
    throw new ConfigError(`unknown flag "${token.text}"`, token.place, meant === null ? `declare it: flags ${token.text}` : `did you mean "${meant}"?`)
  }
  const value = parseExpression(p)
  if (name === 'route') return value
  const constant = constantOf(value)
  if (constant === null) {
    throw new ConfigError(`function "${name}": argument ${position + 1} is not constant`, value.place,
      value.kind === 'pv' ? `put it in quotes: "${value.source}"` : 'functions take constants; put variables in quotes')
  }
  return typeof constant === 'number' ? { kind: 'int', place: value.place, value: constant } : { kind: 'string', place: value.place, value: constant }
}

const nameSigns = new Set(['-', ':', '.', '/'])

function routeName(value: string, place: Place): Expression {
  return { kind: 'string', place, value }
}

/** From one place to another in the same line; the first when they are in two. */
export function spanOf(from: Place, to: Place): Place {
  if (from.line !== to.line || from.file !== to.file || to.column < from.column) return from
  return { ...from, length: to.column + to.length - from.column }
}
