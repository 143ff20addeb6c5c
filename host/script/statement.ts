/** Statements of the routing language (kamailio.md §9.4). A mistake costs its statement; reading goes on behind it. */
import { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import type { Expression, Statement, SwitchCase } from './ast.ts'
import { constantOf } from './constant.ts'
import { assignment, call, parseExpression } from './expression.ts'
import { UnclosedBlock } from './parser.ts'
import type { Parser } from './parser.ts'
import { Kind } from './token.ts'
import { checkResult } from './types.ts'

/** Each `else if` is a level of the tree. */
const LONGEST_CHAIN = 1000

/** The statements of the block whose `{` is the present token, with its `}`. */
export function parseBlock(p: Parser): Statement[] {
  const open = p.token
  return p.nested(open.place, () => {
    p.expect('{')
    const empty = p.at('}')
    if (empty) p.report(new ConfigError('unexpected "}", expecting a statement', p.token.place, 'an empty block is written { ; }'))
    const body = parseStatements(p, () => p.at('}'))
    if (!p.take('}')) p.unexpected('"}"', `the "{" in line ${open.place.line} is not closed`)
    return body
  })
}

/** Statements up to where `ended` is true or the file is over. */
export function parseStatements(p: Parser, ended: () => boolean): Statement[] {
  const body: Statement[] = []
  while (p.token.kind !== Kind.End && !ended()) {
    try {
      const statement = parseStatement(p)
      if (statement !== null) body.push(statement)
    } catch (error) {
      if (error instanceof UnclosedBlock) throw error
      p.report(error)
      p.recover()
    }
  }
  return body
}

/** One statement; null for an empty one. */
function parseStatement(p: Parser): Statement | null {
  const { token } = p
  if (token.kind === Kind.Variable) return assign(p)
  if (token.kind === Kind.Sign) {
    if (token.text === ';') {
      p.next()
      return null
    }
    if (token.text === '{') return { kind: 'block', place: token.place, body: parseBlock(p) }
  }
  if (token.kind !== Kind.Word) return p.unexpected('a statement')
  switch (token.text) {
    case 'if': return conditional(p)
    case 'while': return loop(p)
    case 'switch': return choice(p)
    case 'return': case 'exit': case 'drop': return ending(p, token.text)
    case 'break':
      p.next()
      p.semicolon()
      return { kind: 'break', place: token.place }
    case 'else': return p.unexpected('a statement', 'there is no "if" before it, or a ";" too much')
    case 'case': case 'default': return p.unexpected('a statement', 'it stands in switch { } only')
    case 'elseif': case 'elsif': case 'elif': return p.unexpected('a statement', 'write "else if"')
    case 'for': case 'foreach': return p.unexpected('a statement', 'there is no "for"; use "while"')
    default: return command(p)
  }
}

function assign(p: Parser): Statement {
  const target = p.token
  const sign = p.tokens.peek(1)
  if (sign.kind !== Kind.Sign || sign.text !== '=') {
    const value = p.next()
    const after = p.tokens.peek(1)
    const both = after.kind === Kind.Sign && after.glued ? sign.text + after.text : ''
    if (/^[-+*/%&|^.]=$/.test(both)) p.unexpected('"="', `there is no "${both}"; write ${value.text} = ${value.text} ${sign.text} ...`)
    p.unexpected('"="')
  }
  const value = assignment(p, target)
  p.semicolon()
  return { kind: 'expression', place: target.place, value }
}

/** Words that begin a block at the top of a file. */
const blockWord = /^(?:request_|event_|reply_|onreply_|failure_|branch_|onsend_)?route$/

/** A call; commands of the core need no parentheses. */
function command(p: Parser): Statement {
  const { token } = p
  const after = p.tokens.peek(1)
  if (after.kind === Kind.Sign && after.text === '(') {
    const value = call(p)
    p.semicolon()
    return { kind: 'expression', place: token.place, value }
  }
  if (blockWord.test(token.text) && (after.text === '[' || after.text === '{') && after.kind === Kind.Sign) {
    throw new UnclosedBlock(`unexpected "${token.text}", expecting "}"`, token.place, 'a block before it is not closed')
  }
  p.next()
  if (after.kind === Kind.Sign && after.text === '=') p.unexpected('"("', `to assign write $var(${token.text}) = ...`)
  if (after.kind === Kind.Sign && after.text === ';') {
    p.next()
    return { kind: 'expression', place: token.place, value: { kind: 'call', place: token.place, name: token.text, args: [] } }
  }
  return p.unexpected('"(" or ";"')
}

/** The statement, or the block, that depends on a condition. */
function dependent(p: Parser): Statement[] {
  if (p.at('{')) return parseBlock(p)
  if (p.token.kind === Kind.End || p.at('}')) p.unexpected('a statement')
  return p.nested(p.token.place, () => {
    const statement = parseStatement(p)
    return statement === null ? [] : [statement]
  })
}

function conditional(p: Parser): Statement {
  const branches: { place: Place, condition: Expression, yes: Statement[] }[] = []
  let no: Statement[] | null = null
  do {
    const { place } = p.expect('if')
    if (branches.length >= LONGEST_CHAIN) throw new ConfigError(`more than ${LONGEST_CHAIN} "else if" in a row`, place, 'use "switch"')
    const condition = parseExpression(p)
    branches.push({ place, condition, yes: dependent(p) })
    if (!p.take('else')) break
    if (!p.at('if')) no = dependent(p)
  } while (no === null)
  let statement: Statement | null = null
  for (let i = branches.length - 1; i >= 0; i--) {
    statement = { kind: 'if', ...branches[i]!, no: statement === null ? no : [statement] }
  }
  return statement!
}

function loop(p: Parser): Statement {
  const { place } = p.next()
  const condition = parseExpression(p)
  return { kind: 'while', place, condition, body: dependent(p) }
}

function choice(p: Parser): Statement {
  const { place } = p.next()
  const subject = parseExpression(p)
  const open = p.token
  return p.nested(open.place, () => {
    p.expect('{')
    const cases: SwitchCase[] = []
    while (!p.at('}') && p.token.kind !== Kind.End) {
      try {
        cases.push(oneCase(p, cases))
      } catch (error) {
        if (error instanceof UnclosedBlock) throw error
        p.report(error)
        p.recover()
      }
    }
    if (!p.take('}')) p.unexpected('"}"', `the "{" in line ${open.place.line} is not closed`)
    return { kind: 'switch', place, subject, cases }
  })
}

function oneCase(p: Parser, before: readonly SwitchCase[]): SwitchCase {
  const { token } = p
  const ended = (): boolean => p.at('case') || p.at('default') || p.at('}')
  if (p.take('default')) {
    p.expect(':')
    if (before.some(({ match }) => match === null)) {
      p.report(new ConfigError('a switch has only one "default:"', token.place))
    }
    return { place: token.place, match: null, body: parseStatements(p, ended) }
  }
  p.expect('case')
  const match = matchOf(p)
  p.expect(':')
  const other = before.find((one) => one.match !== null && (typeof one.match === 'number') !== (typeof match === 'number'))
  if (other !== undefined) {
    const note = `the case in line ${other.place.line} is a ${typeof match === 'number' ? 'text' : 'number'}`
    p.report(new ConfigError('type mismatch in case: numbers and texts cannot be mixed', token.place, note))
  }
  return { place: token.place, match, body: parseStatements(p, ended) }
}

function matchOf(p: Parser): number | string | { readonly regex: string } {
  if (p.take('/')) {
    const { token } = p
    if (token.kind !== Kind.String) return p.unexpected('a regular expression in quotes')
    p.next()
    return { regex: token.text }
  }
  const value = parseExpression(p)
  const constant = constantOf(value)
  if (constant === null) throw new ConfigError('a case must be a constant', value.place)
  return constant
}

function ending(p: Parser, kind: 'return' | 'exit' | 'drop'): Statement {
  const { place } = p.next()
  if (p.take(';')) return { kind, place, value: null }
  if (p.at('}')) {
    p.semicolon()
    return { kind, place, value: null }
  }
  const value = parseExpression(p)
  const wrong = checkResult(kind, value)
  if (wrong !== null) throw wrong
  p.semicolon()
  return { kind, place, value }
}
