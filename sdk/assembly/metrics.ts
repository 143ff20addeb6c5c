import * as host from './vespid'
import * as text from './text'
import { setup } from './conf'

/** A number that only grows: requests refused, bytes seen. */
export class Counter {
  constructor(readonly id: i32) {}

  /** Adds to it; `labels` are the label values in order. */
  add(value: f64 = 1, labels: string[] = []): void {
    text.begin()
    text.put(labels.join('\0'))
    host.metric_add(this.id, text.at, text.length, value)
  }
}

/** A number that goes up and down. */
export class Gauge {
  constructor(readonly id: i32) {}

  /** Adds to it, or takes away. */
  add(value: f64, labels: string[] = []): void {
    text.begin()
    text.put(labels.join('\0'))
    host.metric_add(this.id, text.at, text.length, value)
  }

  /** Sets it. */
  set(value: f64, labels: string[] = []): void {
    text.begin()
    text.put(labels.join('\0'))
    host.metric_set(this.id, text.at, text.length, value)
  }
}

/** How values are spread: durations, sizes. */
export class Histogram {
  constructor(readonly id: i32) {}

  /** Counts one value. */
  observe(value: f64, labels: string[] = []): void {
    text.begin()
    text.put(labels.join('\0'))
    host.metric_add(this.id, text.at, text.length, value)
  }
}

/** Declares a counter; `help` is its sentence in the metrics page, `labels` its label names. */
export function counter(name: string, help: string, labels: string[] = []): Counter {
  return new Counter(metric(0, name, help, labels, null))
}

/** Declares a gauge. */
export function gauge(name: string, help: string, labels: string[] = []): Gauge {
  return new Gauge(metric(1, name, help, labels, null))
}

/** Declares a histogram with the upper bounds of its buckets, ascending. */
export function histogram(name: string, help: string, buckets: StaticArray<f64>, labels: string[] = []): Histogram {
  return new Histogram(metric(2, name, help, labels, buckets))
}

function metric(kind: i32, name: string, help: string, labels: string[], buckets: StaticArray<f64> | null): i32 {
  setup()
  text.begin()
  text.put(name)
  const nameAt = text.at
  const nameLength = text.length
  text.put(help)
  const helpAt = text.at
  const helpLength = text.length
  text.put(labels.join('\0'))
  return host.metric(kind, nameAt, nameLength, helpAt, helpLength, text.at, text.length,
    buckets === null ? 0 : changetype<usize>(buckets), buckets === null ? 0 : buckets.length)
}
