/**
 * Where the bytes of a rewritten module come from: runs of copied bytes, ascending. A byte that was inserted counts as
 * the first one behind it. Typed arrays, so that it can be posted to workers.
 */
export interface Offsets {
  /** Where each run begins in the rewritten module. */
  readonly made: Uint32Array
  /** Where it begins in the file; of the last, which holds the functions that were added, −1 as an unsigned number. */
  readonly file: Uint32Array
}

const none = 0xffffffff

/** Collects the runs of a code section while it is written; `shift` moves them to their final places. */
export class OffsetRecorder {
  private readonly made: number[] = []
  private readonly file: number[] = []

  /** From `made` on, the bytes are those of the file from `file` on. */
  run(made: number, file: number): void {
    this.made.push(made)
    this.file.push(file)
  }

  /** From `made` on, nothing comes from the file. */
  added(made: number): void {
    this.run(made, none)
  }

  finish(shift: number): Offsets {
    return { made: Uint32Array.from(this.made, (at) => at + shift), file: Uint32Array.from(this.file) }
  }
}

/** The offset in the file of a byte of the rewritten module; null for code that the file does not have. */
export function fileOffset({ made, file }: Offsets, at: number): number | null {
  let low = 0
  let high = made.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (made[middle]! <= at) low = middle + 1
    else high = middle
  }
  if (low === 0 || file[low - 1] === none) return null
  const offset = file[low - 1]! + at - made[low - 1]!
  const next = file[low]
  return next === undefined || next === none ? offset : Math.min(offset, next)
}
