/**
 * Writes docs/rpc.md from what a running server says of its commands:
 * `vespid rpc -f FILE.cfg --json system.describe | node tools/rpc-doc.ts > docs/rpc.md`, the file with a hash table and xhttp_prom.
 */
import { readFileSync } from 'node:fs'

interface Described {
  readonly name: string
  readonly usage: string
  readonly effect: 'read' | 'write'
  readonly owner: string
  readonly array?: boolean
}

/** What is to be said of a group besides its commands. */
const notes: Readonly<Record<string, string>> = {
  cfg: 'Settings that change at once in all workers, until the configuration is read anew: `core.debug`, and the `group.name = value` lines of a Kamailio file. Only with routing scripts.',
  cnt: 'The same statistics by group and name.',
  core: 'Names and answers of Kamailio where it has the command.',
  htable: 'Hash tables of routing scripts. Only with routing scripts.',
  metrics: 'What the directive `prometheus;` shows, as JSON.',
  mod: 'There for clients that call it: memory is not counted by module.',
  pkg: 'Kamailio\'s private memory is here the JavaScript heap of a thread.',
  pv: 'Shared variables (`$shv`). Only with routing scripts.',
  stats: 'A NAME is `all`, `GROUP:` or a statistic\'s name. Groups: `core`, `dns`, `shmem` (the heap of the thread that answers), `sl` (replies by status), `tcp`, and those of plugins. All workers count in shared memory; reload and the end of a worker lose nothing.',
  worker: 'The threads with all that is known of them; `core.ps` is Kamailio\'s list.',
  zone: 'Key/value zones, see [zones.md](zones.md).',
}

const commands = (JSON.parse(readFileSync(0, 'utf8')) as Described[]).filter(({ owner }) => owner === 'core' || owner === 'system' || owner === 'xhttp_prom')
const groups = Map.groupBy(commands, ({ name }) => name.slice(0, name.indexOf('.')))
const escaped = (text: string): string => text.replaceAll('|', '\\|')
const lines = [
  '# Commands', '',
  'What a running server can be told: by `vespid rpc COMMAND …`, by JSON-RPC over the control socket, and by the plugins `jsonrpcs` and `xhttp_rpc`. Plugins bring',
  'more. Made by `tools/rpc-doc.ts`. A command that changes something is marked with *; consoles and read-only transports refuse it. Answers marked with [ ] are arrays.', '',
  'Commands that Kamailio has take parameters in order, as leniently as there: what should be a number and is none counts as 0, numbers are taken for texts where Kamailio does so. An object',
  'of parameters is read by name when all its names are known, else in its order. Failures have Kamailio\'s code (400, 404, 500) and text.', '',
]
for (const [group, members] of groups) {
  lines.push(`## ${group}`, '')
  if (notes[group] !== undefined) lines.push(notes[group], '')
  lines.push('| | |', '|---|---|')
  for (const { usage, effect, array } of members) {
    const colon = usage.indexOf(': ')
    lines.push(`| \`${escaped(usage.slice(0, colon))}\`${effect === 'write' ? ' *' : ''}${array === true ? ' [ ]' : ''} | ${escaped(usage.slice(colon + 2))} |`)
  }
  lines.push('')
}
process.stdout.write(lines.join('\n').trimEnd() + '\n')
