// Contact headers of a REGISTER (RFC 3261 §10.3, §20.10).

/** One value of Contact. */
export class Binding {
  uri: string = ''
  /** Seconds; −1 when the parameter is not there or no number. */
  expires: i64 = -1
  /** 0 to 1000; −1 when none is given, −2 when what is given is none. */
  q: i32 = -1
  methods: string = ''
  instance: string = ''
  regId: i32 = 0
}

/** The values of a list, separated at commas outside of quotes and angle brackets. */
function valuesOf(list: string): string[] {
  const values: string[] = []
  let from = 0
  let quoted = false
  let inside = false
  for (let i = 0; i <= list.length; i++) {
    const code = i < list.length ? list.charCodeAt(i) : 44
    if (i < list.length && quoted) {
      if (code == 92) i++
      else if (code == 34) quoted = false
    } else if (code == 34 && !inside) quoted = true
    else if (code == 60) inside = true
    else if (code == 62) inside = false
    else if (code == 44 && (!inside || i == list.length)) {
      const value = list.substring(from, i).trim()
      if (value.length > 0) values.push(value)
      from = i + 1
    }
  }
  return values
}

/** All bindings of a Contact list; null when one cannot be understood. */
export function bindingsOf(list: string): Binding[] | null {
  const values = valuesOf(list)
  const found: Binding[] = []
  for (let i = 0; i < values.length; i++) {
    const one = bindingOf(values[i])
    if (one === null) return null
    found.push(one)
  }
  return found
}

function bindingOf(value: string): Binding | null {
  const b = new Binding()
  let open = -1
  let quoted = false
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (quoted) {
      if (code == 92) i++
      else if (code == 34) quoted = false
    } else if (code == 34) quoted = true
    else if (code == 60) {
      open = i
      break
    } else if (code == 59) break
  }
  if (quoted) return null
  let rest = ''
  if (open >= 0) {
    const close = value.indexOf('>', open)
    if (close < 0) return null
    b.uri = value.substring(open + 1, close).trim()
    rest = value.substring(close + 1)
  } else {
    const semicolon = value.indexOf(';')
    b.uri = (semicolon < 0 ? value : value.substring(0, semicolon)).trim()
    rest = semicolon < 0 ? '' : value.substring(semicolon)
  }
  if (!isUri(b.uri)) return null
  return parameters(b, rest) ? b : null
}

/** A SIP URI without white space and what would end it. */
function isUri(uri: string): bool {
  const colon = uri.indexOf(':')
  if (colon < 3 || colon > 5 || uri.length > 512 || colon == uri.length - 1) return false
  const scheme = uri.substring(0, colon).toLowerCase()
  if (scheme != 'sip' && scheme != 'sips' && scheme != 'tel') return false
  for (let i = 0; i < uri.length; i++) {
    const code = uri.charCodeAt(i)
    if (code <= 32 || code == 34 || code == 60 || code == 62 || code == 127) return false
  }
  return true
}

function parameters(b: Binding, list: string): bool {
  let at = 0
  while (at < list.length) {
    const code = list.charCodeAt(at)
    if (code == 59 || code == 32 || code == 9 || code == 13 || code == 10) {
      at++
      continue
    }
    if (at == 0) return false
    let end = at
    let quoted = false
    for (; end < list.length; end++) {
      const c = list.charCodeAt(end)
      if (quoted) {
        if (c == 92) end++
        else if (c == 34) quoted = false
      } else if (c == 34) quoted = true
      else if (c == 59) break
    }
    if (quoted) return false
    const text = list.substring(at, min(end, list.length))
    const equals = text.indexOf('=')
    const name = (equals < 0 ? text : text.substring(0, equals)).trim().toLowerCase()
    let value = equals < 0 ? '' : text.substring(equals + 1).trim()
    if (value.length >= 2 && value.charCodeAt(0) == 34 && value.endsWith('"')) value = value.substring(1, value.length - 1)
    if (name == 'expires') b.expires = secondsOf(value)
    else if (name == 'q') b.q = qOf(value)
    else if (name == 'methods') b.methods = value
    else if (name == '+sip.instance') b.instance = value
    else if (name == 'reg-id') b.regId = <i32>min<i64>(max<i64>(secondsOf(value), 0), 0x7fffffff)
    at = end + 1
  }
  return true
}

/** A number of seconds, at most 2^31 − 1; −1 for what is none. */
export function secondsOf(value: string): i64 {
  if (value.length == 0) return -1
  let n: i64 = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    n = min<i64>(n * 10 + digit, 0x7fffffff)
  }
  return n
}

/** `0`, `0.5`, `1.000`: thousandths; −2 for what is none (RFC 3261 §25.1). */
function qOf(value: string): i32 {
  if (value.length == 0 || value.length > 5) return -2
  const first = value.charCodeAt(0)
  if (first != 48 && first != 49 || value.length > 1 && value.charCodeAt(1) != 46) return -2
  let n = (first - 48) * 1000
  let unit = 100
  for (let i = 2; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -2
    n += digit * unit
    unit /= 10
  }
  return n > 1000 ? -2 : n
}

/** `0.75` of 750. */
export function qText(q: i32): string {
  if (q >= 1000) return '1'
  let digits = (1000 + q).toString().substring(1)
  while (digits.endsWith('0')) digits = digits.substring(0, digits.length - 1)
  return digits.length == 0 ? '0' : `0.${digits}`
}

const names: string[] = ['INVITE', 'CANCEL', 'ACK', 'BYE', 'INFO', 'REGISTER', 'SUBSCRIBE', 'NOTIFY', 'MESSAGE', 'OPTIONS', 'PRACK', 'UPDATE', 'REFER', 'PUBLISH']

/** Kamailio's bits of a list of methods; 0 for none that is known. */
export function methodBits(list: string): u32 {
  let bits: u32 = 0
  const words = list.split(',')
  for (let i = 0; i < words.length; i++) {
    const at = names.indexOf(words[i].trim().toUpperCase())
    if (at >= 0) bits |= 1 << at
  }
  return bits
}
