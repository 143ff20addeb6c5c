// For test/abi/sdk-pieces.test.ts: what the smaller parts of the SDK make of what they are given.
import { Bytes, Request, RpcCall, Status, content, rpc } from '@vespid/sdk'
import { hexDigit, wholeNumber } from '@vespid/sdk/ascii'
import { fromBase64, toBase64 } from '@vespid/sdk/base64'
import { Form, broken, decoded, unescaped } from '@vespid/sdk/form'
import { Page, escape } from '@vespid/sdk/html'
import { Json } from '@vespid/sdk/json'
import { mediaType } from '@vespid/sdk/mime'
import { isForeign, newToken, tokenCookie, tokenOf } from '@vespid/sdk/origin'
import { secondsOf } from '@vespid/sdk/time'

function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = <u8>(hexDigit(hex.charCodeAt(2 * i)) << 4 | hexDigit(hex.charCodeAt(2 * i + 1)))
  return bytes
}

function hexOf(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i++) out += (bytes[i] < 16 ? '0' : '') + bytes[i].toString(16)
  return out
}

rpc('pieces.utf8', 'pieces.utf8 HEX', (call: RpcCall): void => { call.add(Bytes.of(bytesOf(call.text(0)).buffer).toString()) })
rpc('pieces.unescaped', 'pieces.unescaped TEXT', (call: RpcCall): void => {
  call.add(hexOf(unescaped(call.text(0)).toArray()))
  call.add(broken)
})
rpc('pieces.decoded', 'pieces.decoded TEXT', (call: RpcCall): void => {
  call.add(decoded(call.text(0)))
  call.add(broken)
})
rpc('pieces.form', 'pieces.form TEXT NAME', (call: RpcCall): void => {
  const form = new Form(call.text(0))
  const pairs = Json.array()
  for (let i = 0; i < form.names.length; i++) pairs.push(Json.array().push(Json.of<string>(form.names[i])).push(Json.of<string>(form.values[i])))
  const all = Json.array()
  const values = form.all(call.text(1))
  for (let i = 0; i < values.length; i++) all.push(Json.of<string>(values[i]))
  const first = form.get(call.text(1))
  call.add(Json.object().set('pairs', pairs).set('all', all).set('first', first === null ? Json.none() : Json.of<string>(first)))
})
rpc('pieces.base64', 'pieces.base64 TEXT URL', (call: RpcCall): void => {
  const bytes = fromBase64(call.text(0), call.text(1) == 'true')
  if (bytes === null) call.fail('null')
  else {
    call.add(hexOf(bytes))
    call.add(toBase64(bytes))
  }
})
rpc('pieces.number', 'pieces.number TEXT MOST', (call: RpcCall): void => { call.add(wholeNumber(call.text(0), <i64>call.number(1))) })
rpc('pieces.time', 'pieces.time TEXT', (call: RpcCall): void => { call.add(secondsOf(call.text(0))) })
rpc('pieces.type', 'pieces.type TEXT', (call: RpcCall): void => { call.add(mediaType(call.text(0))) })
rpc('pieces.escape', 'pieces.escape TEXT', (call: RpcCall): void => { call.add(escape(call.text(0))) })

content('pieces_page', (r: Request): Status => new Page(404, 'Not Found', `<p>${escape(r.path)}`).sealed('nonce-abc').with('Allow', 'GET').send(r))

content('pieces_origin', (r: Request): Status => r.reply(200, 'text/plain', isForeign(r) ? 'foreign' : 'ours'))

content('pieces_token', (r: Request): Status => {
  const known = tokenOf(r, 'tok')
  const token = known == '' ? newToken() : known
  r.response.set('Set-Cookie', tokenCookie(r, 'tok', '/x', token))
  return r.reply(200, 'text/plain', known)
})
