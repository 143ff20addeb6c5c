// What add_header and add_trailer have in common: their arguments, their inheritance, and which responses they are for.
import { Template } from '@vespid/sdk'
import { isDigit, isLetter } from '@vespid/sdk/ascii'

/** One header or trailer that is added; `always`: to responses of any status. */
export class Field {
  constructor(readonly name: string, readonly value: Template, readonly always: bool) {}
}

/** What is wrong with the arguments `NAME VALUE [always]`, null when nothing is; `what`: `header` or `trailer`. */
export function mistakeIn(args: string[], what: string): string | null {
  if (args.length == 4 && args[3] != 'always') return `invalid parameter "${args[3]}"`
  return isToken(args[1]) ? null : `invalid ${what} name "${args[1]}"`
}

/** RFC 9110 §5.6.2: what a field name is made of. */
function isToken(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (!isLetter(c) && !isDigit(c) && !'!#$%&\'*+-.^_`|~'.includes(name.charAt(i))) return false
  }
  return name.length > 0
}

enum Inherit { Unset, On, Off, Merge }

/** What a place adds to its responses; null: nothing was said here. */
export class Fields<F> {
  added: F[] | null = null
  private inherit: Inherit = Inherit.Unset

  /** One more. */
  add(field: F): void {
    let added = this.added
    if (added === null) this.added = added = new Array<F>()
    added.push(field)
  }

  /** `add_…_inherit on|off|merge;` */
  setInherit(word: string): string | null {
    if (this.inherit != Inherit.Unset) return 'is duplicate'
    this.inherit = word == 'on' ? Inherit.On : word == 'off' ? Inherit.Off : word == 'merge' ? Inherit.Merge : Inherit.Unset
    return this.inherit == Inherit.Unset ? `invalid value "${word}"` : null
  }

  /** Takes those of the place around when there are none here; with `merge` puts them behind its own, with `off` never. */
  inheritFrom(parent: Fields<F>): void {
    if (this.inherit == Inherit.Unset) this.inherit = parent.inherit
    const above = parent.added
    const own = this.added
    if (above === null || this.inherit == Inherit.Off) return
    if (own === null) this.added = above
    else if (this.inherit == Inherit.Merge) this.added = own.concat(above)
  }
}

/** Whether the status is one of those that say that all is well: fields without `always`, and `expires`, are for these only. */
export function isFine(status: i32): bool {
  switch (status) {
    case 200: case 201: case 204: case 206: case 301: case 302: case 303: case 304: case 307: case 308: return true
    default: return false
  }
}
