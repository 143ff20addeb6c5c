/** Selects that modules and plugins declare in their tables (`Module.selects`), as rows. */
import type { SelectDefinition } from '../../module.ts'
import type { Request } from '../../http/request.ts'
import type { Evaluate, SelectTable } from '../../expr/select/table.ts'
import { HttpMessage } from '../httpmessage.ts'

/** What may follow on the text of any such select: `.nameaddr…`, `.params["x"]`, `.uri.user`. */
const nests = ['header', 'value']

/** An error where there is no HTTP request, and when the plugin fails: a select never fails the request (select.md §8). */
function asking({ get }: SelectDefinition, argument: string): Evaluate {
  return (m) => {
    if (!(m instanceof HttpMessage)) return undefined
    try {
      return get(m.request as unknown as Request, argument)
    } catch {
      return undefined
    }
  }
}

/**
 * Adds a declared select: `@NAME`, with one name or text `@NAME.x` and `@NAME["x"]`, or with an index `@NAME[1]`; the function is given '' or the argument as
 * text. NAME may have several elements: `jwt.claim`. Throws ConfigError when it is malformed or taken.
 */
export function defineDeclared(table: SelectTable, definition: SelectDefinition, owner: string): void {
  const { name } = definition
  table.define({ pattern: name, bind: () => asking(definition, '') }, owner)
  table.define({ pattern: `${name}.*`, nests, bind: ([argument]) => asking(definition, argument as string) }, owner)
  table.define({ pattern: `${name}[n]`, nests, bind: ([index]) => asking(definition, String(index)) }, owner)
}
