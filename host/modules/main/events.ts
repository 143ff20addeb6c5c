/** `events{}` and what stands in it. In the host because it tells how sockets are served. */
import { initValue } from '../../conf/merge.ts'
import { setFlag, setMsec, setNum } from '../../conf/setters.ts'
import { parseNumber } from '../../core/units.ts'
import type { Cycle } from '../../cycle.ts'
import { Args, Where } from '../../module.ts'
import type { Directive, Module } from '../../module.ts'

/** Whether `events{}` was read. */
export interface EventsConf {
  begun: boolean
}

/** The event settings; complete after `events{}`. */
export class EventCoreConf {
  /** Connections that one worker may have open. */
  connections!: number
  use!: string
  multiAccept!: boolean
  acceptMutex!: boolean
  /** Milliseconds. */
  acceptMutexDelay!: number
}

const events: Directive['set'] = (cf, _directive, conf: EventsConf) => {
  if (conf.begun) return 'is duplicate'
  conf.begun = true
  if (!cf.block(Where.Events, null)) return
  cf.cycle.modules.forEach((module, index) => {
    if (module.type !== 'event') return
    const text = module.initConf?.(cf, cf.cycle.confs[index])
    if (typeof text === 'string') cf.fail(text)
  })
}

/** The `events{}` block itself, which every configuration must have. */
export const eventsModule: Module = {
  name: 'events',
  type: 'core',
  createConf: (): EventsConf => ({ begun: false }),
  initConf(cf, conf: EventsConf) {
    if (!conf.begun) return 'no "events" section in configuration'
    const { connections } = eventConf(cf.cycle)
    const listening = cf.cycle.servers?.addresses.length ?? 0
    if (connections <= listening) return `${connections} worker_connections are not enough for ${listening} listening sockets`
  },
  directives: [{ name: 'events', where: Where.Main, args: Args.Block | Args.None, conf: 'core', set: events }],
}

/** The event methods that nginx has on this system. Here `epoll` is our own (host/net/epoll), and every other one Node's event loop. */
const methods = new Set(process.platform === 'linux' ? ['epoll', 'poll', 'select'] :
  process.platform === 'darwin' || process.platform === 'freebsd' ? ['kqueue', 'poll', 'select'] : ['poll', 'select'])

const use: Directive['set'] = (cf, _directive, conf: EventCoreConf) => {
  if (conf.use !== undefined) return 'is duplicate'
  if (!methods.has(cf.args[1]!)) return cf.fail(`invalid event type "${cf.args[1]}"`, 1)
  conf.use = cf.args[1]!
}

const workerConnections: Directive['set'] = (cf, _directive, conf: EventCoreConf) => {
  if (conf.connections !== undefined) return 'is duplicate'
  const count = parseNumber(cf.args[1]!)
  if (count === null) return cf.fail(`invalid number "${cf.args[1]}"`, 1)
  conf.connections = count
}

const debugConnection: Directive['set'] = (cf) =>
  cf.warn('"debug_connection" is ignored, single connections cannot be debugged')

const inEvents = { where: Where.Events, conf: 'core' } as const

/** The directives inside `events{}`. */
export const eventCoreModule: Module = {
  name: 'event_core',
  type: 'event',
  createConf: () => new EventCoreConf(),
  initConf(_cf, conf: EventCoreConf) {
    initValue(conf, 'connections', 512)
    initValue(conf, 'use', [...methods][0]!)
    initValue(conf, 'multiAccept', false)
    initValue(conf, 'acceptMutex', false)
    initValue(conf, 'acceptMutexDelay', 500)
  },
  directives: [
    { ...inEvents, name: 'worker_connections', args: Args.Take1, set: workerConnections },
    { ...inEvents, name: 'use', args: Args.Take1, set: use },
    { ...inEvents, name: 'multi_accept', args: Args.Flag, set: setFlag, field: 'multiAccept' },
    { ...inEvents, name: 'accept_mutex', args: Args.Flag, set: setFlag, field: 'acceptMutex' },
    { ...inEvents, name: 'accept_mutex_delay', args: Args.Take1, set: setMsec, field: 'acceptMutexDelay' },
    { ...inEvents, name: 'epoll_events', args: Args.Take1, set: setNum, field: 'epollEvents' },
    { ...inEvents, name: 'worker_aio_requests', args: Args.Take1, set: setNum, field: 'workerAioRequests' },
    { ...inEvents, name: 'debug_connection', args: Args.Take1, set: debugConnection },
  ],
}

/** Whether `events{}` has begun in this cycle. */
export function eventsBegun(cycle: Cycle): boolean {
  return (cycle.confs[cycle.indexOf(eventsModule)] as EventsConf).begun
}

/** The event settings of a cycle. */
export function eventConf(cycle: Cycle): EventCoreConf {
  return cycle.confs[cycle.indexOf(eventCoreModule)] as EventCoreConf
}
