import type { Node } from './ast.ts'
import type { ByteSet } from './sets.ts'
import { nullable } from './ast.ts'

/** A pattern as a JavaScript regular expression. */
export interface Emitted {
  readonly source: string
  /** The pattern holds a `$`: JavaScript's does not match before a final line feed, so the source does not hold for subjects with one. */
  readonly dollar: boolean
}

/** V8's linear engine takes over from a regex that backtracks too much, unless it repeats things in each other more often than this. */
const linearFactor = 16

/**
 * Writes a pattern as JavaScript source that matches the same subjects with the same captures and cannot run away: either V8's linear
 * engine can take it over, or it has at most one repetition of variable length. Null when there is no such source.
 */
export function emitPattern(root: Node, captures: number): Emitted | null {
  const numbers: number[] = []
  if (!expressible(root, numbers) || numbers.length !== captures || numbers.some((n, i) => n !== i + 1)) return null
  if ((hasLook(root) || factor(root) > linearFactor) && variableRepeats(root) > 1) return null
  return { source: write(root), dollar: holdsDollar(root) }
}

function children(node: Node): readonly Node[] {
  return 'items' in node ? node.items : 'body' in node ? [node.body] : []
}

function some(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || children(node).some((child) => some(child, test))
}

function hasLook(node: Node): boolean { return some(node, (n) => n.kind === 'look') }
function hasCapture(node: Node): boolean { return some(node, (n) => n.kind === 'capture') }
function holdsDollar(node: Node): boolean { return some(node, (n) => n.kind === 'assertion' && n.at === 'dollar') }

/** How many copies of its innermost part the linear engine would have to make. */
function factor(node: Node): number {
  const inner = Math.max(1, ...children(node).map(factor))
  return node.kind === 'repeat' ? inner * Math.max(1, node.minimum, node.maximum === Infinity ? 0 : node.maximum) : inner
}

function variableRepeats(node: Node): number {
  const own = node.kind === 'repeat' && node.minimum !== node.maximum && node.maximum > 1 ? 1 : 0
  return children(node).reduce((sum, child) => sum + variableRepeats(child), own)
}

/** Whether JavaScript means the same by a node; collects the numbers of its groups in order. */
function expressible(node: Node, numbers: number[]): boolean {
  switch (node.kind) {
    case 'atomic': case 'reference': return false
    case 'assertion': return node.at !== 'lineStart' && node.at !== 'lineEnd'
    // JavaScript matches a lookbehind backwards.
    case 'look': if (!node.ahead && hasCapture(node.body)) return false; break
    case 'capture': numbers.push(node.number); break
    case 'repeat': if (!repeatExpressible(node)) return false; break
    default: break
  }
  return children(node).every((child) => expressible(child, numbers))
}

/**
 * JavaScript forgets the captures of a repeated body at each turn and refuses a turn that matches nothing; PCRE2 does neither. There is no
 * difference when every turn sets all captures and none can be empty.
 */
function repeatExpressible(node: Node & { kind: 'repeat' }): boolean {
  if (node.mode === 'possessive' || nullable(node.body)) return false
  return node.maximum <= 1 || alwaysSet(node.body)
}

/** Whether every capture inside takes part whenever the node matches. */
function alwaysSet(node: Node): boolean {
  switch (node.kind) {
    case 'choice': return !node.items.some(hasCapture)
    case 'repeat': return node.minimum > 0 ? alwaysSet(node.body) : !hasCapture(node.body)
    case 'look': return !node.negative || !hasCapture(node.body)
    default: return children(node).every(alwaysSet)
  }
}

function write(node: Node): string {
  switch (node.kind) {
    case 'set': return writeSet(node.set)
    case 'sequence': return node.items.map((item) => item.kind === 'choice' ? `(?:${write(item)})` : write(item)).join('')
    case 'choice': return node.items.map(write).join('|')
    case 'capture': return `(${write(node.body)})`
    case 'repeat': return writeRepeat(node)
    case 'look': return `(?${node.ahead ? '' : '<'}${node.negative ? '!' : '='}${write(node.body)})`
    case 'assertion': return { start: '^', end: '$', dollar: '$', word: '\\b', notWord: '\\B', lineStart: '', lineEnd: '' }[node.at]
    case 'fail': return '(?!)'
    case 'atomic': case 'reference': throw new Error(`a pattern with ${node.kind} is not written`)
  }
}

function writeRepeat({ body, minimum, maximum, mode }: Node & { kind: 'repeat' }): string {
  const inner = body.kind === 'set' || body.kind === 'capture' ? write(body) : `(?:${write(body)})`
  const range = maximum === Infinity ? `{${minimum},}` : minimum === maximum ? `{${minimum}}` : `{${minimum},${maximum}}`
  const short = { '{0,}': '*', '{1,}': '+', '{0,1}': '?' }[range] ?? range
  return inner + short + (mode === 'lazy' ? '?' : '')
}

function writeByte(byte: number): string {
  const c = String.fromCharCode(byte)
  return /[A-Za-z0-9_ /%&=:;,<>@~#"'!`]/.test(c) ? c : `\\x${byte.toString(16).padStart(2, '0')}`
}

function writeSet(set: ByteSet): string {
  let members = 0
  for (const member of set) members += member
  if (members === 256) return '[^]'
  if (members === 0) return '[]'
  if (members === 1) return writeByte(set.indexOf(1))
  const inverse = members > 128
  let text = inverse ? '[^' : '['
  for (let byte = 0; byte < 256; byte++) {
    if ((set[byte] === 1) === inverse) continue
    const first = byte
    while (byte < 255 && (set[byte + 1] === 1) !== inverse) byte++
    text += writeByte(first) + (byte === first ? '' : byte === first + 1 ? writeByte(byte) : `-${writeByte(byte)}`)
  }
  return `${text}]`
}
