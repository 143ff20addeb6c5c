import type { Clock } from './limits/clock.ts'

/**
 * Stands around the host functions of one instance: what they throw must not reach exception handlers of the guest's, and while they wait the
 * guest does not run.
 */
export class Guard {
  /** What the host threw where the guest could have caught it; null after nothing. */
  thrown: unknown = null
  private readonly catches: boolean
  private readonly clock: Clock
  private readonly end: () => void

  /** `catches`: the guest has exception handlers; `end` makes its next check end the call. */
  constructor(catches: boolean, clock: Clock, end: () => void) {
    this.catches = catches
    this.clock = clock
    this.end = end
  }

  /** The imports as they are given to the instance: those of a guest that could catch end its call at the check behind the host call instead of throwing. */
  imports(imports: WebAssembly.Imports): WebAssembly.Imports {
    if (!this.catches) return imports
    const wrap = (f: (...args: any[]) => any) => (...args: any[]): any => {
      try {
        return f(...args)
      } catch (error) {
        return this.failed(error)
      }
    }
    return Object.fromEntries(Object.entries(imports).map(([module, functions]) =>
      [module, Object.fromEntries(Object.entries(functions).map(([name, f]) => [name, typeof f === 'function' ? wrap(f) : f]))]))
  }

  /** A host function that may wait: it answers at once, or by a promise until which the guest is suspended. */
  suspending(f: (...args: any[]) => number | void | Promise<number>): WebAssembly.Suspending {
    return new WebAssembly.Suspending((...args: any[]) => {
      try {
        const ran = this.clock.pause()
        const result = f(...args)
        if (!(result instanceof Promise)) {
          this.clock.resume(ran)
          return result
        }
        return result.then((value) => {
          this.clock.resume(ran)
          return value
        }, (error: unknown) => this.failed(error))
      } catch (error) {
        return this.failed(error)
      }
    })
  }

  private failed(error: unknown): number {
    if (!this.catches) throw error
    this.thrown ??= error
    this.end()
    return 0
  }
}
