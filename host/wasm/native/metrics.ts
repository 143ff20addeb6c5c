import type { Instance } from '../instance.ts'
import type { MetricEntry } from './registration.ts'
import type { NativePlugin } from './plugin.ts'
import { GuestFault } from '../trap.ts'

/** Label combinations that one metric may have; more are counted under `_other` (as Caddy caps hosts). */
const seriesLimit = 1000

/** One series of a metric: its label values and what has been counted. */
export interface Series {
  readonly labels: readonly string[]
  value: number
  /** Of a histogram: observations per bucket (not cumulative; the last is +Inf), their sum is `value`. */
  readonly buckets: number[] | null
  count: number
}

/** What a plugin's metrics show in this thread. */
export class MetricValues {
  readonly entries: readonly MetricEntry[]
  private readonly series: Map<string, Series>[]

  constructor(entries: readonly MetricEntry[]) {
    this.entries = entries
    this.series = entries.map(() => new Map())
  }

  /** Adds to a counter or gauge, or observes a value with a histogram. */
  add(id: number, labels: string, value: number): void {
    const entry = this.entries[id]
    if (entry === undefined) throw new GuestFault(`counted metric ${id}, which it has not registered`)
    if (!Number.isFinite(value) || (entry.kind === 'counter' && value < 0)) throw new GuestFault(`added ${value} to ${entry.kind} ${entry.name}`)
    const s = this.find(id, entry, labels)
    s.value += value
    s.count++
    if (s.buckets !== null) s.buckets[bucket(entry.buckets, value)]!++
  }

  /** Sets a gauge. */
  set(id: number, labels: string, value: number): void {
    const entry = this.entries[id]
    if (entry === undefined || entry.kind !== 'gauge' || Number.isNaN(value)) throw new GuestFault(`set metric ${id}, which is no gauge of its own`)
    this.find(id, entry, labels).value = value
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
    s = { labels: values, value: 0, buckets: entry.kind === 'histogram' ? new Array<number>(entry.buckets.length + 1).fill(0) : null, count: 0 }
    map.set(key, s)
    return s
  }

  /** Everything counted so far, metric by metric. */
  read(): { entry: MetricEntry, series: Series[] }[] {
    return this.entries.map((entry, i) => ({ entry, series: [...this.series[i]!.values()] }))
  }
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
