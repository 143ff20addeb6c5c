/**
 * map (nginx.md §11): a variable whose value is looked up by another. A host module because its block defines variables while the
 * configuration is read, which templates of every other module compile against.
 */
import type { Cf } from '../../conf/cf.ts'
import type { Module } from '../../module.ts'
import { Args, Where } from '../../module.ts'
import { bounds, setNum } from '../../conf/setters.ts'
import { bindRegex, defineVariable } from '../../expr/define.ts'
import { compileTemplate } from '../../expr/template.ts'
import { moduleOrder } from '../order.ts'
import { MapTable } from './table.ts'

/** What the lines of a block say besides keys. */
interface MapBlock {
  readonly table: MapTable
  volatile: boolean
}

/** `map SOURCE $name { … }` */
function setMap(cf: Cf): void {
  const source = compileTemplate(cf, cf.args[1]!, 1)
  const variable = defineVariable(cf, 2)
  const block: MapBlock = { table: new MapTable(), volatile: false }
  if (!cf.lines((line) => readLine(line, block))) return
  const { table } = block
  variable.get = (r) => table.find(r, source.evaluate(r))
  if (block.volatile) variable.nocache = true
}

function readLine(cf: Cf, block: MapBlock): void {
  const [key, text] = cf.args as [string, string | undefined]
  if (cf.args.length === 1 && key === 'hostnames') {
    block.table.hostnames = true
    return
  }
  if (cf.args.length === 1 && key === 'volatile') {
    block.volatile = true
    return
  }
  if (cf.args.length !== 2) cf.fail('invalid number of the map parameters')
  const value = compileTemplate(cf, text!, 1)
  if (key === 'default') {
    if (block.table.fallback !== null) cf.fail('duplicate default map parameter')
    block.table.fallback = value
  } else if (key.startsWith('~')) {
    const caseless = key.startsWith('~*')
    block.table.addRegex(bindRegex(cf, key.slice(caseless ? 2 : 1), caseless, 0), value)
  } else {
    const plain = key.startsWith('\\') ? key.slice(1) : key
    const added = block.table.add(plain, value)
    if (added === 'invalid') cf.fail(`invalid hostname or wildcard "${plain}"`, 0)
    if (added === 'conflict') cf.fail(`conflicting parameter "${plain}"`, 0)
  }
}

/** The map module. The hash sizes are read and checked; the tables need none. */
export const mapModule: Module = {
  name: 'map',
  order: moduleOrder.map,
  createMainConf: () => ({}),
  directives: [
    { name: 'map', where: Where.Http, args: Args.Block | Args.Take2, conf: 'main', set: setMap },
    { name: 'map_hash_max_size', where: Where.Http, args: Args.Take1, conf: 'main', field: 'hashMaxSize', set: setNum, post: bounds(0) },
    { name: 'map_hash_bucket_size', where: Where.Http, args: Args.Take1, conf: 'main', field: 'hashBucketSize', set: setNum, post: bounds(0) },
  ],
}
