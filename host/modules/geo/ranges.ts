/** A range of IPv4 addresses as numbers, both ends included. */
interface Range {
  start: number
  end: number
  value: string
}

/** What adding a range did: nothing special, replaced a value, or could not because it overlaps another range in part. */
export type AddedRange = { readonly kind: 'added' } | { readonly kind: 'duplicate', readonly old: string } |
  { readonly kind: 'overlap', readonly start: number, readonly end: number }

const added: AddedRange = { kind: 'added' }

/** IPv4 ranges in ascending order without overlaps; a range inside of another cuts its part out of it (nginx.md §11, `ranges`). */
export class Ranges {
  fallback = ''
  private readonly list: Range[] = []

  /** The first range that ends at or behind an address. */
  private position(address: number): number {
    let low = 0
    let high = this.list.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.list[middle]!.end < address) low = middle + 1
      else high = middle
    }
    return low
  }

  add(start: number, end: number, value: string): AddedRange {
    const at = this.position(start)
    const there = this.list[at]
    if (there === undefined || there.start > end) {
      this.list.splice(at, 0, { start, end, value })
      return added
    }
    if (there.start === start && there.end === end) {
      const { value: old } = there
      there.value = value
      return { kind: 'duplicate', old }
    }
    if (there.start > start || there.end < end) return { kind: 'overlap', start: there.start, end: there.end }
    const pieces: Range[] = [{ start, end, value }]
    if (there.start < start) pieces.unshift({ start: there.start, end: start - 1, value: there.value })
    if (there.end > end) pieces.push({ start: end + 1, end: there.end, value: there.value })
    this.list.splice(at, 1, ...pieces)
    return added
  }

  /** Removes exactly this range; false when it is not there. */
  delete(start: number, end: number): boolean {
    const at = this.position(start)
    const there = this.list[at]
    if (there === undefined || there.start !== start || there.end !== end) return false
    this.list.splice(at, 1)
    return true
  }

  /** The value of the range that holds an address, else the default. */
  find(address: number): string {
    const there = this.list[this.position(address)]
    return there !== undefined && there.start <= address ? there.value : this.fallback
  }
}
