/** Kamailio's commands about statistics: `stats.*`, `cnt.*`, `sl.stats` (kamailio.md §3). They answer in whichever thread is asked. */
import { getHeapStatistics } from 'node:v8'
import type { Listed } from '../core/statistics.ts'
import { statistics } from '../core/statistics.ts'
import type { Cycle } from '../cycle.ts'
import type { Command, Parameter } from './command.ts'
import { Members, RpcError } from './command.ts'
import { scan } from './scan.ts'

const names: readonly Parameter[] = [{ name: 'name', type: 'string', optional: true, rest: true }]
const groupOnly: readonly Parameter[] = [{ name: 'group', type: 'string' }]
const groupAndName: readonly Parameter[] = [{ name: 'group', type: 'string' }, { name: 'name', type: 'string' }]
const groupAndPerhapsName: readonly Parameter[] = [{ name: 'group', type: 'string' }, { name: 'name', type: 'string', optional: true }]

let mostUsed = 0

/** This thread's heap under the names of Kamailio's shared memory. */
export function memoryStatistics(): Record<'total' | 'free' | 'used' | 'real_used' | 'max_used' | 'fragments', number> {
  const { heap_size_limit: total, used_heap_size: used, total_heap_size: real } = getHeapStatistics()
  mostUsed = Math.max(mostUsed, real)
  return { total, free: Math.max(0, total - real), used, real_used: real, max_used: mostUsed, fragments: 1 }
}

function memoryListed(): Listed[] {
  const now = (name: keyof ReturnType<typeof memoryStatistics>) => () => memoryStatistics()[name]
  return ([['fragments', 'fragments'], ['free', 'free_size'], ['max_used', 'max_used_size'], ['real_used', 'real_used_size'], ['total', 'total_size'], ['used', 'used_size']] as const)
    .map(([field, name]) => ({ group: 'shmem', name, help: 'the heap of the thread that answers', read: now(field) }))
}

/** All statistics of a cycle, by group and name. What its modules bring is among them. */
function allStatistics(cycle: Cycle): Listed[] {
  const brought = cycle.modules.flatMap(({ statistics: own }) => own ?? [])
  return [...statistics.list(), ...memoryListed(), ...brought].sort((a, b) => (a.group === b.group ? compare(a.name, b.name) : compare(a.group, b.group)))
}

/** In the order of their bytes. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** `all`, `GROUP:` or a name alone; empty for one that is not there. */
function selectStatistics(list: readonly Listed[], selector: string): readonly Listed[] {
  if (selector === 'all') return list
  if (selector.endsWith(':')) return list.filter(({ group }) => group === selector.slice(0, -1))
  const one = list.find(({ name }) => name === selector)
  return one === undefined ? [] : [one]
}

/** What a statistic's name or `GROUP:NAME` says now; null when there is none. */
export function readStatistic(cycle: Cycle, name: string): number | null {
  const cell = statistics.named(name)
  if (cell >= 0) return statistics.read(cell)
  const colon = name.indexOf(':')
  const list = allStatistics(cycle)
  const found = colon < 0 ? list.find((s) => s.name === name) : list.find((s) => s.group === name.slice(0, colon) && s.name === name.slice(colon + 1))
  return found?.read() ?? null
}

/** The commands, about the cycle in use. */
export function statisticsCommands(cycle: () => Cycle): Command[] {
  const selected = (params: unknown, missing: string): readonly Listed[] => {
    const wanted = scan(params, names)
    if (wanted.length === 0) throw new RpcError(400, missing)
    const list = allStatistics(cycle())
    return wanted.flatMap((name) => selectStatistics(list, String(name)))
  }
  const toRead = 'Please provide which stats to retrieve'
  const values = (params: unknown, as: (value: number) => unknown): unknown =>
    Object.fromEntries(selected(params, toRead).map(({ group, name, read }) => [`${group}.${name}`, as(read())]))
  const reset = (list: readonly Listed[]): string | null => {
    let last: string | null = null
    for (const one of list) {
      if (one.reset === undefined) continue
      last = `${one.group}:${one.name} = ${one.read()}`
      one.reset()
    }
    return last
  }
  return [{
    name: 'stats.get_statistics', usage: 'stats.get_statistics NAME...: statistics as "group:name = value"; NAME is all, GROUP: or a statistic', effect: 'read', array: true, parameters: names,
    run: (params) => selected(params, toRead).map(({ group, name, read }) => `${group}:${name} = ${read()}`),
  }, {
    name: 'stats.fetch', usage: 'stats.fetch NAME...: statistics as an object of texts', effect: 'read', parameters: names, run: (params) => values(params, String),
  }, {
    name: 'stats.fetchn', usage: 'stats.fetchn NAME...: statistics as an object of numbers', effect: 'read', parameters: names, run: (params) => values(params, (value) => value),
  }, {
    name: 'stats.reset_statistics', usage: 'stats.reset_statistics NAME...: begin to count anew at 0; states stay', effect: 'write', parameters: names,
    run: (params) => (reset(selected(params, 'Please provide stats name')), {}),
  }, {
    name: 'stats.clear_statistics', usage: 'stats.clear_statistics NAME...: begin anew at 0, and tell what the last one was', effect: 'write', parameters: names,
    run: (params) => reset(selected(params, 'Please provide stats name')) ?? {},
  }, ...counterCommands(cycle), {
    name: 'sl.stats', usage: 'sl.stats: the replies that were sent, by code', effect: 'read', run: () => replyCounts(),
  }]
}

function counterCommands(cycle: () => Cycle): Command[] {
  const find = (params: unknown): Listed => {
    const [group, name] = scan(params, groupAndName) as readonly string[]
    if (group === undefined || name === undefined) throw new RpcError(400, 'Invalid Parameters')
    const found = allStatistics(cycle()).find((s) => s.group === group && s.name === name)
    if (found === undefined) throw new RpcError(400, `non-existent counter ${group}.${name}\n`)
    return found
  }
  const ofGroup = (params: unknown): readonly Listed[] => {
    const [wanted] = scan(params, groupOnly)
    if (wanted === undefined) throw new RpcError(400, 'Invalid Parameters')
    return allStatistics(cycle()).filter(({ group }) => group === wanted)
  }
  const one = (name: string, usage: string, run: (found: Listed) => unknown, effect: Command['effect'] = 'read'): Command =>
    ({ name, usage: `${name} GROUP NAME: ${usage}`, effect, parameters: groupAndName, run: (params) => run(find(params)) })
  const groups: Pick<Command, 'effect' | 'array' | 'run'> = {
    effect: 'read', array: true, run: () => [...new Set(allStatistics(cycle()).map(({ group }) => group))],
  }
  const variables: Pick<Command, 'effect' | 'array' | 'parameters' | 'run'> = {
    effect: 'read', array: true, parameters: groupOnly, run: (params) => ofGroup(params).map(({ name }) => name),
  }
  const valuesOf = (params: unknown): unknown => Object.fromEntries(ofGroup(params).map(({ name, read }) => [name, read()]))
  const all: Pick<Command, 'effect' | 'parameters' | 'run'> = { effect: 'read', parameters: groupOnly, run: valuesOf }
  return [
    {
      name: 'cnt.get', usage: 'cnt.get GROUP [NAME]: the value of a statistic, or those of a group', effect: 'read', parameters: groupAndPerhapsName,
      run: (params) => (scan(params, groupAndPerhapsName).length === 1 ? valuesOf(params) : find(params).read()),
    },
    one('cnt.get_raw', 'the value of a statistic', ({ read }) => read()),
    one('cnt.help', 'what a statistic counts', ({ help }) => help),
    one('cnt.reset', 'begin to count anew at 0; a state stays', ({ reset }) => (reset?.(), {}), 'write'),
    ...['cnt.grps_list', 'cnt.list_groups'].map((name) => ({ name, usage: `${name}: the groups of statistics`, ...groups })),
    ...['cnt.var_list', 'cnt.list_vars'].map((name) => ({ name, usage: `${name} GROUP: the names of a group`, ...variables })),
    ...['cnt.grp_get_all', 'cnt.get_vars'].map((name) => ({ name, usage: `${name} GROUP: the statistics of a group with their values`, ...all })),
  ]
}

const replyNames = ['200', '202', '2xx', '300', '301', '302', '3xx', '400', '401', '403', '404', '407', '408', '483', '4xx', '500', '5xx', '6xx', 'xxx']

function replyCounts(): Members {
  return new Members(replyNames.map((name) => [name, statistics.read(statistics.index('sl', `${name}_replies`))]))
}
