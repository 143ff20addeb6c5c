import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { test } from 'node:test'
import { ErrorLog, formatLine, OpenFile, OpenFiles } from '../../host/core/logfile.ts'
import { Level } from '../../host/core/log.ts'
import { coreConf } from '../../host/modules/main/core.ts'
import { eventConf } from '../../host/modules/main/events.ts'
import { build, folder } from './conf-support.ts'

const first = (t: Parameters<typeof build>[0], text: string): string | undefined => build(t, `${text}\nevents {}`).messages[0]

test('defaults of the main context and of events', (t) => {
  const { cycle, ok, prefix } = build(t, 'events {}')
  assert.equal(ok, true)
  const { daemon, masterProcess, workerProcesses, pid, lockFile, shutdownTimeout, user, env, priority } = coreConf(cycle)
  assert.deepEqual({ daemon, masterProcess, workerProcesses, pid, lockFile, shutdownTimeout, user, env, priority }, {
    daemon: false, masterProcess: true, workerProcesses: 1, pid: `${prefix}logs/vespid.pid`, lockFile: `${prefix}logs/vespid.lock`,
    shutdownTimeout: 0, user: null, env: [], priority: null,
  })
  const { connections, multiAccept, acceptMutex, acceptMutexDelay } = eventConf(cycle)
  assert.deepEqual({ connections, multiAccept, acceptMutex, acceptMutexDelay },
    { connections: 512, multiAccept: false, acceptMutex: false, acceptMutexDelay: 500 })
})

test('values of the main context and of events', (t) => {
  const text = `daemon off; master_process off; worker_processes 4; pid run/v.pid; worker_shutdown_timeout 10s; env A; env B=c=d;
    worker_priority -5; timer_resolution 100ms; pcre_jit on; debug_points stop; thread_pool a threads=2 max_queue=8; worker_rlimit_core 1g;
    lock_file l; working_directory /; worker_rlimit_nofile 1;
    events { worker_connections 9; use poll; multi_accept on; accept_mutex on; accept_mutex_delay 1s; }`
  const { cycle, messages, prefix } = build(t, text)
  assert.deepEqual(messages, [])
  const core = coreConf(cycle)
  assert.deepEqual([core.daemon, core.masterProcess, core.workerProcesses, core.pid, core.shutdownTimeout, core.env, core.priority],
    [false, false, 4, `${prefix}run/v.pid`, 10000, [{ name: 'A', value: null }, { name: 'B', value: 'c=d' }], -5])
  const event = eventConf(cycle)
  assert.deepEqual([event.connections, event.use, event.multiAccept, event.acceptMutex, event.acceptMutexDelay], [9, 'poll', true, true, 1000])
  assert.ok(coreConf(build(t, 'worker_processes auto; events {}').cycle).workerProcesses >= 1)
})

test('messages of the main context', (t) => {
  const cases: [string, string][] = [
    ['worker_processes x;', '[emerg] "worker_processes" directive invalid value in <P>/v.conf:1'],
    ['worker_processes 1; worker_processes 1;', '[emerg] "worker_processes" directive is duplicate in <P>/v.conf:1'],
    ['worker_priority x;', '[emerg] "worker_priority" directive invalid number in <P>/v.conf:1'],
    ['worker_cpu_affinity 012;', '[emerg] invalid character "2" in "worker_cpu_affinity" in <P>/v.conf:1'],
    ['worker_cpu_affinity auto;', '[warn] "worker_cpu_affinity" is not supported on this platform, ignored in <P>/v.conf:1'],
    ['debug_points x;', '[emerg] invalid value "x" in <P>/v.conf:1'],
    ['thread_pool a max_queue=1;', '[emerg] "thread_pool" must have "threads" parameter in <P>/v.conf:1'],
    ['thread_pool a threads=0;', '[emerg] invalid threads value "threads=0" in <P>/v.conf:1'],
    ['thread_pool a threads=1; thread_pool a threads=1;', '[emerg] duplicate thread pool "a" in <P>/v.conf:1'],
    ['error_log e foo;', '[emerg] invalid log level "foo" in <P>/v.conf:1'],
    ['error_log e constructor;', '[emerg] invalid log level "constructor" in <P>/v.conf:1'],
    ['error_log e info warn;', '[emerg] duplicate log level "warn" in <P>/v.conf:1'],
    ['error_log syslog:server=x;', '[emerg] error logs to "syslog:" are not supported in <P>/v.conf:1'],
    ['events { use foo; }', '[emerg] invalid event type "foo" in <P>/v.conf:1'],
    ['events { worker_connections 1; worker_connections 1; }', '[emerg] "worker_connections" directive is duplicate in <P>/v.conf:1'],
    ['events {}', '[emerg] "events" directive is duplicate in <P>/v.conf:2'],
    ['error_log nosuch/e;', '[emerg] open() "<P>/nosuch/e" failed (2: No such file or directory)'],
  ]
  for (const [text, message] of cases) assert.equal(first(t, text), message, text)
})

test('user', (t) => {
  const root = process.geteuid?.() === 0
  const ignored = '[warn] the "user" directive makes sense only if the master process runs with super-user privileges, ignored in <P>/v.conf:1'
  assert.equal(first(t, 'user nosuchuser;'), root ? '[emerg] getpwnam("nosuchuser") failed in <P>/v.conf:1' : ignored)
  assert.equal(first(t, 'user root nosuchgroup;'), root ? '[emerg] getgrnam("nosuchgroup") failed in <P>/v.conf:1' : ignored)
  const { cycle, messages } = build(t, 'user root;\nevents {}')
  assert.deepEqual(messages, root ? [] : [ignored])
  assert.deepEqual(coreConf(cycle).user, root ? { name: 'root', uid: 0, gid: 0 } : null)
})

const line = (text: string): string => `^\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d ${text}\n$`

test('error_log: files, levels, reopening', (t) => {
  const { cycle, prefix } = build(t, 'error_log logs/a.log info; error_log logs/b.log;\nevents {}')
  cycle.log.write(Level.info, 'one')
  cycle.log.write(Level.error, 'two', { logSerial: 7, logSuffix: () => ', client: 1.2.3.4' })
  cycle.log.write(Level.debug, 'three')
  assert.equal(cycle.log.level, Level.info)
  const read = (name: string): string => readFileSync(prefix + name, 'latin1')
  assert.match(read('logs/a.log'), new RegExp(`${line('\\[info\\] \\d+#\\d+: one').slice(0, -1)}${line('\\[error\\] \\d+#\\d+: \\*7 two, client: 1\\.2\\.3\\.4').slice(1)}`))
  assert.match(read('logs/b.log'), new RegExp(line('\\[error\\] \\d+#\\d+: \\*7 two, client: 1\\.2\\.3\\.4')))
  renameSync(`${prefix}logs/a.log`, `${prefix}logs/a.old`)
  assert.deepEqual(cycle.openFiles.openAll(), [])
  cycle.log.write(Level.info, 'four')
  assert.match(read('logs/a.log'), new RegExp(line('\\[info\\] \\d+#\\d+: four')))
})

test('the error log of -e is the default', (t) => {
  const { cycle } = build(t, 'events {}')
  assert.equal(cycle.log.level, Level.error)
  assert.equal(cycle.openFiles.get('stderr').path, 'stderr')
})

test('a configuration that fails opens no file', (t) => {
  const { prefix } = build(t, 'error_log logs/a.log;')
  assert.equal(existsSync(`${prefix}logs/a.log`), false)
})

test('a line is cut at 2048 bytes and cannot be forged', () => {
  const long = formatLine(Level.error, 'x'.repeat(5000))
  assert.equal(long.length, 2048)
  assert.equal(long[2047], 10)
  assert.match(formatLine(Level.error, 'a\nb\tc\x1b').toString('latin1'), new RegExp(line('\\[error\\] \\d+#\\d+: a\\\\x0Ab\tc\\\\x1B')))
  assert.match(formatLine(Level.error, '\xff').toString('latin1'), new RegExp(line('\\[error\\] \\d+#\\d+: \xff')))
})

test('writing never throws', (t) => {
  const root = folder(t)
  const file = new OpenFile(`${root}x`)
  const log = new ErrorLog()
  log.add(file, Level.error)
  log.write(Level.error, 'not open')
  assert.equal(file.open(), null)
  file.close()
  log.write(Level.error, 'closed')
  assert.equal(readFileSync(`${root}x`, 'latin1'), '')
  const files = new OpenFiles()
  assert.equal(files.get(`${root}y`), files.get(`${root}y`))
  files.get(`${root}no/z`)
  assert.deepEqual(files.openAll(), [`open() "${root}no/z" failed (2: No such file or directory)`])
  files.closeAll()
})
