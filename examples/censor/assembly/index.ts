import { Part, Request, Where, body_filter, directive, header_filter } from '@vespid/sdk'

/** The word that is crossed out, as bytes; empty where none is. */
class Conf { word: Uint8Array = new Uint8Array(0) }

directive<Conf>('censor', Where.Http | Where.Server | Where.Location, 1, (conf: Conf, args: string[]): string | null => {
  if (args[1].length == 0) return 'invalid word ""'
  conf.word = Uint8Array.wrap(String.UTF8.encode(args[1]))
  return null
})

/** Only whole texts are looked at: not pictures, not what is compressed (gzip) or cut (206). */
function applies(r: Request, conf: Conf): bool {
  const type = r.response.get('content-type')
  return conf.word.length > 0 && r.response.status == 200 && type !== null && type.startsWith('text/') && r.response.get('content-encoding') === null
}

header_filter<Conf>((r: Request, conf: Conf): void => {
  if (!applies(r, conf)) return
  // The length stays, but the bytes are no longer those that these describe.
  r.response.remove('etag')
  r.response.remove('last-modified')
})

/** One response: the word, and the end of the last part, where a word may have begun. */
class State {
  rest: Uint8Array = new Uint8Array(0)

  constructor(readonly word: Uint8Array) {}
}

/** Writes `x` over every occurrence of the word. */
function cross(text: Uint8Array, word: Uint8Array): void {
  for (let i = 0; i + word.length <= text.length; i++) {
    let n = 0
    while (n < word.length && text[i + n] == word[n]) n++
    if (n == word.length) text.fill(120, i, i + n)
  }
}

body_filter<State, Conf>(
  (r: Request, conf: Conf): State | null => applies(r, conf) ? new State(conf.word) : null,
  (r: Request, part: Part, state: State): void => {
    const more = part.bytes
    const text = new Uint8Array(state.rest.length + more.length)
    text.set(state.rest)
    text.set(more.toArray(), state.rest.length)
    cross(text, state.word)
    if (part.last) return part.set(text)
    // A word may go on in the next part: so many bytes are kept for it.
    const end = text.length - min(text.length, state.word.length - 1)
    state.rest = text.slice(end)
    if (end == 0) part.hold()
    else part.set(text.slice(0, end))
  },
)
