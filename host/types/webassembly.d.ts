/** The WebAssembly JavaScript API as far as vespid uses it; TypeScript ships it only together with the browser's whole DOM. */
declare namespace WebAssembly {
  type ImportExportKind = 'function' | 'table' | 'memory' | 'global' | 'tag'
  type ExportValue = Function | Table | Memory | Global
  type Exports = Record<string, any>
  type Imports = Record<string, Record<string, any>>
  interface ModuleImportDescriptor { readonly module: string, readonly name: string, readonly kind: ImportExportKind }
  interface ModuleExportDescriptor { readonly name: string, readonly kind: ImportExportKind }

  class Module {
    constructor(bytes: ArrayBufferView | ArrayBuffer)
    static customSections(module: Module, name: string): ArrayBuffer[]
    static exports(module: Module): ModuleExportDescriptor[]
    static imports(module: Module): ModuleImportDescriptor[]
    /** Never there; keeps a Module from being any object. */
    private readonly module: unknown
  }
  class Instance {
    constructor(module: Module, imports?: Imports)
    readonly exports: Exports
  }
  class Memory {
    constructor(descriptor: { initial: number, maximum?: number, shared?: boolean })
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  class Table {
    constructor(descriptor: { element: 'anyfunc' | 'externref', initial: number, maximum?: number })
    readonly length: number
    get(index: number): any
    set(index: number, value?: any): void
    grow(by: number): number
  }
  class Global {
    constructor(descriptor: { value: string, mutable?: boolean }, value?: unknown)
    value: any
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  function compile(bytes: ArrayBufferView | ArrayBuffer): Promise<Module>
  function validate(bytes: ArrayBufferView | ArrayBuffer): boolean
  /** JSPI: wraps an import that may wait. */
  class Suspending { constructor(f: (...args: any[]) => unknown) }
  /** JSPI: an import that may wait was called where nobody can. */
  class SuspendError extends Error {}
  /** JSPI: wraps an export so that it answers a promise. */
  function promising(f: Function): (...args: any[]) => Promise<any>
}
