import type { TableDefinition } from '../../script/htable.ts'
import { coreHash } from '../../script/corehash.ts'

/** How many slots Kamailio would make for a table: a power of two, 256 when nothing is said. */
export function slotsOf({ size }: TableDefinition): number { return size === 0 ? 256 : 2 ** size }

/** The slot of a key: Kamailio's core hash of the key without regard to case. */
export function slotOf(definition: TableDefinition, key: string): number {
  return coreHash(key, true) & (slotsOf(definition) - 1)
}
