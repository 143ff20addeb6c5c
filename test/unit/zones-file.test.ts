import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { SharedTable } from '../../host/core/sharedtable.ts'
import { NoZoneFile, loadZoneFile } from '../../host/core/zonefile.ts'
import { ZoneStore } from '../../host/core/zonestore.ts'
import { ZoneWriter } from '../../host/core/zonewriter.ts'
import { folder, random } from './conf-support.ts'

class Kept {
  readonly store: ZoneStore
  readonly writer: ZoneWriter
  readonly said: string[] = []

  constructor(path: string, size = 1 << 20, journal = 1 << 20) {
    const memory = SharedTable.format(size)
    this.store = new ZoneStore('z', new SharedTable(memory), size, true, new SharedArrayBuffer(journal))
    this.writer = new ZoneWriter(this.store, memory, true, path, 1000, (level, message) => { this.said.push(`${level}: ${message}`) })
  }

  set(key: string, value: string, ttl = 0): void {
    assert.equal(this.store.set(key, Buffer.from(value), ttl), 0)
  }

  get contents(): Record<string, string> {
    return contentsOf(this.store)
  }
}

function contentsOf(store: ZoneStore): Record<string, string> {
  const found: [string, string][] = []
  for (let cursor = 0, first = true; first || cursor !== 0; first = false) {
    cursor = store.each(cursor, 1000, (key, entry) => { found.push([key, store.entries.value(entry).toString()]) })
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Opens the file as a server that starts does; what is in it. */
function restarted(t: TestContext, path: string): Kept {
  const kept = new Kept(path)
  assert.equal(kept.writer.open(true), null)
  t.after(() => kept.writer.close())
  return kept
}

/** Lets a writer work until `done`; its disk calls are asynchronous. */
async function until(writer: ZoneWriter, done: () => boolean): Promise<void> {
  while (!done()) {
    writer.tick(Date.now())
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('what was set is there after a restart, with its time to live; a file has mode 0600', (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  assert.equal(kept.writer.open(true), null)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  kept.set('a', '1')
  kept.set('b', '2', 3600_000)
  kept.set('gone', 'x', 1)
  kept.set('d', 'x')
  kept.store.delete('d')
  kept.store.incr('n', 40, 0, 0)
  kept.writer.tick(Date.now())
  kept.store.incr('n', 2, 0, 0)
  kept.store.set('\0\xff', Buffer.from([0, 255, 10]), 0)
  kept.writer.close()
  const { store, said } = restarted(t, path)
  assert.deepEqual([store.get('a')!.toString(), store.get('b')!.toString(), store.get('n')!.toString(), store.get('d')], ['1', '2', '42', null])
  assert.deepEqual(store.get('\0\xff'), Buffer.from([0, 255, 10]))
  assert.ok(store.ttl('b') > 3500_000 && store.ttl('b') <= 3600_000)
  assert.equal(store.ttl('a'), 0)
  assert.equal(store.incr('n', 1, 0, 0), 0)
  assert.equal(store.number, 43)
  assert.deepEqual(said, [])
})

test('a clear is kept, and what was set after it', (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.writer.open(true)
  kept.set('a', '1')
  kept.writer.tick(Date.now())
  kept.set('b', '1')
  kept.store.clear()
  kept.set('c', '3')
  kept.writer.close()
  assert.deepEqual(restarted(t, path).contents, { c: '3' })
})

test('a file that is cut off anywhere gives what is before the cut', (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.writer.open(true)
  const ends = [16]
  for (const key of ['a', 'b', 'c']) {
    kept.set(key, `value of ${key}`)
    kept.writer.tick(Date.now())
    ends.push(statSync(path).size)
  }
  kept.writer.close()
  const whole = readFileSync(path)
  assert.equal(whole.length, ends[3])
  for (let size = 0; size < whole.length; size++) {
    writeFileSync(path, whole.subarray(0, size))
    const again = new Kept(path)
    assert.equal(again.writer.open(true), null)
    const count = ends.findLastIndex((end) => end <= size)
    assert.deepEqual(Object.keys(again.contents), ['a', 'b', 'c'].slice(0, Math.max(0, count)))
    const bad = size - (count < 0 ? 0 : ends[count]!)
    assert.deepEqual(again.said, bad === 0 ? [] : [`warn: the last ${bad} bytes of "${path}" are incomplete or damaged and were cut off`])
    // What is written next is not lost behind the cut.
    again.set('next', 'x')
    again.writer.close()
    assert.equal(restarted(t, path).contents['next'], 'x')
  }
})

test('any damaged byte is found; a copy of the file is kept', (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.writer.open(true)
  for (const key of ['a', 'b', 'c']) {
    kept.set(key, `value of ${key}`)
    kept.writer.tick(Date.now())
  }
  kept.writer.close()
  const whole = readFileSync(path)
  const record = (whole.length - 16) / 3
  for (let at = 16; at < whole.length; at++) {
    const broken = Buffer.from(whole)
    broken[at]! ^= 0x41
    writeFileSync(path, broken)
    rmSync(path + '.damaged', { force: true })
    const again = new Kept(path)
    assert.equal(again.writer.open(true), null)
    again.writer.close()
    assert.deepEqual(Object.keys(again.contents), ['a', 'b', 'c'].slice(0, Math.floor((at - 16) / record)), `byte ${at}`)
    assert.equal(again.said.length, 1)
    if (existsSync(path + '.damaged')) assert.deepEqual(readFileSync(path + '.damaged'), broken)
    else assert.doesNotMatch(again.said[0]!, /a copy/)
  }
})

test('a file of somebody else is not touched', (t) => {
  const path = folder(t, { z: 'do not touch this' }) + 'z'
  assert.throws(() => loadZoneFile(path, () => {}), NoZoneFile)
  assert.equal(new Kept(path).writer.open(true), `"${path}" is not a zone file; zone "z" needs a file of its own`)
  assert.equal(new Kept(path).writer.open(false), `"${path}" is not a zone file; zone "z" needs a file of its own`)
  assert.equal(readFileSync(path, 'utf8'), 'do not touch this')
  const missing = folder(t) + 'none/z'
  assert.equal(new Kept(missing).writer.open(true), `zone "z": open() "${missing}" failed (2: No such file or directory)`)
})

test('a file that has grown is written anew, in one step, while changes go on', async (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.writer.open(true)
  const next = random(5)
  const model: Record<string, string> = {}
  let largest = 0
  let inode = statSync(path).ino
  let rewrites = 0
  for (let round = 0; round < 400; round++) {
    for (let i = 0; i < 20; i++) {
      const key = `k${next(300)}`
      if (next(10) === 0) {
        kept.store.delete(key)
        delete model[key]
      } else kept.set(key, model[key] = String(next(1e9)).repeat(1 + next(80)))
    }
    kept.writer.tick(Date.now())
    await new Promise((resolve) => setImmediate(resolve))
    // The disk may be slow, which is not the matter here.
    if (statSync(path).size > 2 << 20) await until(kept.writer, () => !kept.writer.busy)
    const { size, ino } = statSync(path)
    largest = Math.max(largest, size)
    if (ino !== inode) rewrites++
    inode = ino
    if (round % 50 === 49) {
      // A copy of the file at any moment is a sound one.
      copyFileSync(path, path + '.copy')
      assert.deepEqual(restarted(t, path + '.copy').contents, contentsOf(kept.store))
    }
  }
  assert.ok(rewrites >= 1, `${rewrites} rewrites`)
  assert.ok(largest < 3 << 20, `${largest} bytes`)
  kept.writer.close()
  assert.equal(existsSync(path + '.new'), false)
  assert.deepEqual(restarted(t, path).contents, Object.fromEntries(Object.entries(model).sort(([a], [b]) => (a < b ? -1 : 1))))
})

test('a journal that was too full is made good by writing everything', async (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path, 1 << 20, 4096)
  kept.writer.open(true)
  for (let i = 0; i < 500; i++) kept.set(`k${i % 100}`, `value ${i}`)
  // The journal overflows during the rewrite, too: in the end one holds the zone.
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 200; i++) kept.set(`k${i % 100}`, `value ${round} ${i}`)
    kept.writer.tick(Date.now())
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(kept.writer, () => !kept.writer.busy)
  copyFileSync(path, path + '.copy')
  assert.deepEqual(restarted(t, path + '.copy').contents, kept.contents)
  for (let i = 0; i < 500; i++) kept.set(`k${i % 100}`, `last ${i}`)
  kept.writer.close()
  assert.deepEqual(restarted(t, path).contents, kept.contents)
})

test('a zone in use that gets a file is written to it', async (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.set('before', '1')
  kept.store.journal!.take()
  assert.equal(kept.writer.open(false), null)
  kept.set('after', '2')
  const { ino } = statSync(path)
  await until(kept.writer, () => statSync(path).ino !== ino)
  copyFileSync(path, path + '.copy')
  assert.deepEqual(restarted(t, path + '.copy').contents, { after: '2', before: '1' })
  kept.writer.close()
})

test('a zone in use that gets a file is in it, however soon the server ends', async (t) => {
  for (const ticks of [0, 1, 2, 3]) {
    const path = folder(t) + 'z'
    const kept = new Kept(path)
    kept.set('before', '1')
    kept.store.journal!.take()
    assert.equal(kept.writer.open(false), null)
    for (let i = 0; i < ticks; i++) kept.writer.tick(Date.now())
    kept.writer.close()
    assert.deepEqual(restarted(t, path).contents, { before: '1' })
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test('a zone that a dying thread has emptied is filled from its file, with what was not written yet', (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.writer.open(true)
  kept.set('a', '1')
  kept.writer.tick(Date.now())
  kept.set('b', '2')
  kept.store.table.lock()
  kept.store.table.threadEnded(0, () => kept.writer.refill())
  assert.deepEqual(kept.contents, { a: '1', b: '2' })
  kept.set('c', '3')
  kept.writer.close()
  assert.deepEqual(restarted(t, path).contents, { a: '1', b: '2', c: '3' })
})

test('a file larger than the zone leaves out what was written first', (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.writer.open(true)
  for (let i = 0; i < 1000; i++) kept.set(`k${i}`, 'v'.repeat(100))
  kept.writer.close()
  const small = new Kept(path, 65536)
  assert.equal(small.writer.open(true), null)
  t.after(() => small.writer.close())
  const keys = Object.keys(small.contents)
  assert.ok(keys.length > 100 && keys.length < 500)
  assert.ok(keys.includes('k999') && !keys.includes('k0'))
})

test('a write that fails is told once, and made good when writing works again', { skip: !existsSync('/dev/full') }, async (t) => {
  const path = folder(t) + 'z'
  const kept = new Kept(path)
  kept.writer.open(true)
  kept.set('a', '1')
  kept.writer.tick(1000)
  // The file's descriptor leads to a device that is always full.
  const { openSync, closeSync } = await import('node:fs')
  const file = (kept.writer as unknown as { file: { fd: number } }).file
  const good = file.fd
  Object.assign(file, { fd: openSync('/dev/full', 'w') })
  kept.set('b', '2')
  kept.writer.tick(2000)
  kept.set('c', '3')
  kept.writer.tick(2500)
  assert.deepEqual(kept.said, [`alert: zone "z" could not be written to "${path}" (28: No space left on device); its changes are in memory only until that works again`])
  closeSync(file.fd)
  Object.assign(file, { fd: good })
  for (let now = 4000; kept.said.length < 2; now += 10) {
    kept.writer.tick(now)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(kept.said[1], `notice: zone "z" is written to "${path}" again`)
  copyFileSync(path, path + '.copy')
  assert.deepEqual(restarted(t, path + '.copy').contents, { a: '1', b: '2', c: '3' })
  kept.writer.close()
})

test('kill -9 at any moment loses nothing that was written before it', async (t) => {
  const path = folder(t) + 'z'
  const core = new URL('../../host/core/', import.meta.url).href
  const code = `
    const { SharedTable } = await import('${core}sharedtable.ts')
    const { ZoneStore } = await import('${core}zonestore.ts')
    const { ZoneWriter } = await import('${core}zonewriter.ts')
    const memory = SharedTable.format(1 << 20)
    const store = new ZoneStore('z', new SharedTable(memory), 1 << 20, true, new SharedArrayBuffer(1 << 20))
    const writer = new ZoneWriter(store, memory, true, ${JSON.stringify(path)}, 10, () => {})
    const complaint = writer.open(true)
    if (complaint !== null) throw new Error(complaint)
    const { writeSync } = await import('node:fs')
    for (let n = 0; ; n++) {
      for (let i = 0; i < 50; i++) store.incr('n', 1, 0, 0)
      store.set('pad ' + n % 500, Buffer.alloc(1500, 'x'), 0)
      writer.tick(Date.now())
      writeSync(1, store.get('n').toString() + '\\n')
      await new Promise((resolve) => setImmediate(resolve))
    }`
  let before = 0
  for (const lines of [5, 400, 1500]) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (data) => {
      text += data
      if (text.split('\n').length > lines) child.kill('SIGKILL')
    })
    const [, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once('close', (...end) => resolve(end)))
    assert.equal(signal, 'SIGKILL')
    const told = Number(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1))
    const kept = new Kept(path)
    assert.equal(kept.writer.open(true), null)
    const found = Number(kept.store.get('n'))
    kept.writer.close()
    assert.ok(told > before && found >= told && found <= told + 100, `told ${told}, found ${found}`)
    before = found
  }
})

