import {
  Bytes, Connection, RpcCall, Status, Workers, Zone, connection_hook, every, on_exit, rpc, rpc_call, sleep, state,
} from '@vespid/sdk'

// What runs without a request, each doing what it must not when the zone says so: `timer loop`, `save deep` …

const plan = Zone.open('plan')
let kept: Uint8Array[] = []

function deep(n: i32): i32 {
  return deep(n + 1) + n
}

function harm(what: string): void {
  if (what == 'loop') for (;;) kept.length
  if (what == 'memory') for (;;) kept.push(new Uint8Array(1 << 20))
  if (what == 'deep') deep(0)
  if (what == 'throw') throw new Error('out of the field')
}

function planned(where: string): void {
  const what = plan.get(where)
  if (what !== null) harm(what)
}

every(20, (): void => planned('timer'), Workers.Each, 'plain')
every(20, (): void => {
  sleep(1)
  planned('sleeper')
}, Workers.Each, 'sleeper')
every(20, (): void => { plan.incr('alive') }, Workers.Each, 'alive')

state(1, (): Uint8Array | null => {
  planned('save')
  return new Uint8Array(10)
}, (version: i32, bytes: Bytes): bool => {
  planned('restore')
  return true
})

connection_hook('pre_connection', (c: Connection): Status => {
  planned('connection')
  return Status.Declined
})
on_exit((): void => planned('exit'))
rpc('locust.harm', 'locust.harm WHAT', (call: RpcCall): void => harm(call.text(0)))
rpc('locust.later', 'locust.later WHAT', (call: RpcCall): void => {
  rpc_call('locust.ok')
  harm(call.text(0))
})
rpc('locust.ok', 'locust.ok', (call: RpcCall): void => { call.add(1) })
