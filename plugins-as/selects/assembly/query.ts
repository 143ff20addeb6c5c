import { decoded } from '@vespid/sdk/form'

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
