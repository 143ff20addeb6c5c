import type { Comparison, Row, Target } from './comparisons.ts'
import type { Measured, Sample } from './measure.ts'
import { least, median, quietHalf, spread } from './stats.ts'

/**
 * The figures of one row: medians over the quiet half of its samples, `least` CPU over all of them. Latencies in us.
 */
export type Figures = {
  rps: number
  cpu: number
  leastCpu: number
  p50: number
  p99: number
  max: number
  errors: number
  foreign: number
  kept: number
}

/**
 * A line of a finished table. A ratio is this row's figure by the first row's (for requests/s the first row's by this
 * one's), so that above 1 speaks for the first row. It is taken round by round, as the machine's speed drifts, and
 * its median over the quieter half of the rounds is given.
 */
export type Line = {
  name: string
  figures: Figures | null
  bytes: number
  ratios: Ratios
  target: string
  verdict: '' | 'ok' | 'short'
  note: string
}

/** A finished comparison; `noise` is the A/A spread as a share: 0.07 is seven per cent. NaN without an A/A line. */
export type Table = { name: string, title: string, load: string, lines: Line[], noise: Ratios, foreign: number }

type Ratios = { cpu: number, rps: number, p99: number }
type Entry = { row: Row, one: Measured, samples: Sample[] }

/** Makes the table of `comparison` from what was measured. */
export function tabulate(comparison: Comparison, measured: readonly Measured[]): Table {
  const entries = measured.map((one): Entry => ({ row: one.row, one, samples: 'skipped' in one ? [] : one.samples }))
  const base = entries.find(({ row, samples }) => samples.length > 0 && row.again !== true)
  // Targets are about a comparison's first row, which has none itself; without it there is nothing to judge.
  const judged = base !== undefined && base === entries[0] && base.row.target === undefined
  const noise = aaNoise(entries)
  const lines = entries.map(({ row, one, samples }): Line => {
    const figures = samples.length === 0 ? null : summarise(samples)
    const ratios = compare(samples, base?.samples ?? [])
    return {
      name: row.again === true ? `${row.peer.name} (A/A)` : row.peer.name,
      figures,
      bytes: 'skipped' in one ? 0 : one.bytes,
      ratios,
      target: row.target === undefined ? '' : targetText(row.target),
      verdict: row.target === undefined || figures === null || !judged ? '' : judge(row.target, ratios, noise),
      note: 'skipped' in one ? `skipped: ${one.skipped}` : figures?.errors ? `${figures.errors} failed requests` : '',
    }
  })
  const foreign = median(lines.map(({ figures }) => figures?.foreign ?? NaN).filter(value => !Number.isNaN(value)))
  return { name: comparison.name, title: comparison.title, load: comparison.load.about, lines, noise, foreign }
}

function compare(samples: readonly Sample[], base: readonly Sample[]): Ratios {
  const pairs = samples.flatMap(sample => {
    const other = base.find(one => one.round === sample.round)
    if (other === undefined) return []
    const foreign = sample.foreign === null || other.foreign === null ? null : Math.max(sample.foreign, other.foreign)
    return [{ sample, other, foreign }]
  })
  const kept = quietHalf(pairs)
  const cpu = kept.map(({ sample, other }) => (sample.cpu ?? NaN) / (other.cpu ?? NaN))
  return {
    cpu: median(cpu.filter(value => !Number.isNaN(value))),
    rps: median(kept.map(({ sample, other }) => (other.requests / other.seconds) / (sample.requests / sample.seconds))),
    p99: median(kept.map(({ sample, other }) => sample.p99 / other.p99)),
  }
}

function summarise(samples: readonly Sample[]): Figures {
  const kept = quietHalf(samples)
  const cpu = (of: readonly Sample[]): number[] => of.flatMap(sample => sample.cpu === null ? [] : [sample.cpu])
  return {
    rps: median(kept.map(sample => sample.requests / sample.seconds)),
    cpu: median(cpu(kept)),
    leastCpu: least(cpu(samples)),
    p50: median(kept.map(sample => sample.p50)),
    p99: median(kept.map(sample => sample.p99)),
    max: median(kept.map(sample => sample.max)),
    errors: samples.reduce((sum, sample) => sum + sample.errors, 0),
    foreign: median(kept.flatMap(sample => sample.foreign === null ? [] : [sample.foreign])),
    kept: kept.length,
  }
}

function aaNoise(entries: readonly Entry[]): Ratios {
  const again = entries.find(({ row }) => row.again === true)
  const first = entries.find(({ row }) => row.again !== true && row.peer === again?.row.peer)
  const ratios = compare(again?.samples ?? [], first?.samples ?? [])
  return { cpu: spread(ratios.cpu), rps: spread(ratios.rps), p99: spread(ratios.p99) }
}

function limit(target: Target, noise: Ratios): number {
  const allowed = target.noise === true && !Number.isNaN(noise.cpu) ? 1 + noise.cpu : 0
  return Math.max(target.max!, allowed)
}

function judge(target: Target, ratios: Ratios, noise: Ratios): 'ok' | 'short' {
  const ratio = target.figure === 'p99' ? ratios.p99 : Number.isNaN(ratios.cpu) ? ratios.rps : ratios.cpu
  const met = target.min !== undefined ? ratio >= target.min : ratio <= limit(target, noise)
  return met ? 'ok' : 'short'
}

function targetText(target: Target): string {
  const bound = target.min !== undefined ? `≥ ${target.min.toFixed(2)}` : `≤ ${target.max!.toFixed(2)}`
  return `${target.figure} ${bound}${target.noise === true ? ' or A/A' : ''}`
}

const columns = [
  'server', 'req/s', 'cpu µs', 'min', 'p50 ms', 'p99 ms', 'max ms', 'bytes', 'cpu ×', 'req/s ×', 'p99 ×', 'target',
  '',
]

function cells(line: Line): string[] {
  if (line.figures === null) return [line.name, line.note]
  const { rps, cpu, leastCpu, p50, p99, max } = line.figures
  return [
    line.name, fixed(rps, 0).replace(/\B(?=(\d{3})+$)/g, ','), fixed(cpu, 2), fixed(leastCpu, 2),
    fixed(p50 / 1000, 2), fixed(p99 / 1000, 2), fixed(max / 1000, 1), String(line.bytes),
    fixed(line.ratios.cpu, 2), fixed(line.ratios.rps, 2), fixed(line.ratios.p99, 2), line.target,
    [line.verdict, line.note].filter(text => text !== '').join(', '),
  ]
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-'
}

function footer({ noise, foreign }: Table): string {
  const percent = (share: number): string => Number.isNaN(share) ? '-' : `${(share * 100).toFixed(0)} %`
  const aa = Number.isNaN(noise.rps) ? 'no A/A pair ran'
    : `A/A spread: cpu ${percent(noise.cpu)}, req/s ${percent(noise.rps)}, p99 ${percent(noise.p99)}`
  return Number.isNaN(foreign) ? aa : `${aa}; others used ${foreign.toFixed(2)} core (median of the samples kept)`
}

/** The table as text for a terminal. */
export function asText(table: Table): string {
  const rows = [columns, ...table.lines.map(cells)]
  // A row of two cells is one that did not run: its reason takes the place of all figures.
  const full = rows.filter(row => row.length === columns.length)
  const widths = columns.map((_, i) => Math.max(...(i === 0 ? rows : full).map(row => row[i]!.length)))
  const left = (row: string[], i: number): boolean => i === 0 || i >= 11 || row.length < columns.length
  const pad = (row: string[]) => (cell: string, i: number): string =>
    left(row, i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)
  const body = rows.map(row => row.map(pad(row)).join('  ').trimEnd())
  return `${table.title}\n${table.load}\n\n${body.join('\n')}\n\n${footer(table)}\n`
}

/** The table as Markdown. */
export function asMarkdown(table: Table): string {
  const rows = table.lines.map(line => {
    const row = cells(line)
    return row.length < columns.length ? [row[0]!, ...columns.slice(2).map(() => ''), row[1]!] : row
  })
  const text = [columns, columns.map((_, i) => i === 0 || i >= 11 ? '---' : '---:'), ...rows]
    .map(row => `| ${row.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
  return `### ${table.title}\n\n${table.load}.\n\n${text}\n\n${footer(table)}.\n`
}
