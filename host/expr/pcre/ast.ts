import type { ByteSet } from './sets.ts'

/** A place between bytes: start and end of the subject, of a line, the end before a final line feed, a word's edge. */
export type Assertion = 'start' | 'end' | 'dollar' | 'lineStart' | 'lineEnd' | 'word' | 'notWord'

/** A parsed pattern. Case and options are resolved: a set holds exactly the bytes that match. */
export type Node =
  | { readonly kind: 'set', readonly set: ByteSet }
  | { readonly kind: 'sequence', readonly items: readonly Node[] }
  | { readonly kind: 'choice', readonly items: readonly Node[] }
  | { readonly kind: 'capture', readonly number: number, readonly body: Node }
  | { readonly kind: 'repeat', readonly body: Node, readonly minimum: number, readonly maximum: number, readonly mode: RepeatMode }
  | { readonly kind: 'atomic', readonly body: Node }
  | { readonly kind: 'look', readonly ahead: boolean, readonly negative: boolean, readonly body: Node, readonly offset: number }
  | { readonly kind: 'reference', readonly numbers: readonly number[], readonly caseless: boolean }
  | { readonly kind: 'assertion', readonly at: Assertion }
  | { readonly kind: 'fail' }

export type RepeatMode = 'greedy' | 'lazy' | 'possessive'

/** `\K`. It matches nothing, and where it stands does not matter: capture 0 cannot be seen in a configuration. */
export const keepOut: Node = { kind: 'sequence', items: [] }

/** What a parse yields. */
export interface Parsed {
  readonly root: Node
  readonly captures: number
  readonly names: readonly { readonly name: string, readonly index: number }[]
}

/** A mistake in a pattern: PCRE2's words and the offset that PCRE2 reports. */
export class PatternError extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}

/** The only length in bytes that a node can match, or null when it may vary. */
export function fixedLength(node: Node): number | null {
  switch (node.kind) {
    case 'set': return 1
    case 'sequence': return node.items.reduce<number | null>((sum, item) => {
      const length = sum === null ? null : fixedLength(item)
      return length === null ? null : sum! + length
    }, 0)
    case 'choice': {
      const lengths = new Set(node.items.map(fixedLength))
      return lengths.size === 1 ? [...lengths][0]! : null
    }
    case 'capture': case 'atomic': return fixedLength(node.body)
    case 'repeat': {
      const length = fixedLength(node.body)
      return length === null || node.minimum !== node.maximum ? null : length * node.minimum
    }
    case 'look': case 'assertion': case 'fail': return 0
    case 'reference': return null
  }
}

/** Whether a node can match the empty string. */
export function nullable(node: Node): boolean {
  switch (node.kind) {
    case 'set': case 'fail': return false
    case 'sequence': return node.items.every(nullable)
    case 'choice': return node.items.some(nullable)
    case 'capture': case 'atomic': return nullable(node.body)
    case 'repeat': return node.minimum === 0 || nullable(node.body)
    case 'look': case 'assertion': case 'reference': return true
  }
}
