/** A guest's whole state at one moment: its memory and its mutable globals. */
export class Snapshot {
  readonly memory: Uint8Array
  private readonly names: readonly string[]
  private readonly values: readonly (number | bigint)[]

  /** Copies the memory, and the exported globals of these names. */
  constructor(memory: Uint8Array, exports: WebAssembly.Exports, names: readonly string[]) {
    this.memory = new Uint8Array(memory)
    this.names = names
    this.values = names.map((name) => (exports[name] as WebAssembly.Global).value)
  }

  /** Writes the state into a memory of at least that size and the globals of an instance of the same module. */
  apply(memory: Uint8Array, exports: WebAssembly.Exports): void {
    memory.set(this.memory)
    const { names, values } = this
    for (let i = 0; i < names.length; i++) (exports[names[i]!] as WebAssembly.Global).value = values[i]
  }
}
