// The benchmark: starts vespid and its peers, loads them in turn, prints a table per comparison. See README.md beside
// this file.
import { writeFileSync } from 'node:fs'
import { arch, cpus, release } from 'node:os'
import { type Comparison, comparisons, peers } from './comparisons.ts'
import { run } from './cpu.ts'
import { type Generator, findGenerator } from './generator.ts'
import { type Measured, measure } from './measure.ts'
import { type Options, readOptions, usage } from './options.ts'
import { cleanUp, pins } from './proc.ts'
import { type Table, asMarkdown, asText, tabulate } from './report.ts'
import { sandboxTable } from './sandbox.ts'

/** The name of the table that needs no servers, for `--only`. */
const sandbox = 'sandbox'

function choose(only: readonly string[]): Comparison[] {
  const named = comparisons.filter(({ name }) => only.includes(name))
  const rows = only.filter(name => !comparisons.some(comparison => comparison.name === name))
  return (named.length > 0 ? named : comparisons)
    .map(one => ({ ...one, rows: one.rows.filter(({ peer }) => rows.length === 0 || rows.includes(peer.name)) }))
    .filter(comparison => comparison.rows.length > 0)
}

function list(): string {
  const width = Math.max(...peers.map(({ name }) => name.length)) + 2
  const first = comparisons.map(({ name, title, load }) => `  ${name.padEnd(width)}${title} (${load.about})`)
  const second = peers.map(peer => {
    const reason = peer.available()
    return `  ${peer.name.padEnd(width)}${peer.about}${reason === null ? '' : ` [cannot run: ${reason}]`}`
  })
  return `comparisons\n${first.join('\n')}\n  ${sandbox.padEnd(width)}what the sandbox costs a request (no servers, no sockets)\n\npeers\n${second.join('\n')}\n`
}

function machine(generator: Generator, options: Options): string[] {
  const pinning = pins === null ? 'not pinned' : `server on cpu ${pins.server}, client on cpu ${pins.client}`
  const kamailio = run('kamailio', ['-v'])?.replace(/ \(.*/, '') ?? 'no kamailio'
  return [
    `${cpus().length} × ${cpus()[0]?.model ?? 'cpu'}, ${process.platform} ${release()} ${arch()}, ${pinning}`,
    `node ${process.version}, ${run('nginx', ['-v']) ?? 'no nginx'}, ${kamailio}, ${generator.name}`,
    `${options.rounds} rounds of ${options.seconds} s each, in turn; medians over the half with the least foreign CPU`,
  ]
}

type Results = { about: string[], tables: Table[], measured: Record<string, Measured[]> }

function write(options: Options, { about, tables, measured }: Results): void {
  if (options.markdown !== null) {
    const list = about.map(line => `- ${line}`).join('\n')
    writeFileSync(options.markdown, `${list}\n\n${tables.map(asMarkdown).join('\n')}`)
  }
  if (options.json === null) return
  const samples = Object.entries(measured).map(([name, rows]) => [name, rows.map(({ row, ...rest }) =>
    ({ peer: row.peer.name, again: row.again === true, ...rest }))])
  writeFileSync(options.json, `${JSON.stringify({ about, tables, samples: Object.fromEntries(samples) }, null, 1)}\n`)
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), [...comparisons, ...peers, { name: sandbox }].map(({ name }) => name))
  if (options.help || options.list) {
    process.stdout.write(options.help ? usage : list())
    return 0
  }
  const generator = findGenerator()
  const about = machine(generator, options)
  console.log(`${about.join('\n')}\n`)
  const tables: Table[] = []
  const measured: Record<string, Measured[]> = {}
  const say = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  }
  if (options.only.length === 0 || options.only.includes(sandbox)) console.log(`${(await sandboxTable(5 * options.rounds)).join('\n')}\n`)
  if (options.only.length === 1 && options.only[0] === sandbox) return 0
  for (const comparison of choose(options.only)) {
    const rows = measured[comparison.name] = await measure(comparison, { ...options, generator, say })
    const table = tabulate(comparison, rows)
    say('')
    console.log(asText(table))
    tables.push(table)
    // After each comparison: a run that is interrupted has not been for nothing.
    write(options, { about, tables, measured })
  }
  return tables.some(({ lines }) => lines.some(({ figures }) => figures !== null)) ? 0 : 1
}

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
  process.on(signal, () => {
    cleanUp()
    process.exit(code)
  })
}
process.on('exit', cleanUp)

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`)
  process.exitCode = 1
}
cleanUp()
