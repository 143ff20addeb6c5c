import { version } from '../core/version.ts'
import type { Cycle } from '../cycle.ts'
import type { PluginFacts } from '../wasm/plugins.ts'

/** What a started server says, once: only lines for what is configured; ends with `ready in N ms`. */
export function banner(cycle: Cycle, facts: {
  readonly workers: number, readonly plugins: readonly PluginFacts[], readonly control: string | null, readonly milliseconds: number,
}): string {
  const who = facts.workers === 0 ? 'one process' : facts.workers === 1 ? '1 worker' : `${facts.workers} workers`
  const lines = [`vespid ${version}, configuration ${cycle.options.confFile}, ${who}`]
  for (const address of cycle.servers?.addresses ?? []) {
    lines.push(address.path === null ? `  ${address.ssl ? 'https' : 'http'}://${address.name}` : `  ${address.name}`)
  }
  if (facts.plugins.length > 0) lines.push(`  plugins: ${facts.plugins.map(pluginText).join(' · ')}`)
  if (facts.control !== null) lines.push(`  rpc: ${facts.control}`)
  lines.push(`ready in ${Math.round(facts.milliseconds)} ms`)
  return lines.join('\n') + '\n'
}

function pluginText({ name, size, directives }: PluginFacts): string {
  return `${name} ${(size / 1000).toFixed(1)} kB${directives === undefined ? '' : ` (${directives.join(' ')})`}`
}
