/** The middle of `values` (mean of the two middle ones when even); NaN for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN
  const sorted = [...values].sort((a, b) => a - b)
  const mid = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[mid]! : (sorted[mid - 1]! + sorted[mid]!) / 2
}

/** The least of `values`; NaN for an empty list. */
export function least(values: readonly number[]): number {
  return values.length === 0 ? NaN : Math.min(...values)
}

/**
 * The half (rounded up) of `samples` with the least foreign CPU. Another process on the same cpu only ever makes a
 * server look worse, so the disturbed half says nothing about the server. Samples without the figure are all kept.
 */
export function quietHalf<T extends { foreign: number | null }>(samples: readonly T[]): T[] {
  if (samples.some(sample => sample.foreign === null)) return [...samples]
  const sorted = [...samples].sort((a, b) => a.foreign! - b.foreign!)
  return sorted.slice(0, Math.ceil(sorted.length / 2))
}

/** How far a ratio of two figures of the same thing is from 1, whichever is larger: 0.07 is seven per cent. */
export function spread(ratio: number): number {
  return Math.max(ratio, 1 / ratio) - 1
}
