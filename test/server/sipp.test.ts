/** What sipp, the load generator that everybody tests SIP servers with, says of OPTIONS and REGISTER, over UDP and TCP. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { findProgram, skipWithout } from '../programs.ts'
import { start } from './kit.ts'
import type { Server } from './kit.ts'

/** Calls of each scenario. */
const calls = 20

const conf = `worker_processes 2; http { server { listen 127.0.0.1:<port:http>; location / { jsonrpcs; } } sip {
  listen udp:127.0.0.1:<port>; listen tcp:127.0.0.1:<port>;
  request_route {
    if (is_method("REGISTER")) { save("location"); exit; }
    if (is_method("OPTIONS") && options_reply()) exit;
    sl_send_reply("405", "Method Not Allowed"); } } }`

/** A request of sipp's; `[…]` are its own words. */
const request = (method: string, uri: string, more = ''): string => `<send retrans="500"><![CDATA[
  ${method} ${uri} SIP/2.0
  Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
  From: <sip:user[call_number]@example.com>;tag=[call_number]
  To: <sip:user[call_number]@example.com>
  Call-ID: [call_id]
  CSeq: [cseq] ${method}
  Max-Forwards: 70
  ${more}Content-Length: 0
]]></send>`

/** Takes a 200 that has a header whose value matches. */
const expect = (header: string, pattern: string): string =>
  `<recv response="200"><action><ereg regexp="${pattern}" search_in="hdr" header="${header}:" check_it="true" assign_to="1"/></action></recv><Reference variables="1"/>`

const scenarios = {
  options: request('OPTIONS', 'sip:[remote_ip]:[remote_port]') + expect('Accept-Language', 'en'),
  register: request('REGISTER', 'sip:example.com', 'Contact: <sip:user[call_number]@[local_ip]:[local_port]>;expires=600\n  ') +
    expect('Contact', 'sip:user[0-9]+@127.0.0.1:[0-9]+.*expires='),
  refused: `${request('PUBLISH', 'sip:example.com')}<recv response="405"/>`,
  wrong: `${request('PUBLISH', 'sip:example.com')}<recv response="200"/>`,
}

async function sipp(server: Server, name: keyof typeof scenarios, transport: 'u1' | 't1'): Promise<void> {
  const file = await server.site.write(`${name}.xml`, `<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="${name}">${scenarios[name]}</scenario>\n`)
  const args = ['-sf', file, '-t', transport, '-m', String(calls), '-r', '100', '-i', '127.0.0.1', '-nostdin', '-trace_err', '-timeout', '30', '-timeout_error', `127.0.0.1:${server.port()}`]
  await new Promise<void>((resolve, reject) => {
    execFile(findProgram('sipp')!, args, { cwd: server.site.prefix, timeout: 60_000, env: { ...process.env, TERM: 'dumb' } }, (error, stdout) => {
      if (error === null) resolve()
      else reject(new Error(`sipp ${name} over ${transport} ended with ${error.code ?? error.signal}:\n${stdout.slice(-4000)}`))
    })
  })
}

test('sipp: every OPTIONS, REGISTER and refused request is answered as its scenario wants', { skip: skipWithout('sipp') }, async (t) => {
  const server = await start(t, conf)
  for (const transport of ['u1', 't1'] as const) {
    for (const name of ['options', 'register', 'refused'] as const) await sipp(server, name, transport)
  }
  // What is answered otherwise than a scenario says fails it.
  await assert.rejects(sipp(server, 'wrong', 'u1'), /^Error: sipp wrong over u1 ended with 1:/)
  const { body } = await server.request('POST', '/', {}, '{"jsonrpc":"2.0","method":"stats.get_statistics","params":["registered_users"],"id":1}', server.port('port:http'))
  assert.deepEqual(JSON.parse(body).result, [`usrloc:registered_users = ${calls}`])
})
