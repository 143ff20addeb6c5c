import { Args, Where } from '../../module.ts'
import type { Module } from '../../module.ts'

/** `include FILE|PATTERN;` in every context. In the host because it is part of reading the configuration. */
export const includeModule: Module = {
  name: 'conf',
  type: 'core',
  directives: [
    { name: 'include', where: Where.Any, args: Args.Take1, conf: 'core', set: (cf) => cf.include(cf.args[1]!) },
  ],
}
