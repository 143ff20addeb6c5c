// The request's headers: the first one by a call of its own, the others from the head that the host writes into the
// arena (docs/abi.md, "The head").
import * as host from './vespid'
import * as text from './text'

const arenaSize: i32 = 12288
// @ts-ignore: builtin
const arena: usize = memory.data(12288, 16)
let arenaGiven = false
let headStamp: i32 = 0
let headThere = false
/** Ids 1 to 31 are the well-known headers, in the table's own numbering. */
const knownNames: i32 = 31
const tableCount: i32 = 20 * 4
const tableKnown: i32 = 40 * 4
const tableHeaders: i32 = 72 * 4

/** Makes sure that the request's head is in the arena; false when it must be asked for by calls. */
function hasHead(stamp: i32): bool {
  if (headStamp == stamp) return headThere
  if (!arenaGiven) {
    host.arena(arena, arenaSize)
    arenaGiven = true
  }
  headStamp = stamp
  headThere = host.head() != 0
  return headThere
}

/** The only line of a well-known header: where its entry is, 0 when there is none, −1 when there are several. */
function known(id: i32): isize {
  const table = load<u32>(arena)
  const first = load<i32>(table + tableKnown + (id << 2))
  if (first < 0) return 0
  const count = load<i32>(table + tableCount)
  for (let i = first + 1; i < count; i++) if (<i32>(load<u32>(table + tableHeaders + (i << 4), 4) >>> 16) == id) return -1
  return table + tableHeaders + (first << 4)
}

/** Where `findHeader` found a value. */
export let headerAt: usize = 0
/** The request that was asked for a header last. */
let askedStamp: i32 = 0

/**
 * Finds a header's value: its length, with its place in `headerAt`; −1 when there is none. The first header that is
 * asked for crosses alone; with the second the whole head is fetched, and the others cost no call.
 */
export function findHeader(name: string, stamp: i32): i32 {
  const id = text.literal(name)
  if (id > 0 && id <= knownNames && askedStamp == stamp && hasHead(stamp)) {
    const line = known(id)
    if (line == 0) return -1
    if (line > 0) {
      headerAt = load<u32>(arena, 4) + load<u32>(line, 8)
      return load<i32>(line, 12)
    }
  }
  askedStamp = stamp
  text.begin()
  text.putName(name)
  const at = text.at
  const length = text.length
  let n = host.request_header(at, length, text.room(), text.roomSize())
  if (text.short(n)) n = host.request_header(at, length, text.out, n)
  headerAt = text.out
  return n
}
