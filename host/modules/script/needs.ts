import type { Cf } from '../../conf/cf.ts'
import type { RouteBlock, TransformationNode } from '../../script/ast.ts'

/** A variable, transformation or select in a text that is expanded. */
const inText = /\$\(?([A-Za-z_]\w*)|\{([a-z]\w*)\.|@([A-Za-z]\w*)/g
const inSel = /\$\(?sel\(@?([A-Za-z]\w*)/g

/**
 * Loads the shipped plugins that bring what route blocks use: functions, pseudo-variables, transformations, event
 * routes. A name in a text that is none after all loads a plugin that does nothing.
 */
export function loadNeeded(cf: Cf, blocks: readonly RouteBlock[]): void {
  const wanted = new Set<string>()
  for (const block of blocks) {
    if (block.kind === 'event_route') wanted.add(`event_route[${block.name}]`)
    collect(block.body, wanted)
  }
  for (const name of wanted) {
    const modules = cf.cycle.plugins.loadFor(name)
    if (modules !== null) cf.addModules(modules)
  }
}

function collect(value: unknown, wanted: Set<string>): void {
  if (typeof value === 'string') {
    for (const [, variable, transformation, select] of value.matchAll(inText)) {
      wanted.add(select !== undefined ? `@${select.toLowerCase()}` : variable === undefined ? `{${transformation}}` : `$(${variable})`)
    }
    for (const [, select] of value.matchAll(inSel)) wanted.add(`@${select!.toLowerCase()}`)
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, wanted)
  } else if (value !== null && typeof value === 'object') {
    const node = value as Record<string, unknown>
    if (node.kind === 'call') wanted.add(`${node.name as string}()`)
    if (node.kind === 'pv') {
      wanted.add(`$(${node.name as string})`)
      for (const { className } of node.transformations as readonly TransformationNode[]) wanted.add(`{${className}}`)
    }
    for (const key in node) if (key !== 'place') collect(node[key], wanted)
  }
}

const ofBody = /"(?:rb|bs|mb|ml|msg|jsonrpc_dispatch)"|\$\(?(?:rb|bs|mb|ml)\b|@msg|body/

/** Whether blocks read the request's body, as far as their text tells. */
export function readsBody(blocks: Iterable<RouteBlock>): boolean {
  for (const block of blocks) {
    if (ofBody.test(JSON.stringify(block.body, withoutPlaces))) return true
  }
  return false
}

function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'place' ? undefined : value
}
