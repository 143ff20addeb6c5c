/** Client addresses as guests get them. */
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { addressWords } from '../../host/wasm/native/address.ts'

/** The sixteen bytes of the words, in hex. */
function hex(text: string): string {
  const [family, ...words] = addressWords(text)
  const bytes = Buffer.alloc(16)
  words.forEach((word, i) => bytes.writeInt32LE(word, 4 * i))
  return `${family} ${bytes.toString('hex')}`
}

const cases: [string, string][] = [
  ['127.0.0.1', '4 7f000001000000000000000000000000'],
  ['255.255.255.255', '4 ffffffff000000000000000000000000'],
  ['::1', '6 00000000000000000000000000000001'],
  ['::', '6 00000000000000000000000000000000'],
  ['2001:db8::ff00:42:8329', '6 20010db8000000000000ff0000428329'],
  ['1:2:3:4:5:6:7:8', '6 00010002000300040005000600070008'],
  ['fe80::1%eth0', '6 fe800000000000000000000000000001'],
  ['::ffff:10.1.2.3', '6 00000000000000000000ffff0a010203'],
  ['unix:', '1 00000000000000000000000000000000'],
  ['', '0 00000000000000000000000000000000'],
  ['localhost', '0 00000000000000000000000000000000'],
  ['1::2::3', '0 00000000000000000000000000000000'],
  ['1:2:3:4:5:6:7:8:9', '0 00000000000000000000000000000000'],
]

for (const [text, words] of cases) test(`address "${text}"`, () => assert.equal(hex(text), words))
