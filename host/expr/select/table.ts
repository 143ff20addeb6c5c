import type { Message } from '../../sip/message.ts'
import { ConfigError } from '../../core/errors.ts'
import { parsePattern } from './pattern.ts'

/** What a select says: a text (which may be empty), null when the thing is not there, undefined when it cannot be evaluated (select.md §3). */
export type Selected = string | null | undefined

/** Evaluates a select, or its first part, on a message. */
export type Evaluate = (m: Message) => Selected
/** Evaluates what follows on the text that the part before it gave. */
export type Continue = (text: string, m: Message) => Selected

/** Arguments of a pattern in their order: texts for `*`, integers for `[n]`, null for an optional one that is left out. */
export type SelectArguments = readonly (string | number | null)[]

/** Given to `bind` besides the arguments. */
export interface BindContext {
  /** Resolves another select, `@x.y`; throws ConfigError. */
  select(text: string): Evaluate
}

/**
 * One row of the table. `pattern` (pattern.ts): `from|f.params.*`, `via|v[n?].host`, `sys.now.local.*?`. `bind` is called once for each use, at start-up; a text
 * that it returns says what is wrong with an argument and fails the start.
 */
export interface Row<E> {
  readonly pattern: string
  readonly bind: (args: SelectArguments, context: BindContext) => E | string
  /** Names of nests that may follow on the text of this row; the first that knows the next element takes it. */
  readonly nests?: readonly string[]
  /** Something of a nest must follow. */
  readonly open?: boolean
}
export type SelectRow = Row<Evaluate>
export type NestRow = Row<Continue>

/** Where a row ends: `slots[i]` is the argument that the i-th captured part is. */
export interface End<E> {
  readonly row: Row<E>
  readonly owner: string
  readonly slots: readonly number[]
  readonly arguments: number
}

/** A node of the tree of patterns. */
export class Node<E> {
  readonly names = new Map<string, Node<E>>()
  any: Node<E> | null = null
  integer: Node<E> | null = null
  end: End<E> | null = null

  /** The node behind a part of an identifier that is matched exactly: a name or an integer. */
  exact(value: string | number): Node<E> | null {
    return typeof value === 'number' ? this.integer : this.names.get(value.toLowerCase()) ?? null
  }
}

/**
 * All selects of one configuration. Modules and plugins add rows while they are loaded, resolution comes after all of them (select.md §8). A row that is there
 * already is not replaced.
 */
export class SelectTable {
  readonly root = new Node<Evaluate>()
  private readonly nests = new Map<string, Node<Continue>>()
  private readonly absent = new Map<string, string>()

  /** Adds a row. `owner` is the module or plugin, for messages. Throws ConfigError when the pattern is malformed or meets another row. */
  define(row: SelectRow, owner: string): void {
    insert(this.root, row, owner, '@')
  }

  /** Adds a row to a nest: what may follow on a text. */
  defineNest(nest: string, row: NestRow, owner: string): void {
    let node = this.nests.get(nest)
    if (node === undefined) this.nests.set(nest, node = new Node<Continue>())
    insert(node, row, owner, `${nest}.`)
  }

  /** Says which module would bring a first element, for the message when it is used without the module. */
  announce(name: string, module: string): void {
    this.absent.set(name, module)
  }

  /** The module that would bring the first element, or null. */
  bringer(name: string): string | null {
    return this.absent.get(name.toLowerCase()) ?? null
  }

  /** The tree of a nest, or null. */
  nest(name: string): Node<Continue> | null {
    return this.nests.get(name) ?? null
  }

  /** Names that may follow at a node, in order; with those of its nests. */
  namesAt(node: Node<Evaluate> | Node<Continue>): string[] {
    const names = [...node.names.keys()]
    for (const nest of node.end?.row.nests ?? []) names.push(...this.nests.get(nest)?.names.keys() ?? [])
    return [...new Set(names)].sort()
  }

  /** Every row as its owner wrote it, for documentation. */
  list(): { pattern: string, owner: string, nests: readonly string[] }[] {
    const found = new Set<End<Evaluate>['row']>()
    const rows: { pattern: string, owner: string, nests: readonly string[] }[] = []
    const visit = (node: Node<Evaluate>): void => {
      if (node.end !== null && !found.has(node.end.row)) {
        found.add(node.end.row)
        rows.push({ pattern: node.end.row.pattern, owner: node.end.owner, nests: node.end.row.nests ?? [] })
      }
      for (const next of node.names.values()) visit(next)
      if (node.any !== null) visit(node.any)
      if (node.integer !== null) visit(node.integer)
    }
    visit(this.root)
    return rows
  }
}

function insert<E>(root: Node<E>, row: Row<E>, owner: string, prefix: string): void {
  const pattern = parsePattern(row.pattern)
  if (pattern === null) throw new ConfigError(`invalid select pattern "${row.pattern}" of the module "${owner}"`)
  for (const path of pattern.paths) {
    let node = root
    for (const step of path.steps) {
      if (step === '*') node = node.any ??= new Node<E>()
      else if (step === '[n]') node = node.integer ??= new Node<E>()
      else {
        let next = node.names.get(step)
        if (next === undefined) node.names.set(step, next = new Node<E>())
        node = next
      }
    }
    if (node.end !== null && node.end.row !== row) {
      throw new ConfigError(`the select "${prefix}${row.pattern}" of the module "${owner}" is already defined by "${node.end.owner}"`)
    }
    node.end = { row, owner, slots: path.slots, arguments: pattern.arguments }
  }
}
