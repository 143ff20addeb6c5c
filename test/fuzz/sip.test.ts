import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SipMessage } from '../../host/sip/sipmessage.ts'
import { mutated, random, allSelects, ownMessages, readEverything } from './sip-kit.ts'

test('3,000 mutated messages: every select answers with a text, null or undefined', () => {
  const next = random(11)
  const selects = allSelects()
  assert.ok(selects.length > 380, String(selects.length))
  const messages = ownMessages()
  const seen = { string: 0, object: 0, undefined: 0 }
  for (let i = 0; i < 3000; i++) {
    const m = new SipMessage(mutated(messages, next))
    for (const select of selects) seen[typeof select.evaluate(m) as keyof typeof seen]++
  }
  assert.equal(seen.string + seen.object + seen.undefined, 3000 * selects.length)
  assert.ok(seen.string > 0 && seen.object > 0 && seen.undefined > 0)
})

test('random bytes are a message in which nothing is found', () => {
  const next = random(12)
  for (let i = 0; i < 2000; i++) {
    const m = new SipMessage(Array.from({ length: next(300) }, () => String.fromCharCode(next(256))).join(''))
    readEverything(m)
  }
})

/** What would take a quadratic parser minutes. */
const size = 200_000
const hostile: Record<string, string> = {
  'one long line': 'x'.repeat(size),
  'line feeds': '\n'.repeat(size),
  'header lines': `OPTIONS sip:a SIP/2.0\r\n${'x-h:1\r\n'.repeat(size / 7)}`,
  'short Via lines': `OPTIONS sip:a SIP/2.0\r\n${'v:\r\n'.repeat(size / 4)}`,
  'folds': `OPTIONS sip:a SIP/2.0\r\nX-h: ${'\r\n '.repeat(size / 3)}\r\n\r\n`,
  'colons': `OPTIONS sip:a SIP/2.0\r\n${':\r\n'.repeat(size / 3)}`,
}
for (const [name, piece] of Object.entries({
  'semicolons': ';', 'quotes': '"', 'escapes': '\\"', 'brackets': '<', 'closed brackets': '<>', 'commas': ',', 'parameters': ';a=1', 'empty values': 'a=,', 'blanks': ' ',
  'comments': '(', 'at signs': '@', 'colons in values': ':', 'question marks': '?a', 'amper sands': '&a', 'slashes': '/', 'equals': '=', 'addresses': '<sip:a>;q,',
})) {
  const value = piece.repeat(size / piece.length)
  for (const before of ['', '<sip:a', '"a', 'SIP/2.0/UDP h;a="', 'Digest a="', 'Digest realm=x,']) {
    if (before !== '' && !['quotes', 'commas', 'brackets', 'parameters', 'blanks', 'equals'].includes(name)) continue
    hostile[`${before} ${name}`] = ['Via', 'From', 'To', 'Contact', 'X-h', 'Authorization', 'Record-Route', 'Refer-To', 'Event', 'CSeq', 'Content-Type']
      .reduce((text, header) => `${text}${header}: ${before}${value}\r\n`, `OPTIONS sip:${value.replaceAll(' ', '_')} SIP/2.0\r\n`) + '\r\n'
  }
}

test('hostile texts of 200 kB in each header take linear time', { timeout: 60_000 }, () => {
  for (const [name, text] of Object.entries(hostile)) {
    const m = new SipMessage(text)
    readEverything(m)
    assert.equal(m.text.length, text.length, name)
  }
})
