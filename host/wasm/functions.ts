import { GuestMemory } from './memory.ts'
import type { Program } from './program.ts'
import { GuestFunction } from './program.ts'
import { mayWait } from './reach.ts'
import { GuestFault } from './trap.ts'

/** The functions of one instance that the host calls: those of its table which the plugin has handed over. */
export class GuestFunctions extends GuestMemory {
  readonly program: Program
  readonly functions: GuestFunction[] = []
  /** Of a plugin's further instances, its first one. */
  readonly origin: GuestFunctions | null
  private table!: WebAssembly.Table
  /** What `bind` and `promise` made, by ordinal. */
  private readonly bound: GuestFunction['call'][] = []
  private readonly promised: ((...args: number[]) => Promise<number>)[] = []

  constructor(program: Program, origin: GuestFunctions | null) {
    super()
    this.program = program
    this.origin = origin
  }

  /** Takes the table of a WebAssembly instance that is new. */
  protected useTable(table: WebAssembly.Table): void {
    this.bound.length = this.promised.length = 0
    this.table = table
  }

  /** Binds the functions anew to the table of an instance that has taken another's place. */
  protected rebind(): void {
    for (const f of this.functions) {
      const call = f.index < this.table.length ? this.table.get(f.index) as GuestFunction['call'] : null
      if (call === null) throw new Error(`its table had ${f.label} only after it was changed`)
      f.call = call
    }
  }

  /** The table's function at an index, bound to its data; −1 is none. A fault when there is no such function. */
  function(index: number, data: number, label: string): GuestFunction | null {
    if (index === -1) return null
    let call: unknown = null
    try {
      call = this.table.get(index >>> 0)
    } catch { /* RangeError: answered below */ }
    if (typeof call !== 'function') throw new GuestFault(`gave function ${index >>> 0} for ${label}, which its table does not have`)
    const waits = mayWait(this.program.reach, this.table, index, data)
    const f = new GuestFunction(index >>> 0, data, label, call as GuestFunction['call'], this.functions.length, waits)
    this.functions.push(f)
    return f
  }

  /** The same where a function is required. */
  required(index: number, data: number, label: string): GuestFunction {
    const f = this.function(index, data, label)
    if (f === null) throw new GuestFault(`gave no function for ${label}`)
    return f
  }

  /** A function of the plugin as it is in this instance. */
  bind(f: GuestFunction): GuestFunction['call'] {
    return this.origin === null ? f.call : this.bound[f.ordinal] ??= this.table.get(f.index) as GuestFunction['call']
  }

  /** The same, to be called where it may be suspended. */
  promise(f: GuestFunction): (...args: number[]) => Promise<number> {
    return this.promised[f.ordinal] ??= WebAssembly.promising(this.bind(f)) as (...args: number[]) => Promise<number>
  }
}
