/** Languages that are looked at; more are ignored. */
const most = 64

/**
 * Language `n` of Accept-Language (RFC 9110 §12.5.4), counted from 1 in the order of the client's weights, from the end for negative numbers: `de-CH`.
 * Those of weight 0 are not wanted. Null when there are not so many.
 */
export function language(list: string, n: i32): string | null {
  const tags: string[] = []
  const weights: i32[] = []
  const items = list.split(',')
  for (let i = 0; i < items.length && tags.length < most; i++) {
    const semicolon = items[i].indexOf(';')
    const tag = (semicolon < 0 ? items[i] : items[i].substring(0, semicolon)).trim()
    const weight = semicolon < 0 ? 1000 : weightOf(items[i].substring(semicolon + 1))
    if (tag.length == 0 || weight <= 0) continue
    let at = tags.length
    while (at > 0 && weights[at - 1] < weight) at--
    insert<string>(tags, at, tag)
    insert<i32>(weights, at, weight)
  }
  const at = n < 0 ? tags.length + n : n - 1
  return at >= 0 && at < tags.length ? tags[at] : null
}

function insert<T>(list: T[], at: i32, item: T): void {
  list.push(item)
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1]
  list[at] = item
}

/** `q=0.8` in thousandths; 1000 for what is no weight. */
function weightOf(parameter: string): i32 {
  const text = parameter.trim()
  if (text.length < 3 || (text.charCodeAt(0) | 32) != 113 || text.charCodeAt(1) != 61) return 1000
  if (text.charCodeAt(2) == 49) return 1000
  let thousandths = 0
  for (let i = 4; i < 7; i++) {
    const digit = i < text.length ? text.charCodeAt(i) - 48 : 0
    thousandths = thousandths * 10 + (digit >= 0 && digit <= 9 ? digit : 0)
  }
  return thousandths
}
