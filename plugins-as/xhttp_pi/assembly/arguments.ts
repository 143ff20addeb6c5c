// Arguments of URLs and of forms.
import { Form, broken, decoded } from '@vespid/sdk/form'

/** What a request says after `?`, or in a form's body. */
export class Arguments {
  /** An escape is none, a name is there twice, or the text is no UTF-8. */
  bad: bool = false
  private names: string[] = []
  private values: string[] = []
  /** Arguments are taken in their order only, as Kamailio does. */
  private ordered: bool = false
  private next: i32 = 0

  /** Split first, then decoded: what is encoded stays in its value. */
  static read(source: string): Arguments {
    const all = new Arguments()
    const form = new Form(source)
    all.names = form.names
    all.values = form.values
    for (let i = 0; i < form.names.length; i++) {
      const name = form.names[i]
      if (form.brokenOnes[i] || !isClean(name) || !isClean(form.values[i]) || form.names.indexOf(name) != i) all.bad = true
    }
    return all
  }

  /** As Kamailio 5.6: decoded as a whole, then split, taken in their order. */
  static readStrict(source: string): Arguments {
    const all = new Arguments()
    all.ordered = true
    const whole = decoded(source)
    all.bad = broken || !isClean(whole)
    const parts = (all.bad ? source : whole).split('&')
    for (let i = 0; i < parts.length; i++) {
      const equals = parts[i].indexOf('=')
      all.names.push(equals < 0 ? parts[i] : parts[i].substring(0, equals))
      all.values.push(equals < 0 ? '' : parts[i].substring(equals + 1))
    }
    return all
  }

  /** An argument's value; null when it is not there, or not the next one where order counts. */
  take(name: string): string | null {
    if (this.ordered) {
      if (this.next >= this.names.length || this.names[this.next] != name) return null
      return this.values[this.next++]
    }
    const i = this.names.indexOf(name)
    return i < 0 ? null : this.values[i]
  }

  /** A value wherever it stands. */
  given(name: string): string | null {
    const i = this.names.indexOf(name)
    return i < 0 ? null : this.values[i]
  }
}

/** Whether a decoded text may be an argument: no NUL, and nothing that was no UTF-8. */
export function isClean(text: string): bool { return !text.includes('\0') && !text.includes('\ufffd') }
