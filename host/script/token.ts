import type { Place } from '../core/place.ts'

/** What a token of the routing language is. `Directive` is a preprocessor word (`#!ifdef`), which only the preprocessor sees. */
export const Kind = {
  End: 0, Word: 1, Number: 2, String: 3, Variable: 4, Select: 5, Sign: 6, Directive: 7,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/**
 * One token. `text` is a word or a sign as written, the value of a string, the source of a variable or a select; a number keeps its digits,
 * because an address begins with one too.
 */
export interface Token {
  readonly kind: Kind
  readonly text: string
  readonly place: Place
  /** It follows the token before without a blank between them: addresses, names with dots and colons are put together from such. */
  readonly glued: boolean
  /** A string in single quotes, in which nothing is escaped and which does not join. */
  readonly raw: boolean
  /** The name of the `#!define` whose value it comes from, or null. */
  readonly from: string | null
}

/** How a token is named in a message: `"text"`, or what it is when its text says nothing. */
export function nameOf(token: Token): string {
  if (token.kind === Kind.End) return 'end of file'
  if (token.kind === Kind.String) return 'a string'
  return `"${token.text.length > 60 ? `${token.text.slice(0, 60)}...` : token.text}"`
}
