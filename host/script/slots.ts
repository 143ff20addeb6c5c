import type { ScriptValue } from './contract.ts'

/** Where the script variables `$var`, `$vn` and `$vz` live: each name has a place in a run's array. One object serves all programs of a worker's configuration. */
export class Slots {
  private readonly known = new Map<string, number>()
  private readonly first: ScriptValue[] = []
  private readonly preset: ReadonlyMap<string, number | string>
  private lasting: ScriptValue[] | null = null

  /** `preset`: first values of `$var` (modparam pv varset). */
  constructor(preset: ReadonlyMap<string, number | string> = new Map()) {
    this.preset = preset
  }

  /** The place of a variable; `$vn` begins undefined, the others as 0 or their preset value. */
  of(kind: 'var' | 'vn' | 'vz', name: string): number {
    const key = `${kind} ${name}`
    let slot = this.known.get(key)
    if (slot === undefined) {
      slot = this.first.length
      this.known.set(key, slot)
      this.first.push(kind === 'vn' ? null : kind === 'var' ? this.preset.get(name) ?? 0 : 0)
    }
    return slot
  }

  /** The variables that live as long as the worker does, one set for all runs (`strict`). */
  get persistent(): ScriptValue[] { return this.lasting ??= this.fresh() }

  /** A run's variables at its beginning. */
  fresh(): ScriptValue[] { return this.first.slice() }

  /** The first value of a place, for one that was made after `fresh`. */
  initial(slot: number): ScriptValue { return this.first[slot] ?? null }
}
