import { Args, Part, Request, Template, Where, body_filter, directive, header_filter } from '@vespid/sdk'
import { addTypes, hasType, mediaType } from '@vespid/sdk/mime'
import { Nothing, Output, Search, Unfinished, Wanted, lowered } from './search'

/** One `sub_filter`. */
class Pair {
  constructor(readonly match: Template, readonly replacement: Template) {}
}

/** What a place replaces in its responses; null and Unset: nothing was said here. */
class Conf {
  pairs: Pair[] | null = null
  once: Flag = Flag.Unset
  lastModified: Flag = Flag.Unset
  types: string[] | null = null
}

const usual = ['text/html']

enum Flag { Unset, Off, On }

/** `sub_filter TEXT REPLACEMENT;` */
function add(conf: Conf, args: string[]): string | null {
  if (args[1].length == 0) return 'empty search pattern'
  let pairs = conf.pairs
  if (pairs === null) conf.pairs = pairs = []
  pairs.push(new Pair(Template.compile(args[1]), Template.compile(args[2])))
  return null
}

function flag(before: Flag, word: string): Flag {
  if (before != Flag.Unset) return Flag.Unset
  return word.toLowerCase() == 'on' ? Flag.On : Flag.Off
}

/** `sub_filter_once on|off;` */
function setOnce(conf: Conf, args: string[]): string | null {
  const value = flag(conf.once, args[1])
  if (value == Flag.Unset) return 'is duplicate'
  conf.once = value
  return null
}

/** `sub_filter_last_modified on|off;` */
function setLastModified(conf: Conf, args: string[]): string | null {
  const value = flag(conf.lastModified, args[1])
  if (value == Flag.Unset) return 'is duplicate'
  conf.lastModified = value
  return null
}

/** `sub_filter_types TYPE…;`: these, and text/html. */
function setTypes(conf: Conf, args: string[]): string | null {
  conf.types = addTypes(conf.types, args)
  return null
}

function merge(parent: Conf, child: Conf): void {
  if (child.pairs === null) child.pairs = parent.pairs
  if (child.once == Flag.Unset) child.once = parent.once
  if (child.lastModified == Flag.Unset) child.lastModified = parent.lastModified
  if (child.types === null) child.types = parent.types
}

const where = Where.Http | Where.Server | Where.Location
directive<Conf>('sub_filter', where, 2, add, merge)
directive<Conf>('sub_filter_once', where, Args.Flag, setOnce, merge)
directive<Conf>('sub_filter_last_modified', where, Args.Flag, setLastModified, merge)
directive<Conf>('sub_filter_types', where, Args.OneOrMore, setTypes, merge)

function fits(conf: Conf, type: string | null): bool {
  const types = conf.types
  return type !== null && hasType(types === null ? usual : types, mediaType(type))
}

/** The texts of this request that are to be looked for; one that is empty is none. */
function wanted(r: Request, pairs: Pair[]): Wanted[] {
  const all: Wanted[] = []
  for (let i = 0; i < pairs.length; i++) {
    const match = lowered(pairs[i].match.of(r))
    if (match.byteLength > 0) all.push(new Wanted(match, i))
  }
  return all
}

function applies(r: Request, conf: Conf): bool {
  return conf.pairs !== null && r.response.contentLength != 0 && fits(conf, r.response.get('content-type'))
}

/** Whether one of the texts is not empty; most places name them without variables. */
function anyWanted(r: Request, pairs: Pair[]): bool {
  for (let i = 0; i < pairs.length; i++) {
    const constant = pairs[i].match.constant
    if ((constant === null ? pairs[i].match.of(r) : constant).length > 0) return true
  }
  return false
}

// What is replaced changes the length, so that neither it nor ranges of the body are known; the body is no more the one that was modified then.
header_filter<Conf>((r: Request, conf: Conf): void => {
  const pairs = conf.pairs
  if (pairs === null || !applies(r, conf) || !anyWanted(r, pairs)) return
  const response = r.response
  response.contentLength = -1
  if (conf.lastModified != Flag.On) {
    response.lastModified = -1
    response.set('ETag', '')
    return
  }
  const etag = response.get('etag')
  if (etag !== null && !etag.startsWith('W/')) response.set('ETag', etag.startsWith('"') ? 'W/' + etag : '')
})

/** The replacing in one response. */
class Replacing {
  /** The end of what came so far, when it may be the beginning of a text. */
  held: Uint8Array | null = null
  /** Texts that may still be replaced. */
  left: i32

  constructor(readonly conf: Conf, readonly search: Search) {
    this.left = search.all.length
  }

  get once(): bool { return this.conf.once != Flag.Off }
}

function start(r: Request, conf: Conf): Replacing | null {
  const pairs = conf.pairs
  // The header filter has taken the length away from what is to be changed.
  if (pairs === null || r.response.contentLength >= 0 || !applies(r, conf)) return null
  const all = wanted(r, pairs)
  return all.length == 0 ? null : new Replacing(conf, new Search(all))
}

function filter(r: Request, part: Part, state: Replacing): void {
  const before = state.held
  if (state.left == 0 && before === null) return
  const bytes = part.bytes
  let from = bytes.at
  let n = bytes.length
  let joined: Uint8Array | null = null
  if (before !== null) {
    joined = new Uint8Array(before.length + n)
    memory.copy(joined.dataStart, before.dataStart, before.length)
    memory.copy(joined.dataStart + before.length, from, n)
    from = joined.dataStart
    n = joined.length
    state.held = null
  }
  if (n == 0) return
  const out = new Output()
  let done = 0
  let changed = before !== null
  while (state.left > 0) {
    const found = state.search.find(from, done, n, part.last, state.once)
    const at = state.search.at
    if (found == Nothing) break
    changed = true
    out.add(from + done, at - done)
    if (found == Unfinished) {
      const rest = new Uint8Array(n - at)
      memory.copy(rest.dataStart, from + at, rest.length)
      state.held = rest
      done = n
      break
    }
    replace(r, state, state.search.all[found], out)
    done = at + state.search.all[found].match.byteLength
  }
  // Nothing to replace: the part goes on as it is, without a copy.
  if (!changed) return
  out.add(from + done, n - done)
  if (out.length == 0 && state.held !== null && !part.flush) part.hold()
  else part.set(out.bytes)
}

function replace(r: Request, state: Replacing, wanted: Wanted, out: Output): void {
  let replacement = wanted.replacement
  if (replacement === null) wanted.replacement = replacement = String.UTF8.encode(state.conf.pairs![wanted.pair].replacement.of(r))
  if (!wanted.used && state.once) state.left--
  wanted.used = true
  out.add(changetype<usize>(replacement), replacement.byteLength)
}

body_filter<Replacing, Conf>(start, filter)
