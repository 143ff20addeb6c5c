import type { Expression, Statement } from '../../host/script/ast.ts'

/** A text that parses to the same expression: every operand that is no leaf in parentheses. */
export function printExpression(e: Expression): string {
  switch (e.kind) {
    case 'int': return e.value < 0 ? `(${e.value})` : String(e.value)
    case 'string': return quote(e.value)
    case 'pv': case 'select': return e.source
    case 'unary':
      if (e.op === 'strlen' || e.op === 'strempty') return `${e.op}(${printExpression(e.operand)})`
      return `(${e.op === 'int' || e.op === 'str' ? `(${e.op})` : e.op} ${printExpression(e.operand)})`
    case 'binary': return `(${printExpression(e.left)} ${e.op} ${printExpression(e.right)})`
    case 'selval': return `selval(${[e.condition, e.yes, e.no].map(printExpression).join(', ')})`
    case 'call': return `${e.name}(${e.args.map(printExpression).join(', ')})`
    case 'assign': return `(${e.target.source} = ${printExpression(e.value)})`
    case 'test': return `(${e.keyword} ${e.op} ${e.right.kind === 'word' ? e.right.text : printExpression(e.right)})`
  }
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\x00-\x1f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`
}

/** A text that parses to the same statements. */
export function printStatements(list: readonly Statement[], indent = ''): string {
  return list.map((statement) => indent + printStatement(statement, indent)).join('\n')
}

function block(body: readonly Statement[], indent: string): string {
  return body.length === 0 ? '{ ; }' : `{\n${printStatements(body, `${indent}  `)}\n${indent}}`
}

function printStatement(s: Statement, indent: string): string {
  switch (s.kind) {
    case 'expression': {
      const text = printExpression(s.value)
      return `${s.value.kind === 'assign' ? text.slice(1, -1) : text};`
    }
    case 'if': return `if ${printExpression(s.condition)} ${block(s.yes, indent)}${s.no === null ? '' : ` else ${block(s.no, indent)}`}`
    case 'while': return `while ${printExpression(s.condition)} ${block(s.body, indent)}`
    case 'switch': return `switch ${printExpression(s.subject)} {${s.cases.map(({ match, body }) => `\n${indent}${match === null ? 'default' :
      `case ${typeof match === 'number' ? (match < 0 ? `(${match})` : match) : typeof match === 'string' ? quote(match) : `/${quote(match.regex)}`}`}: ${printStatements(body, `${indent}  `)}`).join('')}\n${indent}}`
    case 'break': return 'break;'
    case 'block': return block(s.body, indent)
    default: return `${s.kind}${s.value === null ? '' : ` ${printExpression(s.value)}`};`
  }
}

/** The tree without places, and with a block in `else` that holds one `if` as that `if`. */
export function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => key === 'place' ? undefined : inner)) as unknown
}
