import type { Cf } from '../../conf/cf.ts'
import { grantKinds } from '../../core/grants.ts'
import type { GrantKind } from '../../core/grants.ts'
import { suggest } from '../../core/suggest.ts'
import { bytesOf, textOf } from '../../core/text.ts'
import { parseDatabaseUrl } from '../../db/url.ts'

const kinds = Object.keys(grantKinds) as GrantKind[]

/** One `allow KIND WHAT …;` in the block of a plugin; a text that it returns is reported as it is. */
export function readGrant(line: Cf, plugin: string): string | void {
  const [, kind, ...things] = line.args
  const known = kinds.find((name) => name === kind)
  if (kind === undefined) return line.fail('invalid number of arguments in "allow" directive', 0, help())
  if (known === undefined) {
    const meant = suggest(kind, kinds)
    return line.fail(`invalid kind "${kind}" in "allow" directive`, 1, meant === null ? help() : `did you mean "${meant}"?`)
  }
  if (things.length === 0) {
    return line.fail('invalid number of arguments in "allow" directive', 0, `it is "allow ${known} ${grantKinds[known]} …;"`)
  }
  things.forEach((thing, i) => {
    if (known === 'db') checkUrl(line, thing, i + 2)
    if (!line.cycle.grants.add(plugin, known, thing)) line.warn(`plugin "${plugin}" is allowed ${known} "${thing}" already`, i + 2)
  })
}

/** A database is granted by its URL. */
function checkUrl(line: Cf, url: string, argument: number): void {
  try {
    parseDatabaseUrl(textOf(url))
  } catch (error) {
    line.fail(bytesOf((error as Error).message), argument)
  }
}

function help(): string {
  return `it may be ${kinds.map((kind) => `allow ${kind} ${grantKinds[kind]} …`).join(', ')}`
}
