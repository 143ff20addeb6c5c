/** RPC results as text for a terminal: one fact a line, tables for lists of records. */

/** A result as lines that end in a line feed. */
export function plainText(result: unknown): string {
  if (Array.isArray(result)) {
    if (result.length > 0 && result.every(isRecord)) return table(result)
    return result.map((item) => `${inline(item)}\n`).join('')
  }
  if (isRecord(result)) return record(result, '')
  return `${inline(result)}\n`
}

/** The answer of `system.describe` as a list of commands with their usage. */
export function commandList(result: unknown): string {
  if (!Array.isArray(result)) return plainText(result)
  const rows = result.map(({ usage }) => {
    const text = String(usage)
    const colon = text.indexOf(': ')
    return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 2)]
  })
  const width = Math.max(...rows.map(([form]) => form!.length).filter((length) => length <= 34), 0)
  return rows.map(([form, does]) => form!.length > width ? `${form}\n${' '.repeat(width)}  ${does}\n` : `${form!.padEnd(width)}  ${does}\n`).join('')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inline(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value) ?? ''
}

function record(value: Record<string, unknown>, indent: string): string {
  let out = ''
  for (const [key, member] of Object.entries(value)) {
    if (isRecord(member)) out += `${indent}${key}:\n${record(member, `${indent}  `)}`
    else if (Array.isArray(member) && member.some((item) => typeof item === 'object')) {
      out += `${indent}${key}:\n${plainText(member).replace(/^(?=.)/gm, `${indent}  `)}`
    } else out += `${indent}${key}: ${Array.isArray(member) ? member.map(inline).join(' ') : inline(member)}\n`
  }
  return out
}

function table(rows: readonly Record<string, unknown>[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const cells = [columns, ...rows.map((row) => columns.map((column) => row[column] === undefined ? '' : inline(row[column])))]
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)))
  return cells.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ').trimEnd()}\n`).join('')
}
