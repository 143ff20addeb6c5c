import { type Load, loads } from './loads.ts'
import { kamailioPeers } from './peers/kamailio.ts'
import { nginxPeers } from './peers/nginx.ts'
import { nodePeers } from './peers/node.ts'
import type { Peer } from './peers/peer.ts'
import { vespidPeers } from './peers/vespid.ts'

/** What a target is about: server CPU per request, or the 99th percentile of latency. */
export type Figure = 'cpu' | 'p99'

/**
 * A bound on a row's figure divided by the first row's. `min` 1.25 says that the row uses at least 1.25 times the CPU
 * that the first one does; `max` is for rows that are the first one with something added. `noise` admits the A/A
 * spread where that is larger.
 */
export type Target = { figure: Figure, min?: number, max?: number, noise?: boolean }

/** A line of a comparison; `again` marks the A/A line: the same peer, started a second time. */
export type Row = { peer: Peer, target?: Target, again?: boolean }

/** Servers that get the same load in turn; the first is the one that the others are compared with. */
export type Comparison = { name: string, title: string, load: Load, rows: readonly Row[] }

/** All peers. */
export const peers: readonly Peer[] = [...vespidPeers, ...nginxPeers, ...kamailioPeers, ...nodePeers]

function row(name: string, target?: Target): Row {
  const peer = peers.find(peer => peer.name === name)
  if (peer === undefined) throw new Error(`no peer "${name}"`)
  return target === undefined ? { peer } : { peer, target }
}

const atLeast = (min: number, figure: Figure = 'cpu'): Target => ({ figure, min })
const unmeasurable: Target = { figure: 'cpu', max: 1.02, noise: true }

const hooks = [
  row('vespid-hooks'),
  row('vespid-hooks-called'),
  row('nginx-lua', atLeast(1.25)),
  row('nginx-return', atLeast(0.95)),
  row('nginx-hooks'),
  row('raw-onread', atLeast(0.85)),
  row('raw-data'),
  row('node-http'),
]

const latency = [
  row('vespid-hooks'), row('nginx-return', atLeast(0.5, 'p99')), row('nginx-lua'), row('raw-onread'),
  row('raw-onread-16'), row('node-http'),
]

/** What a run measures when `--only` does not choose. The targets are those of the project's plan. */
export const comparisons: readonly Comparison[] = [
  {
    name: 'hooks', title: 'Three plugins in the path of each request', load: loads.small,
    rows: [...hooks, row('kamailio-xhttp')],
  },
  { name: 'browser', title: 'Three plugins, browser-sized head', load: loads.browser, rows: hooks },
  {
    name: 'pipeline', title: 'Three plugins, 16 requests at a time', load: loads.pipeline,
    rows: [
      row('vespid-hooks'), row('nginx-lua', atLeast(1.25)), row('nginx-return', atLeast(0.95)), row('raw-onread'),
      row('node-http'),
    ],
  },
  {
    name: 'return', title: 'return 200', load: loads.small,
    rows: [row('vespid-return'), row('nginx-return'), row('raw-onread')],
  },
  {
    name: 'rpc', title: 'JSON-RPC core.version over HTTP', load: loads.rpc,
    rows: [row('vespid-rpc'), row('kamailio-rpc', atLeast(2.5)), row('node-http')],
  },
  {
    name: 'routes', title: 'A Kamailio file: xhttp_reply in a route', load: loads.small,
    rows: [row('vespid-routes'), row('kamailio-xhttp', atLeast(1.2))],
  },
  {
    name: 'routes-rpc', title: 'A Kamailio file: jsonrpc_dispatch of core.version', load: loads.rpc,
    rows: [row('vespid-routes-rpc'), row('kamailio-rpc', atLeast(2.5))],
  },
  {
    name: 'many', title: '512 connections', load: loads.many,
    rows: [
      row('vespid-hooks'), row('nginx-return', atLeast(0.9)), row('nginx-lua'), row('vespid-return'), row('raw-onread'),
      row('raw-onread-16'),
    ],
  },
  {
    name: 'latency', title: 'Latency, as many requests as go through', load: loads.small,
    rows: latency,
  },
  {
    name: 'paced', title: 'Latency, server not saturated', load: loads.paced,
    rows: latency,
  },
  {
    name: 'unused', title: 'Two loaded plugins that nothing uses', load: loads.small,
    rows: [row('vespid-hooks'), row('vespid-hooks-unused', unmeasurable)],
  },
  {
    name: 'locations', title: '10 and 10,000 locations', load: loads.locations,
    rows: [
      row('vespid-locations-10'), row('vespid-locations-10000', { figure: 'cpu', max: 1.2 }),
      row('nginx-locations-10'), row('nginx-locations-10000'),
    ],
  },
]
