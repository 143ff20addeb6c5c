import { ConfigError } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import { textOf } from '../core/text.ts'
import type { Cycle } from '../cycle.ts'
import { Where } from '../module.ts'
import type { Module } from '../module.ts'
import type { Cf, HttpConfs } from './cf.ts'
import type { Lexer } from './lexer.ts'
import type { Reader, Scope } from './reader.ts'

/** The words of one directive and what its `set` may do with them: the reader's implementation of `Cf`. */
export class Statement implements Cf {
  readonly cycle: Cycle
  readonly args: readonly string[]
  readonly scope: Scope
  places: readonly Place[]
  /** The block of this directive has not been read yet. */
  pending: boolean
  readonly lexer: Lexer | null
  readonly #reader: Reader

  /** The statement that `lexer` has read last, or, with null, a Cf for callbacks that no directive caused. */
  constructor(reader: Reader, scope: Scope, lexer: Lexer | null, opened = false) {
    this.#reader = reader
    this.cycle = reader.cycle
    this.scope = scope
    this.lexer = lexer
    this.args = lexer?.words ?? []
    this.places = lexer?.places ?? []
    this.pending = opened
  }

  get place(): Place | null {
    return this.places[0] ?? null
  }

  get where(): number {
    return this.scope.where
  }

  get http(): HttpConfs | null {
    return this.scope.http
  }

  get httpBegun(): boolean {
    return this.#reader.httpBegun
  }

  block(where: number, http: HttpConfs | null, type: 'core' | 'event' | 'http' = typeOf(where)): boolean {
    return this.#readBlock({ where, http, type, line: null, includes: true, depth: this.scope.depth + 1, opened: this.place })
  }

  lines(line: (cf: Cf) => string | void, includes = true): boolean {
    return this.#readBlock({ ...this.scope, line, includes, depth: this.scope.depth + 1, opened: this.place })
  }

  #readBlock(scope: Scope): boolean {
    const lexer = this.#take()
    const clean = this.#reader.readBlock(lexer, scope)
    this.#moveTo(lexer.line)
    return clean
  }

  rawBlock(): { text: string, place: Place } {
    const lexer = this.#take()
    const block = lexer.rawBlock()
    this.#moveTo(lexer.line)
    if (block !== null) return block
    lexer.stop()
    return this.fail('unexpected end of file, expecting "}"', 0, 'the block that begins here is not closed')
  }

  #take(): Lexer {
    if (this.lexer === null || !this.pending) throw new Error(`directive ${this.args[0]} has no block to read`)
    this.pending = false
    return this.lexer
  }

  /** From now on mistakes are reported where reading stands, as nginx does; places handed out before keep theirs. */
  #moveTo(line: number): void {
    this.places = this.places.map((place) => ({ ...place, reported: line }))
  }

  include(name: string): void {
    this.#reader.include(this, name)
  }

  httpConfs(level: 'main' | 'srv' | 'loc', parent: HttpConfs | null = null): HttpConfs {
    return this.#reader.httpConfs(this, level, parent)
  }

  addModules(modules: readonly Module[]): void {
    for (const module of modules) this.#reader.addModule(this, module)
  }

  fail(message: string, argument = 0, note?: string): never {
    throw new ConfigError(message, this.places[argument] ?? this.place, note ?? null)
  }

  report(error: ConfigError): void {
    this.#reader.problem('emerg', error)
  }

  warn(message: string, argument = 0): void {
    this.#reader.problem('warn', new ConfigError(message, this.places[argument] ?? this.place))
  }

  fullName(name: string, relativeTo: 'prefix' | 'conf' = 'prefix'): string {
    const path = textOf(name)
    if (path.startsWith('/')) return path
    const { prefix, confFile } = this.cycle.options
    return (relativeTo === 'prefix' ? prefix : confFile.slice(0, confFile.lastIndexOf('/') + 1)) + path
  }

  /** The same statement with other conf arrays, for the callbacks that fill them. */
  at(http: HttpConfs): Statement {
    const copy = new Statement(this.#reader, { ...this.scope, http }, null)
    return Object.assign(copy, { args: this.args, places: this.places })
  }
}

function typeOf(where: number): 'core' | 'event' | 'http' {
  if ((where & Where.Main) !== 0) return 'core'
  return (where & Where.Events) !== 0 ? 'event' : 'http'
}
