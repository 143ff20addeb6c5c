/**
 * A place in a configuration text: where a word stands, so that an error can point at it. `line` and `column` count
 * from 1; `text` is the whole source line without its line end. Text and columns are those of the byte string (one
 * character = one byte); `host/conf/report.ts` makes readable text of them. `file` is `null` for directives given with
 * `-g` on the command line. `reported` is the line that nginx names for the whole directive, the one where its `;` or
 * `{` was read (nginx.md §1.1); absent when it is `line`.
 */
export interface Place {
  readonly file: string | null
  readonly line: number
  readonly column: number
  readonly length: number
  readonly text: string
  readonly reported?: number
}

/** nginx's way to name a place at the end of a message: ` in FILE:LINE`, or ` in command line` (nginx.md §1.2). */
export function placeSuffix(place: Place | null): string {
  if (place === null) return ''
  return place.file === null ? ' in command line' : ` in ${place.file}:${place.reported ?? place.line}`
}
