import type { TableDefinition } from '../../script/htable.ts'

/** How many slots Kamailio would make for a table: a power of two, 256 when nothing is said. */
export function slotsOf({ size }: TableDefinition): number { return size === 0 ? 256 : 2 ** size }

/** The slot of a key: Kamailio's core hash of the key without regard to case. */
export function slotOf(definition: TableDefinition, key: string): number {
  let h = 0
  let i = 0
  const at = (n: number): number => {
    const c = key.charCodeAt(n) & 0xff
    return c >= 65 && c <= 90 ? c | 0x20 : c
  }
  for (; i + 4 <= key.length; i += 4) {
    const v = (at(i) << 24 | at(i + 1) << 16 | at(i + 2) << 8 | at(i + 3)) >>> 0
    h = (h + (v ^ (v >>> 3))) >>> 0
  }
  let v = 0
  for (; i < key.length; i++) v = ((v << 8) + at(i)) >>> 0
  h = (h + (v ^ (v >>> 3))) >>> 0
  h = (h + (h >>> 11) + (h >>> 13) + (h >>> 23)) >>> 0
  return h & (slotsOf(definition) - 1)
}
