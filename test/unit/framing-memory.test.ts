import { test } from 'node:test'
import assert from 'node:assert/strict'
import {
  CoreMemory, headsOffset, prefixBytes, prefixOffset, readOffset, scratchOffset, slabOffset, stageOffset, tableOffset,
} from '../../host/http/framing/memory.ts'

test('the regions follow each other and share one memory', () => {
  const memory = new CoreMemory(2)
  const regions = [memory.scratch, memory.prefix, memory.read, memory.stage, memory.heads, ...memory.slabs]
  const offsets = [scratchOffset, prefixOffset, readOffset, stageOffset, headsOffset, slabOffset, slabOffset + 65536]
  assert.deepEqual(regions.map((r) => r.byteOffset), offsets)
  let next = tableOffset + memory.table.byteLength
  for (const region of regions) {
    assert.equal(region.byteOffset, next)
    assert.equal(region.buffer, memory.memory.buffer)
    next += region.length
  }
  assert.ok(memory.bytes.length >= next && memory.bytes.length < next + 65536)
  assert.equal(memory.table.byteOffset, tableOffset)
  assert.throws(() => memory.memory.grow(1), RangeError)
})

test('left-over bytes end where the read buffer begins', () => {
  const memory = new CoreMemory(0)
  const at = memory.prepend(Buffer.from('GET / HT'))
  memory.read.write('TP/1.1\r\n')
  assert.equal(memory.bytes.latin1Slice(at, readOffset + 8), 'GET / HTTP/1.1\r\n')
  const moved = memory.keep(at + 4, readOffset + 6)
  assert.equal(memory.bytes.latin1Slice(moved, readOffset), '/ HTTP/1.1')
  assert.equal(memory.prepend(Buffer.alloc(prefixBytes)), prefixOffset)
  assert.equal(memory.prepend(Buffer.alloc(prefixBytes + 1)), -1)
  assert.equal(memory.keep(prefixOffset, readOffset + 1), -1)
})
