import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { locationPaths } from '../loads.ts'
import { freePort, startServer } from '../proc.ts'
import { type Peer, body, expectBody, expectHooks, expectRpc, servedBy } from './peer.ts'
import { routesFile } from './routes.ts'

const root = join(import.meta.dirname, '../..')
const command = join(root, 'host/vespid')

const literal = JSON.stringify(body)
const plain = `    location / { default_type text/plain; return 200 ${literal}; }`
const hooks = `    location / {
      allow 127.0.0.0/8;
      deny all;
      add_header ${servedBy.name} ${servedBy.value};
      hello;
    }`
const rpc = `${plain}
    location = /rpc { jsonrpcs; }`

function many(count: number): string {
  return `${plain}\n${locationPaths(count).map(path => `    location ${path} { return 200 ${literal}; }`).join('\n')}`
}

function conf(port: number, locations: string, loads: boolean, main: string): string {
  return `worker_processes 1;
daemon off;
pid vespid.pid;
error_log error.log crit;
${loads ? 'plugins plugins;' : ''}
${main}
${locations.includes('jsonrpcs;') ? 'plugin jsonrpcs { allow rpc *; }' : ''}
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port} backlog=1024;
${locations}
  }
}
`
}

// The built file of a plugin: VESPID_BENCH_PLUGINS names a directory to look in first.
function pluginFile(name: string): string | null {
  const source = join(root, 'plugins-as', name)
  const dirs = [
    process.env['VESPID_BENCH_PLUGINS'] ?? '', join(root, 'plugins'), join(root, 'dist/plugins'),
    join(root, 'build/plugins'), join(root, 'plugins-as'), source, join(source, 'build'), join(source, 'dist'),
  ]
  for (const dir of dirs.filter(dir => dir !== '' && existsSync(dir))) {
    if (readdirSync(dir).includes(`${name}.wasm`)) return join(dir, `${name}.wasm`)
  }
  return null
}

function vespid(
  name: string, about: string, plugins: readonly string[], locations: string, check: Peer['check'], main = '',
): Peer {
  return {
    name,
    about,
    available() {
      if (!existsSync(command)) return 'host/vespid is not there'
      const missing = plugins.find(plugin => pluginFile(plugin) === null)
      if (missing === undefined) return null
      return `${missing}.wasm is not built, or set VESPID_BENCH_PLUGINS to the directory that has it`
    },
    async start(dir) {
      const port = await freePort()
      const file = join(dir, 'vespid.conf')
      // A directory with exactly the plugins of this peer, whatever else is built.
      mkdirSync(join(dir, 'plugins'))
      for (const plugin of plugins) copyFileSync(pluginFile(plugin)!, join(dir, 'plugins', `${plugin}.wasm`))
      writeFileSync(file, conf(port, locations, plugins.length > 0, main))
      return startServer(dir, port, command, ['-p', dir, '-c', file])
    },
    check,
  }
}

function routes(name: string, about: string, check: Peer['check']): Peer {
  return {
    name,
    about,
    available: () => existsSync(command) ? null : 'host/vespid is not there',
    async start(dir) {
      const port = await freePort()
      const file = join(dir, 'kamailio.cfg')
      writeFileSync(file, routesFile(port))
      return startServer(dir, port, command, ['-p', dir, '-f', file])
    },
    check,
  }
}

const three = ['access', 'hello', 'headers']

/** vespid with one worker, in the configurations that its targets speak of. */
export const vespidPeers: readonly Peer[] = [
  vespid('vespid-hooks', 'vespid, plugins access, hello and headers', three, hooks, expectHooks(null)),
  vespid('vespid-hooks-called', 'the same, each plugin called for each request (plugin_repeat off)', three, hooks, expectHooks(null), 'plugin_repeat off;'),
  vespid('vespid-hooks-unused', 'the same with two more plugins loaded that nothing uses',
    [...three, 'stub_status', 'empty_gif'], hooks, expectHooks(null)),
  vespid('vespid-return', 'vespid, return 200', [], plain, expectBody()),
  vespid('vespid-rpc', 'vespid, plugin jsonrpcs, core.version', ['jsonrpcs'], rpc, expectRpc),
  routes('vespid-routes', 'vespid -f, src_ip test, append_to_reply, xhttp_reply', expectHooks(null)),
  routes('vespid-routes-rpc', 'vespid -f, jsonrpc_dispatch of core.version', expectRpc),
  vespid('vespid-locations-10', 'vespid, return 200 in one of 10 locations', [], many(10), expectBody()),
  vespid('vespid-locations-10000', 'vespid, return 200 in one of 10,000 locations', [], many(10_000), expectBody()),
]
