/** split_clients (nginx.md §11): a variable that shares requests out by a hash. A host module for the reason that `map` is one. */
import type { Cf } from '../../conf/cf.ts'
import type { Module } from '../../module.ts'
import { Args, Where } from '../../module.ts'
import { defineVariable } from '../../expr/define.ts'
import { compileTemplate } from '../../expr/template.ts'
import { moduleOrder } from '../order.ts'
import { murmurHash2 } from './murmur.ts'

/** One share: hundredths of a percent, 0 for `*`; the value of hashes below `limit`. */
interface Share {
  readonly percent: number
  readonly value: string
  limit: number
}

const whole = 10000
const largest = 0xffffffff

/** `12.5%` in hundredths of a percent, or null: at most two decimals, above 0. */
function parsePercent(text: string): number | null {
  const match = /^(\d{1,9})(?:\.(\d{0,2}))?%$/.exec(text)
  if (match === null) return null
  const percent = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
  return percent === 0 ? null : percent
}

/** Turns the shares into limits of the hash; false when they are more than the whole. */
function setLimits(shares: readonly Share[]): boolean {
  let sum = 0
  let last = 0
  for (const share of shares) {
    sum = share.percent === 0 ? whole : sum + share.percent
    if (sum > whole) return false
    last += Math.floor(share.percent * largest / whole)
    share.limit = share.percent === 0 ? Infinity : last
  }
  return true
}

function readLine(cf: Cf, shares: Share[]): void {
  if (cf.args.length !== 2) cf.fail('invalid number of the split_clients parameters')
  const [text, value] = cf.args as [string, string]
  const percent = text === '*' ? 0 : parsePercent(text)
  if (percent === null) cf.fail(`invalid percent value "${text}"`, 0)
  shares.push({ percent, value, limit: 0 })
}

/** `split_clients SOURCE $name { 50% a; * b; }` */
function setSplitClients(cf: Cf): void {
  const source = compileTemplate(cf, cf.args[1]!, 1)
  const variable = defineVariable(cf, 2)
  const shares: Share[] = []
  if (!cf.lines((line) => readLine(line, shares), false)) return
  if (!setLimits(shares)) cf.fail('percent total is greater than 100%')
  variable.get = (r) => {
    const hash = murmurHash2(source.evaluate(r))
    for (const share of shares) if (hash < share.limit) return share.value
    return ''
  }
}

/** The split_clients module. */
export const splitClientsModule: Module = {
  name: 'split_clients',
  order: moduleOrder.split_clients,
  directives: [{ name: 'split_clients', where: Where.Http, args: Args.Block | Args.Take2, conf: 'main', set: setSplitClients }],
  createMainConf: () => ({}),
}
