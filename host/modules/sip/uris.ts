import type { Uri } from '../../sip/uri.ts'

/** The parts of a URI that scripts set. */
export interface UriParts { readonly user?: string, readonly host?: string, readonly port?: string }

/** The text of a URI with other parts. */
export function withParts(uri: Uri, parts: UriParts): string {
  const user = parts.user ?? uri.user
  const port = parts.port ?? uri.port
  const password = user !== '' && uri.password !== '' ? `:${uri.password}` : ''
  return `${uri.text.slice(0, uri.text.indexOf(':'))}:${user === '' ? '' : `${user}${password}@`}${parts.host ?? uri.host}${port === '' ? '' : `:${port}`}` +
    `${uri.params === '' ? '' : `;${uri.params}`}${uri.headers === '' ? '' : `?${uri.headers}`}`
}

/** Whether a text may stand in a first line or between angle brackets. */
export function fits(text: string): boolean {
  return /^[\x21-\x7e\x80-\xff]+$/.test(text) && !/[<>"]/.test(text) && text.length <= 1024
}
