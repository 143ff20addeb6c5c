/** Selects that modules and plugins bring (`Module.selects`), as rows of the table. */
import type { SelectDefinition } from '../../module.ts'
import type { Evaluate, SelectArguments, SelectTable } from '../../expr/select/table.ts'

/** Whatever a module does, a select never fails the message (select.md §8); but a trap within a call of the same plugin unwinds that. */
function asking({ get }: SelectDefinition, args: SelectArguments): Evaluate {
  return (m) => {
    try {
      return get(m, args)
    } catch (error) {
      if ((error as Error).name === 'Trap') throw error
      return undefined
    }
  }
}

/** Adds a select that a module declares. Throws ConfigError when its pattern is malformed or taken, or names a nest that is not there. */
export function defineDeclared(table: SelectTable, definition: SelectDefinition, owner: string): void {
  const { pattern, nests = [], check } = definition
  table.define({ pattern, nests, bind: (args) => check?.(args) ?? asking(definition, args) }, owner)
}
