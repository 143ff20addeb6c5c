/** `vespid -f FILE.cfg`: a whole Kamailio file as the server's configuration. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run, site, startScript } from './kit.ts'

test('-t tells every mistake of a file with its place', async (t) => {
  const place = site(t)
  await place.write('k.cfg', '#!KAMAILIO\ndebgu=2\ninclude_file "inc.cfg"\nrequest_route {\n  if ($hu == "a") { exit; }\n  $x = "a" * 2;\n}\nloadmodule "xhtp.so"\n')
  await place.write('inc.cfg', 'route[A] {\n\t$var(a) = 1\n\texit;\n}\n')
  const { code, stderr } = await run(place, ['-t', '-f', 'k.cfg'])
  assert.equal(stderr, `vespid: [emerg] unknown config variable "debgu" in <P>/k.cfg:2
   2 | debgu=2
     | ^^^^^
  note: did you mean "debug"?
vespid: [emerg] unexpected "exit", expecting ";" in <P>/inc.cfg:3
   3 | \texit;
     | \t^^^^
  note: ";" may be missing at the end of line 2
vespid: [emerg] type mismatch: str instead of int in <P>/k.cfg:6
   6 |   $x = "a" * 2;
     |        ^^^
  note: "*" takes numbers; write (int) before the text to convert it
vespid: [emerg] could not find module "xhtp" in <P>/k.cfg:8
   8 | loadmodule "xhtp.so"
     | ^^^^^^^^^^^^^^^^^^^^
  note: did you mean "xhttp"?
vespid: configuration file <P>/k.cfg test failed
`.replaceAll('<P>', place.prefix))
  assert.equal(code, 1)
})

test('files that cannot be read, and options that contradict each other', async (t) => {
  const place = site(t)
  const { stderr, code } = await run(place, ['-t', '-f', 'nope.cfg'])
  assert.equal(stderr, `vespid: [emerg] open() "${place.prefix}/nope.cfg" failed (2: No such file or directory)\nvespid: configuration file ${place.prefix}/nope.cfg test failed\n`)
  assert.equal(code, 1)
  assert.match((await run(place, ['-t', '-f', '/dev/zero'])).stderr, /\[emerg\] open\(\) "\/dev\/zero" failed \(22: Invalid argument\)/)
  assert.match((await run(place, ['-t', '-f', '.'])).stderr, /\[emerg\] open\(\) ".*" failed \(21: Is a directory\)/)
  assert.equal((await run(place, ['-f', 'a', '-c', 'b'])).stderr, 'vespid: options "-c" and "-f" exclude each other\n')
  assert.equal((await run(place, ['-A', 'X=1'])).stderr, 'vespid: option "-A" needs "-f"\n')
  assert.equal((await run(place, ['-f', 'a', '-A', '1X=1'])).stderr, 'vespid: invalid option: "-A 1X=1"\n')
  assert.equal((await run(place, ['-f'])).stderr, 'vespid: option "-f" requires file name\n')
})

const answers = (body: string): string => `#!KAMAILIO
listen=tcp:127.0.0.1:<port>
tcp_accept_no_cl=yes
tcp_rd_buf_size=4096
loadmodule "sl.so"
loadmodule "xhttp.so"
include_file "sub/part.cfg"
event_route[xhttp:request] {
  route(PART);
  xhttp_reply("200", "OK", "text/plain", "${body}");
}
`
const part = 'route[PART] { $var(p) = PARTVALUE; }\n'

test('a file is served, reloaded, and kept when its next version is wrong', async (t) => {
  const server = await startScript(t, answers('one $hu $var(p)'), { files: { 'sub/part.cfg': part }, args: ['-A', 'PARTVALUE=7'] })
  assert.equal((await server.get('/a?b')).body, 'one /a?b 7')
  assert.equal((await server.request('POST', '/', {}, 'x'.repeat(5000))).status, 413)
  await server.site.write('kamailio.cfg', answers('two $hu $var(p)'))
  await server.site.write('sub/part.cfg', part.replace('PARTVALUE', 'PARTVALUE + 1'))
  const args = ['-p', server.prefix, '-f', 'kamailio.cfg', '-A', 'PARTVALUE=7', '-s', 'reload']
  assert.match((await run(server.site, args)).stderr, /^vespid: configuration 2 is in use after [\d.]+ ms\n$/)
  assert.equal((await server.get('/a')).body, 'two /a 8')
  await server.site.write('sub/part.cfg', 'route[PART] { $var(p) = ; }\n')
  const refused = await server.rpc('core.reload')
  assert.match(refused.error?.data.report ?? '', /unexpected ";", expecting a value in .*\/sub\/part\.cfg:1/)
  assert.equal((await server.get('/a')).body, 'two /a 8')
  assert.equal((await server.stop()).code, 0)
})

test('without xhttp no request is answered, and no file is ever served', async (t) => {
  const server = await startScript(t, 'listen=tcp:127.0.0.1:<port>\nrequest_route { exit; }\n', { files: { 'index.html': 'secret', 'html/index.html': 'secret' } })
  for (const path of ['/', '/index.html', '/kamailio.cfg', '/html/']) assert.equal(await server.raw(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`), '')
})

test('-T prints the file and what it includes', async (t) => {
  const place = site(t)
  await place.write('k.cfg', 'listen=tcp:127.0.0.1:<port>\nimport_file "part.cfg"\n')
  await place.write('part.cfg', '# nothing\n')
  const { stdout, code, stderr } = await run(place, ['-T', '-f', 'k.cfg'])
  assert.equal(code, 0, stderr)
  assert.equal(stdout, `# configuration file ${place.prefix}/k.cfg:\nlisten=tcp:127.0.0.1:${place.port()}\nimport_file "part.cfg"\n\n# configuration file ${place.prefix}/part.cfg:\n# nothing\n\n`)
})
