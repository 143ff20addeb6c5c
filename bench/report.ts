import type { Comparison, Row, Target } from './comparisons.ts'
import type { Measured, Sample } from './measure.ts'
import { least, median, quietHalf, spread } from './stats.ts'

/** The figures of one row: medians over the quiet half of its samples, `least` CPU over all of them. Latencies in us. */
export type Figures = { rps: number, cpu: number, leastCpu: number, p50: number, p99: number, errors: number, foreign: number, kept: number }

/** A line of a finished table; ratios are this row's figure by the first row's (for requests/s the first row's by this one's): above 1 speaks for the first row. */
export type Line = {
  name: string
  figures: Figures | null
  bytes: number
  cpuRatio: number
  rpsRatio: number
  p99Ratio: number
  target: string
  verdict: '' | 'ok' | 'short'
  note: string
}

/** A finished comparison; `noise` is the A/A spread as a share: 0.07 is seven per cent. NaN without an A/A line. */
export type Table = { name: string, title: string, load: string, lines: Line[], noise: { cpu: number, rps: number, p99: number }, foreign: number }

/** Makes the table of `comparison` from what was measured. */
export function tabulate(comparison: Comparison, measured: readonly Measured[]): Table {
  const rows = measured.map(one => ({ row: one.row, one, figures: 'skipped' in one ? null : summarise(one.samples) }))
  const base = rows.find(({ row, figures }) => figures !== null && row.again !== true)?.figures ?? null
  const firstRan = rows[0]?.figures !== null
  const noise = aaNoise(rows)
  const lines = rows.map(({ row, one, figures }): Line => {
    const ratio = (pick: (of: Figures) => number): number => figures === null || base === null ? NaN : pick(figures) / pick(base)
    const cpuRatio = ratio(of => of.cpu)
    const p99Ratio = ratio(of => of.p99)
    const rpsRatio = 1 / ratio(of => of.rps)
    const target = row.target === undefined ? '' : targetText(row.target)
    return {
      name: row.again === true ? `${row.peer.name} (A/A)` : row.peer.name,
      figures,
      bytes: 'skipped' in one ? 0 : one.bytes,
      cpuRatio, rpsRatio, p99Ratio, target,
      // Without the row that the target is about there is nothing to judge.
      verdict: row.target === undefined || figures === null || !firstRan ? ''
        : judge(row.target, row.target.figure === 'p99' ? p99Ratio : Number.isNaN(cpuRatio) ? rpsRatio : cpuRatio, noise),
      note: 'skipped' in one ? `skipped: ${one.skipped}` : figures!.errors > 0 ? `${figures!.errors} failed requests` : '',
    }
  })
  const foreign = median(rows.flatMap(({ figures }) => figures === null || Number.isNaN(figures.foreign) ? [] : [figures.foreign]))
  return { name: comparison.name, title: comparison.title, load: comparison.load.about, lines, noise, foreign }
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
    errors: samples.reduce((sum, sample) => sum + sample.errors, 0),
    foreign: median(kept.flatMap(sample => sample.foreign === null ? [] : [sample.foreign])),
    kept: kept.length,
  }
}

function aaNoise(rows: readonly { row: Row, figures: Figures | null }[]): Table['noise'] {
  const again = rows.find(({ row }) => row.again === true)
  const first = rows.find(({ row }) => row.again !== true && row.peer === again?.row.peer)
  const a = first?.figures
  const b = again?.figures
  if (!a || !b) return { cpu: NaN, rps: NaN, p99: NaN }
  return { cpu: spread(a.cpu, b.cpu), rps: spread(a.rps, b.rps), p99: spread(a.p99, b.p99) }
}

function limit(target: Target, noise: Table['noise']): number {
  const allowed = target.noise === true && !Number.isNaN(noise.cpu) ? 1 + noise.cpu : 0
  return Math.max(target.max!, allowed)
}

function judge(target: Target, ratio: number, noise: Table['noise']): 'ok' | 'short' {
  return target.min !== undefined ? (ratio >= target.min ? 'ok' : 'short') : (ratio <= limit(target, noise) ? 'ok' : 'short')
}

function targetText(target: Target): string {
  const bound = target.min !== undefined ? `≥ ${target.min.toFixed(2)}` : `≤ ${target.max!.toFixed(2)}`
  return `${target.figure} ${bound}${target.noise === true ? ' or A/A' : ''}`
}

const columns = ['server', 'req/s', 'cpu µs', 'min', 'p50 ms', 'p99 ms', 'bytes', 'cpu ×', 'req/s ×', 'p99 ×', 'target', '']

function cells(line: Line): string[] {
  if (line.figures === null) return [line.name, line.note]
  const { rps, cpu, leastCpu, p50, p99 } = line.figures
  return [line.name, fixed(rps, 0).replace(/\B(?=(\d{3})+$)/g, ','), fixed(cpu, 2), fixed(leastCpu, 2), fixed(p50 / 1000, 2), fixed(p99 / 1000, 2),
    String(line.bytes), fixed(line.cpuRatio, 2), fixed(line.rpsRatio, 2), fixed(line.p99Ratio, 2), line.target,
    [line.verdict, line.note].filter(text => text !== '').join(', ')]
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-'
}

function footer({ noise, foreign }: Table): string {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`
  const aa = Number.isNaN(noise.rps) ? 'no A/A pair ran'
    : `A/A spread: cpu ${Number.isNaN(noise.cpu) ? '-' : percent(noise.cpu)}, req/s ${percent(noise.rps)}, p99 ${percent(noise.p99)}`
  return Number.isNaN(foreign) ? aa : `${aa}; others used ${foreign.toFixed(2)} core (median of the samples kept)`
}

/** The table as text for a terminal. */
export function asText(table: Table): string {
  const rows = [columns, ...table.lines.map(cells)]
  const widths = columns.map((_, i) => Math.max(...rows.map(row => row.length < columns.length && i > 0 ? 0 : row[i]!.length)))
  const left = (i: number): boolean => i === 0 || i >= 10
  const body = rows.map(row => row.map((cell, i) => left(i) || row.length < columns.length ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))
    .join('  ').trimEnd())
  return `${table.title}\n${table.load}\n\n${body.join('\n')}\n\n${footer(table)}\n`
}

/** The table as Markdown. */
export function asMarkdown(table: Table): string {
  const rows = table.lines.map(line => {
    const row = cells(line)
    return row.length < columns.length ? [row[0]!, ...columns.slice(2).map(() => ''), row[1]!] : row
  })
  const text = [columns, columns.map((_, i) => i === 0 || i >= 10 ? '---' : '---:'), ...rows]
    .map(row => `| ${row.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
  return `### ${table.title}\n\n${table.load}.\n\n${text}\n\n${footer(table)}.\n`
}
