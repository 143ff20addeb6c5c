/** All metrics of the server for whoever shows them (xhttp_prom): `metrics.list`. */
import type { MetricDefinition } from '../core/metrics.ts'
import type { SummedSeries } from '../core/metricboard.ts'
import type { Cycle } from '../cycle.ts'
import type { PluginReport } from '../wasm/native/report.ts'
import type { Command } from './command.ts'
import { startedAt } from '../core/boards.ts'
import { metricBoard } from '../core/metricboard.ts'
import { Stat, statistics } from '../core/statistics.ts'

/** One metric as it is told: of a histogram each series has its buckets (not cumulative, the last is +Inf), sum and count. */
interface Told {
  readonly name: string
  readonly kind: MetricDefinition['kind']
  readonly help: string
  readonly labels: readonly string[]
  readonly bounds: readonly number[]
  /** Label values, then numbers. */
  readonly series: readonly { readonly labels: readonly string[], readonly values: readonly number[] }[]
}

/** What the pool of each plugin shows, with the field of its report. */
const pools: readonly (readonly [MetricDefinition, keyof PluginReport])[] = ([
  ['calls_total', 'counter', 'calls of the plugin\'s functions', 'calls'], ['faults_total', 'counter', 'calls that ended in a fault', 'faults'],
  ['refused_total', 'counter', 'calls that were refused because the queue was full', 'refused'], ['instances', 'gauge', 'instances of the plugin', 'instances'],
  ['in_flight', 'gauge', 'calls that wait in an instance of their own', 'in_flight'], ['queued', 'gauge', 'calls that queue for an instance', 'queued'],
  ['memory_bytes', 'gauge', 'memory of the plugin\'s first instance', 'memory'],
] as const).map(([name, kind, help, field]) => [{ name: `vespid_plugin_${name}`, kind, help, labels: ['plugin'] }, field])

/** What a plugin of a former configuration, or of a former worker, had counted. */
const before = new Map<string, { base: number, last: number }>()

/** Puts down how the plugins of this thread are doing; to be called now and then, and before somebody reads. */
export function publishPools(cycle: Cycle): void {
  for (const module of cycle.modules) {
    const report = module.report?.() as Partial<PluginReport> | undefined
    if (report === undefined) continue
    for (const [definition, field] of pools) {
      const value = report[field]
      if (typeof value !== 'number') continue
      const cells = metricBoard.cells(definition, module.name)
      cells[0] = definition.kind === 'gauge' ? value : goingOn(`${field} ${module.name}`, value, cells[0]!)
    }
  }
}

/** A count that never goes back, though the one who counts may begin anew. */
function goingOn(key: string, value: number, shown: number): number {
  let one = before.get(key)
  if (one === undefined) before.set(key, one = { base: shown, last: 0 })
  if (value < one.last) one.base += one.last
  one.last = value
  return one.base + value
}

const repliesBy = ['1xx', '200', '202', '2xx', '300', '301', '302', '3xx', '400', '401', '403', '404', '407', '408', '483', '4xx', '500', '5xx', '6xx', 'xxx']
const replyCells = repliesBy.map((name) => [name, statistics.index('sl', `${name}_replies`)] as const)

/** The host's own. */
function hostMetrics(): Told[] {
  const one = (name: string, kind: Told['kind'], help: string, value: number): Told => ({ name, kind, help, labels: [], bounds: [], series: [{ labels: [], values: [value] }] })
  return [
    one('vespid_start_time_seconds', 'gauge', 'when the server started, seconds since the epoch', startedAt() / 1000),
    one('vespid_workers', 'gauge', 'worker threads', statistics.workers),
    one('vespid_connections_accepted_total', 'counter', 'connections accepted', statistics.read(Stat.passiveOpen)),
    one('vespid_connections', 'gauge', 'open connections', statistics.read(Stat.open)),
    one('vespid_requests_total', 'counter', 'requests received', statistics.read(Stat.rcvRequests)),
    {
      name: 'vespid_replies_total', kind: 'counter', help: 'replies sent, by status or class of other statuses', labels: ['code'], bounds: [],
      series: replyCells.map(([name, cell]) => ({ labels: [name], values: [statistics.read(cell)] })).filter(({ values }) => values[0] !== 0),
    },
  ]
}

function told(definition: MetricDefinition, series: readonly SummedSeries[]): Told {
  const { name, kind, help, labels = [], buckets = [] } = definition
  return { name, kind, help, labels, bounds: buckets, series: series.map(({ labels: values, cells }) => ({ labels: values, values: cells })) }
}

/** The commands, about the cycle in use. */
export function metricCommands(cycle: () => Cycle): Command[] {
  return [{
    name: 'metrics.list', usage: 'metrics.list: the metrics of the server, its plugins and their instances, summed over all workers', effect: 'read', array: true,
    run() {
      publishPools(cycle())
      const own = cycle().modules.flatMap(({ metrics }) => metrics ?? [])
      const all = [...own, ...pools.map(([definition]) => definition)]
      const sums = metricBoard.read(all)
      return [...hostMetrics(), ...all.map((definition, i) => told(definition, sums[i]!))]
    },
  }]
}
