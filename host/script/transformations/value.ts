import type { TransformationClass } from '../contract.ts'
import type { Operation } from './table.ts'
import { unknown } from '../library.ts'
import { plain, transformationClass } from './table.ts'

/** A text as the inside of a JSON string; bytes above 127 stay. */
function jsonText(text: string): string {
  return text.replace(/["\\\x00-\x1f]/g, (c) => {
    const short = '"\\\b\f\n\r\t'.indexOf(c)
    return short >= 0 ? `\\${'"\\bfnrt'[short]}` : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** `{val.…}` of Kamailio 5.8: `n0` and `ne` make 0 and '' of an undefined value. */
export const valueTransformations: TransformationClass = { ...transformationClass('val', new Map<string, Operation>([
  ['json', plain(jsonText)], ['jsonqe', plain((text) => jsonText(text).replace(/'/g, "\\'"))],
  ['n0', plain((text) => text)], ['ne', plain((text) => text)],
])), ofUndefined: (operation) => operation === 'n0' ? 0 : operation === 'ne' ? '' : null }

/** `{num.…}` of Kamailio 5.8: digits of a text. */
export const numberTransformations: TransformationClass = {
  name: 'num',
  compile(operation) {
    const digit = { fdigit: 0, ldigit: -1 }[operation]
    if (digit === undefined) throw unknown('transformation', `num.${operation}`, '', ['num.fdigit', 'num.ldigit'])
    return (value) => {
      const digits = String(value).replace(/[^0-9]+/g, '')
      const found = digits.at(digit)
      return found === undefined ? null : Number(found)
    }
  },
}
