// What the configuration defines: `name=x; label=a:b; buckets=1:2.5; help='text'`.
import { isDigit, isLetter } from '@vespid/sdk/ascii'
import { atof } from './numbers'

export enum Kind { Counter = 0, Gauge = 1, Histogram = 2 }

/** A metric of the configuration. */
export class Metric {
  name: string = ''
  help: string = ''
  labels: string[] = []
  /** Upper bounds of a histogram, ascending, without +Inf. */
  bounds: f64[] = []
  constructor(readonly kind: Kind) {}

  /** The name without what OpenMetrics puts behind that of a counter: it is to be there once. */
  get family(): string { return this.kind == Kind.Counter && this.name.endsWith('_total') ? this.name.substring(0, this.name.length - 6) : this.name }
  get word(): string { return this.kind == Kind.Counter ? 'counter' : this.kind == Kind.Gauge ? 'gauge' : 'histogram' }
}

const standardBounds: f64[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** The most labels of a metric (Kamailio), and bounds of a histogram. */
const mostLabels = 3
const mostBounds = 256

/** What went wrong with the last definition. */
export let problem: string = ''

/** Reads a definition; null, and `problem`, when it is none. */
export function define(kind: Kind, text: string): Metric | null {
  const metric = new Metric(kind)
  let labelled = false
  const parts = split(text)
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i].trim()
    if (part.length == 0) continue
    const equals = part.indexOf('=')
    const key = equals < 0 ? part : part.substring(0, equals).trim()
    const value = equals < 0 ? '' : part.substring(equals + 1).trim()
    if (key == 'name') metric.name = value
    else if (key == 'help') metric.help = unquoted(value)
    else if (key == 'label') {
      if (labelled) return fail('has "label" twice')
      labelled = true
      metric.labels = value.split(':')
      for (let n = 0; n < metric.labels.length; n++) {
        metric.labels[n] = metric.labels[n].trim()
        if (metric.labels[n].length == 0) return fail(`has an empty label name in "${value}"`)
      }
      if (metric.labels.length > mostLabels) return fail(`has more than ${mostLabels} labels: "${value}"`)
    } else if (key == 'buckets' && kind == Kind.Histogram) {
      if (!readBounds(metric, value)) return null
    } else return fail(`has an unknown field "${key}"`)
  }
  if (metric.name.length == 0) return fail('has no name')
  if (kind == Kind.Histogram && metric.bounds.length == 0) metric.bounds = standardBounds
  return metric
}

function readBounds(metric: Metric, value: string): bool {
  const words = value.split(':')
  if (words.length > mostBounds) return fail(`has more than ${mostBounds} buckets`) != null
  for (let n = 0; n < words.length; n++) {
    const bound = atof(words[n])
    if (!isFinite(bound)) return fail(`has a bucket that is no number: "${words[n]}"`) != null
    if (n > 0 && bound <= metric.bounds[n - 1]) return fail(`has buckets that do not increase: "${value}"`) != null
    metric.bounds.push(bound)
  }
  return true
}

function fail(what: string): Metric | null {
  problem = what
  return null
}

/** The parts between semicolons; quotes hide them. */
function split(text: string): string[] {
  const parts: string[] = []
  let quote = 0
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (quote != 0) {
      if (c == quote) quote = 0
    } else if (c == 34 || c == 39) quote = c
    else if (c == 59) {
      parts.push(text.substring(from, i))
      from = i + 1
    }
  }
  parts.push(text.substring(from))
  return parts
}

function unquoted(text: string): string {
  const n = text.length
  if (n < 2) return text
  const c = text.charCodeAt(0)
  return (c == 34 || c == 39) && text.charCodeAt(n - 1) == c ? text.substring(1, n - 1) : text
}

/** Whether Prometheus takes it as the name of a metric. */
export function isMetricName(name: string): bool { return isName(name, true) }

/** Whether Prometheus takes it as the name of a label. */
export function isLabelName(name: string): bool { return isName(name, false) && !name.startsWith('__') }

function isName(name: string, colons: bool): bool {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (!isLetter(c) && c != 95 && !(isDigit(c) && i > 0) && !(colons && c == 58)) return false
  }
  return name.length > 0
}
