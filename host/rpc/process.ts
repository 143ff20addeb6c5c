/** Kamailio's commands about the process and all its threads (kamailio.md §3.2): they run where the server's control is. */
import { RpcError } from './command.ts'
import type { Command, Parameter } from './command.ts'
import { programFacts, programFlags } from './local.ts'
import { scan } from './scan.ts'
import type { ServerControl, ThreadStatus } from './server.ts'
import { ctime } from './times.ts'

const signalOnly: readonly Parameter[] = [{ name: 'signal', type: 'int', optional: true }]
const which: readonly Parameter[] = [{ name: 'by', type: 'string', optional: true }, { name: 'number', type: 'int', optional: true }]

/** What a thread is, in Kamailio's words where there are some. */
function describe({ role, thread }: ThreadStatus): string {
  return role === 'master' ? 'main process - attendant' : role === 'single' ? 'stand-alone receiver' : `worker thread ${thread}`
}

function days(seconds: number): string {
  return `${Math.floor(seconds / 86400)}d ${Math.floor(seconds / 3600) % 24}h ${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`
}

/** The commands, as `server` carries them out. */
export function processCommands(server: ServerControl): Command[] {
  const array = { effect: 'read', array: true } as const
  const uptime = (): number => Math.floor((Date.now() - server.started) / 1000)
  return [{
    name: 'core.uptime', usage: 'core.uptime: the time now, the time of the start, and the seconds between them', effect: 'read',
    run: () => ({ now: ctime(Date.now()), up_since: ctime(server.started), uptime: uptime() }),
  }, {
    name: 'core.info', usage: 'core.info: the program\'s version and how it was made', effect: 'read', run: () => ({ ...programFacts, flags: programFlags }),
  }, {
    name: 'core.runinfo', usage: 'core.runinfo: the program\'s version, and since when it runs', effect: 'read',
    run: () => ({
      name: 'vespid', version: programFacts.version.slice(7), sourceid: programFacts.id, compiler: programFacts.compiler, compiled: programFacts.compiled,
      time_now: ctime(Date.now()), time_started: ctime(server.started), uptime_secs: uptime(), utime_days: days(uptime()),
    }),
  }, {
    name: 'core.flags', usage: 'core.flags: what the program was made with', effect: 'read', run: () => programFlags,
  }, {
    name: 'core.ps', usage: 'core.ps: process number and description of each thread, one after the other; worker.list tells more', ...array,
    run: async () => (await server.threads()).flatMap((thread) => [thread.pid, describe(thread)]),
  }, {
    name: 'core.psx', usage: 'core.psx: the threads with their process number and description', ...array,
    run: async () => (await server.threads()).map((thread, i) => ({ IDX: i, PID: thread.pid, DSC: describe(thread) })),
  }, {
    name: 'core.psa', usage: 'core.psa: the threads with their state and description', ...array,
    run: async () => (await server.threads()).map((thread, i) => ({ index: i, pid: thread.pid, status: 1, rank: i, description: describe(thread) })),
  }, {
    name: 'core.pwd', usage: 'core.pwd: the working directory', ...array, run: () => [process.cwd()],
  }, {
    name: 'core.arg', usage: 'core.arg: the words of the command line', ...array, run: () => [...process.argv],
  }, {
    name: 'core.kill', usage: 'core.kill [SIGNAL]: only 0, which does nothing; core.shutdown ends the server', effect: 'write', parameters: signalOnly,
    run: (params) => {
      const [signal = 9] = scan(params, signalOnly)
      if (signal !== 0) throw new RpcError(500, 'the server is not killed by command, call core.shutdown')
      return {}
    },
  }, {
    name: 'core.tcp_list', usage: 'core.tcp_list: the open connections', ...array, run: () => server.connections(),
  }, {
    name: 'pkg.stats', usage: 'pkg.stats [pid|rank|index NUMBER]: the heap of each thread', ...array, parameters: which, run: (params) => heaps(server, params),
  }]
}

async function heaps(server: ServerControl, params: unknown): Promise<unknown> {
  const [by, number] = scan(params, which)
  const threads = (await server.threads()).map((thread, i) => ({
    entry: i, pid: thread.pid, rank: i, used: thread.heap, free: Math.max(0, thread.heapLimit - thread.heap), real_used: thread.heap, total_size: thread.heapLimit,
    total_frags: 1, desc: describe(thread),
  }))
  if (by === undefined) return threads
  if (by !== 'pid' && by !== 'rank' && by !== 'index') throw new RpcError(500, 'Invalid filter type')
  if (number === undefined) throw new RpcError(500, 'One more parameter expected')
  const found = threads.filter(({ pid, entry }) => (by === 'pid' ? pid : entry) === number)
  if (found.length === 0) throw new RpcError(500, `No such ${by}`)
  return found
}
