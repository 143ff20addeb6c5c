import type { Instance } from '../instance.ts'
import type { MetricEntry } from './registration.ts'
import type { NativePlugin } from './plugin.ts'
import { metricBoard } from '../../core/metricboard.ts'
import { GuestFault } from '../trap.ts'

/** Label combinations that one metric may have; more are counted under `_other` (as Caddy caps hosts). */
const seriesLimit = 1000

/** One series of a metric in this thread: its label values, and what has been counted. */
export class Series {
  readonly labels: readonly string[]
  /** On the board: the value; of a histogram the observations per bucket (not cumulative; the last is +Inf), their sum, their number. */
  readonly cells: Float64Array

  constructor(labels: readonly string[], cells: Float64Array) {
    this.labels = labels
    this.cells = cells
  }

  get value(): number { return this.cells[Math.max(0, this.cells.length - 2)]! }
  get count(): number { return this.cells.at(-1)! }
  get buckets(): number[] | null { return this.cells.length < 3 ? null : [...this.cells.subarray(0, -2)] }
}

/** What a plugin's metrics show in this thread. */
export class MetricValues {
  readonly entries: readonly MetricEntry[]
  private readonly series: Map<string, Series>[]
  private readonly plugin: string

  constructor(plugin: string, entries: readonly MetricEntry[]) {
    this.plugin = plugin
    this.entries = entries
    this.series = entries.map(() => new Map())
  }

  /** Adds to a counter or gauge, or observes a value with a histogram. */
  add(id: number, labels: string, value: number): void {
    const entry = this.entries[id]
    if (entry === undefined) throw new GuestFault(`counted metric ${id}, which it has not registered`)
    if (!Number.isFinite(value) || (entry.kind === 'counter' && value < 0)) throw new GuestFault(`added ${value} to ${entry.kind} ${entry.name}`)
    const { cells } = this.find(id, entry, labels)
    if (entry.kind !== 'histogram') {
      cells[0]! += value
      return
    }
    cells[bucket(entry.buckets, value)]!++
    cells[cells.length - 2]! += value
    cells[cells.length - 1]!++
  }

  /** Sets a gauge. */
  set(id: number, labels: string, value: number): void {
    const entry = this.entries[id]
    if (entry === undefined || entry.kind !== 'gauge' || Number.isNaN(value)) throw new GuestFault(`set metric ${id}, which is no gauge of its own`)
    this.find(id, entry, labels).cells[0] = value
  }

  private find(id: number, entry: MetricEntry, labels: string): Series {
    const map = this.series[id]!
    let key = labels
    let s = map.get(key)
    if (s !== undefined) return s
    let values = entry.labels.length === 0 ? [] : labels.split('\0')
    if (values.length !== entry.labels.length) throw new GuestFault(`gave ${values.length} label values for metric ${entry.name}, which has ${entry.labels.length} labels`)
    if (map.size >= seriesLimit) {
      values = entry.labels.map(() => '_other')
      key = values.join('\0')
      s = map.get(key)
      if (s !== undefined) return s
    }
    s = new Series(values, metricBoard.cells({ ...entry, name: metricName(this.plugin, entry.name) }, key))
    map.set(key, s)
    return s
  }

  /** Everything counted so far, metric by metric. */
  read(): { entry: MetricEntry, series: Series[] }[] {
    return this.entries.map((entry, i) => ({ entry, series: [...this.series[i]!.values()] }))
  }
}

/** A plugin's metric under its full name. */
export function metricName(plugin: string, name: string): string {
  return name.startsWith('vespid_') ? name : `vespid_${plugin.replace(/[^a-zA-Z0-9_]/g, '_')}_${name}`
}

function bucket(bounds: readonly number[], value: number): number {
  let i = 0
  while (i < bounds.length && value > bounds[i]!) i++
  return i
}

/** `metric_add` and `metric_set`. */
export function metricImports(plugin: NativePlugin, instance: Instance): Record<string, (...args: number[]) => unknown> {
  return {
    metric_add: (id, labels, length, value) => plugin.metrics.add(id!, instance.text(labels!, length!, 4096), value!),
    metric_set: (id, labels, length, value) => plugin.metrics.set(id!, instance.text(labels!, length!, 4096), value!),
  }
}
