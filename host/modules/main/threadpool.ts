import { parseNumber } from '../../core/units.ts'
import { Args, Where } from '../../module.ts'
import type { Directive, Module } from '../../module.ts'

/** The thread pools by name. The runtime has its own pool for files; these are only checked. */
type Pools = Map<string, { threads: number, maxQueue: number }>

const threadPool: Directive['set'] = (cf, _directive, pools: Pools) => {
  const name = cf.args[1]!
  let threads = 0
  let maxQueue = 65536
  for (let i = 2; i < cf.args.length; i++) {
    const [, key, value] = /^(threads|max_queue)=(.*)$/s.exec(cf.args[i]!) ?? []
    if (key === undefined) continue
    const number = parseNumber(value!)
    if (number === null || (key === 'threads' && number === 0)) {
      return cf.fail(`invalid ${key} value "${cf.args[i]}"`, i)
    }
    if (key === 'threads') threads = number
    else maxQueue = number
  }
  if (pools.has(name)) return cf.fail(`duplicate thread pool "${name}"`, 1)
  if (threads === 0) return cf.fail('"thread_pool" must have "threads" parameter')
  pools.set(name, { threads, maxQueue })
}

/** `thread_pool NAME threads=N [max_queue=N];` */
export const threadPoolModule: Module = {
  name: 'thread_pool',
  type: 'core',
  createConf: (): Pools => new Map(),
  directives: [{ name: 'thread_pool', where: Where.Main, args: Args.Take23, conf: 'core', set: threadPool }],
}
