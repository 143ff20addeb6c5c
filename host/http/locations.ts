/**
 * How a request finds its location (nginx.md §2.3). Names are kept in a compressed trie per level, so a search costs
 * the length of the URI however many locations there are, and allocates nothing; regexes run in the order of the file.
 */
import type { Request } from './request.ts'
import type { CoreLocConf } from './core/conf.ts'
import { ConfigError } from '../core/errors.ts'

const SLASH = 47
const none: readonly (LocationNode | null)[] = []

/**
 * One node: the stretch of name that leads to it, the locations whose name ends here, and the nodes behind it by their
 * first character.
 */
class LocationNode {
  label: string
  exact: CoreLocConf | null = null
  prefix: CoreLocConf | null = null
  /** For a name that ends in `/` and redirects there: `label` without that slash. */
  stem: string | null = null
  /** Code of the first character that `children` covers. */
  private low = 0
  private children: readonly (LocationNode | null)[] = none

  constructor(label: string) {
    this.label = label
  }

  /** The node behind this one that begins with a character code. */
  next(code: number): LocationNode | null {
    const i = code - this.low
    return i >= 0 && i < this.children.length ? this.children[i]! : null
  }

  /** Adds or replaces the node behind this one that begins with `child.label`'s first character. */
  put(child: LocationNode): void {
    const code = child.label.charCodeAt(0)
    const all = this.children.filter((node) => node !== null && node.label.charCodeAt(0) !== code)
    all.push(child)
    const codes = all.map((node) => node!.label.charCodeAt(0))
    this.low = Math.min(...codes)
    const children: (LocationNode | null)[] = Array.from({ length: Math.max(...codes) - this.low + 1 }, () => null)
    for (const node of all) children[node!.label.charCodeAt(0) - this.low] = node
    this.children = children
  }

  /** The node of a name at or below this one, made when it is missing. */
  at(name: string): LocationNode {
    if (name === '') return this
    const child = this.next(name.charCodeAt(0))
    if (child === null) {
      const made = new LocationNode(name)
      this.put(made)
      return made
    }
    const { label } = child
    let same = 1
    while (same < label.length && same < name.length && label.charCodeAt(same) === name.charCodeAt(same)) same++
    if (same === label.length) return child.at(name.slice(same))
    const middle = new LocationNode(label.slice(0, same))
    this.put(middle)
    child.label = label.slice(same)
    middle.put(child)
    return middle.at(name.slice(same))
  }

  /** Computes what searching needs, here and below, when all names are in; `name` is the whole name of this node. */
  finish(): void {
    const redirects = this.exact?.autoRedirect === true || this.prefix?.autoRedirect === true
    if (redirects) {
      // nginx has one flag for the exact and the prefix location of one name.
      if (this.exact !== null) this.exact.autoRedirect = true
      if (this.prefix !== null) this.prefix.autoRedirect = true
      if (this.label.charCodeAt(this.label.length - 1) === SLASH) this.stem = this.label.slice(0, -1)
    }
    for (const child of this.children) child?.finish()
  }
}

/** The locations of one level: of a server, or nested in one location. */
export class LocationTree {
  private readonly root = new LocationNode('')
  private readonly regexes: CoreLocConf[] = []
  /** The location that this level is nested in, and the level which that one is found at; null at server level. */
  private readonly owner: CoreLocConf | null
  private readonly outer: LocationTree | null
  /** Neither here nor below are there regexes: what is found depends on the URI alone. */
  plain = true

  constructor(owner: CoreLocConf | null, outer: LocationTree | null) {
    this.owner = owner
    this.outer = outer
  }

  /** Adds a regex location; they are tried in the order added. */
  addRegex(location: CoreLocConf): void {
    this.regexes.push(location)
    for (let tree: LocationTree | null = this; tree !== null; tree = tree.outer) tree.plain = false
  }

  /** Adds an exact or prefix location; returns false when the level has one of that name and kind. */
  addName(location: CoreLocConf): boolean {
    const node = this.root.at(location.name)
    if (location.exact) {
      if (node.exact !== null) return false
      node.exact = location
    } else {
      if (node.prefix !== null) return false
      node.prefix = location
    }
    return true
  }

  /** To be called once when all locations are in. */
  finish(): void {
    this.root.finish()
  }

  /**
   * The location for a URI (decoded, without arguments): first down through the longest prefixes, then regexes from the
   * innermost level outwards unless the prefix found at that level is `^~`; a match sets `r.captures`. Null when
   * nothing matches. A location whose name is longer than the URI was found for an automatic redirect to `name`.
   */
  find(uri: string, r: Request): CoreLocConf | null {
    let level: LocationTree = this
    let prefix: CoreLocConf | null = null
    let deepest: CoreLocConf | null = null
    for (;;) {
      prefix = level.findName(uri)
      if (prefix === null) break
      if (prefix.exact || prefix.name.length > uri.length) return prefix
      deepest = prefix
      if (prefix.locations === null) break
      level = prefix.locations
    }
    for (;;) {
      if (prefix === null || !prefix.noregex) {
        const hit = level.findRegex(uri, r)
        if (hit !== null) return hit.locations === null ? hit : hit.locations.find(uri, r) ?? hit
      }
      if (level === this) return deepest
      prefix = level.owner
      level = level.outer!
    }
  }

  private findRegex(uri: string, r: Request): CoreLocConf | null {
    for (let i = 0; i < this.regexes.length; i++) if (this.regexes[i]!.regex!.exec(r, uri)) return this.regexes[i]!
    return null
  }

  /** The exact location of the URI, else the one that redirects to URI + `/`, else the longest prefix of this level. */
  private findName(uri: string): CoreLocConf | null {
    let best: CoreLocConf | null = null
    let node = this.root
    let at = 0
    for (;;) {
      if (node.prefix !== null) best = node.prefix
      if (at === uri.length) {
        if (node.exact !== null) return node.exact
        if (node.prefix !== null) return best
        const slash = node.next(SLASH)
        return slash !== null && slash.stem === '' ? slash.exact ?? slash.prefix : best
      }
      const child = node.next(uri.charCodeAt(at))
      if (child === null) return best
      // The first character led here; most labels have no other.
      const { label } = child
      if (label.length > 1 && !uri.startsWith(label, at)) {
        const { stem } = child
        if (stem === null || at + stem.length !== uri.length || !uri.startsWith(stem, at)) return best
        return child.exact ?? child.prefix
      }
      node = child
      at += label.length
    }
  }
}

/**
 * Builds `location.locations` for a location or a server's own location conf, and below (ngx_http_init_locations): `if`
 * and `limit_except` are left out, names go to `named` (null below server level), duplicates to `report`.
 */
export function buildLocations(parent: CoreLocConf, owner: CoreLocConf | null, outer: LocationTree | null,
  named: Map<string, CoreLocConf> | null, report: (error: ConfigError) => void): void {
  const tree = new LocationTree(owner, outer)
  let any = false
  for (const location of parent.children) {
    if (location.named) {
      if (named !== null && !named.has(location.name)) named.set(location.name, location)
    } else if (location.regex !== null) {
      tree.addRegex(location)
      any = true
    } else if (!location.noname) {
      if (!tree.addName(location)) report(new ConfigError(`duplicate location "${location.name}"`, location.place))
      any = true
    }
    buildLocations(location, location, tree, null, report)
  }
  tree.finish()
  parent.locations = any ? tree : null
}
