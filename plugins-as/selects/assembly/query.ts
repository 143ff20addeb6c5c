/** Value `n` of an argument in a query, counted from 1, from the end for negative numbers; null when there are not so many, `''` without `=`. */
export function argument(query: string, name: string, n: i32): string | null {
  const values: string[] = []
  const pairs = query.split('&')
  for (let i = 0; i < pairs.length; i++) {
    const equals = pairs[i].indexOf('=')
    if (decoded(equals < 0 ? pairs[i] : pairs[i].substring(0, equals)) != name || pairs[i].length == 0) continue
    const value = equals < 0 ? '' : pairs[i].substring(equals + 1)
    if (n > 0 && values.length == n - 1) return decoded(value)
    values.push(value)
  }
  const at = values.length + n
  return n < 0 && at >= 0 ? decoded(values[at]) : null
}

/** Without percent escapes and with spaces for `+`; an escape that is none stays. */
export function decoded(text: string): string {
  if (text.indexOf('%') < 0 && text.indexOf('+') < 0) return text
  const bytes = String.UTF8.encode(text)
  const at = changetype<usize>(bytes)
  let end = 0
  for (let i = 0; i < bytes.byteLength; i++) {
    let c = load<u8>(at + i)
    if (c == 43) c = 32
    else if (c == 37 && i + 2 < bytes.byteLength) {
      const high = hex(load<u8>(at + i + 1))
      const low = hex(load<u8>(at + i + 2))
      if (high >= 0 && low >= 0) {
        c = <u8>(high << 4 | low)
        i += 2
      }
    }
    store<u8>(at + end++, c)
  }
  return String.UTF8.decodeUnsafe(at, end)
}

function hex(c: u8): i32 {
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
