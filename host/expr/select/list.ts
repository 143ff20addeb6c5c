import type { SelectTable } from './table.ts'

/** The selects of a table as Markdown: by owner, one line for each first element; what docs/selects.md shows. */
export function selectList(table: SelectTable): string {
  const owners = new Map<string, Map<string, string[]>>()
  for (const { pattern, owner, nests } of table.list()) {
    const roots = owners.get(owner) ?? new Map<string, string[]>()
    owners.set(owner, roots)
    const dot = pattern.indexOf('.')
    const root = dot < 0 ? pattern : pattern.slice(0, dot)
    const rests = roots.get(root.replace('[n?]', '')) ?? []
    roots.set(root.replace('[n?]', ''), rests)
    rests.push(`\`${dot < 0 ? `@${root}` : pattern.slice(dot)}\`${nests.length === 0 ? '' : ` → ${nests.join(', ')}`}`)
  }
  return [...owners].map(([owner, roots]) => `### ${owner}\n\n${lines(roots)}\n`).join('\n')
}

function lines(roots: Map<string, string[]>): string {
  const sorted = [...roots].sort(([a], [b]) => a < b ? -1 : 1)
  return sorted.map(([root, rests]) => `- **@${root}**: ${rests.sort(selfFirst).join(' ')}`).join('\n')
}

/** The root itself, `@x`, before what follows it, `.y`. */
function selfFirst(a: string, b: string): number {
  const own = Number(b.startsWith('`@')) - Number(a.startsWith('`@'))
  return own !== 0 ? own : a < b ? -1 : 1
}
