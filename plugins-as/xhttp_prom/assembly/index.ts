// Kamailio's module xhttp_prom: metrics for Prometheus, counted by routing scripts and commands, shown at /metrics.
import {
  LogLevel, Needs, Nothing, Param, ParamType, Request, RpcCall, Script, Status, Where, content, limits, log, main_conf, parameter, rpc, script_function,
} from '@vespid/sdk'
import { Json } from '@vespid/sdk/json'
import { Kind, Metric, define, isLabelName, isMetricName, problem } from './definition'
import { Page, Style, processMetrics, serverMetrics, statistics, userMetrics } from './exposition'
import { atof, fixed } from './numbers'
import { Change, change } from './series'

// What it shows is shown as a whole: all that a command, a table or the metrics of all workers come to.
limits('memory_limit 64m; time_limit 1s')

/** There is one configuration for all: what it says is in the variables below, which every instance begins with. */
class Conf {}

const metrics: Metric[] = []
const style = new Style()
let stats = ''
let limit: i32 = 0
/** Milliseconds that a series lives without use; 0: for ever. */
let life: f64 = 60 * 60000
let heaps = false
let uptime = false

/** The most bytes of an answer when the configuration does not say. */
const defaultLimit: i32 = 64 << 20
const plainType = 'text/plain; version=0.0.4'
const openType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** What a scraper would refuse is refused at the start, unless Kamailio is followed. */
main_conf<Conf>((c: Conf): string | null => {
  if (style.strict) return null
  if (style.prefix != '' && !isMetricName(style.prefix)) return `: "${style.prefix}" in "xhttp_prom_beginning" cannot begin the name of a metric`
  for (let i = 0; i < metrics.length; i++) {
    const metric = metrics[i]
    if (!isMetricName(style.prefix + metric.name)) return bad(metric, `is no name that Prometheus takes, use letters, digits and "_"`)
    for (let n = 0; n < metric.labels.length; n++) {
      const label = metric.labels[n]
      if (!isLabelName(label) || (metric.kind == Kind.Histogram && label == 'le')) return bad(metric, `has a label "${label}", which Prometheus does not take`)
      if (metric.labels.indexOf(label) != n) return bad(metric, `has the label "${label}" twice`)
    }
    for (let n = 0; n < i; n++) if (metrics[n].family == metric.family) return bad(metric, 'is defined twice')
  }
  return null
})

parameter<Conf>('xhttp_prom_buf_size', ParamType.Int, (c: Conf, value: string, number: i32): string | null => {
  if (number < 0) return 'must not be negative'
  limit = number
  return null
})
parameter<Conf>('xhttp_prom_timeout', ParamType.Int, (c: Conf, value: string, number: i32): string | null => {
  if (number < 0) return 'must not be negative'
  life = <f64>number * 60000
  return null
})
parameter<Conf>('xhttp_prom_stats', ParamType.Text, (c: Conf, value: string, number: i32): string | null => {
  stats = value
  return null
})
parameter<Conf>('xhttp_prom_beginning', ParamType.Text, (c: Conf, value: string, number: i32): string | null => {
  style.prefix = value
  return null
})
parameter<Conf>('xhttp_prom_tags', ParamType.Text, (c: Conf, value: string, number: i32): string | null => {
  style.tags = value
  return null
})
parameter<Conf>('xhttp_prom_pkg_stats', ParamType.Int, (c: Conf, value: string, number: i32): string | null => {
  heaps = number != 0
  return null
})
parameter<Conf>('xhttp_prom_uptime_stat', ParamType.Int, (c: Conf, value: string, number: i32): string | null => {
  uptime = number != 0
  return null
})
parameter<Conf>('xhttp_prom_metadata_flags', ParamType.Int, (c: Conf, value: string, number: i32): string | null => {
  style.metadata = number
  return null
})
parameter<Conf>('timestamp_format', ParamType.Text, (c: Conf, value: string, number: i32): string | null => {
  if (value != 'ms' && value != 's' && value != 'sf') return `must be "ms", "s" or "sf", not "${value}"`
  style.time = value
  return null
})
parameter<Conf>('compat', ParamType.Text, (c: Conf, value: string, number: i32): string | null => {
  style.strict = value == 'strict'
  return null
})
parameter<Conf>('prom_counter', ParamType.Text, (c: Conf, value: string, number: i32): string | null => add(Kind.Counter, value))
parameter<Conf>('prom_gauge', ParamType.Text, (c: Conf, value: string, number: i32): string | null => add(Kind.Gauge, value))
parameter<Conf>('prom_histogram', ParamType.Text, (c: Conf, value: string, number: i32): string | null => add(Kind.Histogram, value))

function add(kind: Kind, text: string): string | null {
  const metric = define(kind, text)
  if (metric === null) return problem
  metrics.push(metric)
  return null
}

function bad(metric: Metric, what: string): string {
  return `xhttp_prom: the ${metric.word} "${metric.name}" ${what}; modparam("xhttp_prom", "compat", "strict") takes it as Kamailio does`
}

/** A metric by kind and name; the first one when there are two. */
function find(kind: Kind, name: string): Metric | null {
  for (let i = 0; i < metrics.length; i++) if (metrics[i].kind == kind && metrics[i].name == name) return metrics[i]
  return null
}

/** Changes the series of a metric with these labels; '' or why not. */
function count(kind: Kind, name: string, labels: string[], what: Change, value: f64): string {
  const metric = find(kind, name)
  if (metric === null) return `there is no ${new Metric(kind).word} "${name}"`
  if (labels.length != metric.labels.length) return `"${name}" has ${metric.labels.length} labels, not ${labels.length}`
  for (let i = 0; i < labels.length; i++) if (labels[i].length == 0) return 'a label is empty'
  return change(metric, labels, what, value, life) ? '' : `there is no room for the labels of "${name}"`
}

/** The same for a script function whose labels begin at argument `from`. */
function counted(s: Script, kind: Kind, from: i32, what: Change, value: f64): i32 {
  const labels: string[] = []
  for (let i = from; i < s.count; i++) labels.push(s.text(i))
  const why = count(kind, s.text(0), labels, what, value)
  return why == '' ? 1 : refused(why)
}

/** The same with a number as argument 1 and labels behind it. */
function measured(s: Script, kind: Kind, what: Change): i32 {
  const number = s.text(1)
  return number == '' ? refused('a number is empty') : counted(s, kind, 2, what, atof(number))
}

function refused(why: string): i32 {
  log(LogLevel.Error, `xhttp_prom: ${why}`)
  return -1
}

script_function('prom_counter_reset', 1, 4, [Param.Text], (s: Script): i32 => counted(s, Kind.Counter, 1, Change.Set, 0))
script_function('prom_gauge_reset', 1, 4, [Param.Text], (s: Script): i32 => counted(s, Kind.Gauge, 1, Change.Set, 0))
script_function('prom_counter_inc', 2, 5, [Param.Text, Param.Int, Param.Text], (s: Script): i32 => {
  const number = s.int(1)
  return number < 0 ? refused(`a counter cannot be raised by ${number}`) : counted(s, Kind.Counter, 2, Change.Add, <f64>number)
})
script_function('prom_gauge_set', 2, 5, [Param.Text], (s: Script): i32 => measured(s, Kind.Gauge, Change.Set))
script_function('prom_gauge_inc', 2, 5, [Param.Text], (s: Script): i32 => measured(s, Kind.Gauge, Change.Add))
script_function('prom_histogram_observe', 2, 5, [Param.Text], (s: Script): i32 => measured(s, Kind.Histogram, Change.Observe))

/** The page is at /metrics, exactly. */
script_function('prom_check_uri', 0, 0, [], (s: Script): i32 => s.hasRequest && s.request.unparsedUri == '/metrics' ? 1 : -1)

/** Answers with all metrics, and ends the script. */
script_function('prom_dispatch', 0, 0, [], (s: Script): i32 => {
  const open = !style.strict && s.hasRequest && wantsOpen(s.request)
  const type = open ? openType : plainType
  const page = begin(open)
  userMetrics(page, metrics)
  let good = true
  if (stats != '') {
    good = statistics(page, stats)
    if (!good && !style.strict) {
      log(LogLevel.Error, `xhttp_prom: there is no statistic "${stats}" (xhttp_prom_stats)`)
      good = true
    }
  }
  if (heaps || uptime) processMetrics(page, heaps, uptime)
  const text = finished(page, open)
  if (good && String.UTF8.byteLength(text) < (limit == 0 ? defaultLimit : limit)) s.reply(200, 'OK', type, text)
  else s.reply(500, 'Internal Server Error', type, 'Internal Server Error')
  return 0
})

function begin(open: bool): Page {
  style.open = open
  style.now = <f64>Date.now()
  return new Page(style)
}

function finished(page: Page, open: bool): string { return open ? page.text + '# EOF\n' : page.text }

/** Whether the scraper prefers OpenMetrics: it names it, and the text format not with more weight. */
function wantsOpen(r: Request): bool {
  const accept = r.header('accept')
  if (accept === null) return false
  const items = accept.split(',')
  let open: f64 = 0
  let plain: f64 = 0
  for (let i = 0; i < items.length; i++) {
    const words = items[i].split(';')
    const type = words[0].trim().toLowerCase()
    let weight: f64 = 1
    let known = true
    for (let n = 1; n < words.length; n++) {
      const word = words[n].trim().toLowerCase()
      if (word.startsWith('q=')) weight = atof(word.substr(2))
      else if (word.startsWith('version=') && word != 'version=1.0.0' && word != 'version="1.0.0"') known = false
    }
    if (type == 'application/openmetrics-text' && known) open = Math.max(open, weight)
    else if (type == 'text/plain' || type == 'text/*' || type == '*/*') plain = Math.max(plain, weight)
  }
  return open > 0 && open >= plain
}

/** `prometheus;`, `xhttp_prom;`: the metrics of the server, its plugins and their instances, and those of the configuration. */
function page(r: Request, c: Nothing): Status {
  if (!r.hasMethod('GET') && !r.hasMethod('HEAD')) {
    r.response.set('Allow', 'GET, HEAD')
    return Status.NotAllowed
  }
  const open = wantsOpen(r)
  const out = begin(open)
  serverMetrics(out)
  if (metrics.length > 0) userMetrics(out, metrics)
  if (stats != '') statistics(out, stats)
  if (heaps || uptime) processMetrics(out, heaps, uptime)
  return r.reply(200, open ? openType : plainType, finished(out, open))
}
const where = Where.Server | Where.Location | Where.LocationIf | Where.LimitExcept
content<Nothing>('prometheus', page, where, Needs.Nothing)
content<Nothing>('xhttp_prom', page, where, Needs.Nothing)

// --- commands: Kamailio's faults, and numbers as leniently as there

/** Parameter `i` by position; of an object its members in their order. */
function given(call: RpcCall, i: i32): Json | null {
  const params = call.params
  return params.isArray || params.isObject ? params.at(i) : null
}

/** The metric's name; '' and a fault when there is none. */
function named(call: RpcCall, word: string): string {
  const name = given(call, 0)
  if (name !== null && name.isString) return name.text
  call.fail(`required ${word} identifier`, 400)
  return ''
}

/** A number; a text counts as 0. NaN and a fault when there is none. */
function numbered(call: RpcCall): f64 {
  const number = given(call, 1)
  if (number !== null) return number.isNumber ? number.number : number.bool ? 1 : 0
  call.fail('required number argument', 400)
  return NaN
}

/** The labels from position `from` on. */
function labelled(call: RpcCall, from: i32): string[] {
  const labels: string[] = []
  for (let i = from; i < from + 3; i++) {
    const label = given(call, i)
    if (label === null || !label.isString) break
    labels.push(label.text)
  }
  return labels
}

/** The longest text of a fault (Kamailio's). */
const longestFault = 127

function told(call: RpcCall, why: string, what: string, labels: string[]): void {
  if (why == '') call.add<Json>(Json.object())
  else {
    log(LogLevel.Error, `xhttp_prom: ${why}`)
    const text = labels.length == 0 ? what : `${what} (${labels.join(', ')})`
    call.fail(text.substr(0, longestFault), 500)
  }
}

function reset(call: RpcCall, kind: Kind): void {
  const word = kind == Kind.Counter ? 'counter' : 'gauge'
  const name = named(call, word)
  if (name == '') return
  const labels = labelled(call, 1)
  told(call, count(kind, name, labels, Change.Set, 0), `Failed to reset ${word}: ${name}`, labels)
}

rpc('xhttp_prom.counter_reset', 'xhttp_prom.counter_reset NAME [LABEL...]: set a counter to 0', (call: RpcCall): void => reset(call, Kind.Counter))
rpc('xhttp_prom.gauge_reset', 'xhttp_prom.gauge_reset NAME [LABEL...]: set a gauge to 0', (call: RpcCall): void => reset(call, Kind.Gauge))

rpc('xhttp_prom.counter_inc', 'xhttp_prom.counter_inc NAME NUMBER [LABEL...]: raise a counter', (call: RpcCall): void => {
  const name = named(call, 'counter')
  if (name == '') return
  const number = numbered(call)
  if (isNaN(number)) return
  const whole = Math.trunc(number)
  // Kamailio says nothing of a negative number.
  if (whole < 0) return call.add<Json>(Json.object())
  const labels = labelled(call, 2)
  told(call, count(Kind.Counter, name, labels, Change.Add, whole), `Failed to add ${(<i64>whole).toString()} to counter: ${name}`, labels)
})

function gauge(call: RpcCall, what: Change, failed: string): void {
  const name = named(call, 'gauge')
  if (name == '') return
  const number = numbered(call)
  if (isNaN(number)) return
  const labels = labelled(call, 2)
  told(call, count(Kind.Gauge, name, labels, what, number), `Failed to ${failed} ${fixed(number)} ${what == Change.Set && labels.length == 0 ? 'gauge' : 'to gauge'}: ${name}`, labels)
}

rpc('xhttp_prom.gauge_set', 'xhttp_prom.gauge_set NAME NUMBER [LABEL...]: set a gauge', (call: RpcCall): void => gauge(call, Change.Set, 'assign'))
rpc('xhttp_prom.gauge_inc', 'xhttp_prom.gauge_inc NAME NUMBER [LABEL...]: raise or lower a gauge', (call: RpcCall): void => gauge(call, Change.Add, 'add'))

rpc('xhttp_prom.histogram_observe', 'xhttp_prom.histogram_observe NAME NUMBER [LABEL...]: count a value in a histogram', (call: RpcCall): void => {
  const name = named(call, 'histogram')
  if (name == '') return
  const number = numbered(call)
  if (isNaN(number)) return
  const labels = labelled(call, 2)
  told(call, count(Kind.Histogram, name, labels, Change.Observe, number), `Failed to observe ${fixed(number)} in histogram: ${name}`, labels)
})

rpc('xhttp_prom.metric_list_print', 'xhttp_prom.metric_list_print: the metrics of the configuration, as the page shows them', (call: RpcCall): void => {
  const out = begin(false)
  userMetrics(out, metrics)
  call.add<string>(out.text)
}, true)
