/** Statistics that a plugin shows: read when somebody asks, not counted. */
import type { Listed } from '../../core/statistics.ts'
import type { GuestFunction } from '../program.ts'
import type { Instance } from '../instance.ts'
import { Kind } from '../frame.ts'
import { GuestFault, Trap } from '../trap.ts'
import type { Registration } from './registration.ts'
import { bounds } from './abi.ts'

/** One that was registered. */
export interface StatisticEntry {
  readonly group: string
  readonly name: string
  readonly help: string
  readonly read: GuestFunction
}

const full = /^([a-z][a-z0-9_]{0,63}):([A-Za-z0-9_-]{1,63})$/

/** Registers `GROUP:NAME` with a sentence and the function that gives its value, an f64 for the whole server. */
export function statisticImports(instance: Instance, to: Registration): Record<string, (...args: number[]) => unknown> {
  return {
    statistic: (pointer, length, help, helpLength, read, data) => {
      instance.expect(Kind.Register, 'statistic')
      to.add()
      const text = instance.text(pointer!, length!, bounds.name)
      const [, group, name] = full.exec(text) ?? []
      if (group === undefined || name === undefined) throw new GuestFault(`registered a statistic named "${text}"`)
      to.statistics.push({ group, name, help: instance.text(help!, helpLength!, 4096), read: instance.required(read!, data!, `statistic ${text}`) })
    },
  }
}

/** The statistics as the server lists them. One whose function traps is 0; `trapped` is told. */
export function makeStatistics(instance: Instance, entries: readonly StatisticEntry[], trapped: (trap: Trap, f: GuestFunction) => void): Listed[] {
  return entries.map(({ group, name, help, read }) => ({
    group, name, help,
    read: () => {
      try {
        const value = instance.run(Kind.Command, read.label, () => {
          read.calls++
          return read.call(read.data)
        })
        return Number.isFinite(value) ? value : 0
      } catch (error) {
        if (!(error instanceof Trap)) throw error
        trapped(error, read)
        return 0
      }
    },
  }))
}
