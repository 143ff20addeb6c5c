import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { answers, run, site } from './kit.ts'
import type { Site } from './kit.ts'

interface Case { readonly words: string[], readonly code: number, readonly out: string, readonly err: string }

/** The transcripts that were recorded from nginx, with its name replaced by ours. */
function recorded(): Case[] {
  const text = readFileSync(new URL('../golden/nginx/cli.txt', import.meta.url), 'utf8')
  return text.trim().split('\n\n$ ').map((block) => {
    const [command, ...lines] = block.replace(/^\$ /, '').split('\n')
    const pick = (mark: string) => lines.filter((line) => line.startsWith(mark)).map((line) => `${line.slice(5)}\n`).join('')
    return {
      words: command!.split(' ').slice(1), code: Number(/rc=(\d)/.exec(lines[0]!)![1]), out: pick('out| '),
      err: pick('err| ').replace(/^nginx: /gm, 'vespid: ').replace(/^nginx version: .*/gm, 'vespid version: vespid/0.1.0'),
    }
  })
}

/** nginx's lines of our output: without source lines, carets and notes. */
function bare(text: string): string {
  return text.replace(/^( +\d+ \|.*| +\|.*| {2}note: .*)\n/gm, '')
}

async function recordedSite(t: Parameters<typeof site>[0]): Promise<Site> {
  const place = site(t)
  await place.write('ok.conf', 'pid logs/x.pid;\nerror_log logs/e.log;\nevents {}\nhttp { include inc.conf; server { listen 127.0.0.1:8999; } }\n')
  await place.write('inc.conf', '# inc\n')
  await place.write('bad.conf', 'foo;\n')
  // The empty pid file is what nginx's own -t leaves behind.
  await place.write('logs/x.pid', '')
  return place
}

test('every recorded command line of nginx', async (t) => {
  const place = await recordedSite(t)
  const cases = recorded()
  assert.equal(cases.length, 26)
  for (const { words, code, out, err } of cases) {
    const command = words.join(' ').replaceAll('<P>', place.prefix)
    if (command === '-V' || command === '-h' || command === '-?') continue
    await t.test(`vespid ${words.join(' ')}`, async () => {
      const result = await run(place, command.split(' '))
      assert.equal(bare(result.stderr), err.replaceAll('<P>', place.prefix))
      assert.equal(result.stdout, out.replaceAll('<P>', place.prefix))
      assert.equal(result.code, code)
    })
  }
})

test('-V tells what the server runs on', async (t) => {
  const { stderr, code } = await run(site(t), ['-V'])
  const lines = stderr.split('\n')
  assert.equal(lines[0], 'vespid version: vespid/0.1.0')
  assert.match(lines[1]!, /^built by Node\.js \d+\.\d+\.\d+ \(V8 [\w.-]+\)$/)
  assert.match(lines[2]!, /^built with OpenSSL [\w.+-]+$/)
  assert.equal(lines[3], 'TLS SNI support enabled')
  assert.match(lines[4]!, /^configure arguments: \w+ \w+$/)
  assert.equal(code, 0)
})

test('-h and -? print nginx\'s usage, then our commands', async (t) => {
  const place = site(t)
  const help = recorded().find(({ words }) => words[0] === '-h')!
  const expected = help.err.replaceAll('nginx', 'vespid').replace('<P>', place.prefix).replace(/^ +\[-e/m, ' $&')
  for (const word of ['-h', '-?']) {
    const { stderr, stdout, code } = await run(place, [word])
    assert.equal(stderr.slice(0, expected.length), expected)
    assert.match(stderr.slice(expected.length), /^Commands:\n {2}vespid rpc /)
    assert.deepEqual([stdout, code], ['', 0])
  }
})

test('a slip in a command is recognised', async (t) => {
  const { stderr, code } = await run(site(t), ['rcp'])
  assert.deepEqual([stderr, code], ['vespid: invalid option: "rcp"\n  note: did you mean "vespid rpc"?\n', 1])
})

test('-t reports all errors, each with its place', async (t) => {
  const place = site(t)
  await place.write('x.conf', 'event {}\nevents {}\nhttp {\n  server { lisen 80; }\n  root;\n}\n')
  const { stderr, code } = await run(place, ['-t', '-c', 'x.conf'])
  assert.deepEqual([stderr, code], [`vespid: [emerg] unknown directive "event" in ${place.prefix}/x.conf:1
   1 | event {}
     | ^^^^^
  note: did you mean "events"?
vespid: [emerg] unknown directive "lisen" in ${place.prefix}/x.conf:4
   4 |   server { lisen 80; }
     |            ^^^^^
  note: did you mean "listen"?
vespid: [emerg] invalid number of arguments in "root" directive in ${place.prefix}/x.conf:5
   5 |   root;
     |   ^^^^
  note: it takes 1 argument
vespid: configuration file ${place.prefix}/x.conf test failed
`, 1])
})

test('the configuration file: -c, then conf/vespid.conf, then vespid.conf', async (t) => {
  const place = site(t)
  const tested = async () => (await run(place, ['-t'])).stderr.split('\n')[0]
  assert.equal(await tested(), `vespid: [emerg] open() "${place.prefix}/conf/vespid.conf" failed (2: No such file or directory)`)
  await place.write('vespid.conf', 'events {}\n')
  assert.equal(await tested(), `vespid: the configuration file ${place.prefix}/vespid.conf syntax is ok`)
  await place.write('conf/vespid.conf', 'events {}\n')
  assert.equal(await tested(), `vespid: the configuration file ${place.prefix}/conf/vespid.conf syntax is ok`)
})

test('-t leaves no file behind but logs, and binds no port', async (t) => {
  const place = site(t)
  await place.configure('http { server { listen 127.0.0.1:<port>; } }')
  assert.equal((await run(place, ['-t', '-q'])).code, 0)
  assert.equal(place.read('vespid.pid'), '')
  assert.equal(await answers(place.port()), false)
})

test('-t refuses a pid file that cannot be written', async (t) => {
  const place = site(t)
  await place.write('vespid.conf', 'pid none/x.pid;\nerror_log e.log;\nevents {}\n')
  const { stderr, code } = await run(place, ['-t'])
  assert.deepEqual([stderr, code], [`vespid: the configuration file ${place.prefix}/vespid.conf syntax is ok
vespid: [emerg] open() "${place.prefix}/none/x.pid" failed (2: No such file or directory)
vespid: configuration file ${place.prefix}/vespid.conf test failed
`, 1])
})

test('-s without a server says what is wrong', async (t) => {
  const place = site(t)
  await place.configure('')
  const signal = async (name: string) => {
    const { stderr, code } = await run(place, ['-s', name])
    return [stderr, code]
  }
  assert.deepEqual(await signal('stop'), [`vespid: [error] open() "${place.prefix}/vespid.pid" failed (2: No such file or directory)\n`, 1])
  await place.write('vespid.pid', 'seven\n')
  assert.deepEqual(await signal('quit'), [`vespid: [error] invalid PID number "seven" in "${place.prefix}/vespid.pid"\n`, 1])
  // No process has an id above the kernel's limit of 4194304.
  await place.write('vespid.pid', '4194305\n')
  assert.deepEqual(await signal('reload'), ['vespid: [alert] kill(4194305, 1) failed (3: No such process)\n', 1])
  await place.write('vespid.pid', `${process.pid}\n`)
  assert.deepEqual(await signal('reopen'), [`vespid: [error] connect() to unix:${place.prefix}/vespid.pid.sock failed (2: No such file or directory)
  note: process ${process.pid} of the pid file lives but does not answer here; if it is vespid, end it by "kill ${process.pid}"
`, 1])
})

test('the launcher refuses an old Node.js in one line', async (t) => {
  const place = site(t)
  await place.write('host/vespid', readFileSync(new URL('../../host/vespid', import.meta.url)))
  await place.write('bin/node', '#!/bin/sh\necho v20.20.2\n')
  const { execFileSync, spawnSync } = await import('node:child_process')
  execFileSync('chmod', ['+x', `${place.prefix}/bin/node`])
  const old = spawnSync('/bin/sh', [`${place.prefix}/host/vespid`, '-v'], { env: { PATH: `${place.prefix}/bin:/bin:/usr/bin` }, encoding: 'utf8' })
  assert.deepEqual([old.stderr, old.status], [`vespid: needs Node.js >= 26, this is v20.20.2 (${place.prefix}/bin/node)\n`, 1])
})
