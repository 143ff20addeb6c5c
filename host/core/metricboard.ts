/**
 * What modules count with labels, per worker and series in memory that all threads share. Each worker has cells of its own for a series, so that
 * counting takes no lock; who reads adds them up. They outlive workers and reloads.
 */
import type { MetricDefinition } from './metrics.ts'
import { SharedLock } from './sharedlock.ts'

/** Bytes in all: some 30,000 series; the system gives memory as it is used. */
const boardSize = 4 << 20
/** Positions of the header's words: the lock's two, and the bytes in use. */
const Word = { Lock: 0, Sleepers: 1, Used: 2 } as const
const headerSize = 64
/** Of a record: its bytes, the slot, 1 for a state, the number of cells, the key's bytes; then the cells and the key. */
const recordHeader = 24
const patience = 1000

/** Summed over all workers: of a counter or gauge one number; of a histogram the buckets (not cumulative, the last is +Inf), sum and count. */
export interface SummedSeries {
  readonly labels: readonly string[]
  readonly cells: readonly number[]
}

/** How many cells a series has. */
function cellCount({ kind, buckets }: MetricDefinition): number {
  return kind === 'histogram' ? (buckets?.length ?? 0) + 3 : 1
}

/** What the series of a metric have in front of their labels; another kind, other labels or buckets are another metric. */
function prefixOf({ name, kind, labels = [], buckets = [] }: MetricDefinition): string {
  return `${name}\x01${kind}\x01${labels.join()}\x01${buckets.join()}\x01`
}

export class MetricBoard {
  private memoryOf = new SharedArrayBuffer(boardSize)
  private words = new Int32Array(this.memoryOf)
  private bytes = Buffer.from(this.memoryOf)
  private slot = 0
  private readonly own = new Map<string, Float64Array>()
  /** Series of this thread for which there was no room. */
  private lost = 0

  /** The memory to be given to the process's other threads. */
  get memory(): SharedArrayBuffer { return this.memoryOf }

  /** Counts in this memory from now on, as the worker of a slot: goes on where a former worker of the slot ended; states begin at 0. */
  attach(memory: SharedArrayBuffer, slot: number): void {
    this.memoryOf = memory
    this.words = new Int32Array(memory)
    this.bytes = Buffer.from(memory)
    this.slot = slot
    this.own.clear()
    this.each((at, of, state, cells, key) => {
      if (of !== slot) return
      const values = new Float64Array(memory, at, cells)
      if (state) values.fill(0)
      this.own.set(key, values)
    })
  }

  /** The worker of a slot has ended, which was this thread: its states are no more, and it locks nothing. */
  ended(slot: number, thread: number): void {
    const lock = new SharedLock(this.words, Word.Lock, Word.Sleepers)
    if (lock.heldBy(thread)) lock.give()
    this.each((at, of, state, cells) => {
      if (of === slot && state) new Float64Array(this.memoryOf, at, cells).fill(0)
    })
  }

  /** This worker's cells of a series; of nobody's when the board is full, and then they are in no sum. */
  cells(metric: MetricDefinition, labels: string): Float64Array {
    const key = prefixOf(metric) + labels
    return this.own.get(key) ?? this.make(key, metric)
  }

  private make(key: string, metric: MetricDefinition): Float64Array {
    const count = cellCount(metric)
    const size = recordHeader + count * 8 + Math.ceil(key.length / 8) * 8
    const lock = new SharedLock(this.words, Word.Lock, Word.Sleepers)
    let values: Float64Array | null = null
    if (lock.take(patience)) {
      const at = headerSize + this.words[Word.Used]!
      if (at + size <= this.memoryOf.byteLength) {
        this.words.set([size, this.slot, metric.kind === 'gauge' ? 1 : 0, count, key.length], at / 4)
        this.bytes.latin1Write(key, at + recordHeader + count * 8)
        values = new Float64Array(this.memoryOf, at + recordHeader, count)
        Atomics.store(this.words, Word.Used, at + size - headerSize)
      }
      lock.give()
    }
    if (values === null) this.lost++
    values ??= new Float64Array(count)
    this.own.set(key, values)
    return values
  }

  private each(visit: (at: number, slot: number, state: boolean, cells: number, key: string) => void): void {
    const { words } = this
    const end = headerSize + Atomics.load(words, Word.Used)
    for (let at = headerSize; at < end;) {
      const i = at / 4
      const cells = words[i + 3]!
      const keyAt = at + recordHeader + cells * 8
      visit(at + recordHeader, words[i + 1]!, words[i + 2] === 1, cells, this.bytes.latin1Slice(keyAt, keyAt + words[i + 4]!))
      at += words[i]!
    }
  }

  /** The series of these metrics, summed over all workers, in the order in which they were first used. */
  read(metrics: readonly MetricDefinition[]): readonly SummedSeries[][] {
    const found = metrics.map(() => new Map<string, number[]>())
    const places = new Map(metrics.map((metric, i) => [prefixOf(metric), i]))
    this.each((at, _slot, _state, count, key) => {
      const end = ends(key)
      const i = places.get(key.slice(0, end))
      if (i === undefined) return
      const labels = key.slice(end)
      let sums = found[i]!.get(labels)
      if (sums === undefined) found[i]!.set(labels, sums = new Array<number>(count).fill(0))
      const values = new Float64Array(this.memoryOf, at, count)
      for (let c = 0; c < count; c++) sums[c]! += values[c]!
    })
    return found.map((series, i) => [...series].map(([labels, cells]) => ({ labels: (metrics[i]!.labels ?? []).length === 0 ? [] : labels.split('\0'), cells })))
  }
}

/** Where a key's prefix ends: behind the fourth mark. */
function ends(key: string): number {
  let at = -1
  for (let i = 0; i < 4; i++) at = key.indexOf('\x01', at + 1)
  return at + 1
}

/** The one of this thread. */
export const metricBoard = new MetricBoard()
