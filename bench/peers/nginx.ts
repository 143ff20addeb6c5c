import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../cpu.ts'
import { freePort, startServer } from '../proc.ts'
import { locationPaths } from '../loads.ts'
import { type Peer, body, expectBody, expectHooks, servedBy } from './peer.ts'

// Where distributions put nginx's dynamic modules.
const moduleDirs = [
  '/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/etc/nginx/modules', '/usr/local/lib/nginx/modules',
]

const literal = JSON.stringify(body)

const lua = `
    init_by_lua_block {
      local bit = require "bit"
      rules = { { net = 0x7f000000, mask = bit.tobit(0xff000000), deny = false }, { net = 0, mask = 0, deny = true } }
    }`

const luaHooks = `
      location / {
        default_type text/plain;
        access_by_lua_block {
          local a, b, c, d = string.byte(ngx.var.binary_remote_addr, 1, 4)
          local bit = require "bit"
          local from = bit.bor(bit.lshift(a, 24), bit.lshift(b, 16), bit.lshift(c, 8), d)
          for i = 1, #rules do
            local rule = rules[i]
            if bit.band(bit.bxor(from, rule.net), rule.mask) == 0 then
              if rule.deny then return ngx.exit(403) end
              break
            end
          end
        }
        content_by_lua_block {
          local text = "hello from " .. ngx.var.uri .. "\\n"
          ngx.header.content_length = #text
          ngx.print(text)
        }
        header_filter_by_lua_block { ngx.header["${servedBy.name}"] = "${servedBy.value}" }
      }`

// "return" answers in the rewrite phase, before access is checked; empty_gif is a content handler as cheap as nginx
// has one.
const gifHooks = `
      location / {
        allow 127.0.0.0/8;
        deny all;
        add_header ${servedBy.name} ${servedBy.value};
        empty_gif;
      }`

const plain = `
      location / { default_type text/plain; return 200 ${literal}; }`

function conf(port: number, dir: string, modules: string, http: string, locations: string): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `    ${name}_temp_path ${join(dir, name)};`).join('\n')
  return `${modules}
worker_processes 1;
daemon off;
pid ${join(dir, 'nginx.pid')};
error_log ${join(dir, 'error.log')} crit;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000000;
${temp}${http}
    server {
      listen 127.0.0.1:${port} backlog=1024;
${locations}
    }
}
`
}

function moduleFile(name: string): string | null {
  return moduleDirs.map(dir => join(dir, name)).find(file => existsSync(file)) ?? null
}

function nginx(
  name: string, about: string, needsLua: boolean, http: string, locations: string, check: Peer['check'],
): Peer {
  const files = ['ndk_http_module.so', 'ngx_http_lua_module.so']
  return {
    name,
    about,
    available() {
      if (run('nginx', ['-v']) === null) return 'nginx is not installed'
      const missing = needsLua ? files.find(file => moduleFile(file) === null) : undefined
      return missing === undefined ? null : `${missing} is not installed (Debian: libnginx-mod-http-lua)`
    },
    async start(dir) {
      const port = await freePort()
      const file = join(dir, 'nginx.conf')
      const modules = needsLua ? files.map(name => `load_module ${moduleFile(name)};`).join('\n') : ''
      mkdirSync(join(dir, 'logs'))
      writeFileSync(file, conf(port, dir, modules, http, locations))
      return startServer(dir, port, 'nginx', ['-e', join(dir, 'error.log'), '-p', dir, '-c', file])
    },
    check,
  }
}

function many(count: number): string {
  return `${plain}\n${locationPaths(count).map(path => `      location ${path} { return 200 ${literal}; }`).join('\n')}`
}

/** nginx with one worker: its static answer, its own three hooks, Lua in the same three places, and many locations. */
export const nginxPeers: readonly Peer[] = [
  nginx('nginx-return', 'nginx, return 200', false, '', plain, expectBody()),
  nginx('nginx-hooks', 'nginx, allow/deny, empty_gif, add_header', false, '', gifHooks, expectHooks(null)),
  nginx('nginx-lua', 'nginx, Lua in access, content and header filter', true, lua, luaHooks, expectHooks()),
  nginx('nginx-locations-10', 'nginx, return 200 in one of 10 locations', false, '', many(10), expectBody()),
  nginx('nginx-locations-10000', 'nginx, return 200 in one of 10,000 locations', false, '', many(10_000), expectBody()),
]
