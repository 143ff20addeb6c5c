import { callsOf } from '../ffi.ts'

/** File descriptors that can be kept count of: a connection beyond is refused. */
const most = 1 << 20

/**
 * Which file descriptors a worker thread has opened past Node.js, which therefore does not close them when the thread ends. In memory that the master shares: it closes
 * them in the place of a worker that died. Only the worker writes.
 */
export class Descriptors {
  readonly memory: SharedArrayBuffer
  private readonly words: Int32Array

  constructor(memory = new SharedArrayBuffer(most / 8)) {
    this.memory = memory
    this.words = new Int32Array(memory)
  }

  /** Notes one that was just opened; false when its number is too high to be kept. */
  opened(fd: number): boolean {
    if (fd >= most) return false
    this.words[fd >> 5]! |= 1 << (fd & 31)
    return true
  }

  /** It is about to be closed, or is Node.js' from now on. */
  forget(fd: number): void {
    if (fd < most) this.words[fd >> 5]! &= ~(1 << (fd & 31))
  }

  /** Closes what the thread left open; call it when the thread has ended. */
  closeAll(): void {
    let close: ((fd: bigint) => number) | null = null
    for (const [index, word] of this.words.entries()) {
      if (word === 0) continue
      close ??= callsOf<{ close(fd: bigint): number }>({ close: ['i32', ['pointer']] }).close
      for (let bit = 0; bit < 32; bit++) if ((word & 1 << bit) !== 0) close(BigInt(index * 32 + bit))
      this.words[index] = 0
    }
  }
}
