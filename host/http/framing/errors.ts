import {
  E_CONTENT_LENGTH, E_DUPLICATE, E_DUPLICATE_HOST, E_HEADER, E_HEADER_TOO_LONG, E_HOST_HEADER, E_HOST_IN_LINE,
  E_LENGTH_AND_TE, E_METHOD, E_METHOD_09, E_NO_HOST, E_REQUEST, E_TE_IN_10, E_TOO_LARGE, E_TOO_MANY_HEADERS,
  E_UNKNOWN_TE, E_URI_TOO_LONG, E_VERSION, T_ERR_LEN, T_ERR_OFF, T_ERR_POS, T_ERR_PREV, T_ERR_PREV_LEN,
} from './table.ts'

/**
 * What follows the text in the log: nothing, the line so far, the line up to and with the byte at fault, this line and
 * the earlier one, a value.
 */
export type Culprit = 'none' | 'line' | 'byte' | 'pair' | 'value'

/**
 * One way in which a request head is refused. 494 is nginx's own status: on the wire a 400 whose page says the header
 * is too large.
 */
export interface HeadError {
  readonly status: number
  /** nginx's log text (level info) up to the culprit. */
  readonly text: string
  readonly culprit: Culprit
}

/** nginx leaves out what would not fit its log line. */
const longestShown = 1748

const errors = new Map<number, HeadError>([
  [E_METHOD, { status: 400, text: 'client sent invalid method', culprit: 'none' }],
  [E_REQUEST, { status: 400, text: 'client sent invalid request', culprit: 'none' }],
  [E_VERSION, { status: 505, text: 'client sent invalid version', culprit: 'none' }],
  [E_METHOD_09, { status: 400, text: 'client sent invalid method in HTTP/0.9 request', culprit: 'none' }],
  [E_URI_TOO_LONG, { status: 414, text: 'client sent too long URI', culprit: 'none' }],
  [E_HEADER_TOO_LONG, { status: 494, text: 'client sent too long header line', culprit: 'line' }],
  [E_TOO_LARGE, { status: 494, text: 'client sent too large request', culprit: 'none' }],
  [E_TOO_MANY_HEADERS, { status: 494, text: 'client sent too many header lines', culprit: 'none' }],
  [E_HEADER, { status: 400, text: 'client sent invalid header line', culprit: 'byte' }],
  [E_DUPLICATE_HOST, { status: 400, text: 'client sent duplicate host header', culprit: 'pair' }],
  [E_DUPLICATE, { status: 400, text: 'client sent duplicate header line', culprit: 'pair' }],
  [E_NO_HOST, { status: 400, text: 'client sent HTTP/1.1 request without "Host" header', culprit: 'none' }],
  [E_CONTENT_LENGTH, { status: 400, text: 'client sent invalid "Content-Length" header', culprit: 'none' }],
  [E_TE_IN_10, { status: 400, text: 'client sent HTTP/1.0 request with "Transfer-Encoding" header', culprit: 'none' }],
  [E_LENGTH_AND_TE, {
    status: 400, text: 'client sent "Content-Length" and "Transfer-Encoding" headers at the same time', culprit: 'none',
  }],
  [E_UNKNOWN_TE, { status: 501, text: 'client sent unknown "Transfer-Encoding"', culprit: 'value' }],
  [E_HOST_IN_LINE, { status: 400, text: 'client sent invalid host in request line', culprit: 'none' }],
  [E_HOST_HEADER, { status: 400, text: 'client sent invalid host header', culprit: 'none' }],
])

/** The meaning of a negative result of parseHead; throws RangeError for a number that is none. */
export function headError(code: number): HeadError {
  const error = errors.get(code)
  if (error === undefined) throw new RangeError(`${code} is not an error of the head parser`)
  return error
}

/**
 * The whole log text of an error (nginx's), taking the culprit from the bytes that were parsed: `start` is parseHead's,
 * `table` what it wrote. Returns a byte string.
 */
export function headErrorText(code: number, bytes: Buffer, start: number, table: Int32Array): string {
  const { text, culprit } = headError(code)
  if (culprit === 'none') return text
  const line = slice(bytes, start, table[T_ERR_OFF]!, table[T_ERR_LEN]!)
  if (culprit === 'line') return `${text}: "${line.slice(0, longestShown)}..."`
  if (culprit === 'value') return `${text}: "${pair(line)[1]}"`
  if (culprit === 'pair') {
    const previous = slice(bytes, start, table[T_ERR_PREV]!, table[T_ERR_PREV_LEN]!)
    return `${text}: "${pair(line).join(': ')}", previous value: "${pair(previous).join(': ')}"`
  }
  const at = table[T_ERR_POS]!
  return `${text}: "${line.slice(0, longestShown)}\\x${bytes[start + at]!.toString(16).padStart(2, '0')}..."`
}

function slice(bytes: Buffer, start: number, offset: number, length: number): string {
  return offset < 0 ? '' : bytes.latin1Slice(start + offset, start + offset + length)
}

/** Name and value of a header line; a value is trimmed of spaces and tabs. */
function pair(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
}
