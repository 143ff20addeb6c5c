/**
 * Reads a configuration into a cycle: asks the directive table for each directive and calls its `set` (nginx.md §1.3).
 * Mistakes are collected in `cycle.problems`; the first is the one nginx would report. The directive that holds a
 * mistake is left out with its block.
 */
import { readFileSync } from 'node:fs'
import { ConfigError, PluginError, systemFailure } from '../core/errors.ts'
import type { Place } from '../core/place.ts'
import { bytesOf } from '../core/text.ts'
import type { Cycle } from '../cycle.ts'
import { Where } from '../module.ts'
import type { Module } from '../module.ts'
import type { Cf, HttpConfs } from './cf.ts'
import { expandGlob, isGlob } from './glob.ts'
import { Ending, Lexer } from './lexer.ts'
import { Statement } from './statement.ts'
import { allowedNote, checkForm, DirectiveTable } from './table.ts'
import type { Context, Entry } from './table.ts'

/** What is being read: the context, the conf arrays, and for plain blocks the function that takes each line. */
export interface Scope extends Context {
  readonly http: HttpConfs | null
  readonly line: ((cf: Cf) => string | void) | null
  /** `include` is one between such lines. */
  readonly includes: boolean
  readonly depth: number
  /** The directive whose block this is; null at the top of the main file. */
  readonly opened: Place | null
}

type Level = 'main' | 'srv' | 'loc'

/** Blocks and files deeper than this are a mistake: each level costs the host stack. */
const DEEPEST = 100

/** Looking for the name that was meant costs time; nobody is shown more errors than this. */
const MOST_SUGGESTED = 100

/** Control characters that no name has. */
const notText = /[\0-\x08\x0e-\x1f]/

/** Directives whose failure leaves other directives unknown. */
const bringsModules = new Set(['load_module', 'plugins'])

const outermost: Scope = { where: Where.Main, type: 'core', http: null, line: null, includes: true, depth: 0, opened: null }

/** Reads the `-g` text and the files of one cycle. */
export class Reader {
  readonly cycle: Cycle
  /** True once http{} has begun. */
  httpBegun = false
  readonly #table = new DirectiveTable()
  readonly #confs: { level: Level, confs: HttpConfs }[] = []
  readonly #plugins = new Set<Module>()
  /** The files being read, outermost first. */
  readonly #open: string[] = []
  #errors = 0
  /** A plugin could not be loaded: that its directives are unknown is no further mistake. */
  #pluginMissing = false

  constructor(cycle: Cycle) {
    this.cycle = cycle
    cycle.modules.forEach((module, index) => this.#table.add(module, index))
  }

  /** A Cf for callbacks that no directive caused. */
  get callback(): Cf {
    return new Statement(this, outermost, null)
  }

  /** How many errors were reported. */
  get errors(): number {
    return this.#errors
  }

  /** Records a warning or an error. */
  problem(level: 'warn' | 'emerg', error: ConfigError): void {
    if (level === 'emerg') this.#errors++
    this.cycle.problems.push({ level, error })
  }

  /** Reads the directives given with `-g`. */
  readGlobals(text: string): void {
    const lexer = this.#lexer(bytesOf(text), null)
    this.#read(lexer, outermost, 'parameter')
  }

  /** Reads the main configuration file. */
  readMain(): void {
    try {
      this.#readFile(this.cycle.options.confFile, outermost, null)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      this.problem('emerg', error)
    }
  }

  /** Reads the statements of a lexer of another language's reader as the main configuration file. */
  readStatements(lexer: Lexer): void {
    this.#read(lexer, outermost, 'file')
  }

  /** Reads the block that `lexer` has just entered; false when it holds a mistake. */
  readBlock(lexer: Lexer, scope: Scope): boolean {
    const before = this.#errors
    if (scope.depth > DEEPEST) {
      lexer.skipBlock()
      throw new ConfigError(`blocks are nested more than ${DEEPEST} deep`, scope.opened)
    }
    this.#read(lexer, scope, 'block')
    return this.#errors === before
  }

  #lexer(text: string, file: string | null): Lexer {
    return new Lexer(text, file, (message, place, note) => this.problem('emerg', new ConfigError(message, place, note)))
  }

  #read(lexer: Lexer, scope: Scope, kind: 'parameter' | 'file' | 'block'): void {
    for (;;) {
      const ending = lexer.next()
      if (ending === Ending.End) {
        if (kind === 'block' && !lexer.broken) this.#unclosed(lexer, scope)
        return
      }
      if (ending === Ending.Close) {
        if (kind === 'block') return
        // What follows was meant for a block that is closed already; reading it here would only make up more mistakes.
        this.problem('emerg', new ConfigError('unexpected "}"', lexer.here(), 'no block is open here'))
        lexer.stop()
        return
      }
      const statement = new Statement(this, scope, lexer, ending === Ending.Open)
      if (kind === 'parameter' && statement.pending) {
        this.problem('emerg', new ConfigError('block directives are not supported in -g option', statement.place))
        lexer.skipBlock()
      } else {
        this.#statement(statement, lexer)
      }
    }
  }

  #unclosed(lexer: Lexer, scope: Scope): void {
    const opened = scope.opened ?? lexer.here()
    const place = { ...opened, reported: lexer.line }
    const note = lexer.gluedNote() ?? 'the block that begins here is not closed'
    this.problem('emerg', new ConfigError('unexpected end of file, expecting "}"', place, note))
    lexer.stop()
  }

  #statement(statement: Statement, lexer: Lexer): void {
    let entry: Entry | null = null
    try {
      if (statement.scope.line !== null) this.#line(statement, statement.scope.line)
      else {
        entry = this.#find(statement)
        if (entry !== null) this.#set(statement, entry)
      }
    } catch (error) {
      this.problem('emerg', this.#explained(error, statement))
      // Of a file that is no text one mistake says all.
      if (notText.test(statement.args[0]!)) return lexer.stop()
    }
    if (!statement.pending) return
    if (entry?.directive.raw !== true) lexer.skipBlock()
    else if (lexer.rawBlock() === null) lexer.stop()
  }

  #line(statement: Statement, line: (cf: Cf) => string | void): void {
    if (statement.pending) throw new ConfigError('unexpected "{"', statement.lexer!.here())
    // Like nginx's blocks: with another number of words, `include` is a line like any other.
    const { args, scope } = statement
    if (args[0] === 'include' && args.length === 2 && scope.includes) return this.include(statement, statement.args[1]!)
    const text = line(statement)
    if (typeof text === 'string') statement.fail(text)
  }

  #set(statement: Statement, { directive, index }: Entry): void {
    checkForm(directive, statement.args, statement.places, statement.pending)
    const http = statement.http
    let conf: unknown
    if (directive.conf === 'core') conf = this.cycle.confs[index]
    else if (http !== null) conf = http[directive.conf][index]
    const text = directive.set(statement, directive, conf)
    if (typeof text === 'string') statement.fail(`"${statement.args[0]}" directive ${text}`)
  }

  /** The directive meant; null when it is unknown only because a plugin could not be loaded, which was reported. */
  #find(statement: Statement): Entry | null {
    const name = statement.args[0]!
    const found = this.#table.find(name, statement.scope)
    if (found !== null) return found
    const loaded = this.cycle.plugins.loadFor(name)
    if (loaded !== null) {
      statement.addModules(loaded)
      const entry = this.#table.find(name, statement.scope)
      if (entry !== null) return entry
    }
    const known = this.#table.named(name)
    if (known.length > 0) {
      const note = allowedNote(known, (module) => this.#plugins.has(module))
      return statement.fail(`"${name}" directive is not allowed here`, 0, note)
    }
    if (this.#pluginMissing) return null
    return statement.fail(`unknown directive "${name}"`, 0, this.#unknownNote(name, statement))
  }

  #unknownNote(name: string, statement: Statement): string | undefined {
    if (notText.test(name)) return 'the file is not a text'
    if (name.startsWith('\xef\xbb\xbf')) return 'the file begins with a byte order mark; save it without one'
    const provider = this.cycle.plugins.providerOf(name)
    if (provider !== null) return `plugin "${provider}" provides it; load it with load_module or plugins`
    for (const module of this.cycle.modules) {
      const note = module.absent?.(name) ?? null
      if (note !== null) return note
    }
    if (this.#errors > MOST_SUGGESTED) return undefined
    const near = this.#table.nearest(name, statement.scope, this.cycle.plugins.provided?.() ?? [])
    return near === null ? undefined : `did you mean "${near}"?`
  }

  /**
   * What was thrown as a ConfigError: a plugin's failure gets the directive's place; a missing `;` is pointed out. Bugs
   * are thrown on.
   */
  #explained(error: unknown, statement: Statement): ConfigError {
    if (error instanceof PluginError || bringsModules.has(statement.args[0]!)) this.#pluginMissing = true
    if (error instanceof PluginError) return new ConfigError(error.message, statement.place, error.note)
    if (!(error instanceof ConfigError)) throw error
    if (error.place === null || error.note?.startsWith('it takes') === false) return error
    const word = statement.places.findIndex((place, i) => i > 0 && place.line > statement.places[i - 1]!.line &&
      this.#table.find(statement.args[i]!, statement.scope) !== null)
    if (word < 0) return error
    const before = statement.places[word - 1]!
    const note = `";" may be missing after "${statement.args[word - 1]}" on line ${before.line}`
    return new ConfigError(error.message, error.place, note)
  }

  /** Reads the file or the files that an `include` names, in the scope of its statement. */
  include(statement: Statement, name: string): void {
    const path = statement.fullName(name, 'conf')
    if (!isGlob(path)) return this.#readFile(path, statement.scope, statement)
    const files = this.cycle.options.snapshot?.globs.get(path) ?? expandGlob(path)
    this.cycle.globs.set(path, files)
    for (const file of files) this.#readFile(file, statement.scope, statement)
  }

  #readFile(path: string, scope: Scope, statement: Statement | null): void {
    const name = bytesOf(path)
    const place = statement === null ? null : statement.places[1] ?? statement.place
    if (this.#open.includes(path)) throw new ConfigError(`"${name}" includes itself`, place)
    if (this.#open.length >= DEEPEST) throw new ConfigError(`files include each other more than ${DEEPEST} deep`, place)
    const text = this.cycle.options.snapshot?.files.get(name) ?? readText(path, name, place)
    if (!this.cycle.files.some((file) => file.name === name)) this.cycle.files.push({ name, text })
    this.#open.push(path)
    this.#read(this.#lexer(text, name), scope, 'file')
    this.#open.pop()
  }

  /** See `Cf.httpConfs`. */
  httpConfs(statement: Statement, level: Level, parent: HttpConfs | null): HttpConfs {
    const confs: HttpConfs = {
      main: level === 'main' ? [] : parent!.main,
      srv: level === 'loc' ? parent!.srv : [],
      loc: [],
    }
    this.httpBegun = true
    this.#confs.push({ level, confs })
    this.cycle.modules.forEach((module, index) => createConfs(statement, module, index, level, confs))
    return confs
  }

  /** See `Cf.addModules`. */
  addModule(statement: Statement, module: Module): void {
    const { modules, confs } = this.cycle
    if (modules.some((other) => other.name === module.name)) statement.fail(`module "${module.name}" is already loaded`)
    const index = modules.push(module) - 1
    this.#plugins.add(module)
    this.#table.add(module, index)
    if (module.type === 'core' || module.type === 'event') {
      confs[index] = module.createConf?.(this.cycle)
      return
    }
    const [first] = this.#confs
    if (first === undefined) return
    createConfs(statement, module, index, first.level, first.confs)
    const text = module.preconfiguration?.(statement.at(first.confs))
    if (typeof text === 'string') statement.fail(text)
    for (const { level, confs } of this.#confs.slice(1)) createConfs(statement, module, index, level, confs)
  }
}

function createConfs(from: Statement, module: Module, index: number, level: Level, confs: HttpConfs): void {
  if ((module.type ?? 'http') !== 'http') return
  const cf = from.at(confs)
  if (level === 'main') confs.main[index] = module.createMainConf?.(cf)
  if (level !== 'loc') confs.srv[index] = module.createSrvConf?.(cf)
  confs.loc[index] = module.createLocConf?.(cf)
}

function readText(path: string, name: string, place: Place | null): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    const call = (error as NodeJS.ErrnoException).syscall === 'read' ? 'pread' : 'open'
    throw new ConfigError(systemFailure(`${call}() "${name}"`, error), place)
  }
}
