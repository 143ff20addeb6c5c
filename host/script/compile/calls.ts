import type { Expression, Statement } from '../ast.ts'

/** What statements call. */
export interface Calls {
  readonly functions: string[]
  /** Routes by constant name. */
  readonly routes: string[]
  /** A route by variable is called. */
  dynamic: boolean
}

/** Collects the calls in statements, however deep they are. */
export function callsOf(body: readonly Statement[]): Calls {
  const calls: Calls = { functions: [], routes: [], dynamic: false }
  for (const statement of body) inStatement(statement, calls)
  return calls
}

function inStatements(body: readonly Statement[] | null, calls: Calls): void {
  for (const statement of body ?? []) inStatement(statement, calls)
}

function inStatement(node: Statement, calls: Calls): void {
  switch (node.kind) {
    case 'expression': return inExpression(node.value, calls)
    case 'if':
      inExpression(node.condition, calls)
      inStatements(node.yes, calls)
      return inStatements(node.no, calls)
    case 'while':
      inExpression(node.condition, calls)
      return inStatements(node.body, calls)
    case 'switch':
      inExpression(node.subject, calls)
      for (const one of node.cases) inStatements(one.body, calls)
      return
    case 'return': case 'exit': case 'drop': return node.value === null ? undefined : inExpression(node.value, calls)
    case 'block': return inStatements(node.body, calls)
    case 'break': return
  }
}

function inExpression(node: Expression, calls: Calls): void {
  switch (node.kind) {
    case 'unary': return inExpression(node.operand, calls)
    case 'binary':
      inExpression(node.left, calls)
      return inExpression(node.right, calls)
    case 'selval':
      inExpression(node.condition, calls)
      inExpression(node.yes, calls)
      return inExpression(node.no, calls)
    case 'assign': return inExpression(node.value, calls)
    case 'call': {
      if (node.name !== 'route') {
        calls.functions.push(node.name)
        return
      }
      const [arg] = node.args
      const name = arg?.kind === 'string' ? arg.value : arg?.kind === 'int' ? String(arg.value) : null
      if (name !== null && !name.includes('$')) calls.routes.push(name)
      else calls.dynamic = true
      return
    }
    default: return
  }
}
