/** `@xmlrpc.method`: the method that an XML-RPC call in the body names. */
import type { SelectRow, Selected } from '../../expr/select/table.ts'

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** An error when the body is no XML-RPC call. */
function methodOf(body: string | null): Selected {
  if (body === null) return undefined
  const call = body.indexOf('<methodCall')
  const open = call < 0 ? -1 : body.indexOf('<methodName>', call)
  const close = open < 0 ? -1 : body.indexOf('</methodName>', open)
  if (close < 0 || body.indexOf('</methodCall', close) < 0) return undefined
  return body.slice(open + 12, close).trim().replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name]!)
}

/** The module's row. */
export const xmlrpcRows: readonly SelectRow[] = [{ pattern: 'xmlrpc.method', bind: () => (m) => methodOf(m.body) }]
