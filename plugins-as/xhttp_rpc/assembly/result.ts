import { escape } from '@vespid/sdk/html'
import { Json } from '@vespid/sdk/json'

/** A result in Kamailio's layout (kamailio.md §5.3): what ends a line is `end`; texts are escaped unless `raw`. */
export class Lines {
  readonly out: string[] = []

  constructor(private readonly end: string, private readonly raw: bool) {}

  /** A command's whole result. `isArray`: its values are the answer's items. */
  result(value: Json, isArray: bool): string {
    if (isArray && value.isArray) for (let i = 0; i < value.length; i++) this.unnamed(value.at(i)!, 0)
    else if (!value.isNull) this.unnamed(value, 0)
    return this.out.join('')
  }

  private unnamed(value: Json, depth: i32): void {
    if (value.isObject) this.members(value, depth)
    else if (value.isArray) for (let i = 0; i < value.length; i++) this.unnamed(value.at(i)!, depth)
    else if (!value.isString || value.text.length > 0) this.line(depth, '', scalar(value))
  }

  private members(object: Json, depth: i32): void {
    for (let i = 0; i < object.length; i++) {
      const value = object.at(i)!
      const nested = value.isObject || value.isArray
      this.line(depth, object.key(i) + ': ', nested ? '' : scalar(value))
      if (nested) this.unnamed(value, depth + 1)
    }
  }

  private line(depth: i32, name: string, value: string): void {
    this.out.push('\t'.repeat(depth))
    this.out.push(this.raw ? name : escape(name))
    this.out.push(this.raw ? value : escape(value))
    this.out.push(this.end)
  }
}

/** A value as text. */
function scalar(value: Json): string {
  return value.isString ? value.text : value.isNull ? '' : value.toString()
}

function isFlat(value: Json): bool {
  for (let i = 0; i < value.length; i++) if (value.at(i)!.isObject || value.at(i)!.isArray) return false
  return true
}

/** Whether a result is a list of objects with the same plain members: a table. */
function isTable(value: Json): bool {
  if (!value.isArray || value.length == 0) return false
  const first = value.at(0)!
  if (!first.isObject || first.length == 0) return false
  for (let i = 0; i < value.length; i++) {
    const row = value.at(i)!
    if (!row.isObject || row.length != first.length || !isFlat(row)) return false
    for (let k = 0; k < row.length; k++) if (row.key(k) != first.key(k)) return false
  }
  return true
}

/** A result as HTML for people: a table, names and values, or lines. */
export function readable(value: Json, isArray: bool): string {
  if (value.isNull || (value.isArray || value.isObject) && value.length == 0) {
    return '<p class="empty">The command has answered without a value.</p>\n'
  }
  if (isTable(value)) return table(value)
  if (value.isObject && isFlat(value)) return names(value)
  return `<pre>${new Lines('\n', false).result(value, isArray)}</pre>\n`
}

function table(rows: Json): string {
  const out: string[] = ['<div class="wide"><table>\n<tr>']
  const first = rows.at(0)!
  for (let k = 0; k < first.length; k++) out.push(`<th scope="col">${escape(first.key(k))}</th>`)
  for (let i = 0; i < rows.length; i++) {
    out.push('</tr>\n<tr>')
    const row = rows.at(i)!
    for (let k = 0; k < row.length; k++) out.push(cell(row.at(k)!))
  }
  out.push('</tr>\n</table></div>\n')
  return out.join('')
}

function names(object: Json): string {
  const out: string[] = ['<div class="wide"><table>\n']
  for (let i = 0; i < object.length; i++) {
    out.push(`<tr><th scope="row">${escape(object.key(i))}</th>${cell(object.at(i)!)}</tr>\n`)
  }
  out.push('</table></div>\n')
  return out.join('')
}

function cell(value: Json): string {
  return `<td${value.isNumber ? ' class="number"' : ''}>${escape(scalar(value))}</td>`
}
