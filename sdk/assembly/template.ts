import * as host from './vespid'
import * as text from './text'
import { Request } from './request'

/** A text with `$variables` in it, as directives take them. Made in a directive's `set`, evaluated for each request. */
export class Template {
  private constructor(private readonly id: i32, /** The value, when nothing in it depends on the request; else null. */ readonly constant: string | null) {}

  /** Compiles a directive's argument. An unknown variable is an error of the configuration. */
  static compile(source: string): Template {
    if (source.indexOf('$') < 0) return new Template(-1, source)
    text.begin()
    text.put(source)
    return new Template(host.template(text.at, text.length), null)
  }

  /** The value in this request. */
  of(r: Request): string {
    const constant = this.constant
    if (constant !== null) return constant
    text.begin()
    let n = host.expand(this.id, text.room(), text.roomSize())
    if (text.short(n)) n = host.expand(this.id, text.out, n)
    return text.decode(text.out, n)
  }
}
