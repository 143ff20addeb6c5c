// Prometheus' text formats: Kamailio's layout, and OpenMetrics 1.0.
import { rpc_call } from '@vespid/sdk'
import { Json } from '@vespid/sdk/json'
import { Kind, Metric } from './definition'
import { Series, read } from './series'
import { fixed, shortest } from './numbers'
import { wellFormed } from './utf8'

/** How an exposition looks. */
export class Style {
  /** As Kamailio 5.6 writes it, whatever a scraper makes of it. */
  strict: bool = false
  /** OpenMetrics 1.0 in the place of the text format 0.0.4. */
  open: bool = false
  prefix: string = 'kamailio_'
  /** `# TYPE` (1), `# HELP` (2); −1: both but in strict. */
  metadata: i32 = -1
  /** Labels for every line, as they are. */
  tags: string = ''
  /** How the time of the sample is written: ms, s, sf. */
  time: string = 'ms'
  /** Milliseconds since the epoch. */
  now: f64 = 0

  private get flags(): i32 { return this.metadata >= 0 ? this.metadata : this.strict ? 0 : 3 }
  get types(): bool { return this.open || (this.flags & 1) != 0 }
  get helps(): bool { return this.open || (this.flags & 2) != 0 }

  /** What ends a line. */
  get end(): string {
    const ms = <i64>this.now
    if (this.open || this.time == 'sf') return ` ${ms / 1000}.${(1000 + ms % 1000).toString().substr(1)}\n`
    return this.time == 's' ? ` ${ms / 1000}\n` : ` ${ms}\n`
  }
}

/** A value in a label, or a help's sentence, with what would end it escaped. */
function escaped(text: string, quotes: bool): string {
  const plain = wellFormed(text).replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return quotes ? plain.replaceAll('"', '\\"') : plain
}

/** Collects lines. */
export class Page {
  private readonly lines: string[] = []
  readonly end: string
  constructor(readonly style: Style) { this.end = style.end }

  line(text: string): void { this.lines.push(text + '\n') }
  get text(): string { return this.lines.join('') }

  /** `# HELP` and `# TYPE` of a metric; its full name without what OpenMetrics puts behind counters. */
  describe(name: string, kind: string, help: string): void {
    const style = this.style
    if (style.helps) this.line(`# HELP ${name} ${escaped(help == '' ? `${kind} of the configuration` : help, style.open)}`)
    if (style.types) this.line(`# TYPE ${name} ${kind}`)
  }

  /** One sample; `more` is one label more as it is, '' for none. */
  sample(name: string, labels: string[], values: string[], more: string, value: string): void {
    const style = this.style
    const words: string[] = []
    for (let i = 0; i < labels.length; i++) words.push(`${labels[i]}="${style.strict ? values[i] : escaped(values[i], true)}"`)
    if (style.tags != '') words.push(style.tags)
    if (more != '') words.push(more)
    this.lines.push(name + (words.length == 0 ? '' : '{' + words.join(style.open ? ',' : ', ') + '}') + ' ' + value + this.end)
  }
}

/** A number in the format's way. */
function real(style: Style, value: f64): string {
  if (style.strict) return fixed(value)
  return style.open || !isFinite(value) ? shortest(value) : fixed(value)
}

/** The shortest text that says a number, without `.0`. */
function brief(value: f64): string {
  const text = shortest(value)
  return text.endsWith('.0') ? text.substring(0, text.length - 2) : text
}

/** A metric with its series; `values` as `Series` has them. `whole`: of the configuration, whose counters are whole and whose gauges are written as Kamailio does. */
function family(page: Page, name: string, kind: Kind, word: string, help: string, labels: string[], bounds: f64[], series: Series[], whole: bool): void {
  const style = page.style
  // OpenMetrics names a counter's samples NAME_total.
  const base = style.open && kind == Kind.Counter && name.endsWith('_total') ? name.substring(0, name.length - 6) : name
  const sample = style.open && kind == Kind.Counter ? base + '_total' : name
  page.describe(base, word, help)
  for (let s = 0; s < series.length; s++) {
    const given = series[s].labels
    const values = series[s].values
    if (kind != Kind.Histogram) {
      page.sample(sample, labels, given, '', whole ? (kind == Kind.Counter ? (<u64><i64>values[0]).toString() : real(style, values[0])) : brief(values[0]))
      continue
    }
    let count: f64 = 0
    for (let b = 0; b <= bounds.length; b++) {
      count += values[b]
      const le = b == bounds.length ? '+Inf' : style.open ? shortest(bounds[b]) : fixed(bounds[b])
      page.sample(name + '_bucket', labels, given, `le="${le}"`, (<u64>count).toString())
    }
    page.sample(name + '_sum', labels, given, '', real(style, values[bounds.length + 1]))
    page.sample(name + '_count', labels, given, '', (<u64>values[bounds.length + 2]).toString())
  }
}

/** The metrics of the configuration. */
export function userMetrics(page: Page, metrics: Metric[]): void {
  const style = page.style
  if (!style.open) page.line(metrics.length == 0 ? '# NO User defined metrics' : '# User defined metrics')
  const all = read(metrics)
  for (let i = 0; i < metrics.length; i++) {
    const metric = metrics[i]
    family(page, style.prefix + metric.name, metric.kind, metric.word, metric.help, metric.labels, metric.bounds, all[i], true)
  }
}

/** The result of a command, or null when it failed. */
function ask(method: string, params: string): Json | null {
  const answer = Json.parse(rpc_call(method, params))
  return answer === null ? null : answer.get('result')
}

/** Kamailio's statistics that `selector` names. False when there is no statistic of that name. */
export function statistics(page: Page, selector: string): bool {
  const style = page.style
  const found = ask('stats.fetchn', Json.array().push(Json.of<string>(selector)).toString())
  if (found === null || found.length == 0) return false
  if (!style.open) {
    page.line('')
    if (selector == 'all') page.line('# Kamailio whole internal statistics')
    else if (selector.endsWith(':')) page.line(`# Kamailio statistics for group: ${selector}`)
    else page.line(`# Kamailio statistics for: ${selector}`)
  }
  for (let i = 0; i < found.length; i++) {
    const key = found.key(i)
    const dot = key.indexOf('.')
    const name = `${style.prefix}${key.substring(0, dot)}_${key.substring(dot + 1).replaceAll('-', '_')}`
    if (!style.strict) page.describe(name, 'gauge', `statistic ${key.substring(0, dot)}:${key.substring(dot + 1)}`)
    page.sample(name, [], [], '', (<u64><i64>found.at(i)!.number).toString())
  }
  return true
}

/** The heaps of the threads, and since when the server runs (xhttp_prom_pkg_stats, xhttp_prom_uptime_stat). */
export function processMetrics(page: Page, heaps: bool, uptime: bool): void {
  const style = page.style
  if (heaps) {
    const threads = ask('pkg.stats', '[]')
    const fields = ['used', 'available', 'real_used', 'total_frags', 'total_size']
    const members = ['used', 'free', 'real_used', 'total_frags', 'total_size']
    for (let f = 0; threads !== null && f < fields.length; f++) {
      const name = `${style.prefix}pkgmem_${fields[f]}`
      if (!style.strict) page.describe(name, 'gauge', `heap of a thread: ${fields[f]}`)
      for (let i = 0; i < threads.length; i++) {
        const one = threads.at(i)!
        page.sample(name, ['pid', 'rank', 'desc'], [one.get('pid')!.toString(), one.get('rank')!.toString(), one.get('desc')!.text], '', one.get(members[f])!.toString())
      }
    }
  }
  if (!uptime) return
  const times = ask('core.uptime', '[]')
  if (times === null) return
  if (!style.strict) page.describe(style.prefix + 'uptime', 'gauge', 'seconds since the start')
  page.sample(style.prefix + 'uptime', [], [], '', times.get('uptime')!.toString())
}

/** The metrics of the server, its plugins and their instances. */
export function serverMetrics(page: Page): void {
  const list = ask('metrics.list', '[]')
  if (list === null) return
  for (let i = 0; i < list.length; i++) {
    const one = list.at(i)!
    const word = one.get('kind')!.text
    const kind = word == 'counter' ? Kind.Counter : word == 'gauge' ? Kind.Gauge : Kind.Histogram
    const told = one.get('series')!
    const series: Series[] = []
    for (let s = 0; s < told.length; s++) {
      const entry = new Series()
      entry.labels = texts(told.at(s)!.get('labels')!)
      entry.values = reals(told.at(s)!.get('values')!)
      series.push(entry)
    }
    family(page, one.get('name')!.text, kind, word, one.get('help')!.text, texts(one.get('labels')!), reals(one.get('bounds')!), series, false)
  }
}

function texts(list: Json): string[] {
  const all: string[] = []
  for (let i = 0; i < list.length; i++) all.push(list.at(i)!.text)
  return all
}

function reals(list: Json): f64[] {
  const all: f64[] = []
  for (let i = 0; i < list.length; i++) all.push(list.at(i)!.number)
  return all
}
