/**
 * The one candidate that a misspelt word most likely means, or null. One slip (a letter missing, extra, wrong, or two
 * swapped) is taken for words of three letters and more, two slips for words longer than five; the nearest wins, then
 * the first.
 */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  const limit = word.length > 5 ? 2 : word.length > 2 ? 1 : 0
  let best: string | null = null
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = slips(word.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * As `suggest`, for names of several words (`proxy_set_header`): behind the names that are one slip away comes one that begins
 * alike and has all words of `name` in their order (`ssl_key` → `ssl_certificate_key`); a word may be cut short or too long.
 * Each of `lists` goes before the next.
 */
export function suggestName(name: string, lists: readonly (readonly string[])[]): string | null {
  const near = lists.map((list) => suggest(name, list))
  const slip = near.find((found) => found !== null && slips(name.toLowerCase(), found.toLowerCase(), 2) < 2)
  if (slip !== undefined) return slip
  const words = name.toLowerCase().split(/[_-]/)
  for (const list of words.length < 2 ? [] : lists) {
    let best: string[] | null = null
    for (const candidate of list) {
      const has = candidate.split('_')
      if ((best === null || has.length < best.length) && sameWord(words[0]!, has[0]!) && inOrder(words, has)) best = has
    }
    if (best !== null) return best.join('_')
  }
  return near.find((found) => found !== null) ?? null
}

function inOrder(words: readonly string[], has: readonly string[]): boolean {
  let at = 0
  for (const word of words) {
    while (at < has.length && !sameWord(word, has[at]!)) at++
    if (at++ >= has.length) return false
  }
  return true
}

function sameWord(a: string, b: string): boolean {
  if (a === b) return true
  return a.length >= 3 && b.length >= 3 && (a.startsWith(b) || b.startsWith(a))
}

/** Damerau-Levenshtein distance (adjacent swaps), or `enough` as soon as it cannot be less. */
function slips(a: string, b: string, enough: number): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
      if (cost < least) least = cost
    }
    if (least >= enough) return enough
    before = above
    above = row
  }
  return above[b.length]!
}
