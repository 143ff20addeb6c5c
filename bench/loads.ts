import type { Message } from './probe.ts'

/**
 * What the load generator sends: one or several messages in turn over some connections, `depth` of them at a time on
 * each.
 */
export type Load = {
  name: string
  about: string
  connections: number
  depth: number
  /** Greatest pause before a request, ms; 0 sends the next one at once. With a pause the server is not saturated. */
  pause: number
  /** A load lasts this many times what the command line says. */
  stretch: number
  messages: readonly Message[]
}

const get: Message = { method: 'GET', path: '/', headers: {}, body: '' }

// Twelve headers with the Host that every generator adds: about 600 bytes.
const browser: Message = {
  ...get,
  headers: {
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Accept': 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Accept-Language': 'en-GB,en;q=0.7,de;q=0.3',
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Referer': 'http://bench.example/some/page.html?from=here',
    'Cookie': 'session=3f2b9c1e7a604d58a1c0; theme=dark; consent=yes; last=1735689600',
    'Upgrade-Insecure-Requests': '1',
    'Sec-Fetch-Dest': 'document',
    'Sec-Fetch-Mode': 'navigate',
    'Sec-Fetch-Site': 'same-origin',
    'Priority': 'u=0, i',
  },
}

const rpc: Message = {
  method: 'POST',
  path: '/rpc',
  headers: { 'Content-Type': 'application/json' },
  body: '{"jsonrpc":"2.0","method":"core.version","id":1}',
}

/** The prefixes of `count` locations. Ten of them are the same for every count, so that one load fits all. */
export function locationPaths(count: number): string[] {
  const step = 10_000 / count
  return Array.from({ length: count }, (_, i) => `/site/${String(Math.round(i * step)).padStart(5, '0')}/`)
}

function load(name: string, about: string, change: Partial<Load>): Load {
  return { name, about, connections: 64, depth: 1, pause: 0, stretch: 1, messages: [get], ...change }
}

/** The loads by name. */
export const loads = {
  small: load('small', 'GET with a head of some 45 bytes, 64 connections', {}),
  browser: load('browser', 'GET with 12 headers, some 600 bytes, 64 connections', { messages: [browser] }),
  pipeline: load('pipeline', 'GET, 16 at a time on each of 64 connections', { depth: 16 }),
  rpc: load('rpc', 'POST of a JSON-RPC call, 64 connections', { messages: [rpc] }),
  // Longer, because it takes a Node server up to a second to accept 512 connections while it serves those that it has.
  many: load('many', 'GET, 512 connections', { connections: 512, stretch: 3 }),
  paced: load('paced', 'GET, 64 connections, each pausing 1 to 4 ms between requests', { pause: 4 }),
  locations: load('locations', 'GET of ten paths in turn, 64 connections', {
    messages: locationPaths(10).map(path => ({ ...get, path: `${path}index.html` })),
  }),
} satisfies Record<string, Load>
