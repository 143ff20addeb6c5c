// What has been counted: one entry per metric and label values in a zone, which all workers share and a reload keeps.
import { Zone, ZoneResult } from '@vespid/sdk'
import { Kind, Metric } from './definition'

const zone = Zone.open('xhttp_prom')
/** The key under which series are numbered. */
const counterKey = '#'
/** Between the parts of keys and values. */
const mark = '\x01'
/** How often a change is tried when other workers change the same series. */
const attempts = 1000

/** A series as it was read. */
export class Series {
  /** In the order of first use. */
  serial: f64 = 0
  labels: string[] = []
  /** Of a counter or gauge one; of a histogram the buckets (not cumulative, the last is +Inf), sum, count. */
  values: f64[] = []
}

/** How many numbers a series of a metric has. */
function width(metric: Metric): i32 { return metric.kind == Kind.Histogram ? metric.bounds.length + 3 : 1 }

/** The key: the name, then each label with its length, so that no value can be taken for another. */
function keyOf(metric: Metric, labels: string[]): string {
  let key = metric.word + mark + metric.name + mark
  for (let i = 0; i < labels.length; i++) key += `${labels[i].length}:${labels[i]}`
  return key
}

function labelsOf(text: string): string[] {
  const labels: string[] = []
  let at = 0
  while (at < text.length) {
    const colon = text.indexOf(':', at)
    if (colon < 0) break
    const length = <i32>parseInt(text.substring(at, colon))
    labels.push(text.substr(colon + 1, length))
    at = colon + 1 + length
  }
  return labels
}

/** What is done with a series. */
export enum Change { Add, Set, Observe }

/** Changes a series, makes it at its first use, and has it live `ttl` milliseconds more (0: for ever). False when there is no room for it. */
export function change(metric: Metric, labels: string[], what: Change, value: f64, ttl: f64): bool {
  const key = keyOf(metric, labels)
  for (let i = 0; i < attempts; i++) {
    const old = zone.get(key)
    let values: f64[] | null = null
    if (old !== null) values = numbers(metric.kind, old, width(metric))
    let serial = ''
    if (old === null || values === null) {
      if (zone.tryIncr(counterKey) != ZoneResult.Done) return false
      serial = zone.number.toString()
      values = new Array<f64>(width(metric)).fill(0)
    } else serial = old.substring(0, old.indexOf(mark))
    apply(metric, values, what, value)
    const result = zone.cas(key, old, serial + mark + written(metric, values), ttl)
    if (result == ZoneResult.Done) return true
    if (result != ZoneResult.No) return false
  }
  return false
}

function apply(metric: Metric, values: f64[], what: Change, value: f64): void {
  if (what == Change.Add) values[0] += value
  else if (what == Change.Set) values.fill(0, 1)[0] = value
  else {
    const n = metric.bounds.length
    let bucket = 0
    while (bucket < n && !(value <= metric.bounds[bucket])) bucket++
    values[bucket] += 1
    values[n + 1] += value
    values[n + 2] += 1
  }
}

/** A text that gives the very same numbers again. */
function written(metric: Metric, values: f64[]): string {
  const words = new Array<string>(values.length)
  for (let i = 0; i < values.length; i++) {
    words[i] = isReal(metric.kind, i, values.length) ? reinterpret<u64>(values[i]).toString(16) : (<i64>values[i]).toString()
  }
  return words.join(mark)
}

/** The numbers of an entry; null when there are not so many: it was of another definition. */
function numbers(kind: Kind, text: string, count: i32): f64[] | null {
  const words = text.split(mark)
  if (words.length != count + 1) return null
  const values = new Array<f64>(count)
  for (let i = 0; i < count; i++) values[i] = isReal(kind, i, count) ? reinterpret<f64>(U64.parseInt(words[i + 1], 16)) : <f64>I64.parseInt(words[i + 1])
  return values
}

/** Whether the number at a position is no count: its bits are put down. */
function isReal(kind: Kind, i: i32, count: i32): bool { return kind == Kind.Gauge || i == count - 2 }

/** The series of each of these metrics in the order of their first use. Of two with one name the first has them. */
export function read(metrics: Metric[]): Series[][] {
  const found = new Map<string, Series[]>()
  const all = new Array<Series[]>(metrics.length)
  const byName = new Map<string, Metric>()
  for (let i = 0; i < metrics.length; i++) {
    all[i] = []
    const name = metrics[i].word + mark + metrics[i].name
    if (found.has(name)) continue
    found.set(name, all[i])
    byName.set(name, metrics[i])
  }
  const keys = zone.keys()
  for (let i = 0; i < keys.length; i++) {
    const end = keys[i].lastIndexOf(mark, keys[i].indexOf(mark, keys[i].indexOf(mark) + 1))
    if (end < 0) continue
    const name = keys[i].substring(0, end)
    if (!found.has(name)) continue
    const text = zone.get(keys[i])
    if (text === null) continue
    const metric = byName.get(name)
    const series = entry(metric, text, labelsOf(keys[i].substring(end + 1)))
    if (series !== null) found.get(name).push(series)
  }
  for (let i = 0; i < all.length; i++) all[i].sort((a: Series, b: Series): i32 => a.serial < b.serial ? -1 : a.serial > b.serial ? 1 : 0)
  return all
}

function entry(metric: Metric, text: string, labels: string[]): Series | null {
  const values = numbers(metric.kind, text, width(metric))
  if (values === null || labels.length != metric.labels.length) return null
  const series = new Series()
  series.serial = parseFloat(text.substring(0, text.indexOf(mark)))
  series.labels = labels
  series.values = values
  return series
}
